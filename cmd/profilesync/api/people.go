package api

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/cursor"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// people are operations on accounts and what is due for inactive ones.
func (s *server) people() {
	add(s, route{
		id: "list-accounts", method: http.MethodGet, path: "/accounts", verb: guard.Read,
		summary: "List accounts, without names",
	}, s.listAccounts)
	add(s, route{
		id: "show-account", method: http.MethodGet, path: "/accounts/{account}", verb: guard.Read,
		summary: "Show an account and its organisations, without names",
		about:   "Its history holds texts by people, and is only for who may use the verb `people`, too.",
	}, s.showAccount)
	add(s, route{
		id: "name-account", method: http.MethodGet, path: "/accounts/{account}/person", verb: guard.People,
		summary: "Show whom an account belongs to",
	}, s.nameAccount)
	add(s, route{
		id: "reactivate-account", method: http.MethodPost, path: "/accounts/{account}/reactivate", verb: guard.Administer,
		summary: "Let a person sign in again; their inactivity is counted from today",
	}, s.reactivate)
	add(s, route{
		id: "leave-account", method: http.MethodPost, path: "/accounts/{account}/leave", verb: guard.Administer,
		summary: "Put a person on leave until a day, or end it", about: "During a leave, inactivity is not counted.",
	}, s.leave)
	add(s, route{
		id: "preview-inactive", method: http.MethodGet, path: "/inactive-accounts", verb: guard.Read,
		summary: "Show what is due for inactive accounts, and do nothing",
	}, s.previewInactive)
	add(s, route{
		id: "apply-inactive", method: http.MethodPost, path: "/inactive-accounts", verb: guard.Administer, keyed: true,
		summary: "Do what is due for inactive accounts, as the daemon does every morning",
	}, s.applyInactive)
	add(s, route{
		id: "approve-endings", method: http.MethodPost, path: "/inactive-accounts/{check}/approve",
		verb: guard.Approve, keyed: true, summary: "End the accounts that a check withheld because there were too many",
	}, s.approveEndings)
}

// letters are operations on reminders, letters and whether they go out.
func (s *server) letters() {
	add(s, route{
		id: "preview-reminders", method: http.MethodGet, path: "/reminders", verb: guard.Read,
		summary: "Show who would get which reminder and why, without names, and send none",
	}, s.previewReminders)
	add(s, route{
		id: "list-letters", method: http.MethodGet, path: "/letters", verb: guard.Read,
		summary: "List letters to people without names, the newest first",
	}, s.listLetters)
	s.mail()
}

// mail are operations on the sending of letters.
func (s *server) mail() {
	add(s, route{
		id: "show-mail", method: http.MethodGet, path: "/mail", verb: guard.Read,
		summary: "Show whether letters go out, and if not, why",
	}, s.showMail)
	add(s, route{
		id: "stop-mail", method: http.MethodPost, path: "/mail/stop", verb: guard.Administer,
		summary: "Stop sending letters at once",
	}, s.stopMail)
	add(s, route{
		id: "resume-mail", method: http.MethodPost, path: "/mail/resume", verb: guard.Administer,
		summary: "Send letters again; this also ends the pauses of new texts",
	}, s.resumeMail)
}

type listAccountsInput struct {
	Paging

	State string `query:"state" enum:"invited,active,deactivated,expired" doc:"Only accounts in this state."`
}

func (s *server) listAccounts(ctx context.Context, in *listAccountsInput) (*pageOf[peoplestore.Account], error) {
	key := func(a peoplestore.Account) string { return a.ID }
	return paged(in.Paging, key, func(most int) ([]peoplestore.Account, error) {
		return s.do.Accounts(ctx, people.AccountState(in.State), most)
	})
}

// AccountInput names an account.
type AccountInput struct {
	Account string `path:"account" doc:"The account, as u-4711."`
}

func (in AccountInput) id() (people.AccountID, error) {
	var wrong inputs
	id := parsed(&wrong, "account", in.Account, people.ParseAccountID)
	return id, wrong.err()
}

func (s *server) showAccount(ctx context.Context, in *AccountInput) (*body[peoplestore.Account], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	shown, err := s.do.Account(ctx, id)
	return answer(shown, err)
}

// person is whom an account belongs to.
type person struct {
	Account string `json:"account"`
	Name    string `json:"name"`
	Address string `json:"address" doc:"The e-mail address."`
}

func (s *server) nameAccount(ctx context.Context, in *AccountInput) (*body[person], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.do.Account(ctx, id); err != nil {
		return nil, err
	}
	names, err := s.do.Names(ctx, []people.AccountID{id})
	return answer(person{id.String(), names[id].Name.Reveal(), names[id].Address.Reveal()}, err)
}

type reactivateInput struct {
	AccountInput

	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why, for the audit."`
	}
}

func (s *server) reactivate(ctx context.Context, in *reactivateInput) (*body[changed], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return answer(changed{true}, s.do.Reactivate(ctx, id, in.Body.Reason))
}

type leaveInput struct {
	AccountInput

	Body struct {
		Until  string `json:"until,omitempty" doc:"The last day, at most 18 months from today. None ends the leave."`
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why, for the audit."`
	}
}

func (s *server) leave(ctx context.Context, in *leaveInput) (*body[changed], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	var wrong inputs
	until := wrong.day("body.until", in.Body.Until)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return answer(changed{true}, s.do.SetLeave(ctx, id, until, in.Body.Reason))
}

// AsIfInput is the day of a preview.
type AsIfInput struct {
	Date string `query:"date" doc:"As if today were this day."`
}

func (in AsIfInput) day() (profile.Date, error) {
	var wrong inputs
	day := wrong.day("date", in.Date)
	return day, wrong.err()
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
	Page[idleAccount]

	Accounts int  `json:"accounts" doc:"All accounts."`
	Ending   int  `json:"ending" doc:"How many would end."`
	Withheld bool `json:"withheld" doc:"They are so many that they would wait for approve-endings."`
}

type previewInactiveInput struct {
	AsIfInput
	Paging
}

func (s *server) previewInactive(ctx context.Context, in *previewInactiveInput) (*body[idlePage], error) {
	day, err := in.day()
	if err != nil {
		return nil, err
	}
	from, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	plan, err := s.do.PreviewInactive(ctx, day)
	if err != nil {
		return nil, err
	}
	shown := idlePage{Accounts: plan.Accounts, Ending: len(plan.End), Withheld: plan.Withheld}
	shown.Items, shown.Next = cursor.Cut(in.Limit, from, idleAccounts(plan), func(a idleAccount) string { return a.Account })
	return answer(shown, nil)
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

func (s *server) applyInactive(ctx context.Context, _ *struct{}) (*body[idleRuns], error) {
	done, err := s.do.ApplyInactive(ctx)
	return answer(idleRuns{append([]people.IdleRun{}, done...)}, err)
}

type checkInput struct {
	Check int64 `path:"check" minimum:"1" doc:"The number of the check that withheld them."`
}

func (s *server) approveEndings(ctx context.Context, in *checkInput) (*body[people.IdleRun], error) {
	done, err := s.do.ApproveEndings(ctx, in.Check)
	return answer(done, err)
}

type previewRemindersInput struct {
	AsIfInput
	Paging
}

func (s *server) previewReminders(ctx context.Context, in *previewRemindersInput) (*pageOf[actions.DueReminder], error) {
	day, err := in.day()
	if err != nil {
		return nil, err
	}
	key := func(r actions.DueReminder) string { return r.Quarter + " " + r.Stage + " " + r.To }
	return paged(in.Paging, key, func(int) ([]actions.DueReminder, error) { return s.do.PreviewReminders(ctx, day) })
}

type listLettersInput struct {
	Paging

	State   string `query:"state" maxLength:"40" doc:"Only letters in this state: due, accepted, delivered, refused, unclear, and so on."`
	Account string `query:"account" doc:"Only letters to this account."`
}

func (s *server) listLetters(ctx context.Context, in *listLettersInput) (*pageOf[peoplestore.ListedLetter], error) {
	var wrong inputs
	account := parsed(&wrong, "account", in.Account, people.ParseAccountID)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	key := func(l peoplestore.ListedLetter) string { return l.Reference }
	return paged(in.Paging, key, func(most int) ([]peoplestore.ListedLetter, error) {
		return s.do.Letters(ctx, in.State, account, most)
	})
}

func (s *server) showMail(ctx context.Context, _ *struct{}) (*body[actions.Mail], error) {
	state, err := s.do.MailState(ctx)
	return answer(state, err)
}

type stopMailInput struct {
	Body struct {
		Reason string `json:"reason" maxLength:"2000" doc:"Why, for people who come across it later."`
	}
}

func (s *server) stopMail(ctx context.Context, in *stopMailInput) (*body[actions.Mail], error) {
	state, err := s.do.StopMail(ctx, in.Body.Reason)
	return answer(state, err)
}

func (s *server) resumeMail(ctx context.Context, _ *struct{}) (*body[actions.Mail], error) {
	state, err := s.do.ResumeMail(ctx)
	return answer(state, err)
}
