package pushjobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// CheckDrift compares everything a sink shows with what it should show, and
// repairs what differs.
type CheckDrift struct {
	Sink push.Sink `json:"sink" river:"unique"`
}

// Kind names the job.
func (CheckDrift) Kind() string { return "check_drift" }

// InsertOpts allows one queued check per sink at a time.
func (CheckDrift) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue.Control, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()}}
}

// Directory reads what a sink shows of many organisations at once.
type Directory interface {
	Route(t profile.OrgType) (route push.Route, ok bool)
	// ShowMany reads what the sink shows of up to 100 organisations, one Shown for
	// each. One that cannot be read is named there, and no error.
	ShowMany(ctx context.Context, codes []profile.ODSCode, t profile.OrgType) ([]push.Shown, error)
}

// DriftCheck is one check of a sink, as stored.
type DriftCheck interface {
	// Page returns up to most accepted pushes of organisations of a type, in
	// the order of codes, that follow a code.
	Page(ctx context.Context, t profile.OrgType, after profile.ODSCode, most int) ([]push.Push, error)
	// Found stores what differs or cannot be read, which of the profiles were seen to be
	// correct, and in which only all that can be read is correct.
	Found(ctx context.Context, drifted []push.Drifted, seen, partly []profile.ODSCode) error
	// End stores the result and returns it with Repaired filled in.
	End(ctx context.Context, r push.DriftResult, repair bool) (push.DriftResult, error)
}

// DriftChecker checks one sink.
type DriftChecker struct {
	Name      push.Sink
	Directory Directory
	// Begin starts a check of some codes, or of all if codes is empty.
	Begin    func(ctx context.Context, sink push.Sink, codes []profile.ODSCode, actor string) (DriftCheck, error)
	Guard    runs.Guard
	Progress func(checked int) // called after each page
}

// driftPage is how many profiles are read at a time.
const driftPage = 100

// Check checks some profiles, or all of them if codes is empty. It repairs
// differences by pushing again, unless there are enough of them that the sink
// itself must be at fault.
func (c DriftChecker) Check(ctx context.Context, codes []profile.ODSCode, repair bool, actor string) (push.DriftResult, error) {
	result := push.DriftResult{Sink: c.Name, State: push.DriftDone}
	check, err := c.Begin(ctx, c.Name, codes, actor)
	if err != nil {
		return result, err
	}
	if err := c.readAll(ctx, check, &result); err != nil {
		result.State, result.Reason = push.DriftFailed, err.Error()
		result, ended := check.End(context.WithoutCancel(ctx), result, false)
		return result, errors.Join(err, ended)
	}
	alarm := cmp.Or(c.Guard.DriftAlarm(result.Checked, result.Missing, result.Drifted),
		c.Guard.UnreadableAlarm(result.Checked, result.UnreadableProfiles()))
	if alarm != "" {
		result.State, result.Reason = push.DriftAlarm, alarm+": nothing is repaired until a person has looked"
		repair = false
	}
	return check.End(ctx, result, repair)
}

// readAll reads everything; of a route that cannot be read it counts what is not
// visible. If it fails, what it found before stays stored, and nothing is repaired.
func (c DriftChecker) readAll(ctx context.Context, check DriftCheck, result *push.DriftResult) error {
	for _, t := range profile.OrgTypes() {
		if route, ok := c.Directory.Route(t); ok {
			if err := c.checkType(ctx, check, t, route, result); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c DriftChecker) checkType(
	ctx context.Context, check DriftCheck, t profile.OrgType, route push.Route, result *push.DriftResult,
) error {
	var after profile.ODSCode
	for {
		pushes, err := check.Page(ctx, t, after, driftPage)
		if err != nil || len(pushes) == 0 {
			return err
		}
		after = pushes[len(pushes)-1].Code()
		if len(route.Readable) == 0 {
			for _, d := range compare(pushes, nil, route) {
				result.Count(d, false)
			}
			continue
		}
		shown, err := c.readPage(ctx, pushes, t)
		if err != nil {
			return err
		}
		if err := c.found(ctx, check, compare(pushes, shown, route), result); err != nil {
			return err
		}
	}
}

// found stores and counts what was found in a page.
func (c DriftChecker) found(ctx context.Context, check DriftCheck, compared []push.Drifted, result *push.DriftResult) error {
	var drifted []push.Drifted
	var seen, partly []profile.ODSCode
	for _, d := range compared {
		result.Count(d, true)
		if d.Found() {
			drifted = append(drifted, d)
		}
		switch {
		case d.Differs() || d.Failed():
		case len(d.Unreadable)+len(d.NotVisible) > 0:
			partly = append(partly, d.Code)
		default:
			seen = append(seen, d.Code)
		}
	}
	if err := check.Found(ctx, drifted, seen, partly); err != nil {
		return err
	}
	c.Progress(result.Checked)
	return nil
}

func (c DriftChecker) readPage(
	ctx context.Context, pushes []push.Push, t profile.OrgType,
) (map[profile.ODSCode]push.Shown, error) {
	codes := make([]profile.ODSCode, len(pushes))
	for i, p := range pushes {
		codes[i] = p.Code()
	}
	all, err := c.Directory.ShowMany(ctx, codes, t)
	if err != nil {
		return nil, fmt.Errorf("reading what %s shows: %w", c.Name, err)
	}
	shown := make(map[profile.ODSCode]push.Shown, len(all))
	for _, one := range all {
		shown[one.Code] = one
	}
	return shown, nil
}

// compare compares the pushes that can be compared with what is shown.
func compare(pushes []push.Push, shown map[profile.ODSCode]push.Shown, route push.Route) (compared []push.Drifted) {
	for _, p := range pushes {
		if d, ok := p.Drift(route, shown[p.Code()]); ok {
			compared = append(compared, d)
		}
	}
	return compared
}

type checkDriftWorker struct {
	river.WorkerDefaults[CheckDrift]
	checkers map[push.Sink]DriftChecker
	log      *slog.Logger
}

func (*checkDriftWorker) Timeout(*river.Job[CheckDrift]) time.Duration { return 6 * time.Hour }

func (w *checkDriftWorker) Work(ctx context.Context, job *river.Job[CheckDrift]) error {
	checker, ok := w.checkers[job.Args.Sink]
	if !ok {
		return river.JobCancel(fmt.Errorf("sink %s is not configured", job.Args.Sink))
	}
	result, err := checker.Check(ctx, nil, true, "schedule")
	if errors.Is(err, push.ErrNotRead) {
		return river.JobCancel(err)
	}
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if result.State == push.DriftAlarm {
		level = slog.LevelError
	}
	w.log.LogAttrs(ctx, level, "drift checked", slog.String("sink", string(result.Sink)), slog.String("state", string(result.State)),
		slog.Int("checked", result.Checked), slog.Int("missing", result.Missing), slog.Int("drifted", result.Drifted),
		slog.Int("repaired", result.Repaired), slog.Int("waiting", result.Waiting), slog.Any("not_visible", result.NotVisible),
		slog.Int("unreadable", result.UnreadableProfiles()), slog.String("reason", result.Reason))
	return nil
}
