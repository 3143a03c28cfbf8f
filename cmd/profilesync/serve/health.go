package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
)

// health tracks the progress of this process, without asking the database.
type health struct {
	now func() time.Time

	mutex        sync.Mutex
	began        time.Time
	reachable    time.Time // since when the database has answered without a break; zero while it does not
	contactedAt  time.Time // when the database last answered, or last failed to
	dispatchedAt time.Time // the last round of the dispatcher
	stopped      <-chan struct{}
	begun        bool // whether work has ever begun
	enrolled     bool // whether the dispatcher has made its first round since work last began
}

const (
	// stuckAfter is how long something that happens every few seconds may be
	// silent before the process must be restarted.
	stuckAfter = time.Minute
	// stalledAfter is how long pushes may be due without an attempt, schedules
	// unchecked, or jobs without a worker, before the daemon is not ready.
	stalledAfter = 2 * time.Minute
	// firstRound is how long the dispatcher's first round may take, which
	// enrols every profile.
	firstRound = 4 * time.Minute
)

func newHealth(now func() time.Time) *health {
	return &health{now: now, began: now(), contactedAt: now(), dispatchedAt: now()}
}

// databaseAnswered records an answer of the database.
func (h *health) databaseAnswered() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.contactedAt = h.now()
	if h.reachable.IsZero() {
		h.reachable = h.contactedAt
	}
}

// databaseLost records that the database did not answer.
func (h *health) databaseLost() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.contactedAt, h.reachable = h.now(), time.Time{}
}

// dispatched records a round of the dispatcher.
func (h *health) dispatched() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.dispatchedAt, h.enrolled = h.now(), true
}

// beginLife records that work begins under a new name. Its first round of the
// dispatcher may take long.
func (h *health) beginLife() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.begun, h.dispatchedAt, h.enrolled = true, h.now(), false
}

// working records the channel that is closed when the workers have stopped.
func (h *health) working(stopped <-chan struct{}) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.stopped = stopped
}

// endLife records that work has ended and has not begun again.
func (h *health) endLife() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.stopped = nil
}

// hasBegun reports whether work has ever begun.
func (h *health) hasBegun() bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.begun
}

// words say how the process is, for people.
func (h *health) words() string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	switch {
	case !h.begun:
		return "starting"
	case h.reachable.IsZero():
		return "the database is unreachable: work goes on when it answers"
	case !h.enrolled:
		return "working; the first look at what is to be pushed is under way"
	}
	return "working"
}

// alive fails if the process makes no progress although nothing outside
// prevents it: an outage of the database is no reason to restart it.
func (h *health) alive() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	now := h.now()
	select {
	case <-h.stopped:
		return admin.FaultError{Word: "workers", Err: errors.New("the workers have stopped")}
	default:
	}
	if silent := now.Sub(h.contactedAt); silent > stuckAfter {
		return admin.FaultError{Word: "database", Err: fmt.Errorf("the database has not been contacted for %s", silent.Round(time.Second))}
	}
	idle, may := now.Sub(h.dispatchedAt), stuckAfter
	if !h.enrolled {
		may = firstRound
	}
	if !h.reachable.IsZero() && now.Sub(h.reachable) > stuckAfter && idle > may {
		return admin.FaultError{Word: "dispatch", Err: fmt.Errorf("the dispatcher has made no round for %s", idle.Round(time.Second))}
	}
	return nil
}

// ready fails while this daemon, or all daemons together, make no progress. Each of
// its errors is an admin.FaultError, or several joined.
func (s *service) ready(ctx context.Context) error {
	switch err := s.control.Ready(ctx); {
	case errors.Is(err, postgres.ErrNotMigrated):
		return admin.FaultError{Word: "schema", Err: err}
	case err != nil:
		return admin.FaultError{Word: "database", Err: err}
	}
	progress, err := s.control.Watch.ForwardProgress(ctx)
	if err != nil {
		return admin.FaultError{Word: "database", Err: err}
	}
	return errors.Join(s.health.alive(), stalled(progress, s.sinks, s.health.now().Sub(s.health.began)))
}

// stalled returns an error that lists what makes no progress, with the word of the
// first. It ignores stalls from before this process started, and sinks that this
// process does not push to.
func stalled(p watchstore.ForwardProgress, sinks wiring.Sinks, uptime time.Duration) error {
	var stalls []error
	add := func(word, format string, args ...any) {
		stalls = append(stalls, admin.FaultError{Word: word, Err: fmt.Errorf(format, args...)})
	}
	for _, activity := range slices.Sorted(maps.Keys(p.Since)) {
		if since := p.Since[activity]; min(since, uptime) > stalledAfter {
			add(activity, "%s: no progress for %s", activity, since.Round(time.Second))
		}
	}
	for _, r := range p.Routes {
		if _, ours := sinks[r.Sink]; ours && min(r.Due, r.Tried, uptime) > stalledAfter {
			add("pushes", "pushes to %s (%s) have been due for %s and none is attempted", r.Sink, r.Route, r.Due.Round(time.Second))
		}
	}
	if p.Abandoned > 0 && min(p.Oldest, uptime) > stalledAfter {
		add("jobs", "%d jobs are marked running without a worker, the oldest for %s", p.Abandoned, p.Oldest.Round(time.Second))
	}
	return errors.Join(stalls...)
}
