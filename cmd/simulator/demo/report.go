package demo

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// madeReport is what `report make` prints for a report.
type madeReport struct {
	Day  profile.Date `json:"day"`
	Rows int          `json:"audit_rows"`
}

// verifiedReport is what `report verify` prints.
type verifiedReport struct {
	Rows   bool `json:"rows_as_frozen"`
	Audit  int  `json:"audit_rows"`
	Differ int  `json:"audit_rows_that_differ"`
}

// report makes the daily report, verifies it against the audit, and writes it to a
// file.
func (s *story) report(ctx context.Context, now *step) (string, error) {
	var made []madeReport
	into := func(value any) func(json.RawMessage) error {
		return func(row json.RawMessage) error { return json.Unmarshal(row, value) }
	}
	add := func(row json.RawMessage) error {
		var one madeReport
		err := json.Unmarshal(row, &one)
		made = append(made, one)
		return err
	}
	if _, err := s.program.Rows(ctx, now.At, add, "report", "make"); err != nil {
		return "", err
	}
	day := dayOf(now.At)
	if len(made) != 1 || made[0].Day != day || made[0].Rows == 0 {
		return "", fmt.Errorf("report make: want the report of %s, got %v", day, made)
	}
	var is verifiedReport
	_, err := s.program.Rows(ctx, now.At, into(&is), "report", "verify", day.String())
	if want := (verifiedReport{Rows: true, Audit: made[0].Rows}); err == nil && is != want {
		err = fmt.Errorf("report verify: want %+v, got %+v", want, is)
	}
	if err != nil {
		return "", err
	}
	return screen.Count(is.Audit, "row") + " of the audit, each in this report and in no other.",
		s.program.WriteReport(ctx, now.At, s.reportPage)
}
