package office

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/api/cursor"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// people are operations on accounts and what is due for inactive ones.
func (s *server) people() {
	operation.Add(s.set, operation.Route{
		ID: "list-accounts", Method: http.MethodGet, Path: "/accounts", Verb: guard.Read,
		Summary: "List accounts, without names",
	}, s.listAccounts)
	operation.Add(s.set, operation.Route{
		ID: "show-account", Method: http.MethodGet, Path: "/accounts/{account}", Verb: guard.Read,
		Summary: "Show an account and its organisations, without names",
		About:   "Its history holds texts by people, and is only for who may use the verb `people`, too.",
	}, s.showAccount)
	operation.Add(s.set, operation.Route{
		ID: "name-account", Method: http.MethodGet, Path: "/accounts/{account}/person", Verb: guard.People,
		Summary: "Show whom an account belongs to",
	}, s.nameAccount)
	operation.Add(s.set, operation.Route{
		ID: "reactivate-account", Method: http.MethodPost, Path: "/accounts/{account}/reactivate", Verb: guard.Administer,
		Summary: "Let a person sign in again; their inactivity is counted from today",
	}, s.reactivate)
	operation.Add(s.set, operation.Route{
		ID: "leave-account", Method: http.MethodPost, Path: "/accounts/{account}/leave", Verb: guard.Administer,
		Summary: "Put a person on leave until a day, or end it", About: "During a leave, inactivity is not counted.",
	}, s.leave)
	operation.Add(s.set, operation.Route{
		ID: "preview-inactive", Method: http.MethodGet, Path: "/inactive-accounts", Verb: guard.Read,
		Summary: "Show what is due for inactive accounts, and do nothing",
	}, s.previewInactive)
	operation.Add(s.set, operation.Route{
		ID: "apply-inactive", Method: http.MethodPost, Path: "/inactive-accounts", Verb: guard.Administer, Keyed: true,
		Summary: "Do what is due for inactive accounts, as the daemon does every morning",
	}, s.applyInactive)
	operation.Add(s.set, operation.Route{
		ID: "approve-endings", Method: http.MethodPost, Path: "/inactive-accounts/{check}/approve",
		Verb: guard.Approve, Keyed: true, Summary: "End the accounts that an inactivity check withheld because there were too many",
	}, s.approveEndings)
}

type listAccountsInput struct {
	operation.Paging

	State string `query:"state" enum:"invited,active,deactivated,expired" doc:"Only accounts in this state."`
}

func (s *server) listAccounts(ctx context.Context, in *listAccountsInput) (*operation.List[peoplestore.Account], error) {
	key := func(a peoplestore.Account) int64 {
		id, _ := people.ParseAccountID(a.ID) // as the store wrote it
		return int64(id)
	}
	return operation.PagedFrom(in.Paging, key, func(behind int64, most int) ([]peoplestore.Account, error) {
		after := people.AccountID(behind)
		return s.do.Accounts(ctx, peoplestore.AccountFilter{State: people.AccountState(in.State), After: after, Most: most})
	})
}

// AccountInput names an account.
type AccountInput struct {
	Account string `path:"account" doc:"The account, as u-4711."`
}

func (in AccountInput) id() (people.AccountID, error) {
	var wrong operation.Inputs
	id := operation.Parsed(&wrong, "account", in.Account, people.ParseAccountID)
	return id, wrong.Err()
}

func (s *server) showAccount(ctx context.Context, in *AccountInput) (*operation.Body[peoplestore.Account], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	shown, err := s.do.Account(ctx, id)
	return operation.Answer(shown, err)
}

// person is whom an account belongs to.
type person struct {
	Account string `json:"account"`
	Name    string `json:"name"`
	Address string `json:"address" doc:"The e-mail address."`
}

func (s *server) nameAccount(ctx context.Context, in *AccountInput) (*operation.Body[person], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.do.Account(ctx, id); err != nil {
		return nil, err
	}
	names, err := s.do.Names(ctx, []people.AccountID{id})
	return operation.Answer(person{id.String(), names[id].Name.Reveal(), names[id].Address.Reveal()}, err)
}

type reactivateInput struct {
	AccountInput

	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why, for the audit."`
	}
}

func (s *server) reactivate(ctx context.Context, in *reactivateInput) (*operation.Body[operation.Changed], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return operation.Answer(operation.Changed{Changed: true}, s.do.Reactivate(ctx, id, in.Body.Reason))
}

type leaveInput struct {
	AccountInput

	Body struct {
		Until  string `json:"until,omitempty" doc:"The last day, at most 18 months from today. None ends the leave."`
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why, for the audit."`
	}
}

func (s *server) leave(ctx context.Context, in *leaveInput) (*operation.Body[operation.Changed], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	var wrong operation.Inputs
	until := wrong.Day("body.until", in.Body.Until)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return operation.Answer(operation.Changed{Changed: true}, s.do.SetLeave(ctx, id, until, in.Body.Reason))
}

// AsIfInput is the day of a preview.
type AsIfInput struct {
	Date string `query:"date" doc:"As if today were this day."`
}

func (in AsIfInput) day() (profile.Date, error) {
	var wrong operation.Inputs
	day := wrong.Day("date", in.Date)
	return day, wrong.Err()
}

// idleAccount is what is due for one account.
type idleAccount struct {
	Account    string            `json:"account"`
	Step       people.IdleStep   `json:"step"`
	LastActive profile.Date      `json:"last_active"`
	Ends       profile.Date      `json:"ends"`
	Why        string            `json:"why"`
	Codes      []profile.ODSCode `json:"organisations,omitempty"`
}

// idlePage is a page of what is due for inactive accounts.
type idlePage struct {
	operation.Page[idleAccount]

	Accounts int  `json:"accounts" doc:"All accounts."`
	Ending   int  `json:"ending" doc:"How many would end."`
	Withheld bool `json:"withheld" doc:"They are so many that they would wait for approve-endings."`
}

type previewInactiveInput struct {
	AsIfInput
	operation.Paging
}

func (s *server) previewInactive(ctx context.Context, in *previewInactiveInput) (*operation.Body[idlePage], error) {
	day, err := in.day()
	if err != nil {
		return nil, err
	}
	from, err := operation.ParseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	plan, err := s.do.PreviewInactive(ctx, day)
	if err != nil {
		return nil, err
	}
	shown := idlePage{Accounts: plan.Accounts, Ending: len(plan.End), Withheld: plan.Withheld}
	shown.Items, shown.Next = cursor.Cut(in.Limit, from, idleAccounts(plan), func(a idleAccount) string { return a.Account })
	return operation.Answer(shown, nil)
}

func idleAccounts(plan peoplejobs.IdlePlan) (all []idleAccount) {
	verdicts := append(append([]people.IdleVerdict{}, plan.Warn...), plan.Keep...)
	for _, e := range plan.End {
		verdicts = append(verdicts, e.IdleVerdict)
	}
	for _, v := range verdicts {
		all = append(all, idleAccount{v.Account.String(), v.Step, v.Since, v.Ends, v.Why, v.Codes})
	}
	return all
}

// idleRuns are checks of inactive accounts.
type idleRuns struct {
	Items []people.IdleRun `json:"items" nullable:"false"`
}

func (s *server) applyInactive(ctx context.Context, _ *struct{}) (*operation.Body[idleRuns], error) {
	done, err := s.do.ApplyInactive(ctx)
	return operation.Answer(idleRuns{append([]people.IdleRun{}, done...)}, err)
}

type checkInput struct {
	Check int64 `path:"check" minimum:"1" doc:"The number of the inactivity check that withheld them."`
}

func (s *server) approveEndings(ctx context.Context, in *checkInput) (*operation.Body[people.IdleRun], error) {
	done, err := s.do.ApproveEndings(ctx, in.Check)
	return operation.Answer(done, err)
}
