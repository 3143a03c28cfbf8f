package peoplejobs

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Remind queues today's reminders as due letters.
type Remind struct{}

// Kind names the job.
func (Remind) Kind() string { return "remind" }

// InsertOpts allows one queued job at a time.
func (Remind) InsertOpts() river.InsertOpts { return peopleOpts() }

func peopleOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue.People, MaxAttempts: 10, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()}}
}

// Reminders plans reminders. Which are due is always computed from the tables.
type Reminders struct {
	People   remindStore
	Calendar CalendarReader
	Rules    people.CheckRules
	Lists    []profile.ODSCode // boards with a mailing list
	Now      func() time.Time
}

type remindStore interface {
	People(ctx context.Context, f people.Filter, today profile.Date) iter.Seq2[[]people.Person, error]
	OrgsOfICB(ctx context.Context, icb profile.ODSCode, types []profile.OrgType, today profile.Date) ([]people.CheckedOrg, error)
	letterAdder
}

// letterAdder stores due letters.
type letterAdder interface {
	// NewLetters leaves out letters that were made due before, whatever their
	// outcome.
	NewLetters(ctx context.Context, letters []people.DueLetter) ([]people.DueLetter, error)
	AddLetters(ctx context.Context, letters []people.DueLetter) (added int, err error)
}

// CalendarReader returns the holidays that the official list has named.
type CalendarReader interface {
	Holidays(ctx context.Context) (days, vanished []people.Holiday, err error)
}

func calendarOf(ctx context.Context, reader CalendarReader) (people.Calendar, error) {
	days, _, err := reader.Holidays(ctx)
	return people.NewCalendar(days), err
}

// Reminding returns what deciding on reminders needs: today, the calendar and
// the rules.
func (r *Reminders) Reminding(ctx context.Context) (people.ReminderContext, error) {
	calendar, err := calendarOf(ctx, r.Calendar)
	today := profile.DateIn(r.Now(), profile.London())
	return people.ReminderContext{Today: today, Calendar: calendar, Rules: r.Rules}, err
}

// Plan passes to each, in batches, the reminders that are due now and were not
// made due before. If codes is not empty, only members of those organisations
// are considered.
func (r *Reminders) Plan(ctx context.Context, codes []profile.ODSCode, each func([]people.Reminder) error) error {
	world, err := r.Reminding(ctx)
	if err != nil {
		return err
	}
	if len(world.Calendar.StagesOn(world.Today)) == 0 {
		return nil
	}
	filter := people.Filter{States: []people.AccountState{people.AccountActive}, Codes: codes}
	for people, err := range r.People.People(ctx, filter, world.Today) {
		if err == nil {
			err = r.emitUnsent(ctx, world.Plan(people), each)
		}
		if err != nil {
			return err
		}
	}
	if len(codes) > 0 {
		return nil
	}
	return r.planLists(ctx, world, each)
}

// planLists plans the overdue notices to boards.
func (r *Reminders) planLists(ctx context.Context, world people.ReminderContext, each func([]people.Reminder) error) error {
	for _, day := range world.Calendar.StagesOn(world.Today) {
		if day.Stage != people.StageOverdue {
			continue
		}
		for _, icb := range r.Lists {
			orgs, err := r.People.OrgsOfICB(ctx, icb, r.Rules.Types(), world.Today)
			if err != nil {
				return err
			}
			if reminder, due := world.ForList(icb, orgs, day); due {
				if err := r.emitUnsent(ctx, []people.Reminder{reminder}, each); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// emitUnsent passes on the reminders that were not made due before.
func (r *Reminders) emitUnsent(ctx context.Context, due []people.Reminder, each func([]people.Reminder) error) error {
	letters := make([]people.DueLetter, len(due))
	for i, reminder := range due {
		letters[i] = reminder.DueLetter()
	}
	fresh, err := r.People.NewLetters(ctx, letters)
	if err != nil {
		return err
	}
	isNew := make(map[string]bool, len(fresh))
	for _, letter := range fresh {
		isNew[letter.Reference] = true
	}
	due = slices.DeleteFunc(due, func(m people.Reminder) bool { return !isNew[m.Reference()] })
	if len(due) == 0 {
		return nil
	}
	return each(due)
}

// MakeDue makes the reminders due, and returns how many.
func (r *Reminders) MakeDue(ctx context.Context) (added int, err error) {
	err = r.Plan(ctx, nil, func(reminders []people.Reminder) error {
		letters := make([]people.DueLetter, len(reminders))
		for i, reminder := range reminders {
			letters[i] = reminder.DueLetter()
		}
		n, err := r.People.AddLetters(ctx, letters)
		added += n
		return err
	})
	return added, err
}

// SendNow makes a reminder due, at a person's request, for each member of an
// organisation whose checks are incomplete: at most once a day.
func (r *Reminders) SendNow(ctx context.Context, code profile.ODSCode) (added int, err error) {
	world, err := r.Reminding(ctx)
	if err != nil {
		return 0, err
	}
	day := people.StageDay{Stage: people.StageAsked, Quarter: people.QuarterOn(world.Today), Day: world.Today}
	filter := people.Filter{States: []people.AccountState{people.AccountActive}, Codes: []profile.ODSCode{code}}
	for accounts, err := range r.People.People(ctx, filter, world.Today) {
		if err != nil {
			return added, err
		}
		var letters []people.DueLetter
		for _, p := range accounts {
			if reminder, due := world.For(p, day); due {
				letters = append(letters, reminder.DueLetter())
			}
		}
		n, err := r.People.AddLetters(ctx, letters)
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

type remindWorker struct {
	river.WorkerDefaults[Remind]
	reminders *Reminders
}

func (*remindWorker) Timeout(*river.Job[Remind]) time.Duration { return 10 * time.Minute }

func (w *remindWorker) Work(ctx context.Context, _ *river.Job[Remind]) error {
	if _, err := w.reminders.MakeDue(ctx); err != nil {
		return fmt.Errorf("reminding: %w", err)
	}
	return sendSoon(ctx, Remind{})
}
