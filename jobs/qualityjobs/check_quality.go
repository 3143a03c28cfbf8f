// Package qualityjobs checks the whole estate for what no push can mend.
package qualityjobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// CheckQuality makes the quality checks of every pharmacy.
type CheckQuality struct{}

// Kind names the job.
func (CheckQuality) Kind() string { return "check_quality" }

// InsertOpts allows one queued check at a time.
func (CheckQuality) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue.Control, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()}}
}

// Estate is what DoS has.
type Estate interface {
	// CheckQuality returns one result for each pharmacy, in order. One that cannot be
	// read says so in its result.
	CheckQuality(ctx context.Context, facts []quality.Facts) ([]quality.Checked, error)
}

// Pushes are the pushes to DoS.
type Pushes interface {
	LoadPushes(ctx context.Context, sink push.Sink, codes []profile.ODSCode, today profile.Date) ([]push.Push, error)
}

// Check is one check, as stored.
type Check interface {
	// Page returns up to most pharmacies that follow a code, in the order of codes, and
	// of each whether DoS has had time to apply all that was sent.
	Page(ctx context.Context, after profile.ODSCode, most int) (codes []profile.ODSCode, settled map[profile.ODSCode]bool, err error)
	// End stores what was found, once, and returns what of it is new.
	End(ctx context.Context, r quality.Result, all []quality.Checked) (quality.Result, []quality.Finding, error)
}

// Checker checks the estate.
type Checker struct {
	Estate Estate
	// Website returns what the website shows, by code; nil if it is not configured.
	Website func(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]profile.Values, error)
	Pushes  Pushes
	// Begin starts a check of some codes, or of all if codes is empty.
	Begin    func(ctx context.Context, codes []profile.ODSCode, actor string) (Check, error)
	Today    func() profile.Date
	Progress func(checked int) // called after each page
	Log      *slog.Logger
}

// page is how many pharmacies are read at a time.
const page = 100

// Check checks some pharmacies, or all of them if codes is empty. Until all of them
// were read it stores nothing: a check that fails leaves every finding as it was.
func (c *Checker) Check(ctx context.Context, codes []profile.ODSCode, actor string) (quality.Result, error) {
	check, err := c.Begin(ctx, codes, actor)
	if err != nil {
		return quality.Result{State: quality.Failed}, err
	}
	all, unread, err := c.readAll(ctx, check)
	result := quality.Conclude(all)
	if err != nil {
		result.State, result.Reason = quality.Failed, err.Error()
		result, _, ended := check.End(context.WithoutCancel(ctx), result, nil)
		return result, errors.Join(err, ended)
	}
	if unread != "" && result.Reason == "" {
		result.Reason = unread
	}
	result, fresh, err := check.End(ctx, result, all)
	if err == nil {
		c.announce(ctx, fresh)
	}
	return result, err
}

// announce logs each new finding, once, without what is shown or stated.
func (c *Checker) announce(ctx context.Context, fresh []quality.Finding) {
	for _, f := range fresh {
		c.Log.LogAttrs(ctx, slog.LevelInfo, "quality finding", slog.String("check", string(f.Kind)), slog.String("code", f.Code.String()),
			slog.String("service", f.Service), slog.String("about", f.About), slog.String("owner", string(f.Kind.Owner())))
	}
}

// readAll checks every pharmacy. Unread says of how many the website could not be read,
// and why.
func (c *Checker) readAll(ctx context.Context, check Check) (all []quality.Checked, unread string, err error) {
	var after profile.ODSCode
	missed, why := 0, error(nil)
	for {
		codes, settled, err := check.Page(ctx, after, page)
		if err != nil {
			return all, "", err
		}
		if len(codes) == 0 {
			break
		}
		after = codes[len(codes)-1]
		facts, err := c.facts(ctx, codes, settled)
		if err != nil {
			return all, "", err
		}
		if err := c.seeWebsite(ctx, codes, facts); err != nil {
			missed, why = missed+len(codes), err
		}
		checked, err := c.Estate.CheckQuality(ctx, facts)
		if err != nil {
			return all, "", fmt.Errorf("reading what DoS has: %w", err)
		}
		all = append(all, checked...)
		c.Progress(len(all))
	}
	if missed > 0 {
		unread = fmt.Sprintf("the website could not be read for %d pharmacies, whose contradictions stay as they were: %v", missed, why)
	}
	return all, unread, nil
}

// facts loads the pushes to DoS of a page.
func (c *Checker) facts(ctx context.Context, codes []profile.ODSCode, settled map[profile.ODSCode]bool) ([]quality.Facts, error) {
	pushes, err := c.Pushes.LoadPushes(ctx, push.SinkDoS, codes, c.Today())
	if err != nil {
		return nil, err
	}
	facts := make([]quality.Facts, len(pushes))
	for i, p := range pushes {
		facts[i].Desired = p.Desired
		if settled[p.Code()] && p.SentHash == p.AcceptedHash {
			facts[i].Accepted = p.Sent
		}
	}
	return facts, nil
}

// seeWebsite adds what the website shows. Pharmacies that it does not show show nothing.
func (c *Checker) seeWebsite(ctx context.Context, codes []profile.ODSCode, facts []quality.Facts) error {
	if c.Website == nil {
		return nil
	}
	shown, err := c.Website(ctx, codes)
	if err != nil {
		return err
	}
	for i := range facts {
		values := shown[facts[i].Code()]
		facts[i].Website = &values
	}
	return nil
}

// Workers is what the job needs; Checker is nil if nothing is pushed to DoS.
type Workers struct {
	Checker *Checker
	Log     *slog.Logger
}

// Add adds the worker to those of the queue.
func (w Workers) Add(workers *river.Workers) error {
	return river.AddWorkerSafely(workers, &checkQualityWorker{checker: w.Checker, log: w.Log})
}

type checkQualityWorker struct {
	river.WorkerDefaults[CheckQuality]
	checker *Checker
	log     *slog.Logger
}

func (*checkQualityWorker) Timeout(*river.Job[CheckQuality]) time.Duration { return 6 * time.Hour }

func (w *checkQualityWorker) Work(ctx context.Context, _ *river.Job[CheckQuality]) error {
	if w.checker == nil {
		return river.JobCancel(errors.New("DoS is not configured"))
	}
	r, err := w.checker.Check(ctx, nil, "schedule")
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if r.State == quality.Alarm {
		level = slog.LevelError
	}
	w.log.LogAttrs(ctx, level, "quality checked", slog.String("state", string(r.State)), slog.Int("checked", r.Checked),
		slog.Int("unreadable", r.Unreadable), slog.Int("findings", r.Open), slog.Int("new", r.New), slog.Int("gone", r.Gone),
		slog.String("reason", r.Reason))
	return nil
}
