package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// The columns of each section, in its order: readers of CSV files count on them.
func TestSectionsAndTheirColumns(t *testing.T) {
	t.Parallel()
	var have []string
	for _, s := range report.Sections() {
		var columns []string
		for _, c := range s.Columns {
			columns = append(columns, c.Name)
		}
		have = append(have, s.Name+": "+strings.Join(columns, " "))
	}
	require.Len(t, report.ChangeColumns(), 27)
	require.Equal(t, []string{
		"updates: change_id ods_code organisation_name field sink push_status pushed_at reason changed_at",
		"withheld: run source report ods_code organisation_name field verb before after reason",
		"push-failures: sink ods_code organisation_name organisation_type reason wanted_at",
		"pending-closures: report ods_code organisation_name since",
		"contradictions: report ods_code organisation_name status ended",
		"drift: sink ods_code organisation_name field ours shown outcome found_at",
		"quarantine: source report ods_code line field reason seen_at",
		"overdue-checks: ods_code organisation_name organisation_type missing",
		"accounts: account event at organisations",
		"no-contact: ods_code organisation_name organisation_type",
	}, have[1:])
	require.True(t, strings.HasPrefix(have[0], "changes: report_date change_id icb_code"))
}

func TestSectionsHaveWordsForPeople(t *testing.T) {
	t.Parallel()
	titles := map[string]bool{}
	for _, s := range report.Sections() {
		require.False(t, titles[s.Title], "%s: a title of its own", s.Name)
		titles[s.Title] = true
		names := map[string]bool{}
		for _, c := range s.Columns {
			require.NotEmpty(t, c.Label, "%s: %s", s.Name, c.Name)
			require.False(t, names[c.Name], "%s: %s once", s.Name, c.Name)
			names[c.Name] = true
			require.Contains(t, []report.Cell{report.CellText, report.CellNumber, report.CellDate, report.CellTime}, c.Kind)
		}
		s.Count = 3
		figure := report.FigureOf(s)
		require.NotEmpty(t, figure.Label, s.Name)
		require.Equal(t, report.Figure{Name: s.Name, Label: figure.Label, Count: 3, Section: s.Name}, figure)
	}
}

// Sections are given out anew: who fills in rows changes nobody else's.
func TestSectionsAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	first := report.Sections()
	first[1].Columns[0].Name, first[0].Count = "changed", 7
	require.NotEqual(t, first[1].Columns[0].Name, report.Sections()[1].Columns[0].Name)
	require.Zero(t, report.Sections()[0].Count)
}

func TestFiguresThatCountNoRows(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]report.Figure{
		report.FigureOrganisations: {Label: "Organisations changed", Section: report.SectionChanges},
		report.FigureRepaired:      {Label: "Drifted fields repaired", Section: report.SectionDrift},
		report.FigureNoise:         {Label: "Changes of form only, not listed"},
		report.FigureChecked:       {Label: "Sections checked, no change"},
		"another":                  {Label: "another"},
	} {
		want.Name, want.Count = name, 5
		require.Equal(t, want, report.CountedFigure(name, 5))
	}
}

func TestADayBeginsInLondon(t *testing.T) {
	t.Parallel()
	for day, want := range map[profile.Date]string{
		profile.NewDate(2026, time.January, 5):  "2026-01-05T00:00:00Z",
		profile.NewDate(2026, time.July, 6):     "2026-07-05T23:00:00Z",
		profile.NewDate(2026, time.March, 29):   "2026-03-29T00:00:00Z", // has 23 hours
		profile.NewDate(2026, time.March, 30):   "2026-03-29T23:00:00Z",
		profile.NewDate(2026, time.October, 25): "2026-10-24T23:00:00Z", // has 25 hours
		profile.NewDate(2026, time.October, 26): "2026-10-26T00:00:00Z",
	} {
		require.Equal(t, want, report.StartOf(day).UTC().Format(time.RFC3339))
	}
}

func TestEveryWorkingDayHasItsReport(t *testing.T) {
	t.Parallel()
	thursday := profile.NewDate(2026, time.December, 24)
	var days []string
	for _, day := range report.Days(people.Calendar{}, thursday, thursday.AddDays(8)) {
		days = append(days, day.String())
	}
	require.Equal(t, []string{"2026-12-29", "2026-12-30", "2026-12-31"}, days, "not on Christmas, its substitute and New Year")
	require.Empty(t, report.Days(people.Calendar{}, thursday, thursday))
	require.Empty(t, report.Days(people.Calendar{}, thursday, thursday.AddDays(-3)))
}

// However often one looks, each working day comes once.
func TestDaysInPartsAreDaysAtOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := profile.NewDate(2026, time.January, 1).AddDays(rapid.IntRange(0, 700).Draw(t, "from"))
		middle := from.AddDays(rapid.IntRange(0, 40).Draw(t, "first"))
		end := middle.AddDays(rapid.IntRange(0, 40).Draw(t, "second"))
		calendar := people.NewCalendar([]people.Holiday{{Date: middle, Title: "proclaimed"}})
		parts := append(report.Days(calendar, from, middle), report.Days(calendar, middle, end)...)
		require.Equal(t, report.Days(calendar, from, end), parts)
		for i, day := range parts {
			require.True(t, calendar.IsWorkingDay(day))
			require.True(t, i == 0 || day.After(parts[i-1]))
		}
	})
}

func TestOverdueIsWhatTheLastQuarterMisses(t *testing.T) {
	t.Parallel()
	world := people.Reminding{Today: profile.NewDate(2026, time.October, 1), Rules: people.DefaultCheckRules()}
	checked := people.Checked{}
	for _, s := range people.Sections() {
		checked[s] = time.Date(2026, time.August, 1, 12, 0, 0, 0, time.UTC)
	}
	var stated []profile.Date
	for day := world.Today; day.Before(profile.NewDate(2027, time.April, 1)); day = day.AddDays(1) {
		stated = append(stated, day)
	}
	orgs := []people.CheckedOrg{
		{Code: "FA001", Name: "Boots", Type: profile.Pharmacy, ICB: "QWO"},
		{Code: "FA002", Name: "Lloyds", Type: profile.Pharmacy, ICB: "QWO", Checked: checked, Stated: stated},
		{Code: "R1A", Name: "A trust", Type: profile.Trust}, // checks nothing
	}
	rows := report.Overdue(world, orgs)
	require.Len(t, rows, 1)
	require.Equal(t, report.SectionOverdue, rows[0].Section)
	require.Equal(t, profile.ODSCode("QWO"), rows[0].ICB)
	require.Equal(t, []string{"FA001", "Boots", "pharmacy"}, rows[0].Cells[:3])
	require.Contains(t, rows[0].Cells[3], "opening hours")
	world.Today = profile.NewDate(2026, time.July, 1)
	require.Len(t, report.Overdue(world, orgs), 2, "in summer nobody had stated the hours of its bank holiday")
}
