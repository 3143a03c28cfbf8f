package people_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// noon is an instant of a day.
func noon(date string) time.Time { return on(date).Time().Add(12 * time.Hour) }

// allChecked has every section checked at one instant.
func allChecked(at time.Time) people.Checked {
	checked := make(people.Checked)
	for _, s := range people.Sections() {
		checked[s] = at
	}
	return checked
}

func parseDates(text string) (dates []profile.Date) {
	for word := range strings.FieldsSeq(text) {
		dates = append(dates, on(word))
	}
	return dates
}

// missingText writes missing sections as "contact bank-holiday-times(2026-12-25)".
func missingText(missing []people.MissingSection) string {
	var words []string
	for _, m := range missing {
		word := string(m.Section)
		if len(m.Days) > 0 {
			var days []string
			for _, d := range m.Days {
				days = append(days, d.String())
			}
			word += "(" + strings.Join(days, ",") + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

const (
	// autumn is the days that must be stated from October 2026 to March 2027.
	autumn  = "2026-12-25 2026-12-28 2027-01-01 2027-03-26 2027-03-28 2027-03-29"
	quarter = "contact opening-times services facilities bank-holiday-times"
)

func TestMissingOfAPharmacy(t *testing.T) {
	t.Parallel()
	rule := people.DefaultCheckRules()[profile.Pharmacy]
	with := func(at string, s people.Section, instead string) people.Checked {
		checked := allChecked(noon(at))
		delete(checked, s)
		if instead != "" {
			checked[s] = noon(instead)
		}
		return checked
	}
	for name, test := range map[string]struct {
		checked people.Checked
		stated  string
		today   string
		want    string
	}{
		"nothing ever":           {nil, autumn, "2026-10-05", quarter},
		"all of it":              {allChecked(noon("2026-10-05")), autumn, "2026-10-05", ""},
		"all of it last quarter": {allChecked(noon("2026-09-30")), autumn, "2026-10-05", quarter},
		"on the first day":       {allChecked(noon("2026-10-01")), autumn, "2026-12-31", ""},
		"at 23:30 UTC the day before": {
			allChecked(time.Date(2026, time.September, 30, 23, 30, 0, 0, time.UTC)), autumn, "2026-10-05", "",
		},
		"one never":                  {with("2026-10-05", "services", ""), autumn, "2026-10-05", "services"},
		"one too early":              {with("2026-10-05", "contact", "2026-09-30"), autumn, "2026-10-05", "contact"},
		"accepting is not asked for": {with("2026-10-05", "accepting-patients", ""), autumn, "2026-10-05", ""},
		"holidays checked, not stated": {
			allChecked(noon("2026-10-05")), "2026-12-25 2027-01-01 2027-03-26 2027-03-29", "2026-10-05",
			"bank-holiday-times(2026-12-28,2027-03-28)",
		},
		"holidays stated, not checked": {with("2026-10-05", "bank-holiday-times", "2026-08-01"), autumn, "2026-10-05", "bank-holiday-times"},
		"past holidays": {
			allChecked(noon("2026-10-05")), "2027-01-01 2027-03-26 2027-03-28 2027-03-29", "2026-12-29", "",
		},
		"today's holiday": {
			allChecked(noon("2026-10-05")), "2027-01-01 2027-03-26 2027-03-28 2027-03-29", "2026-12-28", "bank-holiday-times(2026-12-28)",
		},
		"other days do not matter": {allChecked(noon("2026-10-05")), autumn + " 2026-12-26 2020-01-01", "2026-10-05", ""},
		"overdue, a day late":      {allChecked(noon("2026-09-30")), autumn, "2027-01-01", quarter},
		"overdue, checked since":   {allChecked(noon("2027-01-01")), autumn, "2027-01-01", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := people.Quarter{Year: 2026, N: 3}
			got := rule.Missing(test.checked, parseDates(test.stated), people.Calendar{}, q, on(test.today))
			require.Equal(t, test.want, missingText(got))
		})
	}
}

// TestMissingOfAPractice: a section that falls due 12 months after its last check
// is missing in the quarter that contains that day, and not before.
func TestMissingOfAPractice(t *testing.T) {
	t.Parallel()
	rule := people.DefaultCheckRules()[profile.GPPractice]
	for _, test := range []struct {
		checked, today string
		missing        bool
	}{
		{"2025-12-31", "2026-10-01", true}, // due on the deadline
		{"2025-12-31", "2026-09-30", false},
		{"2026-01-01", "2026-12-31", false}, // due the day after it
		{"2026-01-01", "2027-01-01", true},
		{"2025-10-01", "2026-10-01", true},
		{"2025-09-30", "2026-09-30", true},
		{"2026-05-03", "2026-12-31", false},
		{"2026-05-03", "2027-04-01", true},
		{"2028-02-29", "2028-12-31", false}, // due on 28 February 2029
		{"2028-02-29", "2029-01-01", true},
		{"2020-01-01", "2026-10-01", true},
	} {
		today := on(test.today)
		want := ""
		if test.missing {
			want = "contact opening-times services"
		}
		got := rule.Missing(allChecked(noon(test.checked)), nil, people.Calendar{}, people.QuarterOn(today), today)
		require.Equal(t, want, missingText(got), "%s on %s", test.checked, test.today)
	}
	one := people.Checked{"contact": noon("2026-10-02")}
	got := rule.Missing(one, nil, people.Calendar{}, people.Quarter{Year: 2026, N: 3}, today)
	require.Equal(t, "opening-times services", missingText(got))
}

func TestMissingOfOthers(t *testing.T) {
	t.Parallel()
	rules := people.DefaultCheckRules()
	require.Equal(t, rules[profile.GPPractice], rules[profile.GPBranch])
	for _, t2 := range profile.OrgTypes() {
		got := rules[t2].Missing(nil, nil, people.Calendar{}, people.Quarter{Year: 2026, N: 3}, today)
		asked := slices.Contains([]profile.OrgType{profile.Pharmacy, profile.GPPractice, profile.GPBranch}, t2)
		require.Equal(t, asked, len(got) > 0, t2)
	}
}

func checkRules() *rapid.Generator[people.CheckRule] {
	return rapid.Custom(func(t *rapid.T) people.CheckRule {
		all := rapid.Permutation(people.Sections()).Draw(t, "order")
		return people.CheckRule{
			Sections: all[:rapid.IntRange(0, len(all)).Draw(t, "sections")],
			Every:    rapid.SampledFrom([]people.CheckInterval{people.EveryQuarter, people.Every12Months}).Draw(t, "every"),
		}
	})
}

// checking is the input of Missing for one profile: today is in the quarter or
// soon after it.
type checking struct {
	rule     people.CheckRule
	checked  people.Checked
	stated   []profile.Date
	calendar people.Calendar
	quarter  people.Quarter
	today    profile.Date
}

func (c checking) missing() []people.MissingSection {
	return c.rule.Missing(c.checked, c.stated, c.calendar, c.quarter, c.today)
}

func checkings() *rapid.Generator[checking] {
	return rapid.Custom(func(t *rapid.T) checking {
		c := checking{
			rule: checkRules().Draw(t, "rule"), calendar: people.NewCalendar(holidays().Draw(t, "known")), checked: make(people.Checked),
			quarter: people.Quarter{Year: rapid.IntRange(2018, 2032).Draw(t, "year"), N: rapid.IntRange(1, 4).Draw(t, "n")},
		}
		c.today = c.quarter.First().AddDays(rapid.IntRange(0, 120).Draw(t, "days in"))
		for _, s := range people.Sections() {
			if rapid.Bool().Draw(t, "checked") {
				c.checked[s] = drawCheck(t, c.today)
			}
		}
		for _, h := range c.calendar.MustState(c.today, c.quarter.Next().Last()) {
			if rapid.Bool().Draw(t, "stated") {
				c.stated = append(c.stated, h.Date)
			}
		}
		return c
	})
}

func drawCheck(t *rapid.T, today profile.Date) time.Time {
	ago := rapid.IntRange(0, 500*24*60).Draw(t, "minutes ago")
	return today.Time().Add(time.Duration(-ago) * time.Minute)
}

// daysOf maps the missing sections to their days.
func daysOf(missing []people.MissingSection) map[people.Section][]profile.Date {
	days := make(map[people.Section][]profile.Date)
	for _, m := range missing {
		days[m.Section] = m.Days
	}
	return days
}

// requireNoMore checks that now has nothing that before did not have.
func requireNoMore(t require.TestingT, before, now []people.MissingSection) {
	was := daysOf(before)
	for _, m := range now {
		require.Contains(t, was, m.Section)
		require.Subset(t, was[m.Section], m.Days)
	}
}

func TestCheckingEverythingMakesNothingMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := checkings().Draw(t, "checking")
		for _, h := range c.calendar.MustState(c.today, c.quarter.Next().Last()) {
			c.stated = append(c.stated, h.Date)
		}
		for _, s := range c.rule.Sections {
			c.checked[s] = c.today.Time().Add(time.Hour)
		}
		require.Empty(t, c.missing())
	})
}

func TestCheckingNothingMakesEverythingMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := checkings().Draw(t, "checking")
		c.checked = nil
		var sections []people.Section
		for _, m := range c.missing() {
			sections = append(sections, m.Section)
		}
		require.ElementsMatch(t, c.rule.Sections, sections)
		require.True(t, slices.IsSortedFunc(sections, func(a, b people.Section) int {
			return slices.Index(people.Sections(), a) - slices.Index(people.Sections(), b)
		}))
	})
}

// TestChecksNeverAddWork: after a newer check, a day stated or a day passed, no
// more is missing than before.
func TestChecksNeverAddWork(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := checkings().Draw(t, "checking")
		before := c.missing()
		section := rapid.SampledFrom(people.Sections()).Draw(t, "section")
		if check := drawCheck(t, c.today.AddDays(30)); check.After(c.checked[section]) {
			c.checked[section] = check
			requireNoMore(t, before, c.missing())
		}
		c.stated = append(c.stated, c.today.AddDays(rapid.IntRange(0, 200).Draw(t, "stated")))
		requireNoMore(t, before, c.missing())
		c.today = c.today.AddDays(rapid.IntRange(0, 100).Draw(t, "later"))
		requireNoMore(t, before, c.missing())
	})
}

// TestTwelveMonthsAsTheLawSays: a section is missing in the quarter that contains
// the day 12 months after its last check, and in later ones.
func TestTwelveMonthsAsTheLawSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		last, q := anyDays().Draw(t, "last check"), quarters().Draw(t, "quarter")
		if rapid.Bool().Draw(t, "near") {
			q = people.QuarterOn(last.AddDays(rapid.IntRange(270, 460).Draw(t, "days later")))
		}
		year, month, day := last.Time().Date()
		due := profile.NewDate(year+1, month, day)
		rule := people.CheckRule{Sections: []people.Section{people.SectionContact}, Every: people.Every12Months}
		checked := people.Checked{people.SectionContact: last.Time().Add(12 * time.Hour)}
		got := rule.Missing(checked, nil, people.Calendar{}, q, q.First())
		require.Equal(t, !due.After(q.Last()), len(got) > 0, "due %s", due)
	})
}

func TestLastReview(t *testing.T) {
	t.Parallel()
	rule := people.DefaultCheckRules()[profile.GPPractice]
	checked := people.Checked{
		"contact": noon("2026-05-04"), "opening-times": time.Date(2026, time.May, 2, 23, 30, 0, 0, time.UTC), "services": noon("2026-06-01"),
		"facilities": noon("2020-01-01"),
	}
	require.Equal(t, "2026-05-03", rule.LastReview(checked).String())
	delete(checked, "services")
	require.True(t, rule.LastReview(checked).IsZero())
	require.True(t, people.CheckRule{}.LastReview(checked).IsZero())
}

func TestMissingLine(t *testing.T) {
	t.Parallel()
	const fa, hours, holiday = "FA123", people.SectionOpeningTimes, people.SectionBankHolidayTimes
	missing := func(of string, s ...people.Section) (all []people.MissingSection) {
		for _, section := range s {
			m := people.MissingSection{Section: section}
			if section == holiday {
				m.Days = parseDates(of)
			}
			all = append(all, m)
		}
		return all
	}
	for want, got := range map[string]string{
		"FA123 Example Pharmacy (pharmacy, every quarter): opening hours, bank-holiday hours for 25 December 2026": people.MissingLine(
			fa, "Example Pharmacy", profile.Pharmacy, people.EveryQuarter, missing("2026-12-25", hours, holiday), on("2026-05-03")),
		"FA12 X Y (pharmacy, every quarter): bank-holiday hours for 25 December 2026, 28 December 2026 and 1 May 2027": people.MissingLine(
			"FA12", " X\nY ", profile.Pharmacy, people.EveryQuarter, missing("2026-12-25 2026-12-28 2027-05-01", holiday), profile.Date{}),
		"FA123 (pharmacy, every quarter): services, facilities, bank-holiday hours": people.MissingLine(
			fa, "", profile.Pharmacy, people.EveryQuarter, missing("", "services", "facilities", holiday), profile.Date{}),
		"A12345 Example Surgery (GP practice, within 12 months; last reviewed 3 May 2026): contact details": people.MissingLine(
			"A12345", "Example Surgery", profile.GPPractice, people.Every12Months, missing("", "contact"), on("2026-05-03")),
		"A12345 Example Surgery (GP branch, within 12 months; not reviewed in full yet): contact details": people.MissingLine(
			"A12345", "Example Surgery", profile.GPBranch, people.Every12Months, missing("", "contact"), profile.Date{}),
		"V12345 Smiles (dentist, every quarter): accepting new patients": people.MissingLine(
			"V12345", "Smiles", profile.DentalPractice, people.EveryQuarter, missing("", "accepting-patients"), profile.Date{}),
		"TP123 Eyes (optician, every quarter): services": people.MissingLine(
			"TP123", "Eyes", profile.OpticalSite, people.EveryQuarter, missing("", "services"), profile.Date{}),
		"RX101 Ward (trust site, every quarter): services": people.MissingLine(
			"RX101", "Ward", profile.TrustSite, people.EveryQuarter, missing("", "services"), profile.Date{}),
	} {
		require.Equal(t, want, got)
	}
}

func TestParseCheckRules(t *testing.T) {
	t.Parallel()
	defaults := people.DefaultCheckRules()
	dentist := people.CheckRule{
		Sections: []people.Section{"contact", "opening-times", "services", "accepting-patients"}, Every: people.EveryQuarter,
	}
	for setting, want := range map[string]people.CheckRules{
		"":                                  nil,
		" ; ":                               nil,
		"pharmacy=off":                      {profile.Pharmacy: {}},
		"optician=off; dental-practice=off": {profile.OpticalSite: {}, profile.DentalPractice: {}},
		people.DentistCheckRule:             {profile.DentalPractice: dentist},
		people.DentistCheckRule + ";optician=off;": {profile.DentalPractice: dentist, profile.OpticalSite: {}},
		" gp-practice = contact + services @ 12-months ": {profile.GPPractice: {
			Sections: []people.Section{"contact", "services"}, Every: people.Every12Months,
		}},
	} {
		rules, err := people.ParseCheckRules(setting)
		require.NoError(t, err, setting)
		for _, orgType := range profile.OrgTypes() {
			rule, changed := want[orgType]
			if !changed {
				rule = defaults[orgType]
			}
			require.Equal(t, rule, rules[orgType], "%s of %q", orgType, setting)
		}
	}
}

func TestParseCheckRulesRefuses(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"chemist=off": `check rule "chemist=off": organisation type "chemist": want one of [pharmacy gp-practice gp-branch ` +
			`dental-practice optical-site trust trust-site]`,
		"=off":                              `check rule "=off": organisation type "": want one of`,
		"dentist=off;dental-practice=off":   `check rule "dental-practice=off": dental-practice has a rule twice`,
		"dentist":                           `check rule of dental-practice: "": want off, or sections joined by + and then @quarter or @12`,
		"dentist=contact":                   `check rule of dental-practice: "contact": want off, or sections joined by + and then @quarter`,
		"dentist=contact@month":             `check rule of dental-practice: how often "month": want quarter or 12-months`,
		"pharmacy=contact+hours@quarter":    `check rule of pharmacy: section "hours": want one of [contact opening-times services`,
		"pharmacy=@quarter":                 `check rule of pharmacy: section "": want one of [contact`,
		"pharmacy=contact+contact@quarter":  `check rule of pharmacy: section "contact": stated twice`,
		"pharmacy=contact@quarter@12-month": `how often "quarter@12-month"`,
	} {
		_, err := people.ParseCheckRules(setting)
		require.ErrorContains(t, err, want)
	}
}

// FuzzParseCheckRules: accepted rules make sense, and all others are refused.
func FuzzParseCheckRules(f *testing.F) {
	f.Add("")
	f.Add(people.DentistCheckRule)
	f.Add("pharmacy=contact+services@12-months;optician=off")
	f.Fuzz(func(t *testing.T, setting string) {
		rules, err := people.ParseCheckRules(setting)
		if err != nil {
			return
		}
		for orgType, rule := range rules {
			require.Contains(t, profile.OrgTypes(), orgType)
			require.Equal(t, len(rule.Sections) == 0, rule.Every == "")
			require.Subset(t, people.Sections(), rule.Sections)
		}
	})
}

func BenchmarkMissing(b *testing.B) {
	rule := people.DefaultCheckRules()[profile.Pharmacy]
	calendar := people.NewCalendar(proclaimed())
	q := people.Quarter{Year: 2026, N: 3}
	for b.Loop() {
		rule.Missing(nil, parseDates(autumn), calendar, q, q.First())
	}
}

// today is the day of most tests.
var today = profile.NewDate(2026, time.March, 31)
