package demo

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// hours are those that Cara enters.
const hours = "mon 09:00-17:30\ntue 09:00-17:30\nwed 09:00-13:00\nthu 09:00-17:30\nfri 09:00-17:30"

// edit lets Cara save three times. Phone and hours alone would wait for her next
// save; that the pharmacy closes today does not wait.
func (s *story) edit(ctx context.Context, now *step) (said string, err error) {
	if s.edited, err = s.openPharmacy(); err != nil {
		return "", err
	}
	e := edit{at: now.At, phone: "0113 496 0999", weekly: hours, closed: dayOf(now.At).String()}
	before := s.sinks.Entries(s.edited)
	if err := s.editor(ctx, s.edited, e); err != nil {
		return "", err
	}
	began := s.now()
	for !s.sinks.Entries(s.edited).BothNewerThan(before) {
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
		checkEntry(e, s.sinks.Entries(s.edited))
}

// checkEntry holds what DoS shows against what was edited. What the website shows
// is what the drift check looks at.
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
