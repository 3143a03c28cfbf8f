package jobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Runs works runs: pull, plan, guard, apply. The daemon's job and the commands
// without a daemon call the same functions, under the same lock.
type Runs struct {
	Store interface {
		// Lock waits for the source's lock: two runs of a source never overlap.
		Lock(ctx context.Context, source profile.Source) (Session, error)
	}
	Open  func(ctx context.Context, run runs.Run) (Pull, error) // pulls what the run reads
	Types func(run runs.Run) ([]profile.OrgType, error)         // the types its report covers
	Guard runs.Guard
	// Services are what only runs of the e-Referral Service need.
	Services Services
	Kept     []profile.OrgType // the types that have profiles
	Now      func() time.Time
	// Report is told how far a run has come; total is 0 when unknown.
	Report func(ctx context.Context, run runs.ID, stage string, done, total int)
}

// Pull is what a source gave: raw records, that are decoded one by one where
// their bytes are new. It is spooled completely before a run begins.
type Pull interface {
	Rows() iter.Seq2[profile.Row, error]
	Record(row profile.Row) (profile.Record, error) // or a *profile.Rejected
	Raw(row profile.Row) ([]byte, error)
}

// stamped is a pull that can be told from another without comparing records.
type stamped interface{ Stamp() runs.Stamp }

// following is a pull of changes.
type following interface {
	Until() profile.Date        // the newest change it holds; zero for none
	Deleted() []profile.ODSCode // what was deleted from the register
}

// Session works runs of one source under its lock.
type Session interface {
	Run(ctx context.Context, id runs.ID) (runs.Run, error)
	Draft(ctx context.Context, run runs.Run, types []profile.OrgType) (Draft, error)
	Applier
	serviceSession
	held
}

// held is the source's lock: it is lost with its connection.
type held interface {
	Alive() bool
	Close()
}

// Applier is pass 2 of a run.
type Applier interface {
	Apply(ctx context.Context, run runs.Run, applied func(codes int)) error
	// Finish and Fail end a run, once: with its result, or with why there is none.
	Finish(ctx context.Context, run runs.Run, types []profile.OrgType, elapsedMS int64) (runs.Summary, error)
	Fail(ctx context.Context, run runs.Run, state runs.State, why string) (runs.Summary, error)
}

// Draft is pass 1 of a run: a plan in the making, of which nothing remains
// unless it is sealed.
type Draft interface {
	comparer
	decider
	Judge(ctx context.Context, guard *runs.Guard, short bool) (runs.Summary, error)
	Seal(ctx context.Context, summary runs.Summary, stamp runs.Stamp) error
	Discard()
}

// ErrUnchanged says that a pull has nothing new since the ETag of the run.
var ErrUnchanged = errors.New("not modified since the last listing")

// ErrInterrupted says that a run goes on where it stands when it is worked
// again: the process is stopping, or the database went away.
var ErrInterrupted = errors.New("interrupted")

// Work brings a run to its end, from wherever it stands. A run that was refused
// or failed is a result, not an error: an error means that the run may be worked
// again (ErrInterrupted, or the source is out of reach).
func (r *Runs) Work(ctx context.Context, source profile.Source, id runs.ID) (runs.Summary, error) {
	summary, err := r.underLock(ctx, source, id, r.settle)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	return summary, err
}

// GiveUp ends a run whose last attempt did not succeed.
func (r *Runs) GiveUp(ctx context.Context, source profile.Source, id runs.ID, why error) (runs.Summary, error) {
	return r.underLock(ctx, source, id, func(ctx context.Context, session Session, run runs.Run) (runs.Summary, error) {
		return r.end(ctx, session, run, why)
	})
}

// underLock does something with a run that has not ended yet, and returns its
// summary where it has.
func (r *Runs) underLock(ctx context.Context, source profile.Source, id runs.ID,
	do func(context.Context, Session, runs.Run) (runs.Summary, error),
) (runs.Summary, error) {
	session, err := r.Store.Lock(ctx, source)
	if err != nil {
		return runs.Summary{}, err
	}
	defer session.Close()
	run, err := session.Run(ctx, id)
	if err != nil || run.State.Ended() {
		return run.Summary, err
	}
	return do(ctx, session, run)
}

// settle works a run and ends it where no other attempt can do better.
func (r *Runs) settle(ctx context.Context, session Session, run runs.Run) (runs.Summary, error) {
	summary, err := r.work(ctx, session, run)
	switch {
	case err == nil, temporary(err), ctx.Err() != nil:
		return summary, err
	case !session.Alive():
		return summary, fmt.Errorf("%w: %w", ErrInterrupted, err)
	default:
		return r.end(ctx, session, run, err)
	}
}

func (*Runs) end(ctx context.Context, session Session, run runs.Run, why error) (runs.Summary, error) {
	state := runs.RunFailed
	if refused := new(profile.RefusedError); errors.As(why, &refused) {
		state = runs.RunRefused
	}
	return session.Fail(ctx, run, state, why.Error())
}

func (r *Runs) work(ctx context.Context, session Session, run runs.Run) (runs.Summary, error) {
	if run.Source == profile.SourceERS {
		return r.workServices(ctx, session, run)
	}
	began := r.Now()
	types, err := r.Types(run)
	if err != nil {
		return run.Summary, err
	}
	if !run.Planned {
		if err := r.seal(ctx, session, run, types); err != nil {
			return run.Summary, err
		}
	}
	if run, err = session.Run(ctx, run.ID); err != nil {
		return run.Summary, err
	}
	applied := 0
	err = session.Apply(ctx, run, func(codes int) {
		applied += codes
		r.Report(ctx, run.ID, "applying", applied, 0)
	})
	if err != nil {
		return run.Summary, err
	}
	return session.Finish(ctx, run, types, r.Now().Sub(began).Milliseconds())
}

// Preview plans a run and leaves nothing of it: the same path, stopped before
// the plan is sealed.
func (r *Runs) Preview(ctx context.Context, run runs.Run) (runs.Summary, error) {
	began := r.Now()
	types, err := r.Types(run)
	if err != nil {
		return runs.Summary{}, err
	}
	session, err := r.Store.Lock(ctx, run.Source)
	if err != nil {
		return runs.Summary{}, err
	}
	defer session.Close()
	summary, err := r.preview(ctx, session, run, types)
	summary.Run, summary.State, summary.ElapsedMS = "", runs.RunDone, r.Now().Sub(began).Milliseconds()
	if len(summary.Withheld) > 0 {
		summary.State = runs.RunWithheld
	}
	return summary, err
}

func (r *Runs) preview(ctx context.Context, session Session, run runs.Run, types []profile.OrgType) (
	summary runs.Summary, err error,
) {
	if run.Source == profile.SourceERS {
		return r.previewServices(ctx, session, run)
	}
	err = r.draft(ctx, session, run, types, func(_ Draft, planned runs.Summary, _ runs.Stamp) error {
		summary = planned
		return nil
	})
	return summary, err
}

func (r *Runs) seal(ctx context.Context, session Session, run runs.Run, types []profile.OrgType) error {
	return r.draft(ctx, session, run, types, func(draft Draft, summary runs.Summary, stamp runs.Stamp) error {
		return draft.Seal(ctx, summary, stamp)
	})
}

// draft plans a run from what it reads, and hands the plan on; what is not
// sealed then is discarded.
func (r *Runs) draft(ctx context.Context, session Session, run runs.Run, types []profile.OrgType,
	planned func(Draft, runs.Summary, runs.Stamp) error,
) error {
	read, err := r.open(ctx, run)
	if err != nil {
		return err
	}
	defer read.close()
	draft, err := session.Draft(ctx, run, types)
	if err != nil {
		return err
	}
	defer draft.Discard()
	summary, stamp, err := r.plan(ctx, draft, run, read)
	if err != nil {
		return err
	}
	return planned(draft, summary, stamp)
}

func (r *Runs) plan(ctx context.Context, draft Draft, run runs.Run, read opened) (
	summary runs.Summary, stamp runs.Stamp, err error,
) {
	switch run.Kind {
	case runs.RunListing, runs.RunDelta:
		return r.planPull(ctx, draft, run, read)
	case runs.RunApprove:
		summary, err = r.planApproval(ctx, draft, run)
		return summary, stamp, err
	case runs.RunUndo:
		summary, err = r.planUndo(ctx, draft)
		return summary, stamp, err
	default:
		return summary, stamp, fmt.Errorf("run %d: unknown kind %q", run.ID, run.Kind)
	}
}
