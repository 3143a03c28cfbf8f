package peoplejobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Deactivate warns people whose accounts are idle, and ends the accounts of those
// who were warned.
type Deactivate struct{}

// Kind names the job.
func (Deactivate) Kind() string { return "deactivate" }

// InsertOpts allows one queued job at a time.
func (Deactivate) InsertOpts() river.InsertOpts { return peopleOpts() }

// Inactivity warns and ends idle accounts.
type Inactivity struct {
	People idleStore
	Limits people.IdleLimits
	Guard  people.IdleGuard
	Now    func() time.Time
}

type idleStore interface {
	People(ctx context.Context, f people.Filter, today profile.Date) iter.Seq2[[]people.Person, error]
	Accounts(ctx context.Context) (int, error)
	EndClosed(ctx context.Context, actor string, today profile.Date) (ended int, err error)
	// EndAccounts ends those accounts that have had no activity since they were
	// judged; withheld ones wait.
	EndAccounts(ctx context.Context, endings []people.Ending, withheld bool, accounts int, actor string, today profile.Date) (
		people.IdleRun, error)
	KeepIdle(ctx context.Context, kept []people.IdleVerdict) error
	letterAdder
}

// IdlePlan lists what to do about idle accounts.
type IdlePlan struct {
	Warn     []people.IdleVerdict
	End      []people.Ending
	Keep     []people.IdleVerdict // flagged or held
	Accounts int
	Withheld bool // more would end than the guard allows
}

// Today is the current day in London.
func (i *Inactivity) Today() profile.Date { return profile.DateIn(i.Now(), profile.London()) }

// Plan judges every account that has been idle long enough to matter.
func (i *Inactivity) Plan(ctx context.Context) (plan IdlePlan, err error) {
	today := i.Today()
	filter := people.Filter{
		States:     []people.AccountState{people.AccountInvited, people.AccountActive},
		IdleBefore: i.Limits.Earliest(today).Time().AddDate(0, 0, 1),
	}
	for people, err := range i.People.People(ctx, filter, today) {
		if err != nil {
			return plan, err
		}
		for _, p := range people {
			plan.add(i.Limits.Judge(p, today), p)
		}
	}
	plan.Accounts, err = i.People.Accounts(ctx)
	plan.Withheld = i.Guard.Withholds(len(plan.End), plan.Accounts)
	return plan, err
}

func (plan *IdlePlan) add(v people.IdleVerdict, p people.Person) {
	switch v.Step {
	case people.IdleNothing:
	case people.IdleWarnFirst, people.IdleWarnLast:
		plan.Warn = append(plan.Warn, v)
	case people.IdleDeactivate, people.IdleExpire:
		plan.End = append(plan.End, people.Ending{IdleVerdict: v, LastActive: p.LastActive})
	case people.IdleKeep, people.IdleHold:
		plan.Keep = append(plan.Keep, v)
	}
}

// Apply carries out a plan.
func (i *Inactivity) Apply(ctx context.Context, plan IdlePlan, actor string) (people.IdleRun, error) {
	today := i.Today()
	var letters []people.DueLetter
	for _, v := range plan.Warn {
		letters = append(letters, v.Warning())
	}
	lists, err := i.flags(ctx, plan.Keep, today)
	if err != nil {
		return people.IdleRun{}, err
	}
	if _, err := i.People.AddLetters(ctx, append(letters, lists...)); err != nil {
		return people.IdleRun{}, err
	}
	if err := i.People.KeepIdle(ctx, plan.Keep); err != nil {
		return people.IdleRun{}, err
	}
	return i.People.EndAccounts(ctx, plan.End, plan.Withheld, plan.Accounts, actor, today)
}

// flags returns letters that tell the boards' lists about organisations that
// would lose their only account manager.
func (i *Inactivity) flags(ctx context.Context, kept []people.IdleVerdict, today profile.Date) (letters []people.DueLetter, err error) {
	var ids []people.AccountID
	verdicts := make(map[people.AccountID]people.IdleVerdict)
	for _, v := range kept {
		if v.Step == people.IdleKeep {
			ids, verdicts[v.Account] = append(ids, v.Account), v
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	for people, err := range i.People.People(ctx, people.Filter{IDs: ids}, today) {
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			letters = append(letters, verdicts[p.ID].Flags(p)...)
		}
	}
	return letters, nil
}

type deactivateWorker struct {
	river.WorkerDefaults[Deactivate]
	inactivity *Inactivity
}

func (*deactivateWorker) Timeout(*river.Job[Deactivate]) time.Duration { return 10 * time.Minute }

func (w *deactivateWorker) Work(ctx context.Context, _ *river.Job[Deactivate]) error {
	if err := w.inactivity.Run(ctx, "schedule"); err != nil {
		return fmt.Errorf("checking inactive accounts: %w", err)
	}
	return sendSoon(ctx, Deactivate{})
}

// Run is the daily check: it ends memberships of closed organisations first.
func (i *Inactivity) Run(ctx context.Context, actor string) error {
	_, closed := i.People.EndClosed(ctx, actor, i.Today())
	plan, err := i.Plan(ctx)
	if err == nil {
		_, err = i.Apply(ctx, plan, actor)
	}
	return errors.Join(closed, err)
}
