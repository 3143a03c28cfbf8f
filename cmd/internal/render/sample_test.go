package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func rowsOf(rows ...[]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		reused := make([]string, 64) // the store may reuse its rows
		for _, row := range rows {
			if !yield(reused[:copy(reused, row)], nil) {
				return
			}
		}
	}
}

// change returns a row of the changes. Pairs of a column's name and a text
// override the ordinary values.
func change(pairs ...string) []string {
	columns := report.ChangeColumns()
	row := make([]string, len(columns))
	set := func(name, text string) {
		i := slices.IndexFunc(columns, func(c report.Column) bool { return c.Name == name })
		if i < 0 {
			panic("no column " + name)
		}
		row[i] = text
	}
	ordinary := []string{
		"report_date", "2026-11-20", "change_id", "100231", "icb_code", "QOX", "icb_name", "NHS Example ICB",
		"region_name", "South West", "ods_code", "TES73", "organisation_name", "Fake Pharmacy", "organisation_type", "PHA",
		"dos_service_uid", "133452", "dos_service_type", "13", "action", "modify", "changed_at", "2026-11-20T09:15:00Z",
		"changed_by", "u-4711", "changed_by_role", "Organisation editor", "source", "PROFILE_MANAGER",
		"approval_status", "NOT_REQUIRED", "dos_push_status", "ACCEPTED", "dos_pushed_at", "2026-11-20T09:15:07Z",
		"nhsuk_push_status", "PENDING", "correlation_id", "8f1c",
	}
	for pair := range slices.Chunk(slices.Concat(ordinary, pairs), 2) {
		set(pair[0], pair[1])
	}
	return row
}

func changeRows() [][]string {
	return [][]string{
		change("field", "cmsopentimemonday", "field_label", "Opening hours: Monday",
			"before", "09:00-13:00;14:00-17:30", "after", "09:00-17:30"),
		change("change_id", "100232", "field", "cmstelephoneno", "field_label", "Phone", "before", "+44 113 496 0000",
			"after", "+44 113 496 0001", "changed_at", "2026-10-25T00:30:00Z", "dos_push_status", "FAILED", "dos_pushed_at", ""),
		change("change_id", "100233", "field", "cmsurl", "field_label", "Website", "action", "delete",
			"before", `=HYPERLINK("http://old.example","a, ""b""")`, "changed_at", "2026-10-25T01:30:00Z"),
		change("change_id", "100240", "ods_code", "A12345", "organisation_name", "Example <b>Surgery</b> & Sons", "organisation_type", "GPP",
			"field", "postaladdress", "field_label", "Address", "before", "1 Old Road\nBath", "after", "2 New Road\r\nBath, \"Annexe\"",
			"changed_at", "2026-07-01T23:30:00Z", "approval_status", "APPROVED", "approved_by", "dos-lead-12",
			"approved_at", "2026-11-20T08:40:00Z", "source", "ODS_SYNC"),
	}
}

func sample() report.Report {
	return report.Report{
		Header: report.Header{
			Day:  profile.NewDate(2026, time.November, 20),
			From: time.Date(2026, time.November, 19, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC),
			Region: "QOX", Name: "NHS Example ICB", Frozen: time.Date(2026, time.November, 20, 6, 0, 0, 0, time.UTC),
			Digest: "5b1f7e0cbb4c0000000000000000000000000000000000000000000000000abc",
		},
		Figures: []report.Figure{
			{Name: "changes", Label: "changes", Count: 4, Section: "changes"},
			{Name: "organisations", Label: "organisations changed", Count: 2, Section: "changes"},
			{Name: "withheld", Label: "withheld", Count: 1234, Section: "withheld"},
			{Name: "approval", Label: "waiting for approval", Count: 0, Section: "withheld"},
			{Name: "push-failures", Label: "push failures", Count: 1, Section: "push-failures"},
			{Name: "closures", Label: "pending closures", Count: 0},
			{Name: "contradictions", Label: "contradictions", Count: 0},
			{Name: "drift", Label: "drift found and repaired", Count: 3},
			{Name: "quarantined", Label: "quarantined records", Count: 0},
			{Name: "overdue", Label: "overdue checks", Count: 17},
			{Name: "warned", Label: "accounts warned", Count: 2},
			{Name: "deactivated", Label: "accounts deactivated", Count: 0},
			{Name: "no-contact", Label: "no valid contact", Count: 1},
			{Name: "unchanged", Label: "checked, no change", Count: 300211},
			{Name: "noise", Label: "formatting only, not listed", Count: 5120},
		},
		Charts: charts(),
		Sections: []report.Section{
			{
				Name: "changes", Title: "Changes", Columns: report.ChangeColumns(), Count: 4,
				Note: "A row a changed field, in the order of ICB, organisation and field.", Rows: rowsOf(changeRows()...),
			},
			{
				Name: "withheld", Title: "Withheld: waiting", Count: 1, Rows: rowsOf([]string{"X99", "@SUM(1)", "42", "2026-11-19"}),
				Columns: []report.Column{
					{Name: "ods_code", Label: "ODS code", Kind: report.CellText},
					{Name: "why", Label: "Why", Kind: report.CellText},
					{Name: "rows", Label: "Rows", Kind: report.CellNumber},
					{Name: "since", Label: "Since", Kind: report.CellDate},
				},
			},
			{
				Name: "push-failures", Title: "Push failures", Rows: rowsOf(),
				Columns: []report.Column{{Name: "reason", Label: "Reason", Kind: report.CellText}},
			},
		},
	}
}

func charts() []report.Chart {
	days := report.Chart{Name: "by-day", Title: "Changes by day, 30 days"}
	for day := range 30 {
		date := profile.NewDate(2026, time.October, 22).AddDays(day)
		days.Bars = append(days.Bars, report.Bar{Label: date.String(), Count: (day*37)%50 + day%7})
	}
	regions := report.Chart{Name: "by-region", Title: "Changes by region"}
	for i := range 42 {
		regions.Bars = append(regions.Bars, report.Bar{
			Label: fmt.Sprintf("NHS Example and Somewhere Else Integrated Care Board %d", i+1), Count: 1500 - 31*i,
		})
	}
	return []report.Chart{
		days, regions,
		{Name: "by-field", Title: "Changes by field", Bars: []report.Bar{{Label: "Phone", Count: 3}, {Label: "Address", Count: 1}}},
		{Name: "by-kind", Title: "Changes by kind"},
	}
}

// nothingChanged is the report of a day without changes.
func nothingChanged() report.Report {
	r := sample()
	r.Region, r.Name = "", ""
	for i := range r.Figures {
		r.Figures[i].Count = 0
	}
	for i := range r.Sections {
		r.Sections[i].Count, r.Sections[i].Rows = 0, nil
	}
	return r
}

type writer func(io.Writer, report.Report) error

func written(tb testing.TB, write writer, r report.Report) []byte {
	tb.Helper()
	var out bytes.Buffer
	require.NoError(tb, write(&out, r))
	return out.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go test ./cmd/internal/render -update")
}
