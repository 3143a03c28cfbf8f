package reportstore

import (
	"context"
	_ "embed"
	"slices"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// reportVerifyQuery streams a report's rows of the audit.
//
//go:embed verify.sql
var reportVerifyQuery string

// Verified says whether a report is still as it was frozen.
type Verified struct {
	Day    profile.Date `json:"day"`
	Rows   bool         `json:"rows_as_frozen"` // by the digest
	Audit  int          `json:"audit_rows"`
	Differ int          `json:"audit_rows_that_differ"` // from what the report says of them
}

// The cells that depend only on the audit: names change, and pushes move on.
var auditCells = []int{1, 5, 10, 11, 12, 13, 14, 15, 16}

// VerifyReport compares the rows of a report with the digest it was sealed
// with, and rebuilds its changes from the audit to compare them.
func (s *Store) VerifyReport(ctx context.Context, day profile.Date) (v Verified, err error) {
	v.Day = day
	head, err := s.q.GetReport(ctx, day)
	if err != nil {
		return v, postgres.Wrap(err, "report of "+day.String())
	}
	digest, err := s.q.DigestReport(ctx, head.ID)
	if err != nil {
		return v, postgres.Wrap(err, "report of "+day.String())
	}
	v.Rows = digest == head.Digest
	rows, err := s.db.Query(ctx, reportVerifyQuery, head.ID)
	if err != nil {
		return v, postgres.Wrap(err, "report of "+day.String())
	}
	defer rows.Close()
	for rows.Next() {
		var c report.AuditedChange
		var cells []string
		if err := rows.Scan(&c.ID, &c.Code, &c.Field, &c.Old, &c.New, &c.Actor, &c.Run, &c.At, &c.Name, &cells); err != nil {
			return v, postgres.Wrap(err, "report of "+day.String())
		}
		if c.ID != 0 {
			v.Audit++
		}
		if c.ID == 0 || !saysTheSame(c, cells, day) {
			v.Differ++
		}
	}
	if v.Audit != head.Rows {
		v.Differ += max(head.Rows-v.Audit, v.Audit-head.Rows)
	}
	return v, postgres.Wrap(rows.Err(), "report of "+day.String())
}

func saysTheSame(c report.AuditedChange, cells []string, day profile.Date) bool {
	if len(cells) == 0 {
		return c.IsNoise()
	}
	if c.Name = cells[6]; c.IsNoise() { // names change: compare with the one it had
		return false
	}
	anew := c.Cells(day)
	return !slices.ContainsFunc(auditCells, func(n int) bool { return anew[n] != cells[n] })
}
