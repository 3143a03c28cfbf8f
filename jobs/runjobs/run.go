package runjobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Runs works runs: pull, plan, guard, apply. The daemon's jobs and the commands
// that run without a daemon call the same functions, under the same lock.
type Runs struct {
	// LockOrganisations and LockServices wait for the lock of their source: two
	// runs of a source never overlap.
	LockOrganisations func(ctx context.Context) (OrganisationSession, error)
	LockServices      func(ctx context.Context) (ServiceSession, error)

	// Patience is how long Preview and PreviewUndo wait for the lock; zero: as long as it
	// takes. ErrBusy says that it was not enough.
	Patience time.Duration

	Organisations Organisations
	Services      Services
	Now           func() time.Time
	// Today is the current day in London: no run is for a later one. A run that
	// was asked for by a clock ahead of ours may be for the day of that clock.
	Today func() profile.Date
	// Progress is called with how far a run has come; total is 0 if unknown.
	Progress func(ctx context.Context, run runs.ID, stage string, done, total int)
}

// Session works the runs of one source under its lock. The plan of a run is one
// transaction, which is rolled back unless the plan is sealed.
type Session interface {
	// Start marks a run as being worked, and returns its current state.
	Start(ctx context.Context, id runs.ID) (runs.Run, error)
	// BeginPlan starts planning a run whose report covers these organisation
	// types. A run that is not stored (a preview) gets a temporary number that
	// ends with the transaction.
	BeginPlan(ctx context.Context, run runs.Run, types []profile.OrgType) error
	// Summarise counts and digests what the plan would do at present.
	Summarise(ctx context.Context) (runs.Summary, error)
	// MatchPlan refuses a run that would not do exactly what its plan shows, or whose
	// plan is already applied (*profile.RefusedError, *runs.DiffersError).
	MatchPlan(ctx context.Context, plan runs.PlanID) error
	// KeepPlan keeps the plan for a week, with its summary, whatever becomes of the
	// transaction.
	KeepPlan(ctx context.Context, summary runs.Summary) (runs.PlanID, error)
	// TakenBack returns what the undo that is planned does to fields, and how many more
	// there are.
	TakenBack(ctx context.Context, most int) (rows []runs.TakenBack, more int, err error)
	// TurnBackWaiting reverses what the parent of an undo did to the list of what
	// waits.
	TurnBackWaiting(ctx context.Context) error
	// Seal commits the plan: from here on the run will be applied, by another
	// process if this one dies.
	Seal(ctx context.Context, summary runs.Summary, stamp runs.Stamp) error
	// DiscardPlan rolls the plan back. It does nothing after Seal.
	DiscardPlan()
	// Apply applies a sealed plan, continuing where the last process stopped.
	Apply(ctx context.Context, run runs.Run, applied func(codes int)) error
	// Finish and Fail end a run, once: with its result, or with the reason why
	// there is none.
	Finish(ctx context.Context, run runs.Run, types []profile.OrgType, elapsedMS int64) (runs.Summary, error)
	Fail(ctx context.Context, run runs.Run, state runs.State, why string) (runs.Summary, error)
	// Alive reports whether the lock is still held: it is lost with its
	// connection.
	Alive() bool
	Close()
}

// planner plans runs of one source.
type planner interface {
	// types are the organisation types that the run's report covers.
	types() ([]profile.OrgType, error)
	// pull gets what the run reads. It comes before the transaction of the
	// plan, which must not wait for a register. The source's lock is held, so
	// that what is pulled later is also planned later.
	pull(ctx context.Context) error
	// compare plans what was pulled, approve what the parent withheld, undo what
	// it applied.
	compare(ctx context.Context) error
	approve(ctx context.Context) error
	undo(ctx context.Context) error
	// guard withholds changes that no register makes on an ordinary day.
	guard(ctx context.Context) ([]runs.Withheld, error)
	// describe adds what was read to the summary, and returns the stamp by
	// which the same listing is recognised.
	describe(summary *runs.Summary) runs.Stamp
	close()
}

// ErrUnchanged means that nothing has changed since the ETag of the run.
var ErrUnchanged = errors.New("not modified since the last listing")

// ErrInterrupted means that a run will continue from its current state when it
// is worked again: the process is stopping, or the database connection was
// lost.
var ErrInterrupted = errors.New("interrupted")

// reconcile takes a run from its current state to its end: it is planned, then
// the plan is sealed and applied. A preview stops before that: its plan is kept.
func (r *Runs) reconcile(ctx context.Context, session Session, planner planner, run runs.Run, preview bool) (
	summary runs.Summary, err error,
) {
	began := r.Now()
	defer planner.close()
	types, err := planner.types()
	if err != nil {
		return run.Summary, err
	}
	if !run.Planned {
		defer session.DiscardPlan()
		if summary, err = r.plan(ctx, session, planner, run, types); err != nil {
			return run.Summary, err
		}
		stamp := planner.describe(&summary)
		if preview {
			summary.ElapsedMS = r.Now().Sub(began).Milliseconds()
			return keep(ctx, session, summary)
		}
		if err := session.Seal(ctx, summary, stamp); err != nil {
			return run.Summary, err
		}
	}
	if run, err = session.Start(ctx, run.ID); err != nil {
		return run.Summary, err
	}
	applied := 0
	err = session.Apply(ctx, run, func(codes int) {
		applied += codes
		r.Progress(ctx, run.ID, "applying", applied, 0)
	})
	if err != nil {
		return run.Summary, err
	}
	return session.Finish(ctx, run, types, r.Now().Sub(began).Milliseconds())
}

// plan pulls, compares and guards. Approvals and undos read the parent run
// instead of pulling, and are not guarded: a person has decided.
func (r *Runs) plan(ctx context.Context, session Session, planner planner, run runs.Run, types []profile.OrgType) (
	summary runs.Summary, err error,
) {
	if err := checkDay(run, r.todayOf(run)); err != nil {
		return summary, err
	}
	pulls := run.Kind.Pulls()
	if pulls {
		if err := planner.pull(ctx); err != nil {
			return summary, err
		}
	}
	if err := session.BeginPlan(ctx, run, types); err != nil {
		return summary, err
	}
	if err := planByKind(ctx, planner, run); err != nil {
		return summary, err
	}
	withheld := []runs.Withheld{}
	if pulls {
		if withheld, err = planner.guard(ctx); err != nil {
			return summary, err
		}
	}
	if run.Plan != 0 {
		if err := session.MatchPlan(ctx, run.Plan); err != nil {
			return summary, err
		}
	}
	summary, err = session.Summarise(ctx)
	summary.Withheld = withheld
	if err == nil {
		err = asShown(run, summary)
	}
	return summary, err
}

// asShown refuses an undo that would do something else than the person was shown.
func asShown(run runs.Run, summary runs.Summary) error {
	if shown := run.Selection.Digest; run.Kind == runs.RunUndo && shown != "" && shown != summary.Digest {
		return runs.UndoDiffers(run.Parent)
	}
	return nil
}

// keep keeps a plan that a person is shown, under a number of its own.
func keep(ctx context.Context, session Session, summary runs.Summary) (runs.Summary, error) {
	summary.Run, summary.State = "", runs.RunDone
	if len(summary.Withheld) > 0 {
		summary.State = runs.RunWithheld
	}
	plan, err := session.KeepPlan(ctx, summary)
	summary.Plan = plan
	return summary, err
}

func planByKind(ctx context.Context, planner planner, run runs.Run) error {
	switch run.Kind {
	case runs.RunListing, runs.RunDelta, runs.RunRehearsal:
		return planner.compare(ctx)
	case runs.RunApprove:
		return planner.approve(ctx)
	case runs.RunUndo:
		return planner.undo(ctx)
	default:
		return fmt.Errorf("run %d: unknown kind %q", run.ID, run.Kind)
	}
}

// todayOf returns the later of today and the day on which a run was asked for.
func (r *Runs) todayOf(run runs.Run) profile.Date {
	if today := r.Today(); !run.Requested.After(today) {
		return today
	}
	return run.Requested
}

// checkDay refuses a run for a day that has not come yet, and the rehearsal of any
// other. An undo is for the day of the run that it takes back, whatever that was.
func checkDay(run runs.Run, today profile.Date) error {
	switch {
	case run.Kind == runs.RunRehearsal && !run.AsOf.After(today):
		return &profile.RefusedError{Name: run.Report, Why: fmt.Sprintf(
			"a rehearsal is of a day to come, and %s is not (today is %s); plan it without --rehearse", run.AsOf, today)}
	case run.Kind == runs.RunUndo, run.Kind == runs.RunRehearsal, !run.AsOf.After(today):
		return nil
	}
	return &profile.RefusedError{Name: run.Report, Why: fmt.Sprintf(
		"it is for %s, and that day has not come yet (today is %s); if a run was for a wrong day, undo it", run.AsOf, today)}
}

// Work brings a run to its end from its current state. A run that was refused
// or failed is a result, not an error: an error means that the run may be
// worked again (ErrInterrupted, or the source cannot be reached).
func (r *Runs) Work(ctx context.Context, source profile.Source, id runs.ID) (runs.Summary, error) {
	return r.underLock(ctx, source, id, func(session Session, planner planner, run runs.Run) (runs.Summary, error) {
		summary, err := r.reconcile(ctx, session, planner, run, false)
		switch {
		case err == nil, queue.IsTemporary(err), ctx.Err() != nil:
			return summary, err
		case !session.Alive():
			return summary, fmt.Errorf("%w: %w", ErrInterrupted, err)
		default: // another attempt would not help
			return fail(ctx, session, run, err)
		}
	})
}

// GiveUp ends a run whose last attempt failed.
func (r *Runs) GiveUp(ctx context.Context, source profile.Source, id runs.ID, why error) (runs.Summary, error) {
	return r.underLock(ctx, source, id, func(session Session, _ planner, run runs.Run) (runs.Summary, error) {
		return fail(ctx, session, run, why)
	})
}

func fail(ctx context.Context, session Session, run runs.Run, why error) (runs.Summary, error) {
	state := runs.RunFailed
	if refused := new(profile.RefusedError); errors.As(why, &refused) {
		state = runs.RunRefused
	}
	if other := new(runs.DiffersError); errors.As(why, &other) {
		run.Summary.Differs = &other.Differs
	}
	return session.Fail(ctx, run, state, why.Error())
}

// underLock calls do with a run that has not ended. If the run has ended, it
// only returns its summary.
func (r *Runs) underLock(ctx context.Context, source profile.Source, id runs.ID,
	do func(Session, planner, runs.Run) (runs.Summary, error),
) (summary runs.Summary, err error) {
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrInterrupted, err)
		}
	}()
	session, planner, err := r.lock(ctx, source)
	if err != nil {
		return summary, err
	}
	defer session.Close()
	run, err := session.Start(ctx, id)
	if err != nil || run.State.Ended() {
		return run.Summary, err
	}
	return do(session, planner(run), run)
}

// Preview plans a run. The plan is kept for a person to read and apply; nothing
// else is.
func (r *Runs) Preview(ctx context.Context, run runs.Run) (runs.Summary, error) {
	session, planner, err := r.lockSoon(ctx, run.Source)
	if err != nil {
		return runs.Summary{}, err
	}
	defer session.Close()
	return r.reconcile(ctx, session, planner(run), run, true)
}

// Reversal is what an undo would take back.
type Reversal struct {
	Summary runs.Summary
	// Beyond are the groups that the guard would withhold if a register asked
	// for them: so large an undo is itself unusual.
	Beyond []runs.Withheld
	// Rows is what would become of fields, the first of them; More is how many more there are.
	Rows []runs.TakenBack
	More int
}

// mostTakenBack is how many fields the preview of an undo names.
const mostTakenBack = 500

// PreviewUndo plans the undo of a run and discards the plan.
func (r *Runs) PreviewUndo(ctx context.Context, undo runs.Run) (Reversal, error) {
	session, planner, err := r.lockSoon(ctx, undo.Source)
	if err != nil {
		return Reversal{}, err
	}
	defer session.Close()
	defer session.DiscardPlan()
	p := planner(undo)
	defer p.close()
	types, err := p.types()
	if err != nil {
		return Reversal{}, err
	}
	summary, err := r.plan(ctx, session, p, undo, types)
	if err != nil {
		return Reversal{}, err
	}
	rows, more, err := session.TakenBack(ctx, mostTakenBack) // before the guard marks what it would withhold
	if err != nil {
		return Reversal{}, err
	}
	beyond, err := p.guard(ctx)
	summary.Run, summary.State = "", runs.RunDone
	return Reversal{summary, beyond, rows, more}, err
}

// ErrBusy means that a run of the source is being worked.
var ErrBusy = errors.New("a run is being worked, or planned: ask again when it has ended")

// lockSoon is lock, for as long as its caller is patient.
func (r *Runs) lockSoon(ctx context.Context, source profile.Source) (Session, func(runs.Run) planner, error) {
	if r.Patience == 0 {
		return r.lock(ctx, source)
	}
	waiting, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	session, planner, err := r.lock(waiting, source)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, nil, fmt.Errorf("%s: %w", source, ErrBusy)
	}
	return session, planner, err
}

// lock waits for the lock of a source, and returns a function that makes the
// planner of a run.
func (r *Runs) lock(ctx context.Context, source profile.Source) (Session, func(runs.Run) planner, error) {
	if source == profile.SourceERS {
		session, err := r.LockServices(ctx)
		return session, func(run runs.Run) planner {
			return &servicePlanner{Services: r.Services, progress: r.Progress, session: session, run: run}
		}, err
	}
	session, err := r.LockOrganisations(ctx)
	return session, func(run runs.Run) planner {
		return &organisationPlanner{
			Organisations: r.Organisations, progress: r.Progress, session: session, run: run, today: r.todayOf(run),
		}
	}, err
}
