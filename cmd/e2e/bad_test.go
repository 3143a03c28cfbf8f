package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newLoadedSite returns a site with the practices of 2024, and their rows.
func newLoadedSite(t *testing.T) (s *site, rows [][]string) {
	t.Helper()
	file := realData(t, practices2024)
	s = newSite(t)
	require.Equal(t, 6698, s.reconcile(0, file, "2024-08-24").Population)
	return s, readRows(t, file)
}

func TestAListingCutShortRemovesNothing(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]func(i, n int) bool{
		"the end is cut off":        func(i, n int) bool { return i < n*6/10 },
		"the beginning is cut off":  func(i, n int) bool { return i >= n*4/10 },
		"rows are gone all over it": func(i, _ int) bool { return i%5 < 3 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, rows := newLoadedSite(t)
			before := s.contents("profile", "change", "listing", "quarantine", "mark")
			cut := edited(rows, func(i int, row []string) []string {
				if !keep(i, len(rows)) {
					return nil
				}
				return row
			})
			short := s.reconcile(3, writeRows(t, "epraccur_2024-08-25.csv", cut, "\r\n"), "2024-08-25")
			require.Equal(t, "withheld", short.State)
			require.Len(t, short.Withheld, 1)
			require.Equal(t, "short-listing", short.Withheld[0].Reason)
			require.Equal(t, 6698, short.Withheld[0].Of)
			require.Zero(t, short.Changes)
			require.Zero(t, short.PendingClose)
			require.Equal(t, 6698, short.Population)
			require.Zero(t, s.count("select count(*) from upstream_record where missing_since is not null"), "nothing is marked missing")
			require.Equal(t, before, s.contents("profile", "change", "listing", "quarantine", "mark"))
			require.Equal(t, 16299, s.count("select records from listing"), "later listings are not measured against a short one")

			full := s.reconcile(0, realData(t, practices2024), "2024-08-26")
			require.Zero(t, full.Changes)
			require.Empty(t, full.Withheld)
			require.Equal(t, 6698, full.Population)
		})
	}
}

// refusal is a file that must be refused, and what its message must name.
type refusal struct {
	file  string // its name, if it is not badFile
	text  string
	names []string
}

const badFile = "epraccur_2024-09-01.csv"

func refusals(t *testing.T, rows [][]string) map[string]refusal {
	t.Helper()
	whole := readText(t, writeRows(t, badFile, rows, "\r\n"))
	all := spoiltRows(t, rows)
	maps.Copy(all, map[string]refusal{
		"pharmacies":          {text: readText(t, realData(t, pharmacies2025)), names: []string{"line 1", "Organisation Code", `"FA002"`}},
		"trusts":              {text: readText(t, realData(t, trustsBefore)), names: []string{"line 1", "Organisation Code", `"G6V2S"`}},
		"practices as trusts": {file: "etr_2024-09-01.csv", text: whole, names: []string{"line 1", rows[0][atCode]}},
		"a header line": {
			text:  `"Organisation Code","Name"` + strings.Repeat(`,"Column"`, 25) + "\r\n" + whole,
			names: []string{"line 1", "header", "Organisation Code"},
		},
		"a web page":       {text: "<!DOCTYPE html>\n<html><body>Sorry</body></html>\n", names: []string{"line 1", "web page", "DOCTYPE"}},
		"an error in JSON": {text: `{"error":"Missing report query parameter"}`, names: []string{"line 1", "JSON"}},
		"nothing":          {text: "", names: []string{"empty"}},
		"a row cut off":    {text: whole[:len(whole)-40], names: []string{fmt.Sprintf("line %d", len(rows)), "cut off"}},
		"changes only":     {file: "epraccur_changes_20240824_to_20240901.csv", text: whole, names: []string{"changes of a period"}},
		"binary":           {text: "\x00\x01\x02\xff\xfe\n", names: []string{"line 1"}},
	})
	return all
}

// spoiltRows returns the listing with all or too many of its rows made
// unreadable.
func spoiltRows(t *testing.T, rows [][]string) map[string]refusal {
	t.Helper()
	spoilt := func(change func(i int, row []string) []string) string {
		return readText(t, writeRows(t, badFile, edited(rows, change), "\r\n"))
	}
	written := func(column int, value string, every int) string {
		return spoilt(func(i int, row []string) []string {
			if i%every == every/2 {
				row[column] = value
			}
			return row
		})
	}
	cut := spoilt(func(_ int, row []string) []string { return row[:26] })
	return map[string]refusal{
		"wrong column count":      {text: cut, names: []string{"line 1", "columns", `"26"`}},
		"unknown status words":    {text: written(atStatus, "OPEN", 1), names: []string{"line 1", "Status", `"OPEN"`}},
		"unknown settings":        {text: written(atSetting, "99", 1), names: []string{"line 1", "Prescribing Setting", `"99"`}},
		"2 % with unknown status": {text: written(atStatus, "Q", 50), names: []string{"line 26", "Status", `"Q"`}},
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestAFileThatIsNotTheListingIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	s, rows := newLoadedSite(t)
	kept := slices.DeleteFunc(slices.Clone(everything), func(table string) bool { return table == "run" })
	before := s.contents(kept...)
	for name, bad := range refusals(t, rows) {
		path := writeFile(t, cmp.Or(bad.file, badFile), bad.text)
		run := s.reconcile(1, path, "2024-09-01")
		require.Equal(t, "refused", run.State, name)
		require.Contains(t, run.Error, filepath.Base(path), "%s: the message names the file", name)
		for _, word := range bad.names {
			require.Contains(t, run.Error, word, name)
		}
		require.Zero(t, run.Changes, name)
		require.Equal(t, before, s.contents(kept...), "%s: nothing changed", name)
		require.Equal(t, run, s.asJSON(0, "runs", "show", run.Run), name)
		planned := s.exits(1, "plan", "--files", path, "--as-of", "2024-09-01", "--format", "json")
		for _, word := range append(bad.names, filepath.Base(path)) {
			require.Contains(t, planned.err, word, "the plan of %s", name)
		}
	}
	require.Zero(t, s.reconcile(0, realData(t, practices2024), "2024-09-02").Changes)
}

func TestThreeBadRowsAreQuarantinedAndTheRestIsApplied(t *testing.T) {
	t.Parallel()
	s, rows := newLoadedSite(t)
	active := slices.IndexFunc(rows, func(row []string) bool { return row[atStatus] == "A" && row[atSetting] == "4" })
	require.GreaterOrEqual(t, active, 0)
	codes := []string{rows[active+10][atCode], rows[active+20][atCode], rows[active+30][atCode]}
	bad := edited(rows, func(i int, row []string) []string {
		switch i {
		case active:
			row[atName] = "A REAL CHANGE SURGERY"
		case active + 10:
			return row[:20]
		case active + 20:
			row[atStatus] = "X"
		case active + 30:
			row[10] = "19741332"
		}
		return row
	})
	file := writeRows(t, "epraccur_2024-08-25.csv", bad, "\r\n")
	plan := s.plan(0, file, "2024-08-25")
	require.Empty(t, s.contents("quarantine")["quarantine"], "a plan stores nothing")
	run := s.reconcile(0, file, "2024-08-25")
	requireSameNumbers(t, plan, run)
	require.Equal(t, 16299, run.Records)
	require.Equal(t, 3, run.Rejected)
	require.Equal(t, changeCounts{Update: 1}, run.Changes, "the rest is applied, and bad rows count as present")
	require.Equal(t, "A Real Change Surgery", s.field(rows[active][atCode], "name"))
	requireQuarantined(t, s, codes, active)

	require.Equal(t, 3, s.reconcile(0, file, "2024-08-26").Rejected, "the same rows are still bad")
	require.Equal(t, 3, s.count("select count(*) from quarantine"), "and are in quarantine once")
	mended := s.reconcile(0, realData(t, practices2024), "2024-08-27")
	require.Zero(t, mended.Rejected)
	require.Equal(t, 1, mended.Changes.Update, "the name is changed back")
}

type quarantined struct {
	Source    string `json:"source"`
	Report    string `json:"report"`
	Code      string `json:"code"`
	Line      int    `json:"line"`
	Field     string `json:"field"`
	Value     string `json:"value"`
	Reason    string `json:"reason"`
	FirstSeen string `json:"first_seen"`
	LastSeen  string `json:"last_seen"`
}

func requireQuarantined(t *testing.T, s *site, codes []string, active int) {
	t.Helper()
	found := list[quarantined](t, s.exits(0, "quarantine", "list", "--format", "json"))
	require.Len(t, found, 3)
	for i, want := range []struct{ field, value string }{{"columns", "20"}, {"Status", "X"}, {"Open Date", "19741332"}} {
		q := found[i]
		require.Equal(t, []string{"epraccur", codes[i], want.field, want.value}, []string{q.Report, q.Code, q.Field, q.Value})
		require.Equal(t, active+10*(i+1)+1, q.Line)
		require.NotEmpty(t, q.Reason)
	}
	table := s.exits(0, "quarantine", "list").out
	for _, code := range codes {
		require.Contains(t, table, code)
	}
	require.Empty(t, list[quarantined](t, s.exits(0, "quarantine", "list", "--report", "etr", "--format", "json")))
}

func TestLaterListingsAreMeasuredAgainstAnApprovedShortOne(t *testing.T) {
	t.Parallel()
	rows := readRows(t, realData(t, trustsBefore))
	s := newSite(t)
	s.reconcile(0, realData(t, trustsBefore), "2025-12-29")
	cut := writeRows(t, "etr_cut.csv", rows[:160], "\r\n")
	short := s.reconcile(3, cut, "2025-12-30")
	require.Len(t, short.Withheld, 1)
	require.Equal(t, "short-listing", short.Withheld[0].Reason)

	require.Zero(t, s.asJSON(0, "runs", "approve", short.Run).Changes, "missing profiles are never closed automatically")
	missing := s.count("select count(*) from upstream_record where missing_since is not null")
	require.Equal(t, short.Withheld[0].Count, missing, "exactly what was withheld is marked")
	require.Empty(t, s.reconcile(0, cut, "2025-12-31").Withheld, "the listing is as long as the last accepted one")
	require.Len(t, list[any](t, s.exits(0, "flags", "list", "--format", "json")), missing, "missing twice: flagged for a person")
	require.Equal(t, 205, s.count("select count(*) from profile where status = 'open'"))

	require.Zero(t, s.reconcile(0, realData(t, trustsBefore), "2026-01-01").Changes)
	require.Empty(t, list[any](t, s.exits(0, "flags", "list", "--format", "json")), "coming back is normal")
}
