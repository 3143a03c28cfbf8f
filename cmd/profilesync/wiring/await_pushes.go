package wiring

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// AwaitPushes waits until a daemon has settled the pushes, or the time within which it has
// to has passed. If no daemon runs, it pushes them itself.
func (a *App) AwaitPushes(ctx context.Context, forced []pushstore.ForcedPush, within time.Duration) error {
	daemon, err := a.Store.DaemonRuns(ctx)
	switch {
	case err != nil:
		return err
	case daemon:
		return a.awaitPushes(ctx, forced, within)
	default:
		return a.whileAnnounced(ctx, func(ctx context.Context, process int64) error { return a.pushHere(ctx, forced, process) })
	}
}

// PushesTimeout is how long a command waits for the daemon's pushes unless it is told
// otherwise.
const PushesTimeout = 2 * time.Minute

func (a *App) awaitPushes(ctx context.Context, forced []pushstore.ForcedPush, within time.Duration) error {
	late := time.After(within)
	for _, f := range forced {
		for {
			pushes, err := a.Store.Pushes.Pushes(ctx, pushstore.PushFilter{Code: f.Code, Sink: f.Sink, Most: 1})
			if err != nil {
				return err
			}
			if len(pushes) == 0 || pushes[0].State != push.Wanted {
				break
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-late:
				a.Sayf("%s has not answered within %s", f.Sink, within)
				return nil
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

// pushHere works pushes without a daemon, by the same rules: the pushes carry
// the negated number of this process in place of a job's number.
func (a *App) pushHere(ctx context.Context, forced []pushstore.ForcedPush, process int64) error {
	sinks, err := a.Sinks()
	if err != nil {
		return err
	}
	log := a.Logger(a.Settings.Level())
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.Settings.PushWorkers)
	for _, p := range a.Pushers(a.Store.Pushes, sinks, log, func(push.Sink, push.Outcome) {}) {
		var wanted []profile.ODSCode
		for _, f := range forced {
			if f.Sink == p.Name && f.State == push.Wanted {
				wanted = append(wanted, f.Code)
			}
		}
		claimed, err := a.Store.Pushes.ClaimPushes(ctx, p.Name, wanted, process)
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		for _, code := range claimed {
			group.Go(func() error {
				_, err := p.Push(ctx, code, false, -process)
				return err
			})
		}
	}
	return group.Wait()
}
