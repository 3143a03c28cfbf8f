package e2e

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// closing writes the made-up listing of pharmacies in which the first n of those
// that are active have ended.
func closing(t *testing.T, name string, n int) string {
	t.Helper()
	rows := edited(readRows(t, madeUp(t, "edispensary", 60)), func(_ int, row []string) []string {
		if n > 0 && row[12] == "ACTIVE" {
			row[11], row[12] = "20260220", "INACTIVE"
			n--
		}
		return row
	})
	require.Zero(t, n)
	return writeRows(t, name, rows, "\r\n")
}

// mistyped returns a site whose second listing was given a date of 2062, when
// such dates were believed.
func mistyped(t *testing.T, r *transcript) *site {
	t.Helper()
	s := newSite(t)
	first, second := closing(t, "edispensary_2026-02-22.csv", 0), closing(t, "edispensary_2026-02-23.csv", 3)
	r.says(s.on("2026-02-23"), 0, "reconcile", "--files", first, "--wait", "--actor", "Ann")
	r.says(s.on("2026-02-23"), 0, "reconcile", "--files", second, "--wait", "--actor", "Ann")
	r.says(s.on("2026-02-23"), 2, "reconcile", "--files", second, "--as-of", "2062-02-23", "--wait", "--actor", "Ann")
	s.on("2062-02-23").exits(0, "reconcile", "--files", second, "--as-of", "2062-02-23", "--wait", "--actor", "Ann")
	s = s.on("2026-02-24")
	r.says(s, 1, "reconcile", "--files", second, "--as-of", "2026-02-24", "--wait", "--actor", "Ann")
	r.says(s, 0, "listings", "list")
	return s
}

func TestAListingForAWrongDayIsUndone(t *testing.T) {
	t.Parallel()
	r := &transcript{t: t}
	s := mistyped(t, r)
	r.says(s, 0, "runs", "undo", "3", "--preview")
	r.says(s, 2, "runs", "undo", "3")
	r.says(s, 0, "runs", "undo", "3", "--yes", "--actor", "Bob")
	r.says(s, 0, "listings", "list")
	r.says(s, 0, "listings", "list", "--format", "json")
	again := closing(t, "edispensary_2026-02-24.csv", 3)
	r.says(s, 3, "plan", "--files", again)
	r.says(s, 3, "reconcile", "--files", again, "--wait", "--actor", "Ann")
	require.Equal(t, 3, s.count("select count(*) from plan_row where withheld = 'undone'"))
	r.is("wrong-day-undone.golden")
}

func TestAListingForAWrongDayIsReset(t *testing.T) {
	t.Parallel()
	r := &transcript{t: t}
	s := mistyped(t, r)
	because := []string{"--reason", "the year was mistyped", "--actor", "Bob"}
	reset := func(code int, args ...string) {
		r.says(s, code, append(append([]string{"listings", "reset"}, args...), because...)...)
	}
	reset(2, "edispensary", "--to", "2026-02-25")
	reset(2, "edispensary", "--to", "")
	reset(2, "pharmacies", "--to", "2026-02-23")
	reset(1, "etr", "--to", "2026-02-23")
	r.says(s, 2, "listings", "reset", "edispensary", "--to", "2026-02-23")
	before := s.contents("profile", "change")
	reset(0, "edispensary", "--to", "2026-02-23")
	reset(0, "edispensary", "--to", "2026-02-23")
	require.Equal(t, before, s.contents("profile", "change"))
	require.Equal(t, 1, s.count("select count(*) from accepted_listing where run_id is null and actor = 'Bob' and was = '2062-02-23'"))
	r.says(s, 0, "listings", "list")
	require.Equal(t, "2026-02-24", s.reconcile(0, closing(t, "edispensary_2026-02-24.csv", 3), "2026-02-24").AsOf)
	r.is("wrong-day-reset.golden")
}

func TestAnUndoAsksFirst(t *testing.T) {
	t.Parallel()
	r := &transcript{t: t}
	s := newSite(t).on("2026-02-24")
	small, large := closing(t, "edispensary_2026-02-23.csv", 0), renamedListing(t, 12)
	s.exits(0, "reconcile", "--files", small, "--wait", "--actor", "Ann")
	s.exits(3, "reconcile", "--files", large, "--wait", "--actor", "Ann")
	s.exits(0, "runs", "approve", "2", "--actor", "Ann")
	s.exits(0, "reconcile", "--files", renamedListing(t, 14), "--wait", "--actor", "Ann")
	before := s.contents("profile", "change", "run")

	r.answers(s, 1, "", "runs", "undo", "4", "--actor", "Bob")
	r.answers(s, 1, "n", "runs", "undo", "4", "--actor", "Bob")
	r.answers(s, 1, "y", "runs", "undo", "3", "--actor", "Bob")
	r.answers(s, 1, "4", "runs", "undo", "3", "--actor", "Bob")
	r.says(s, 2, "runs", "undo", "3", "--actor", "Bob")
	r.says(s, 2, "runs", "undo", "3", "--yes", "--actor", "Bob")
	r.says(s, 2, "runs", "undo", "3", "--confirm", "4", "--actor", "Bob")
	r.says(s, 2, "runs", "undo", "3", "--yes", "--preview", "--actor", "Bob")
	r.says(s, 0, "runs", "undo", "3", "--preview", "--format", "json")
	require.Equal(t, before, s.contents("profile", "change", "run"), "nothing was changed")

	r.answers(s, 0, "y", "runs", "undo", "4", "--actor", "Bob")
	r.answers(s, 0, "3", "runs", "undo", "3", "--actor", "Bob")
	s.write("update profile set name = 'My shop' where code = (select min(code) from change where run_id = 3 and field = 'name')")
	again := strconv.Itoa(s.count("select max(id) from run"))
	r.answers(s, 0, "yes", "runs", "undo", again, "--actor", "Bob")
	r.says(s, 0, "runs", "undo", "3", "--preview")
	require.Equal(t, 11+2+10, s.count("select count(*) from change where field = 'name' and actor = 'Bob'"))
	r.is("undo.golden")
}

// renamedListing is the made-up listing in which the first n active pharmacies have
// another name.
func renamedListing(t *testing.T, n int) string {
	t.Helper()
	rows := edited(readRows(t, madeUp(t, "edispensary", 60)), func(_ int, row []string) []string {
		if n > 0 && row[12] == "ACTIVE" {
			row[1] = "QUITE ANOTHER CHEMIST"
			n--
		}
		return row
	})
	return writeRows(t, "edispensary_2026-02-24.csv", rows, "\r\n")
}

func TestAQueuedRunIsCancelled(t *testing.T) {
	t.Parallel()
	r := &transcript{t: t}
	s := newSite(t).on("2026-02-24")
	file := closing(t, "edispensary_2026-02-23.csv", 0)
	r.says(s, 0, "reconcile", "--files", file, "--actor", "Ann")
	r.says(s, 0, "runs", "cancel", "1", "--actor", "u-4711")
	r.says(s, 0, "runs", "cancel", "1", "--actor", "u-4711")
	r.says(s, 1, "runs", "cancel", "1", "--actor", "u-4712")
	r.says(s, 0, "reconcile", "--files", file, "--wait", "--actor", "Ann")
	r.says(s, 1, "runs", "cancel", "2", "--actor", "u-4711")
	r.says(s, 1, "runs", "cancel", "9", "--actor", "u-4711")
	require.Equal(t, "cancelled", one[string](s, "select state::text from river.river_job where kind = 'reconcile'"))
	require.Zero(t, s.count("select count(*) from upload"))
	require.Zero(t, s.count("select count(*) from change where run_id = 1"))
	r.is("cancel.golden")
}
