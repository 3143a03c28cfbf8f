package demo

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// weeklyHours are the opening times that Cara enters.
const weeklyHours = "mon 09:00-17:30\ntue 09:00-17:30\nwed 09:00-13:00\nthu 09:00-17:30\nfri 09:00-17:30"

// edit has Cara save three times. The phone number and weekly hours alone would wait
// for her next save; a closure today does not wait.
func (s *story) edit(ctx context.Context, now *step) (result string, err error) {
	if s.edited, err = s.openPharmacy(); err != nil {
		return "", err
	}
	e := edit{at: now.At, phone: "0113 496 0999", weekly: weeklyHours, closed: dayOf(now.At).String()}
	before := s.sinks.Entries(s.edited)
	if err := s.editor(ctx, s.edited, e); err != nil {
		return "", err
	}
	began := s.now()
	for !s.sinks.Entries(s.edited).BothNewerThan(before) {
		if s.now().Sub(began) > arrivesWithin {
			return "", fmt.Errorf("%s: the edit has not arrived after %s", s.edited, arrivesWithin)
		}
		if err := s.pause(ctx, pollEntries); err != nil {
			return "", err
		}
	}
	now.Arrived = s.now().Sub(began).Seconds()
	if err := s.waitUntilPushed(ctx, now); err != nil {
		return "", err
	}
	want := s.expected
	want.DoS.Applied++
	want.Website.Stored++
	if err := s.checkPushed(now, want); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: all three saves arrived at both, as one push each, %.2f s after the last.", s.edited, now.Arrived),
		checkEntry(e, s.sinks.Entries(s.edited))
}

// checkEntry compares the entry in DoS with the edit. The drift check looks at what
// the website shows.
func checkEntry(e edit, is outside.Entries) error {
	switch {
	case !profile.Same(profile.FieldPhone, e.phone, is.Phone, ""):
		return fmt.Errorf("DoS shows the phone number %q, want %q", is.Phone, e.phone)
	case is.Weekly != e.weekly:
		return fmt.Errorf("DoS shows the weekly hours %q, want %q", is.Weekly, e.weekly)
	case is.Dated != e.closed+" closed":
		return fmt.Errorf("DoS shows the dated hours %q, want %q", is.Dated, e.closed+" closed")
	}
	return nil
}
