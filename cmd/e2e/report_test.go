package e2e

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// playing returns the site at a given time.
func (s *site) playing(instant string) *site { return s.with("MODE=test", "NOW="+instant) }

// on returns the site at noon of a day.
func (s *site) on(day string) *site { return s.playing(day + "T12:00:00Z") }

// reportRows returns the changes in a report's CSV, by column.
func (s *site) reportRows(args ...string) (rows []map[string]string) {
	s.t.Helper()
	text := s.exits(0, append([]string{"report", "--format", "csv"}, args...)...).out
	require.True(s.t, strings.HasPrefix(text, "\ufeff"), "Excel sees UTF-8")
	cells, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	require.NoError(s.t, err)
	for _, row := range cells[1:] {
		named := map[string]string{}
		for i, cell := range row {
			named[cells[0][i]] = strings.TrimPrefix(cell, "'")
		}
		rows = append(rows, named)
	}
	return rows
}

// Must hold 1: the report lists the real changes between two real listings, and
// nothing that only differs in form.
func TestTheReportListsWhatTheRunChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before, after := realData(t, practices2024), realData(t, practices2025)
	s.playing("2025-05-22T08:00:00Z").reconcile(0, before, "2024-08-24")
	s.playing("2025-05-23T06:30:00Z").exits(0, "report", "make")
	run := s.playing("2025-05-25T08:00:00Z").reconcile(0, after, "2025-05-25")
	s.playing("2025-05-27T06:30:00Z").exits(0, "report", "make") // the 26th is a holiday
	var listed, changed []string
	for _, row := range s.reportRows("--date", "2025-05-27") {
		require.Equal(t, "ODS_SYNC", row["source"])
		require.Equal(t, run.Run, row["correlation_id"])
		require.NotEqual(t, strings.ToLower(row["before"]), strings.ToLower(row["after"]))
		listed = append(listed, row["ods_code"]+" "+row["before"]+" > "+row["after"])
	}
	for _, c := range s.changes(run.Run) {
		if c.Withheld == "" && !c.LeftOut && c.Verb != "missing" {
			flat := strings.NewReplacer("\n", "$").Replace
			if c.Verb == "create" {
				c.Old, c.New = "", s.field(c.Code, "name")
			}
			changed = append(changed, c.Code+" "+flat(c.Old)+" > "+flat(c.New))
		}
	}
	slices.Sort(listed)
	slices.Sort(changed)
	require.NotEmpty(t, changed)
	require.Equal(t, changed, listed)
	t.Logf("%d changes listed", len(listed))
}

// Must hold 1: today's register written in the old layout changes nothing, and
// the report says so.
func TestAnotherLayoutMakesAnEmptyReport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	rows := inBothLayouts(readRows(t, realData(t, practicesToday)))
	today := writeRows(t, "epraccur_today.csv", rows, "\r\n")
	legacy := writeRows(t, "epraccur_legacy.csv", inLegacy(rows), "\n")
	s.playing("2026-02-22T08:00:00Z").reconcile(0, today, "2026-02-22")
	s.playing("2026-02-23T06:30:00Z").exits(0, "report", "make")
	s.playing("2026-02-23T08:00:00Z").reconcile(0, legacy, "2026-02-23")
	s.playing("2026-02-24T06:30:00Z").exits(0, "report", "make")
	require.Empty(t, s.reportRows("--date", "2026-02-24"))
	require.Contains(t, s.exits(0, "report", "--date", "2026-02-24", "--format", "html").out, "No changes")
}

func TestReportsAreMadeDeliveredAndVerified(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	folder := filepath.Join(s.dir, "reports")
	s = s.with("REPORT_DIRECTORY="+folder, "MAIL=directory", "MAIL_DIRECTORY="+filepath.Join(s.dir, "mail"),
		`LISTS={"QAA":"list@example.nhs.uk","national":"all@example.nhs.uk"}`)
	s.exits(1, "report")
	s.exits(2, "runs", "list", "--format", "csv")
	s.write("insert into profile (code, name, type, icb, created_at) values ('FA001', '=HYPERLINK(1)', 'pharmacy', 'QAA', '2026-11-18')")
	s.write("select set_config('profilesync.now', '2026-11-19 09:00+00', false)")
	first := s.playing("2026-11-20T06:30:00Z")
	conn := s.connect()
	_, err := conn.Exec(t.Context(), "set profilesync.now = '2026-11-19 09:00+00'")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "update profile set phone = '+44 113 496 0001' where code = 'FA001'")
	require.NoError(t, err)
	first.exits(0, "report", "make")
	require.Contains(t, first.exits(0, "report", "list").out, "2026-11-20")
	page := first.exits(0, "report").out
	require.Equal(t, page, s.playing("2026-11-30T06:30:00Z").exits(0, "report", "--date", "2026-11-20").out, "the same bytes at any time")
	require.Contains(t, page, "44 113 496 0001")
	text := first.exits(0, "report", "--format", "csv").out
	require.Contains(t, text, "'+44 113 496 0001")
	require.Contains(t, text, "'=HYPERLINK(1)")
	var found struct {
		Sections []struct {
			Name string     `json:"name"`
			Rows [][]string `json:"rows"`
		} `json:"sections"`
	}
	require.NoError(t, json.Unmarshal([]byte(first.exits(0, "report", "--format", "json").out), &found))
	require.Equal(t, "cases", found.Sections[0].Name)
	require.Equal(t, "changes", found.Sections[1].Name)
	require.Len(t, found.Sections[1].Rows, len(first.reportRows()))
	first.exits(0, "report", "--format", "xlsx", "--out", filepath.Join(s.dir, "r.xlsx"))
	require.FileExists(t, filepath.Join(s.dir, "r.xlsx"))

	require.Contains(t, first.exits(0, "report", "deliver", "2026-11-20").out, "4")
	require.Contains(t, first.exits(0, "report", "deliver", "2026-11-20").out, "0")
	for _, name := range []string{"report-2026-11-20.html", "report-2026-11-20-QAA.csv", "report-2026-11-20.xlsx"} {
		require.FileExists(t, filepath.Join(folder, name))
	}
	whole, err := os.ReadFile(filepath.Join(folder, "report-2026-11-20.html"))
	require.NoError(t, err)
	require.Equal(t, page, string(whole))
	first.exits(0, "mail", "send")
	letters := peopleSite{s}.messages()["report-ready"]
	require.Len(t, letters, 2)
	require.Contains(t, letters[0], "report-2026-11-20")
	s.write("delete from report_delivery") // as if killed before it was recorded
	require.Contains(t, first.exits(0, "report", "deliver", "2026-11-20").out, "4")
	first.exits(0, "mail", "send")
	require.Len(t, peopleSite{s}.messages()["report-ready"], 2, "each list still has only one notice")
	require.NoFileExists(t, filepath.Join(s.dir, "mail", "repeats.txt"))
	require.Equal(t, 2, s.count("select count(*) from letter"))
	again, err := os.ReadFile(filepath.Join(folder, "report-2026-11-20.html"))
	require.NoError(t, err)
	require.Equal(t, page, string(again))
	first.exits(0, "report", "verify", "2026-11-20")
	s.write("update report_row set cells[15] = 'x' where section = 'changes'")
	require.Contains(t, first.exits(1, "report", "verify", "2026-11-20").err, "differs from what was frozen")
}

func TestTheDaemonMakesAndServesTheReport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := peopleSite{s.with("MODE=test")}
	p.began("2026-11-19T11:00:00Z")
	s.write("insert into profile (code, name, type, icb) values ('FA001', 'First', 'pharmacy', 'QAA')")
	d := p.at("2026-11-20T06:31:00Z").serve()
	p.eventually(1, "select count(*) from report")
	status, body := d.get("/reports/report-2026-11-20.html")
	require.Equal(t, 200, status)
	require.Contains(t, body, "<h1")
	for _, path := range []string{"/reports/", "/reports/report-2026-11-21.html", "/reports/report-2026-11-20.exe", "/reports/report-x.csv"} {
		status, _ := d.get(path)
		require.Equal(t, 404, status, path)
	}
	d.stop()
}
