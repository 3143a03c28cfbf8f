package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
)

// health is what this process knows of its own progress, without asking anybody.
type health struct {
	now func() time.Time

	mutex        sync.Mutex
	began        time.Time
	reachable    time.Time // since when the database answers without a break; zero while it does not
	heard        time.Time // the last word from the database, or the last that did not come
	dispatchedAt time.Time // the last round of the dispatcher
	stopped      <-chan struct{}
	begun        bool // whether there ever was a life
	enrolled     bool // whether the dispatcher has made its first round of this life
}

const (
	// stuckAfter is how long something that happens every second or few may be
	// silent before the process must be restarted.
	stuckAfter = time.Minute
	// stalledAfter is how long pushes may be due with nothing tried, schedules not
	// looked at, or jobs without a worker, before the daemon is not ready.
	stalledAfter = 2 * time.Minute
	// firstRound is how long after the start a round of the dispatcher may still be
	// the first, which enrols every profile.
	firstRound = 4 * time.Minute
)

func newHealth(now func() time.Time) *health {
	return &health{now: now, began: now(), heard: now(), dispatchedAt: now()}
}

// databaseAnswered notes a word from the database.
func (h *health) databaseAnswered() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.heard = h.now()
	if h.reachable.IsZero() {
		h.reachable = h.heard
	}
}

// databaseLost notes that the database gave no word.
func (h *health) databaseLost() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.heard, h.reachable = h.now(), time.Time{}
}

// dispatched notes a round of the dispatcher.
func (h *health) dispatched() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.dispatchedAt, h.enrolled = h.now(), true
}

// beginLife notes a new life, whose first round of the dispatcher may take long.
func (h *health) beginLife() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.begun, h.dispatchedAt, h.enrolled = true, h.now(), false
}

// working notes the workers of a life.
func (h *health) working(stopped <-chan struct{}) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.stopped = stopped
}

// endLife notes that a life has ended, and the next has not begun.
func (h *health) endLife() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.stopped = nil
}

// hasBegun reports whether there ever was a life.
func (h *health) hasBegun() bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.begun
}

// alive fails when the process does not get on although nothing outside keeps it
// from that: an outage of the database is no reason to restart it.
func (h *health) alive() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	now := h.now()
	select {
	case <-h.stopped:
		return errors.New("the workers have stopped")
	default:
	}
	if silent := now.Sub(h.heard); silent > stuckAfter {
		return fmt.Errorf("nothing was asked of the database for %s", silent.Round(time.Second))
	}
	idle, may := now.Sub(h.dispatchedAt), stuckAfter
	if !h.enrolled {
		may = firstRound
	}
	if !h.reachable.IsZero() && now.Sub(h.reachable) > stuckAfter && idle > may {
		return fmt.Errorf("the dispatcher has made no round for %s", idle.Round(time.Second))
	}
	return nil
}

// ready fails while this daemon or all of them do not get on.
func (s *service) ready(ctx context.Context) error {
	if err := s.control.Ready(ctx); err != nil {
		return err
	}
	progress, err := s.control.Watch.ForwardProgress(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.health.alive(), stalled(progress, s.sinks, s.health.now().Sub(s.health.began)))
}

// stalled says what does not get on. Nothing is asked of what happened before
// this process began, and of sinks that it does not push to.
func stalled(p watchstore.ForwardProgress, sinks wiring.Sinks, uptime time.Duration) error {
	var says []string
	for activity, since := range p.Since {
		if min(since, uptime) > stalledAfter {
			says = append(says, fmt.Sprintf("%s: nothing for %s", activity, since.Round(time.Second)))
		}
	}
	for _, r := range p.Routes {
		if _, ours := sinks[r.Sink]; ours && min(r.Due, r.Tried, uptime) > stalledAfter {
			says = append(says, fmt.Sprintf("pushes to %s (%s) are due for %s and none is tried", r.Sink, r.Route, r.Due.Round(time.Second)))
		}
	}
	if p.Abandoned > 0 && min(p.Oldest, uptime) > stalledAfter {
		says = append(says, fmt.Sprintf("%d jobs are running without a worker, the oldest for %s", p.Abandoned, p.Oldest.Round(time.Second)))
	}
	if len(says) == 0 {
		return nil
	}
	return errors.New(strings.Join(says, "; "))
}
