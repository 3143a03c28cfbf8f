package people_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// stageSpans writes stages as "opening 2026-10-01..2026-12-02".
func stageSpans(days []people.StageDay) (lines []string) {
	for _, d := range days {
		lines = append(lines, fmt.Sprintf("%s %s..%s", d.Stage, d.Day, d.Until))
	}
	return lines
}

func TestStagesOfAQuarter(t *testing.T) {
	t.Parallel()
	for q, want := range map[people.Quarter][]string{
		{Year: 2026, N: 3}: { // 28 December is a holiday, and 1 January, a Friday
			"opening 2026-10-01..2026-12-02", "28-days 2026-12-03..2026-12-16", "14-days 2026-12-17..2026-12-23",
			"3-days 2026-12-24..2026-12-31", "overdue 2027-01-04..2027-01-18",
		},
		{Year: 2026, N: 4}: { // New Year, Good Friday and Easter Monday
			"opening 2027-01-04..2027-03-02", "28-days 2027-03-03..2027-03-16", "14-days 2027-03-17..2027-03-23",
			"3-days 2027-03-24..2027-03-31", "overdue 2027-04-01..2027-04-15",
		},
		{Year: 2027, N: 1}: {
			"opening 2027-04-01..2027-06-01", "28-days 2027-06-02..2027-06-15", "14-days 2027-06-16..2027-06-24",
			"3-days 2027-06-25..2027-06-30", "overdue 2027-07-01..2027-07-15",
		},
		{Year: 2024, N: 1}: { // opens on Easter Monday, ends on a Sunday: 28 and 14 days before it are Sundays too
			"opening 2024-04-02..2024-06-02", "28-days 2024-06-03..2024-06-16", "14-days 2024-06-17..2024-06-25",
			"3-days 2024-06-26..2024-06-30", "overdue 2024-07-01..2024-07-15",
		},
		{Year: 2023, N: 4}: { // a leap day; ends on Easter Sunday
			"opening 2024-01-02..2024-03-03", "28-days 2024-03-04..2024-03-17", "14-days 2024-03-18..2024-03-25",
			"3-days 2024-03-26..2024-03-31", "overdue 2024-04-02..2024-04-16",
		},
	} {
		stages := people.Calendar{}.Stages(q)
		require.Equal(t, want, stageSpans(stages), q)
		for _, s := range stages {
			require.Equal(t, q, s.Quarter)
		}
	}
}

// TestStagesFollowTheFeed: a proclaimed or moved holiday moves them.
func TestStagesFollowTheFeed(t *testing.T) {
	t.Parallel()
	days := append(people.ComputedHolidays(2026), holiday("2026-10-01", "Proclaimed"), holiday("2026-12-30", "Proclaimed"))
	require.Equal(t, []string{
		"opening 2026-10-02..2026-12-02", "28-days 2026-12-03..2026-12-16", "14-days 2026-12-17..2026-12-22",
		"3-days 2026-12-23..2026-12-31", "overdue 2027-01-04..2027-01-18",
	}, stageSpans(people.NewCalendar(days).Stages(people.Quarter{Year: 2026, N: 3})))
}

// calendars draws a calendar of computed days, or one from the feed with some
// days proclaimed and some removed.
func calendars() *rapid.Generator[people.Calendar] {
	return rapid.Custom(func(t *rapid.T) people.Calendar {
		var known []people.Holiday
		from := rapid.IntRange(2018, 2040).Draw(t, "from")
		for year := from; year < from+rapid.IntRange(0, 9).Draw(t, "years"); year++ {
			known = append(known, people.ComputedHolidays(year)...)
			known = slices.Delete(known, len(known)-rapid.IntRange(0, 2).Draw(t, "dropped"), len(known))
			for range rapid.IntRange(0, 2).Draw(t, "proclaimed") {
				day := profile.NewDate(year, time.January, rapid.IntRange(1, 366).Draw(t, "day"))
				known = append(known, people.Holiday{Date: day, Title: "Proclaimed"})
			}
		}
		return people.NewCalendar(known)
	})
}

func TestStagesAreInOrderAndNeverOverlap(t *testing.T) {
	t.Parallel()
	for year := 2020; year <= 2040; year++ {
		for n := 1; n <= 4; n++ {
			checkStages(t, people.Calendar{}, people.Quarter{Year: year, N: n})
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := calendars().Draw(rt, "calendar")
		checkStages(t, c, people.Quarter{Year: rapid.IntRange(2020, 2040).Draw(rt, "year"), N: rapid.IntRange(1, 4).Draw(rt, "n")})
	})
}

// checkStages checks that one stage follows the other without a gap from the
// opening notice to the deadline, that each begins on a working day, and that the
// overdue notice comes after the deadline.
func checkStages(t *testing.T, c people.Calendar, q people.Quarter) {
	t.Helper()
	stages := c.Stages(q)
	var names []people.Stage
	for i, s := range stages {
		names = append(names, s.Stage)
		require.True(t, c.IsWorkingDay(s.Day), "%s", s.Day)
		require.False(t, s.Until.Before(s.Day))
		if i > 0 && s.Stage != people.StageOverdue {
			require.Equal(t, stages[i-1].Until.AddDays(1), s.Day)
		}
	}
	require.Equal(t, []people.Stage{"opening", "28-days", "14-days", "3-days", "overdue"}, names)
	require.False(t, stages[0].Day.Before(q.First()))
	require.Equal(t, q.Last(), stages[3].Until)
	require.True(t, stages[4].Day.After(q.Last()))
	require.True(t, stages[4].Until.Before(c.Stages(q.Next())[1].Day))
	left := 0
	for d := stages[3].Day; d.Before(q.Last()); d = d.AddDays(1) {
		if c.IsWorkingDay(d) {
			left++
		}
	}
	require.Equal(t, 3, left, "working days before the deadline")
	for i, days := range []int{28, 14} {
		require.Equal(t, c.WorkingDayOnOrAfter(q.Last().AddDays(-days)), stages[i+1].Day)
	}
}

func TestStagesOnADay(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{
		"2026-09-30": "3-days 2026-27-Q2", "2026-10-01": "overdue 2026-27-Q2, opening 2026-27-Q3",
		"2026-10-15": "overdue 2026-27-Q2, opening 2026-27-Q3",
		"2026-10-16": "opening 2026-27-Q3", "2026-12-02": "opening 2026-27-Q3", "2026-12-03": "28-days 2026-27-Q3",
		"2026-12-05": "28-days 2026-27-Q3",
		"2026-12-17": "14-days 2026-27-Q3", "2026-12-24": "3-days 2026-27-Q3", "2026-12-31": "3-days 2026-27-Q3", "2027-01-01": "",
		"2027-01-03": "",
		"2027-01-04": "overdue 2026-27-Q3, opening 2026-27-Q4", "2027-01-19": "opening 2026-27-Q4",
	} {
		var got []string
		for _, s := range (people.Calendar{}).StagesOn(on(day)) {
			got = append(got, fmt.Sprint(s.Stage, " ", s.Quarter))
		}
		require.Equal(t, want, strings.Join(got, ", "), day)
	}
}

func TestAtMostOneStageOfAQuarterIsDue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, day := calendars().Draw(t, "calendar"), on("2020-01-01").AddDays(rapid.IntRange(0, 21*365).Draw(t, "day"))
		seen := make(map[people.Quarter]people.Stage)
		for _, s := range c.StagesOn(day) {
			require.Empty(t, seen[s.Quarter], "two stages of %s on %s", s.Quarter, day)
			require.Equal(t, s.Stage == people.StageOverdue, day.After(s.Quarter.Last()))
			seen[s.Quarter] = s.Stage
		}
		q := people.QuarterOn(day)
		require.Equal(t, !day.Before(c.Stages(q)[0].Day), seen[q] != "", "after its opening, one is due each day")
	})
}

func TestStageTexts(t *testing.T) {
	t.Parallel()
	for stage, want := range map[people.Stage]people.LetterKind{
		"opening": "check-opening", "28-days": "check-28-days", "14-days": "check-14-days", "3-days": "check-3-days",
		"overdue": "check-overdue", "asked": "check-opening",
	} {
		require.Equal(t, want, stage.Letter())
		require.True(t, stage.For(people.RoleManager))
		require.Equal(t, stage != people.StageOverdue, stage.For(people.RoleEditor))
	}
}

func remindingOn(day string) people.ReminderContext {
	return people.ReminderContext{Today: on(day), Rules: people.DefaultCheckRules()}
}

// complete returns an organisation with everything checked and stated.
func complete(org people.MemberOf, at string) people.MemberOf {
	org.Checked, org.Stated = allChecked(noon(at)), parseDates(autumn)
	return org
}

func TestWhoIsRemindedOfWhat(t *testing.T) {
	t.Parallel()
	manager, editor := pharmacyOf("FA123", people.RoleManager), pharmacyOf("FB456", people.RoleEditor)
	practice := pharmacyOf("A12345", people.RoleEditor)
	practice.Type, practice.Name, practice.Checked = profile.GPPractice, "Example Surgery", allChecked(noon("2025-11-03"))
	dentist := pharmacyOf("V00001", people.RoleManager)
	dentist.Type = profile.DentalPractice
	in := func(state people.AccountState, dead bool) people.Person {
		p := member("2026-09-01", manager)
		p.State, p.Dead = state, dead
		return p
	}
	for name, test := range map[string]struct {
		person people.Person
		day    string
		want   string // stages and the organisations of each
	}{
		"on the day":                   {member("2026-09-01", manager), "2026-12-03", "28-days[FA123]"},
		"late":                         {member("2026-09-01", manager), "2026-12-16", "28-days[FA123]"},
		"one letter for all":           {member("2026-09-01", manager, editor, practice), "2026-12-17", "14-days[FA123 FB456 A12345]"},
		"what is complete is left out": {member("2026-09-01", complete(manager, "2026-10-05"), editor), "2026-12-17", "14-days[FB456]"},
		"everything complete": {
			member("2026-09-01", complete(manager, "2026-10-05"), complete(editor, "2026-12-01")), "2026-12-17", "",
		},
		"checked last quarter": {member("2026-09-01", complete(manager, "2026-09-30")), "2026-12-17", "14-days[FA123]"},
		"overdue: account managers": {
			member("2026-09-01", manager, editor), "2027-01-04", "overdue[FA123] opening[FA123 FB456]",
		},
		"overdue, checked since: the next quarter's holidays are left": {
			member("2026-09-01", complete(manager, "2027-01-02")), "2027-01-04", "opening[FA123]",
		},
		"overdue, only editor":      {member("2026-09-01", editor), "2027-01-04", "opening[FB456]"},
		"practice within 12 months": {member("2026-09-01", practice), "2026-12-17", "14-days[A12345]"},
		"practice not due yet":      {member("2026-09-01", practice), "2026-09-17", ""},
		"no rule for dentists":      {member("2026-09-01", dentist), "2026-12-17", ""},
		"member of nothing":         {member("2026-09-01"), "2026-12-17", ""},
		"deactivated":               {in(people.AccountDeactivated, false), "2026-12-17", ""},
		"invited":                   {in(people.AccountInvited, false), "2026-12-17", ""},
		"expired":                   {in(people.AccountExpired, false), "2026-12-17", ""},
		"dead address":              {in(people.AccountActive, true), "2026-12-17", ""},
		"before the opening notice": {member("2026-09-01", editor), "2027-01-03", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, m := range remindingOn(test.day).Plan([]people.Person{test.person}) {
				require.Equal(t, test.person.ID, m.Account)
				require.Len(t, m.Lines, len(m.Codes))
				got = append(got, fmt.Sprint(m.Stage, m.Codes))
			}
			require.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}

func TestReminderLines(t *testing.T) {
	t.Parallel()
	practice := pharmacyOf("A12345", people.RoleEditor)
	practice.Type, practice.Name, practice.Checked = profile.GPPractice, "Example Surgery", allChecked(noon("2025-11-03"))
	pharmacy := complete(pharmacyOf("FA123", people.RoleManager), "2026-10-05")
	pharmacy.Stated = parseDates("2026-12-28 2027-01-01 2027-03-26 2027-03-28 2027-03-29")
	reminders := remindingOn("2026-12-03").Plan([]people.Person{member("2026-09-01", pharmacy, practice)})
	require.Len(t, reminders, 1)
	require.Equal(t, []string{
		"FA123 Example Pharmacy (pharmacy, every quarter): bank-holiday hours for 25 December 2026",
		"A12345 Example Surgery (GP practice, within 12 months; last reviewed 3 November 2025): contact details, opening hours, services",
	}, reminders[0].Lines)
}

func TestOverdueNoticeOfAList(t *testing.T) {
	t.Parallel()
	world := remindingOn("2027-01-04")
	overdue := world.Calendar.StagesOn(world.Today)[0]
	missing, complete := pharmacyOf("FA123", "").CheckedOrg, complete(pharmacyOf("FB456", ""), "2026-12-31").CheckedOrg
	m, due := world.ForList("QWE", []people.CheckedOrg{missing, complete}, overdue)
	require.True(t, due)
	require.Equal(t, []profile.ODSCode{"FA123"}, m.Codes)
	require.Equal(t, people.DueLetter{
		Reference: "check/2026-27-Q3/list-QWE/overdue", Kind: people.LetterOverdue, List: "QWE", Stage: people.StageOverdue,
		Quarter: people.Quarter{Year: 2026, N: 3}, Codes: []profile.ODSCode{"FA123"},
	}, m.DueLetter())
	_, due = world.ForList("QWE", []people.CheckedOrg{complete}, overdue)
	require.False(t, due)
}

func TestReminderPosts(t *testing.T) {
	t.Parallel()
	p, q := member("2026-09-01", pharmacyOf("FA123", people.RoleManager)), people.Quarter{Year: 2026, N: 3}
	require.Equal(t, people.DueLetter{
		Reference: "check/2026-27-Q3/u-7/28-days", Kind: people.LetterFourWeeks, Account: 7, Stage: people.StageFourWeeks, Quarter: q,
	}, remindingOn("2026-12-03").Plan([]people.Person{p})[0].DueLetter())
	asked, due := remindingOn("2026-11-03").For(p, people.StageDay{Stage: people.StageAsked, Quarter: q, Day: on("2026-11-03")})
	require.True(t, due)
	require.Equal(t, people.DueLetter{
		Reference: "check/2026-27-Q3/u-7/asked-2026-11-03", Kind: people.LetterOpening, Account: 7, Stage: people.StageAsked, Quarter: q,
	}, asked.DueLetter())
}

// TestReferencesAreUniqueAndHoldNothingPersonal: two reminders have the same
// reference only if they are the same stage of the same quarter to the same
// recipient.
func TestReferencesAreUniqueAndHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^check/\d{4}-\d{2}-Q[1-4]/(u-\d+|list-[A-Z0-9]+)/` +
		`(opening|28-days|14-days|3-days|overdue|asked-\d{4}-\d{2}-\d{2})$`)
	type key struct {
		account people.AccountID
		list    profile.ODSCode
		stage   people.Stage
		quarter people.Quarter
		asked   profile.Date
	}
	stages := []people.Stage{"opening", "28-days", "14-days", "3-days", "overdue", "asked"}
	drawn := rapid.Custom(func(t *rapid.T) people.Reminder {
		m := people.Reminder{List: "QWE", Lines: []string{canaryName}}
		if rapid.Bool().Draw(t, "person") {
			m.List, m.Account = "", people.AccountID(rapid.Int64Range(1, 3).Draw(t, "account"))
		}
		m.Stage, m.Quarter = rapid.SampledFrom(stages).Draw(t, "stage"), people.Quarter{Year: 2026, N: rapid.IntRange(1, 4).Draw(t, "n")}
		m.Day = m.Quarter.First().AddDays(rapid.IntRange(0, 3).Draw(t, "day"))
		return m
	})
	keyOf := func(m people.Reminder) key {
		k := key{account: m.Account, list: m.List, stage: m.Stage, quarter: m.Quarter}
		if m.Stage == people.StageAsked {
			k.asked = m.Day
		}
		return k
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawn.Draw(t, "a"), drawn.Draw(t, "b")
		require.Regexp(t, form, a.Reference())
		require.Equal(t, keyOf(a) == keyOf(b), a.Reference() == b.Reference())
		require.Equal(t, a.Reference(), a.DueLetter().Reference)
	})
}

func TestTypesThatMustCheck(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, []profile.OrgType{profile.Pharmacy, profile.GPPractice, profile.GPBranch},
		people.DefaultCheckRules().Types())
	rules, err := people.ParseCheckRules(people.DentistCheckRule + "; gp-branch=off")
	require.NoError(t, err)
	require.ElementsMatch(t, []profile.OrgType{profile.Pharmacy, profile.GPPractice, profile.DentalPractice}, rules.Types())
	require.Empty(t, people.CheckRules{}.Types())
}
