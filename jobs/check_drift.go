package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile"
)

// CheckDrift looks at everything a sink shows, and repairs what differs.
type CheckDrift struct {
	Sink reconcile.Sink `json:"sink" river:"unique"`
}

// Kind names the job.
func (CheckDrift) Kind() string { return "check_drift" }

// InsertOpts lets one look at a sink be queued at a time.
func (CheckDrift) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: live()}}
}

// Directory is a sink as one looks at many of its entries.
type Directory interface {
	Route(t reconcile.OrgType) (route reconcile.Route, ok bool)
	// ShowMany reads what the sink shows of up to 100 organisations, one Shown for
	// each.
	ShowMany(ctx context.Context, codes []reconcile.ODSCode, t reconcile.OrgType) ([]reconcile.Shown, error)
}

// DriftCheck is one look at a sink, as the store remembers it.
type DriftCheck interface {
	// Page returns accepted pushes of organisations of a type behind a code.
	Page(ctx context.Context, t reconcile.OrgType, after reconcile.ODSCode, most int) ([]reconcile.Push, error)
	// Found stores what differs, and that the others were seen as they are to be.
	Found(ctx context.Context, drifted []reconcile.Drifted, seen []reconcile.ODSCode) error
	// End stores the result, with what was repaired filled in.
	End(ctx context.Context, r reconcile.DriftResult, repair bool) (reconcile.DriftResult, error)
}

// DriftChecker looks at one sink.
type DriftChecker struct {
	Name      reconcile.Sink
	Directory Directory
	// Begin begins a check of some codes, of all when there are none.
	Begin    func(ctx context.Context, sink reconcile.Sink, codes []reconcile.ODSCode, actor string) (DriftCheck, error)
	Guard    reconcile.Guard
	Progress func(checked int) // told after each page
}

// driftPage is how many entries are read at a time.
const driftPage = 100

// Check looks at some profiles, or at all of them. It repairs what differs
// through pushes, unless so much does that the sink itself must be wrong.
func (c DriftChecker) Check(ctx context.Context, codes []reconcile.ODSCode, repair bool, actor string) (reconcile.DriftResult, error) {
	result := reconcile.DriftResult{Sink: c.Name, State: reconcile.DriftDone}
	check, err := c.Begin(ctx, c.Name, codes, actor)
	if err != nil {
		return result, err
	}
	if err := c.look(ctx, check, &result); err != nil {
		result.State, result.Reason = reconcile.DriftFailed, err.Error()
		result, ended := check.End(context.WithoutCancel(ctx), result, false)
		return result, errors.Join(err, ended)
	}
	if alarm := c.Guard.DriftAlarm(result.Checked, result.Missing, result.Drifted); alarm != "" {
		result.State, result.Reason = reconcile.DriftAlarm, alarm+": nothing is repaired until a person has looked"
		repair = false
	}
	return check.End(ctx, result, repair)
}

// look reads everything. What was found before it fails stays, and nothing is
// repaired.
func (c DriftChecker) look(ctx context.Context, check DriftCheck, result *reconcile.DriftResult) error {
	for _, t := range reconcile.OrgTypes() {
		if route, ok := c.Directory.Route(t); ok && len(route.Shown) > 0 {
			if err := c.checkType(ctx, check, t, route, result); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c DriftChecker) checkType(
	ctx context.Context, check DriftCheck, t reconcile.OrgType, route reconcile.Route, result *reconcile.DriftResult,
) error {
	var after reconcile.ODSCode
	for {
		pushes, err := check.Page(ctx, t, after, driftPage)
		if err != nil || len(pushes) == 0 {
			return err
		}
		after = pushes[len(pushes)-1].Code()
		shown, err := c.show(ctx, pushes, t)
		if err != nil {
			return err
		}
		drifted, seen := compare(pushes, shown, route)
		result.Checked += len(drifted) + len(seen)
		for _, d := range drifted {
			if d.Missing {
				result.Missing++
			} else {
				result.Drifted++
			}
		}
		if err := check.Found(ctx, drifted, seen); err != nil {
			return err
		}
		c.Progress(result.Checked)
	}
}

func (c DriftChecker) show(
	ctx context.Context, pushes []reconcile.Push, t reconcile.OrgType,
) (map[reconcile.ODSCode]reconcile.Shown, error) {
	codes := make([]reconcile.ODSCode, len(pushes))
	for i, p := range pushes {
		codes[i] = p.Code()
	}
	entries, err := c.Directory.ShowMany(ctx, codes, t)
	if err != nil {
		return nil, fmt.Errorf("reading what %s shows: %w", c.Name, err)
	}
	shown := make(map[reconcile.ODSCode]reconcile.Shown, len(entries))
	for _, entry := range entries {
		shown[entry.Code] = entry
	}
	return shown, nil
}

// compare parts what differs from what was seen as it is to be.
func compare(
	pushes []reconcile.Push, shown map[reconcile.ODSCode]reconcile.Shown, route reconcile.Route,
) (drifted []reconcile.Drifted, seen []reconcile.ODSCode) {
	for _, p := range pushes {
		switch d, ok := p.Drift(route, shown[p.Code()]); {
		case !ok:
		case d.Found():
			drifted = append(drifted, d)
		default:
			seen = append(seen, p.Code())
		}
	}
	return drifted, seen
}

type checkDriftWorker struct {
	river.WorkerDefaults[CheckDrift]
	checkers map[reconcile.Sink]DriftChecker
	log      *slog.Logger
}

func (*checkDriftWorker) Timeout(*river.Job[CheckDrift]) time.Duration { return 6 * time.Hour }

func (w *checkDriftWorker) Work(ctx context.Context, job *river.Job[CheckDrift]) error {
	checker, ok := w.checkers[job.Args.Sink]
	if !ok {
		return river.JobCancel(fmt.Errorf("sink %s is not configured", job.Args.Sink))
	}
	result, err := checker.Check(ctx, nil, true, "schedule")
	if errors.Is(err, reconcile.ErrUnreadable) {
		return river.JobCancel(err)
	}
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if result.State == reconcile.DriftAlarm {
		level = slog.LevelError
	}
	w.log.LogAttrs(ctx, level, "drift checked", slog.String("sink", string(result.Sink)), slog.String("state", string(result.State)),
		slog.Int("checked", result.Checked), slog.Int("missing", result.Missing), slog.Int("drifted", result.Drifted),
		slog.Int("repaired", result.Repaired), slog.String("reason", result.Reason))
	return nil
}
