package actions

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Accounts lists accounts by their ids, without names.
func (a *Actions) Accounts(ctx context.Context, f peoplestore.AccountFilter) ([]peoplestore.Account, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.People.ListAccounts(ctx, f)
}

// Account returns an account with its organisations, without names. Its history is for who
// may see people.
func (a *Actions) Account(ctx context.Context, id people.AccountID) (peoplestore.Account, error) {
	if err := a.Ready(ctx); err != nil {
		return peoplestore.Account{}, err
	}
	found, err := a.App.Store.People.Account(ctx, id)
	if !seesPeople(ctx) {
		found.History = nil
	}
	return found, err
}

// Named is who an account belongs to.
type Named struct {
	Name    people.PersonName
	Address people.EmailAddress
}

// Names returns who accounts belong to; those that do not exist are left out. It is for
// principals who may see people, and refuses all others.
func (a *Actions) Names(ctx context.Context, ids []people.AccountID) (map[people.AccountID]Named, error) {
	if !seesPeople(ctx) {
		return nil, &Error{Kind: Forbidden, Text: "names are only for who may see people"}
	}
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	names := make(map[people.AccountID]Named)
	if len(ids) == 0 {
		return names, nil // an empty filter would be all
	}
	for page, err := range a.App.Store.People.People(ctx, people.Filter{IDs: ids}, a.App.Today()) {
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			names[p.ID] = Named{Name: p.Name, Address: p.Address}
		}
	}
	return names, nil
}

// morning is the morning of a day, for previews as of that day.
func morning(day profile.Date) func() time.Time {
	d := day.Time()
	at := time.Date(d.Year(), d.Month(), d.Day(), 9, 0, 0, 0, profile.London())
	return func() time.Time { return at }
}

// PreviewInactive returns what is due for inactive accounts, as if today were that day;
// the zero day is today.
func (a *Actions) PreviewInactive(ctx context.Context, day profile.Date) (plan peoplejobs.IdlePlan, err error) {
	if err := a.Ready(ctx); err != nil {
		return plan, err
	}
	inactivity := a.App.Inactivity()
	if !day.IsZero() {
		inactivity.Now = morning(day)
	}
	return inactivity.Plan(ctx)
}

// ApplyInactive does what is due for inactive accounts, and returns the check.
func (a *Actions) ApplyInactive(ctx context.Context) ([]people.IdleRun, error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.App.Inactivity().Run(ctx, actor); err != nil {
		return nil, err
	}
	return a.App.Store.People.IdleRuns(ctx, 1)
}

// ApproveEndings ends the accounts that a check withheld because there were too many.
func (a *Actions) ApproveEndings(ctx context.Context, check int64) (people.IdleRun, error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return people.IdleRun{}, err
	}
	limits, today := a.App.Settings.IdleLimits(), a.App.Today()
	return a.App.Store.People.ApproveEndings(ctx, check, actor, today, func(p people.Person) people.IdleVerdict {
		return limits.Judge(p, today)
	})
}

// Reactivate lets a person sign in again.
func (a *Actions) Reactivate(ctx context.Context, id people.AccountID, reason string) error {
	actor, err := a.Begin(ctx)
	if err != nil {
		return err
	}
	changed, err := a.App.Store.People.Reactivate(ctx, id, actor, reason)
	if err == nil && !changed {
		err = conflict("account %s is not deactivated", id)
	}
	return err
}

// SetLeave puts a person on leave until a day, or ends it where that is zero.
func (a *Actions) SetLeave(ctx context.Context, id people.AccountID, until profile.Date, reason string) error {
	actor, err := a.who(ctx)
	if err != nil {
		return err
	}
	today := a.App.Today()
	if last := today.AddMonths(people.MaxLeaveMonths); !until.IsZero() && (until.Before(today) || until.After(last)) {
		return invalid("until", " %s: want a day from today to %s", until, last)
	}
	if err := a.Ready(ctx); err != nil {
		return err
	}
	changed, err := a.App.Store.People.SetLeave(ctx, id, today, until, actor, reason)
	if err == nil && !changed {
		err = conflict("account %s is not active", id)
	}
	return err
}

// DueReminder is one row of a preview: ids and organisations, no names.
type DueReminder struct {
	Stage   string   `json:"stage"`
	Quarter string   `json:"quarter"`
	To      string   `json:"to"` // u-4711, or the board of a list
	Missing []string `json:"missing"`
}

// PreviewReminders returns who would get which reminder and why, as if today were that
// day; the zero day is today.
func (a *Actions) PreviewReminders(ctx context.Context, day profile.Date) (list []DueReminder, err error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	reminders, err := a.App.Reminders()
	if err != nil {
		return nil, err
	}
	if !day.IsZero() {
		reminders.Now = morning(day)
	}
	list = []DueReminder{}
	err = reminders.Plan(ctx, nil, func(due []people.Reminder) error {
		for _, m := range due {
			to := m.Account.String()
			if m.Account == 0 {
				to = "list of " + string(m.List)
			}
			list = append(list, DueReminder{string(m.Stage), m.Quarter.String(), to, m.Lines})
		}
		return nil
	})
	slices.SortStableFunc(list, func(x, y DueReminder) int {
		return cmp.Or(cmp.Compare(x.Quarter, y.Quarter), cmp.Compare(x.Stage, y.Stage))
	})
	return list, err
}
