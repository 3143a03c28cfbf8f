package pushjobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Sink is one downstream directory.
type Sink interface {
	// Route says how organisations of a type are pushed; ok is false if they
	// are not.
	Route(t profile.OrgType) (route push.Route, ok bool)
	// Show reads what the sink shows. Not found is not an error.
	Show(ctx context.Context, code profile.ODSCode, t profile.OrgType) (push.Shown, error)
	// Check says, without asking the sink, which fields of a delivery it would not take.
	// The error, a *push.SinkError, says that it would refuse the delivery as a whole.
	Check(d push.Delivery) ([]push.LeftOut, error)
	// Push sends a delivery, once. Its errors are *push.SinkError.
	Push(ctx context.Context, d push.Delivery) (push.Receipt, error)
}

// PushStore stores pushes.
type PushStore interface {
	LoadPushes(ctx context.Context, sink push.Sink, codes []profile.ODSCode, today profile.Date) ([]push.Push, error)
	// StagePushes stores what is about to be sent and returns its numbers, in
	// the order given; 0 if the push no longer belongs to the job.
	StagePushes(ctx context.Context, sink push.Sink, staged []push.Staged) ([]int64, error)
	// RecordOutcomes records outcomes and completes the jobs of those it
	// recorded. It reports which were recorded, in the order given: the others
	// are of pushes that no longer belong to their jobs.
	RecordOutcomes(
		ctx context.Context, sink push.Sink, outcomes []push.Outcome, complete func(context.Context, pgx.Tx, []int64) error,
	) ([]bool, error)
	PauseRoute(ctx context.Context, sink push.Sink, route, reason string, probeAfter time.Duration) (bool, error)
	PostponeProbe(ctx context.Context, sink push.Sink, route string, wait time.Duration) error
	ResumeRoute(ctx context.Context, sink push.Sink, route string) (bool, error)
}

// PusherOptions say what a pusher works with.
type PusherOptions struct {
	Name       push.Sink
	Sink       Sink
	Store      PushStore
	Today      func() profile.Date
	ProbeEvery time.Duration // how often a paused sink gets one push
	Backoff    time.Duration // before a push that failed is tried again, doubled each time; default 1 s
	Log        *slog.Logger
	Pushed     func(push.Sink, push.Outcome) // called with every recorded outcome
}

// Pusher pushes profiles to one sink. It is safe for concurrent use.
type Pusher struct {
	PusherOptions
	pushes   batcher[profile.ODSCode, *push.Push]
	numbers  batcher[push.Staged, int64]
	outcomes batcher[push.Outcome, bool]

	// complete completes jobs in the transaction that records the outcomes of
	// their pushes; the daemon sets it. Commands have no jobs.
	complete func(ctx context.Context, tx pgx.Tx, jobs []int64) error
}

// NewPusher returns a pusher.
func NewPusher(o PusherOptions) *Pusher {
	p := &Pusher{PusherOptions: o, complete: func(context.Context, pgx.Tx, []int64) error { return nil }}
	p.pushes.work, p.numbers.work, p.outcomes.work = p.load, p.stage, p.recordOutcomes
	return p
}

func (p *Pusher) load(ctx context.Context, codes []profile.ODSCode) ([]*push.Push, error) {
	pushes, err := p.Store.LoadPushes(ctx, p.Name, codes, p.Today())
	if err != nil {
		return nil, err
	}
	byCode := make(map[profile.ODSCode]*push.Push, len(pushes))
	for i := range pushes {
		byCode[pushes[i].Code()] = &pushes[i]
	}
	found := make([]*push.Push, len(codes))
	for i, code := range codes {
		found[i] = byCode[code]
	}
	return found, nil
}

func (p *Pusher) stage(ctx context.Context, staged []push.Staged) ([]int64, error) {
	return p.Store.StagePushes(ctx, p.Name, staged)
}

func (p *Pusher) recordOutcomes(ctx context.Context, outcomes []push.Outcome) ([]bool, error) {
	return p.Store.RecordOutcomes(ctx, p.Name, outcomes, p.complete)
}

// errNotOurs means that a push was declared lost while its job was working on
// it: another job records its outcome.
var errNotOurs = errors.New("the push no longer belongs to this job")

// loadOne loads a push; none is an error.
func (p *Pusher) loadOne(ctx context.Context, code profile.ODSCode) (*push.Push, error) {
	known, err := p.pushes.do(ctx, code)
	if err == nil && known == nil {
		err = runs.Conflictf("%s: no push of it to %s is wanted", code, p.Name)
	}
	return known, err
}

// Push pushes one profile to the sink in its current state, and records the
// outcome and completes the job in one transaction. The job is the one that
// carries the push; for a command it is the number of its process, negated. A
// probe is sent even if the sink is paused.
func (p *Pusher) Push(ctx context.Context, code profile.ODSCode, probe bool, job int64) (push.Outcome, error) {
	known, err := p.loadOne(ctx, code)
	if err != nil {
		return push.Outcome{}, err
	}
	if known.Job != job {
		return push.Outcome{Code: code}, nil // declared lost in the meantime: another job carries it
	}
	outcome, answered, err := p.deliver(ctx, *known, probe)
	if err != nil {
		return outcome, fmt.Errorf("%s: %w", code, err)
	}
	if err := p.updatePause(context.WithoutCancel(ctx), outcome, probe, answered); err != nil {
		return outcome, err
	}
	recorded, err := p.outcomes.do(ctx, outcome)
	if err == nil && !recorded {
		err = fmt.Errorf("%s: %w", code, errNotOurs)
	}
	if err != nil {
		return outcome, err
	}
	p.logOutcome(ctx, outcome)
	return outcome, nil
}

// deliver sends what is wanted. It returns the outcome, and whether the sink
// gave an answer that shows that it works. If it returns an error, nothing may
// be recorded: the job must be retried.
func (p *Pusher) deliver(ctx context.Context, known push.Push, probe bool) (
	outcome push.Outcome, answered bool, err error,
) {
	b, ok := p.begin(known)
	switch {
	case !ok:
		b.outcome.State = push.NoRoute
	case known.Held:
		b.outcome.State = push.Held
	case !known.Paused || probe:
		err = b.work(ctx)
	}
	return b.outcome, b.answered, err
}

// begin returns the work on a push; ok is false if it has no route.
func (p *Pusher) begin(known push.Push) (work pushWork, ok bool) {
	route, ok := p.Sink.Route(known.Desired.Profile.Type())
	return pushWork{pusher: p, route: route, known: known, refused: slices.Clone(known.LeftOut), outcome: push.Outcome{
		Code: known.Code(), Job: known.Job, Asked: known.Asked, Route: route.Name, State: push.Wanted, Sequence: known.Sequence,
		Version: known.Version, Unclear: known.Unclear, Failures: known.Failures, LeftOut: known.LeftOut,
	}}, ok
}

// Preview returns what Push would do now. It reads the sink, and changes nothing.
func (p *Pusher) Preview(ctx context.Context, code profile.ODSCode) (push.Preview, error) {
	known, err := p.loadOne(ctx, code)
	if err != nil {
		return push.Preview{}, err
	}
	b, ok := p.begin(*known)
	if !ok {
		return push.Preview{Push: *known, State: push.NoRoute}, nil
	}
	return b.preview(ctx), nil
}

// updatePause pauses a route if our credentials are refused or there is no
// answer, and resumes it when a probe shows that it works again.
func (p *Pusher) updatePause(ctx context.Context, o push.Outcome, probe, answered bool) error {
	refused := o.Attempt == string(push.AnswerUnauthorized) || o.Attempt == string(push.AnswerDown)
	switch {
	case probe && !answered && o.Attempt == "": // nothing to send: the next push is the probe
		return nil
	case probe && answered:
		resumed, err := p.Store.ResumeRoute(ctx, p.Name, o.Route)
		if resumed {
			p.Log.InfoContext(ctx, "sink resumed", "sink", p.Name, "route", o.Route)
		}
		return err
	case probe:
		return p.Store.PostponeProbe(ctx, p.Name, o.Route, p.untilProbe(o))
	case refused:
		paused, err := p.Store.PauseRoute(ctx, p.Name, o.Route, o.Attempt, p.ProbeEvery)
		if paused {
			p.Log.ErrorContext(ctx, "sink paused: no push is lost, and pushing resumes automatically when the sink works again",
				"sink", p.Name, "route", o.Route, "why", o.Attempt, "status", o.Status, "error", o.Reason)
		}
		return err
	}
	return nil
}

// untilProbe is how long to wait after a probe in vain. One that could not be read says
// nothing about the route: another push soon does.
func (p *Pusher) untilProbe(o push.Outcome) time.Duration {
	if o.Attempt == push.AttemptUnread {
		return min(p.ProbeEvery, time.Second)
	}
	return p.ProbeEvery
}

func (p *Pusher) logOutcome(ctx context.Context, o push.Outcome) {
	p.Pushed(p.Name, o)
	switch {
	case o.State == push.Refused:
		p.Log.WarnContext(ctx, "push refused", "sink", p.Name, "code", o.Code, "sequence", o.Sequence, "status", o.Status, "reason", o.Reason)
	case o.Attempt != "":
		p.Log.DebugContext(ctx, "push", "sink", p.Name, "code", o.Code, "sequence", o.Sequence, "answer", o.Attempt, "took", o.Duration)
	}
}

// backoff is how long to wait after a number of failures in a row. It doubles
// with each, and has jitter so that retries are spread.
func (p *Pusher) backoff(failures int) time.Duration {
	const most = 5 * time.Minute
	wait := min(cmp.Or(p.Backoff, time.Second)<<min(failures, 16), most)
	return wait/2 + rand.N(wait/2) //nolint:gosec // jitter
}

// asSinkError returns the sink's error, or wraps any other error as an unclear
// one.
func asSinkError(sink push.Sink, err error) *push.SinkError {
	if e, ok := errors.AsType[*push.SinkError](err); ok {
		return e
	}
	return &push.SinkError{Sink: sink, Answer: push.AnswerUnclear, Reason: err.Error()}
}
