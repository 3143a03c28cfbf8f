package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/push"
)

// driftFound is the result of the drift checks of a step.
type driftFound struct {
	Fields   []shown `json:"fields"`
	Repaired int     `json:"repaired"`
}

// shown is a field for which a sink shows a wrong value.
type shown struct {
	Code  string `json:"code"`
	Field string `json:"field"`
	Shows string `json:"shown"`
}

// drift alters three entries of the website, and has the drift found and repaired.
func (s *story) drift(ctx context.Context, now *step) (string, error) {
	altered, err := s.alterations()
	if err != nil {
		return "", err
	}
	for _, a := range altered {
		if err := s.sinks.Alter(a.Code, a.Field, a.Shows); err != nil {
			return "", err
		}
		s.screen.Say(fmt.Sprintf("website: %s of %s is now %q", a.Field, a.Code, a.Shows))
	}
	now.Drift = &driftFound{Fields: altered}
	if err := s.checkDrift(ctx, now, altered, false); err != nil {
		return "", err
	}
	if err := s.checkDrift(ctx, now, altered, true); err != nil {
		return "", err
	}
	now.Drift.Repaired = len(altered)
	if err := s.checkDrift(ctx, now, nil, false); err != nil {
		return "", err
	}
	want := s.expected
	want.Website.Stored += len(altered)
	// A repair may be refused for an outdated entity tag; it reads again and is stored.
	conflicts := s.sinks.Tally().Website.Refused - want.Website.Refused
	want.Website.Refused += min(conflicts, len(altered))
	return fmt.Sprintf("Exactly those %s found by name, and repaired by a push each.", screen.Count(len(altered), "field")),
		s.checkPushed(now, want)
}

// alterations are one field each of the pharmacy that Cara edited, a practice and a
// trust, sorted by code.
func (s *story) alterations() ([]shown, error) {
	practice, err := s.firstOpen(outside.Practices)
	if err != nil {
		return nil, err
	}
	trust, err := s.firstOpen("etr")
	if err != nil {
		return nil, err
	}
	altered := []shown{
		{s.edited, "phone", "0113 496 0666"}, {practice, "postcode", "ZZ9 9ZZ"}, {trust, "name", "The Wrong Trust"},
	}
	slices.SortFunc(altered, byCode)
	return altered, nil
}

// firstOpen is the lowest code of an open profile of a report.
func (s *story) firstOpen(report string) (string, error) {
	for _, code := range s.oracle.Codes(report) {
		if s.oracle.IsOpen(report, code) {
			return code, nil
		}
	}
	return "", fmt.Errorf("the register has no open organisation in %s", report)
}

// driftRow is a row that `drift` prints: the result first, then one for each field.
type driftRow struct {
	Check    int64           `json:"check"` // in the result only
	State    push.DriftState `json:"state"`
	Checked  int             `json:"checked"`
	Missing  int             `json:"missing"`
	Drifted  int             `json:"drifted"`
	Repaired int             `json:"repaired"`
	shown
}

// checkDrift checks the website for drift, and expects exactly these fields.
func (s *story) checkDrift(ctx context.Context, now *step, want []shown, repair bool) error {
	args := []string{"drift", "--sink", string(push.SinkWebsite), "--actor", "Ann"}
	wanted := driftRow{State: push.DriftDone, Checked: s.oracle.Pushes(0).Website.Stored, Drifted: len(want)}
	if repair {
		args, wanted.Repaired = append(args, "--repair"), len(want)
	}
	s.screen.Do("reading the website")
	var result driftRow
	var got []shown
	code, err := s.program.Rows(ctx, now.At, func(raw json.RawMessage) error {
		var row driftRow
		err := json.Unmarshal(raw, &row)
		if row.Check != 0 {
			result = row
		} else {
			got = append(got, row.shown)
		}
		return err
	}, args...)
	if err != nil {
		return err
	}
	result.Check = 0 // its id, which does not matter
	if result != wanted {
		return fmt.Errorf("drift: want %+v, got %+v and %v", wanted, result, got)
	}
	if slices.SortFunc(got, byCode); !slices.Equal(got, want) {
		return fmt.Errorf("drift: want %v, got %v", want, got)
	}
	return checkExit(len(want) > 0 && !repair, code)
}

func byCode(a, b shown) int { return cmp.Compare(a.Code, b.Code) }
