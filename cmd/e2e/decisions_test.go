package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
)

// Whoever decides a second time, on something else than was shown, or on their own
// request, is told what has been decided already, and by whom.
func TestRefusalsOfDecisions(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test").with("NOW=2026-06-05T09:00:00Z")
	s.caseDay(0, "names-held", 1)
	s.caseDay(3, "names-held", 2)
	r := &transcript{t: t}
	r.says(s, 0, "runs", "waiting", "2")
	code := s.waiting()[0].Code
	r.says(s, 1, "runs", "approve", "2", "--digest", "0123456789abcdef", "--actor", "u-4711")
	r.says(s, 2, "runs", "approve", "--actor", "u-4711")
	r.says(s, 1, "runs", "approve", "--all", "--digest", "0123456789abcdef", "--actor", "u-4711")
	r.says(s, 2, "runs", "reject", "2", "--field", "fax", "--actor", "u-4711")
	r.says(s, 2, "runs", "reject", "2", "--code", "", "--actor", "u-4711")
	r.says(s, 0, "runs", "approve", "2", "--code", code, "--actor", "u-4711")
	r.says(s, 1, "runs", "approve", "2", "--code", code, "--actor", "u-4712")
	r.says(s, 1, "runs", "reject", "2", "--code", code, "--actor", "u-4712")
	r.says(s, 0, "runs", "reject", "2", "--actor", "u-4712")
	r.says(s, 1, "runs", "approve", "2", "--actor", "u-4711")
	r.says(s, 1, "runs", "reject", "2", "--actor", "u-4711")
	r.says(s, 0, "runs", "show", "2")
	r.says(s, 0, "runs", "waiting")
	r.is("decisions.golden")
}

func TestRefusalsOfOnesOwnApproval(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test").with("NOW=2026-06-05T09:00:00Z").with("APPROVAL_BY_ANOTHER=true")
	files := make([]string, 2)
	for i, day := range []string{"1", "2"} {
		files[i] = realdata.Path(t, "cases", "names-held", "edispensary_"+day+".csv")
	}
	s.exits(0, "reconcile", "--files", files[0], "--as-of", "2026-06-01", "--actor", "u-4711", "--wait")
	s.exits(3, "reconcile", "--files", files[1], "--as-of", "2026-06-02", "--actor", "u-4711", "--wait")
	r := &transcript{t: t}
	r.says(s, 1, "runs", "approve", "2", "--actor", "u-4711")
	r.is("own-approval.golden")
	require.Len(t, s.waiting(), 12)
}

// The report of commissioners is replaced only by a good and newer one.
func TestRefusalsOfCommissioners(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test").with("NOW=2026-01-08T09:00:00Z")
	file := realData(t, commissionersToday)
	rows := readRows(t, file)
	r := &transcript{t: t}
	r.says(s, 0, "reconcile", "--files", file)
	r.says(s, 1, "reconcile", "--files", writeRows(t, "eccg_2026-01-05.csv", rows[:280], "\r\n"))
	r.says(s, 1, "reconcile", "--files", file, "--as-of", "2025-12-28")
	r.says(s, 1, "reconcile", "--report", "eccg", "--files", realData(t, trustsBefore), "--as-of", "2026-01-06")
	r.says(s, 2, "reconcile", "--files", file, "--as-of", "2026-01-09")
	r.is("commissioners.golden")
}
