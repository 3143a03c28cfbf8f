package actions

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// DriftRequest says what is compared with what sinks show.
type DriftRequest struct {
	Codes  []profile.ODSCode // none is all that the sink accepted
	Sinks  []push.Sink
	Repair bool // push again what differs
	Most   int  // differences returned at most, of each sink
	Wait   bool // until the repairs are settled
}

// DriftFound is what a check of one sink found.
type DriftFound struct {
	push.DriftResult

	Differences []pushstore.DriftRow `json:"differences"`
}

// Exit reports whether the check is an alarm, and whether something is left for a person.
func (d DriftFound) Exit(repair bool) (alarm, waits bool) {
	found := d.Drifted + d.Missing
	return d.State == push.DriftAlarm, found > 0 && (!repair || d.Repaired < found) || len(d.Unreadable) > 0
}

// CheckDrift compares what each of the sinks that are configured shows with the
// profiles.
func (a *Actions) CheckDrift(ctx context.Context, r DriftRequest) (found []DriftFound, err error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return nil, err
	}
	sinks, err := a.App.Sinks()
	if err != nil {
		return nil, err
	}
	if len(sinks) == 0 {
		return nil, unset("no sink is configured: set PROFILESYNC_DOS_URL or PROFILESYNC_WEBSITE_URL")
	}
	for _, name := range r.Sinks {
		if sinks[name] == nil {
			continue
		}
		result, err := a.checkSink(ctx, r, name, sinks[name], actor)
		if err != nil {
			return found, err
		}
		found = append(found, result)
	}
	return found, nil
}

func (a *Actions) checkSink(ctx context.Context, r DriftRequest, name push.Sink, sink wiring.Sink, actor string) (
	d DriftFound, err error,
) {
	checkers := a.App.Checkers(wiring.Sinks{name: sink}, func(checked int) {
		a.progress()(ctx, 0, "reading "+string(name), checked, 0)
	})
	if d.DriftResult, err = checkers[0].Check(ctx, r.Codes, r.Repair, actor); err != nil {
		return d, err
	}
	if r.Wait {
		if err := a.repaired(ctx, d.DriftResult); err != nil {
			return d, err
		}
	}
	d.Differences, err = a.App.Store.Pushes.DriftFound(ctx, d.Check, name, r.Most)
	return d, err
}

// repaired waits until the repairs are settled.
func (a *Actions) repaired(ctx context.Context, result push.DriftResult) error {
	if result.Repaired == 0 {
		return nil
	}
	found, err := a.App.Store.Pushes.DriftFound(ctx, result.Check, result.Sink, 1<<30)
	if err != nil {
		return err
	}
	var forced []pushstore.ForcedPush
	for _, row := range found {
		if n := len(forced); row.Field != pushstore.FieldUnreadable && (n == 0 || forced[n-1].Code != row.Code) {
			forced = append(forced, pushstore.ForcedPush{Code: row.Code, Sink: result.Sink, State: push.Wanted})
		}
	}
	return a.App.AwaitPushes(ctx, forced, wiring.PushesTimeout)
}
