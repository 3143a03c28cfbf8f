package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// firstOf2027 is the first working day after October to December 2026.
var firstOf2027 = profile.NewDate(2027, time.January, 4)

// quarterly requires two sections of pharmacies, and one of practices.
func quarterly() people.ReminderContext {
	return people.ReminderContext{Today: firstOf2027, Rules: people.CheckRules{
		profile.Pharmacy:   {Sections: []people.Section{people.SectionContact, people.SectionFacilities}, Every: people.EveryQuarter},
		profile.GPPractice: {Sections: []people.Section{people.SectionContact}, Every: people.Every12Months},
	}}
}

// pharmacy returns a pharmacy whose sections were checked at these times, or never
// if zero.
func pharmacy(contact, facilities time.Time) people.CheckedOrg {
	return people.CheckedOrg{
		Code: "FA123", Name: "High Street Pharmacy", Type: profile.Pharmacy, ICB: "QWO",
		Checked: people.Checked{people.SectionContact: contact, people.SectionFacilities: facilities},
	}
}

// london returns a time in London.
func london(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, profile.London())
}

// In January: who missed a check from October to December.
func TestWhoIsOverdue(t *testing.T) {
	t.Parallel()
	inTime, never := london(2026, time.November, 3, 10, 0), time.Time{}
	const missed = "FA123 High Street Pharmacy (pharmacy, every quarter): "
	for name, c := range map[string]struct {
		contact, facilities time.Time
		want                string
	}{
		"both in time":               {inTime, inTime, ""},
		"the first minute":           {london(2026, time.October, 1, 0, 0), inTime, ""},
		"the minute before":          {london(2026, time.September, 30, 23, 59), inTime, missed + "contact details"},
		"the last minute":            {inTime, london(2026, time.December, 31, 23, 59), ""},
		"late, but done":             {inTime, london(2027, time.January, 4, 8, 0), ""},
		"one of them a quarter ago":  {inTime, london(2026, time.July, 1, 12, 0), missed + "facilities"},
		"both a year ago":            {inTime.AddDate(-1, 0, 0), inTime.AddDate(-1, 0, 0), missed + "contact details, facilities"},
		"never checked by anybody":   {never, never, missed + "contact details, facilities"},
		"summer time in the evening": {time.Date(2026, time.September, 30, 23, 30, 0, 0, time.UTC), inTime, ""},
	} {
		var lines []string
		for _, row := range report.Overdue(quarterly(), []people.CheckedOrg{pharmacy(c.contact, c.facilities)}) {
			lines = append(lines, row.Cells[3])
		}
		if c.want == "" {
			require.Empty(t, lines, name)
			continue
		}
		require.Equal(t, []string{c.want}, lines, name)
	}
}

// A missing check is overdue only when its quarter has ended.
func TestTheQuarterUnderWayIsNotOverdue(t *testing.T) {
	t.Parallel()
	org := pharmacy(london(2026, time.December, 31, 12, 0), london(2026, time.December, 31, 12, 0))
	world := quarterly()
	for _, today := range []profile.Date{firstOf2027, profile.NewDate(2027, time.February, 15), profile.NewDate(2027, time.March, 31)} {
		world.Today = today
		require.Empty(t, report.Overdue(world, []people.CheckedOrg{org}), today.String())
	}
	world.Today = profile.NewDate(2027, time.April, 1)
	require.Len(t, report.Overdue(world, []people.CheckedOrg{org}), 1, "the quarter has ended")
}

// Within 12 months: a section is overdue if its 12 months ended in the last quarter
// or before it.
func TestPracticesAreOverdueAfterTwelveMonths(t *testing.T) {
	t.Parallel()
	for checked, overdue := range map[profile.Date]bool{
		profile.NewDate(2026, time.February, 1):  false,
		profile.NewDate(2026, time.January, 1):   false, // ends on the first day of this quarter
		profile.NewDate(2025, time.December, 31): true,  // ended on the last of the one before
		profile.NewDate(2025, time.June, 1):      true,
	} {
		practice := people.CheckedOrg{
			Code: "A81001", Name: "The Surgery", Type: profile.GPPractice,
			Checked: people.Checked{people.SectionContact: checked.Time().Add(12 * time.Hour)},
		}
		rows := report.Overdue(quarterly(), []people.CheckedOrg{practice})
		require.Equal(t, overdue, len(rows) == 1, checked.String())
		if overdue {
			require.Contains(t, rows[0].Cells[3], "(GP practice, within 12 months; last reviewed "+checked.Words()+"): contact details")
		}
	}
}

// The days whose hours are missing are named, so that somebody can enter them.
func TestOverdueNamesTheDaysWithoutHours(t *testing.T) {
	t.Parallel()
	world := people.ReminderContext{Today: firstOf2027, Rules: people.DefaultCheckRules()}
	org := pharmacy(firstOf2027.Time(), firstOf2027.Time())
	for _, section := range people.Sections() {
		org.Checked[section] = firstOf2027.Time()
	}
	org.Stated = []profile.Date{profile.NewDate(2027, time.March, 28)} // Easter Sunday
	rows := report.Overdue(world, []people.CheckedOrg{org})
	require.Len(t, rows, 1)
	require.Contains(t, rows[0].Cells[3], "every quarter): bank-holiday hours for 26 March 2027 and 29 March 2027")
	org.Stated = append(org.Stated, profile.NewDate(2027, time.March, 26), profile.NewDate(2027, time.March, 29))
	require.Empty(t, report.Overdue(world, []people.CheckedOrg{org}))
}

// Rows are in the order of the organisations, have their board, and fill the
// columns of the section.
func TestOverdueRowsFillTheirSection(t *testing.T) {
	t.Parallel()
	never := time.Time{}
	first, second := pharmacy(never, never), pharmacy(never, never)
	second.Code, second.Name, second.ICB = "FA001", "Low Street\nPharmacy", "QHL"
	dentist := people.CheckedOrg{Code: "V12345", Type: profile.DentalPractice}
	done := pharmacy(firstOf2027.Time(), firstOf2027.Time())
	require.Equal(t, []report.StandingRow{
		{Section: "overdue-checks", ICB: "QWO", Cells: []string{
			"FA123", "High Street Pharmacy", "pharmacy",
			"FA123 High Street Pharmacy (pharmacy, every quarter): contact details, facilities",
		}},
		{Section: "overdue-checks", ICB: "QHL", Cells: []string{
			"FA001", "Low Street\nPharmacy", "pharmacy",
			"FA001 Low Street Pharmacy (pharmacy, every quarter): contact details, facilities",
		}},
	}, report.Overdue(quarterly(), []people.CheckedOrg{first, dentist, done, second}))
	for _, section := range report.Sections() {
		if section.Name == report.SectionOverdue {
			require.Equal(t, "ods_code organisation_name organisation_type missing", columnsOf(section))
		}
	}
	require.Empty(t, report.Overdue(quarterly(), nil))
	require.Empty(t, report.Overdue(people.ReminderContext{Today: firstOf2027}, []people.CheckedOrg{first}),
		"without rules nothing is overdue")
}
