package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const (
	// settle is how long the daemon lets an edit wait for the next one.
	settle = 10 * time.Second
	// quickly is within which time an edit that does not wait must have arrived,
	// on a machine that has other things to do.
	quickly = settle / 2
	// patience is how long nothing may move before we say what is missing.
	patience = 30 * time.Second
	// glance is how often the ledgers are looked at, blink an entry.
	glance = 50 * time.Millisecond
	blink  = 2 * time.Millisecond
)

// pushes foretells what the sinks come to when every profile was pushed once: all
// are shown on the website; of pharmacies that are closed DoS leaves the entry
// as it is (connectors/dos/CONTRACT.md "Statuses"). Some practices have a phone
// number in the register that its ingest takes from nobody: which ones, DoS says
// (connectors/dos/CONTRACT.md "The Organization body").
func (o *oracle) pushes(refused []string) (t tally) {
	t.DoS.Refused = len(refused)
	t.DoS.Applied -= len(refused)
	for report, profiles := range o.reports {
		t.Website.Stored += len(profiles)
		switch report {
		case pharmacies:
			t.DoS.Applied += o.open(report)
			t.DoS.Hidden += len(profiles) - o.open(report)
		case practices:
			t.DoS.Applied += len(profiles)
		}
	}
	return t
}

// standing foretells how many pushes stand how.
func (o *oracle) standing(refused []string) map[standing]int {
	n := map[standing]int{}
	for _, code := range refused {
		if o.reports[practices][code] != nil {
			n[standing{push.SinkDoS, "fhir", push.Refused}]++
			n[standing{push.SinkDoS, "fhir", push.Accepted}]--
		}
	}
	for report, profiles := range o.reports {
		dos := standing{push.SinkDoS, "", push.NoRoute}
		switch report {
		case pharmacies:
			dos = standing{push.SinkDoS, "change-event", push.Accepted}
		case practices:
			dos = standing{push.SinkDoS, "fhir", push.Accepted}
		}
		n[dos] += len(profiles)
		n[standing{push.SinkWebsite, "profile", push.Accepted}] += len(profiles)
	}
	return n
}

// standing is how a push stands, as `push list` has it.
type standing struct {
	Sink  push.Sink  `json:"sink"`
	Route string     `json:"route"`
	State push.State `json:"state"`
}

// push starts the daemon and waits until nothing is to be pushed any more.
func (s *story) push(ctx context.Context, now *step) (said string, err error) {
	if err := s.sinks.seed(); err != nil {
		return "", err
	}
	s.screen.do("starting the daemon")
	began := s.now()
	if s.daemon, err = s.program.serve(ctx, now.At); err != nil {
		return "", err
	}
	want := s.oracle.pushes(nil)
	for _, sink := range []struct {
		name  string
		count func(tally) int
	}{{"DoS", tally.dos}, {"public website", tally.website}} {
		if err := s.arrival(ctx, want, func(got tally) bool { return sink.count(got) >= sink.count(want) }); err != nil {
			return "", err
		}
		s.screen.linef("   %-16s %6s pushes arrived after %.1f s", sink.name, number(sink.count(want)), s.now().Sub(began).Seconds())
	}
	if err := s.atRest(ctx, now); err != nil {
		return "", err
	}
	refused := s.sinks.refused()
	if err := s.settled(now, s.oracle.pushes(refused)); err != nil {
		return "", err
	}
	noRoute, err := s.checkStanding(ctx, now, refused)
	return fmt.Sprintf("%s, each once and none out of order; DoS refuses %d for a phone number that is none. %s have no route to DoS.",
		number(now.Pushes.total())+" pushes", len(refused), count(noRoute, "profile")), err
}

// arrival waits until enough has arrived, for as long as something does.
func (s *story) arrival(ctx context.Context, want tally, enough func(tally) bool) error {
	last, moved := tally{}, s.now()
	for {
		got := s.sinks.tally()
		if enough(got) {
			return nil
		}
		if got != last {
			last, moved = got, s.now()
		}
		if s.now().Sub(moved) > patience {
			return fmt.Errorf("nothing arrived for %s: %w", patience, checkTally(want, got))
		}
		s.screen.note(fmt.Sprintf("pushing: %s of %s to DoS, %s of %s to the website ...",
			number(got.dos()), number(want.dos()), number(got.website()), number(want.website())))
		if err := s.moment(ctx, glance); err != nil {
			return err
		}
	}
}

// moment waits a little, unless nothing is to be waited for any more.
func (s *story) moment(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.daemon.ended():
		return errors.New("the daemon ended by itself")
	case <-time.After(wait):
		return nil
	}
}

// atRest waits until no push is wanted any more: the daemon notes an answer a
// moment after the sink gave it.
func (s *story) atRest(ctx context.Context, now *step) error {
	for began := s.now(); ; {
		waiting := 0
		code, err := s.program.list(ctx, now.At, func(json.RawMessage) error {
			waiting++
			return nil
		}, "push", "list", "--state", string(push.Wanted), "--most", "100000")
		switch {
		case err != nil:
			return err
		case code != exitDone:
			return checkExit(false, code)
		case waiting == 0:
			return nil
		case s.now().Sub(began) > patience:
			return fmt.Errorf("%s still wanted %s after all had arrived", count(waiting, "push"), patience)
		}
		if err := s.moment(ctx, glance); err != nil {
			return err
		}
	}
}

// settled holds the ledgers against what they must have come to.
func (s *story) settled(now *step, want tally) error {
	got := s.sinks.tally()
	gained := got.since(s.pushed)
	now.Pushes, s.pushed = &gained, want
	return checkTally(want, got)
}

// checkStanding holds push list against the oracle, and says how many profiles
// have no route to DoS.
func (s *story) checkStanding(ctx context.Context, now *step, refused []string) (noRoute int, err error) {
	want, got := s.oracle.standing(refused), map[standing]int{}
	s.screen.do("reading push list")
	code, err := s.program.list(ctx, now.At, func(row json.RawMessage) error {
		var p standing
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
	return want[standing{Sink: push.SinkDoS, State: push.NoRoute}], checkExit(false, code)
}

// hours are those that Cara enters.
const hours = "mon 09:00-17:30\ntue 09:00-17:30\nwed 09:00-13:00\nthu 09:00-17:30\nfri 09:00-17:30"

// edit lets Cara save three times. Phone and hours alone would wait for her next
// save; that the pharmacy closes today does not wait.
func (s *story) edit(ctx context.Context, now *step) (said string, err error) {
	if s.edited, err = s.openPharmacy(); err != nil {
		return "", err
	}
	e := edit{at: now.At, phone: "0113 496 0999", weekly: hours, closed: dayOf(now.At).String()}
	before := s.sinks.entries(s.edited)
	if err := s.editor(ctx, s.edited, e); err != nil {
		return "", err
	}
	began := s.now()
	for !s.sinks.entries(s.edited).both(before) {
		if s.now().Sub(began) > quickly {
			return "", fmt.Errorf("%s: the edit has not arrived after %s", s.edited, quickly)
		}
		if err := s.moment(ctx, blink); err != nil {
			return "", err
		}
	}
	now.Arrived = s.now().Sub(began).Seconds()
	if err := s.atRest(ctx, now); err != nil {
		return "", err
	}
	want := s.pushed
	want.DoS.Applied++
	want.Website.Stored++
	if err := s.settled(now, want); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: all three saves arrived at both, as one push each, %.2f s after the last.", s.edited, now.Arrived),
		checkEntry(e, s.sinks.entries(s.edited))
}

// checkEntry holds what DoS shows against what was edited. What the website shows
// is what the drift check looks at.
func checkEntry(e edit, is entries) error {
	switch {
	case !profile.Same(profile.FieldPhone, e.phone, is.phone, ""):
		return fmt.Errorf("DoS shows the phone number %q, want %q", is.phone, e.phone)
	case is.weekly != e.weekly:
		return fmt.Errorf("DoS shows the weekly hours %q, want %q", is.weekly, e.weekly)
	case is.dated != e.closed+" closed":
		return fmt.Errorf("DoS shows the dated hours %q, want %q", is.dated, e.closed+" closed")
	}
	return nil
}
