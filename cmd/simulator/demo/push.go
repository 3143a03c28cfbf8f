package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/oracle"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/push"
)

const (
	// arrivesWithin is how soon an edit that does not wait must have arrived, even on
	// a busy machine.
	arrivesWithin = program.EditDelay / 2
	// patience is how long to wait without progress before giving up.
	patience = 30 * time.Second
	// pollLedgers and pollEntries are the pauses between two checks.
	pollLedgers = 50 * time.Millisecond
	pollEntries = 2 * time.Millisecond
)

// push starts the daemon and waits until everything has been pushed.
func (s *story) push(ctx context.Context, now *step) (result string, err error) {
	if err := s.sinks.SeedDoS(); err != nil {
		return "", err
	}
	s.screen.Do("starting the daemon")
	began := s.now()
	if s.daemon, err = s.program.Serve(ctx, now.At); err != nil {
		return "", err
	}
	want := s.oracle.Pushes(0)
	for _, sink := range []struct {
		name  string
		count func(outside.Tally) int
	}{{"DoS", outside.Tally.ToDoS}, {"public website", outside.Tally.ToWebsite}} {
		if err := s.waitForPushes(ctx, want, func(got outside.Tally) bool { return sink.count(got) >= sink.count(want) }); err != nil {
			return "", err
		}
		s.screen.Linef("   %-16s %6s pushes arrived after %.1f s", sink.name, screen.Number(sink.count(want)), s.now().Sub(began).Seconds())
	}
	if err := s.waitUntilPushed(ctx, now); err != nil {
		return "", err
	}
	refused := s.sinks.RefusedPractices()
	if err := s.checkPushed(now, s.oracle.Pushes(refused)); err != nil {
		return "", err
	}
	noRoute, err := s.checkPushStates(ctx, now)
	return fmt.Sprintf("%s, each once and none out of order; of %s DoS takes all but an invalid phone number. %s have no route to DoS.",
		screen.Number(now.Pushes.Total())+" pushes", screen.Count(refused, "practice"), screen.Count(noRoute, "profile")), err
}

// waitForPushes waits until enough has arrived. It fails when nothing has arrived for
// a while.
func (s *story) waitForPushes(ctx context.Context, want outside.Tally, enough func(outside.Tally) bool) error {
	last, moved := outside.Tally{}, s.now()
	for {
		got := s.sinks.Tally()
		if enough(got) {
			return nil
		}
		if got != last {
			last, moved = got, s.now()
		}
		if s.now().Sub(moved) > patience {
			return fmt.Errorf("nothing arrived for %s: %w", patience, oracle.CheckTally(want, got))
		}
		s.screen.Note(fmt.Sprintf("pushing: %s of %s to DoS, %s of %s to the website ...",
			screen.Number(got.ToDoS()), screen.Number(want.ToDoS()), screen.Number(got.ToWebsite()), screen.Number(want.ToWebsite())))
		if err := s.pause(ctx, pollLedgers); err != nil {
			return err
		}
	}
}

// pause waits. It fails at once if the context or the daemon ends.
func (s *story) pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.daemon.Ended():
		return errors.New("the daemon ended by itself")
	case <-time.After(wait):
		return nil
	}
}

// waitUntilPushed waits until no push is wanted any more: the daemon records an
// answer a moment after the sink gave it.
func (s *story) waitUntilPushed(ctx context.Context, now *step) error {
	for began := s.now(); ; {
		waiting := 0
		code, err := s.program.Rows(ctx, now.At, func(json.RawMessage) error {
			waiting++
			return nil
		}, "push", "list", "--state", string(push.Wanted), "--most", "100000")
		switch {
		case err != nil:
			return err
		case code != program.ExitDone:
			return checkExit(false, code)
		case waiting == 0:
			return nil
		case s.now().Sub(began) > patience:
			return fmt.Errorf("%s still wanted %s after all had arrived", screen.Count(waiting, "push"), patience)
		}
		if err := s.pause(ctx, pollLedgers); err != nil {
			return err
		}
	}
}

// checkPushed compares the tally of the sinks with the expected one, and records
// what this step added to it.
func (s *story) checkPushed(now *step, want outside.Tally) error {
	got := s.sinks.Tally()
	gained := got.Since(s.expected)
	now.Pushes, s.expected = &gained, want
	return oracle.CheckTally(want, got)
}

// checkPushStates compares `push list` with the oracle, and counts the profiles that
// have no route to DoS.
func (s *story) checkPushStates(ctx context.Context, now *step) (noRoute int, err error) {
	want, got := s.oracle.PushStates(), map[oracle.PushState]int{}
	s.screen.Do("reading push list")
	code, err := s.program.Rows(ctx, now.At, func(row json.RawMessage) error {
		var p oracle.PushState
		err := json.Unmarshal(row, &p)
		got[p]++
		return err
	}, "push", "list", "--most", "10000000")
	if err != nil {
		return 0, err
	}
	for p, n := range want {
		if got[p] != n {
			return 0, fmt.Errorf("push list: want %d pushes as %v, got %v", n, p, got)
		}
	}
	if len(got) != len(want) {
		return 0, fmt.Errorf("push list: want %v, got %v", want, got)
	}
	return want[oracle.PushState{Sink: push.SinkDoS, State: push.NoRoute}], checkExit(false, code)
}
