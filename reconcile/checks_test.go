package reconcile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile"
)

// noon is an instant of a day.
func noon(date string) time.Time { return on(date).Time().Add(12 * time.Hour) }

// allChecked has every section checked at one instant.
func allChecked(at time.Time) reconcile.Checked {
	checked := make(reconcile.Checked)
	for _, s := range reconcile.Sections() {
		checked[s] = at
	}
	return checked
}

func datesIn(text string) (dates []reconcile.Date) {
	for word := range strings.FieldsSeq(text) {
		dates = append(dates, on(word))
	}
	return dates
}

// toldMissing writes what is missing as "contact bank-holiday-times(2026-12-25)".
func toldMissing(missing []reconcile.MissingSection) string {
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
	// autumn is what must be stated from October 2026 to March 2027.
	autumn  = "2026-12-25 2026-12-28 2027-01-01 2027-03-26 2027-03-28 2027-03-29"
	quarter = "contact opening-times services facilities bank-holiday-times"
)

func TestMissingOfAPharmacy(t *testing.T) {
	t.Parallel()
	rule := reconcile.DefaultCheckRules()[reconcile.Pharmacy]
	with := func(at string, s reconcile.Section, instead string) reconcile.Checked {
		checked := allChecked(noon(at))
		delete(checked, s)
		if instead != "" {
			checked[s] = noon(instead)
		}
		return checked
	}
	for name, test := range map[string]struct {
		checked reconcile.Checked
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
		"other days are no matter": {allChecked(noon("2026-10-05")), autumn + " 2026-12-26 2020-01-01", "2026-10-05", ""},
		"overdue, a day late":      {allChecked(noon("2026-09-30")), autumn, "2027-01-01", quarter},
		"overdue, checked since":   {allChecked(noon("2027-01-01")), autumn, "2027-01-01", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := reconcile.Quarter{Year: 2026, N: 3}
			got := rule.Missing(test.checked, datesIn(test.stated), reconcile.Calendar{}, q, on(test.today))
			require.Equal(t, test.want, toldMissing(got))
		})
	}
}

// TestMissingOfAPractice: what falls due 12 months after its last check is asked
// for in the quarter in which that day lies, and not before.
func TestMissingOfAPractice(t *testing.T) {
	t.Parallel()
	rule := reconcile.DefaultCheckRules()[reconcile.GPPractice]
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
		got := rule.Missing(allChecked(noon(test.checked)), nil, reconcile.Calendar{}, reconcile.QuarterOn(today), today)
		require.Equal(t, want, toldMissing(got), "%s on %s", test.checked, test.today)
	}
	one := reconcile.Checked{"contact": noon("2026-10-02")}
	got := rule.Missing(one, nil, reconcile.Calendar{}, reconcile.Quarter{Year: 2026, N: 3}, today)
	require.Equal(t, "opening-times services", toldMissing(got))
}

func TestMissingOfOthers(t *testing.T) {
	t.Parallel()
	rules := reconcile.DefaultCheckRules()
	require.Equal(t, rules[reconcile.GPPractice], rules[reconcile.GPBranch])
	for _, t2 := range reconcile.OrgTypes() {
		got := rules[t2].Missing(nil, nil, reconcile.Calendar{}, reconcile.Quarter{Year: 2026, N: 3}, today)
		asked := slices.Contains([]reconcile.OrgType{reconcile.Pharmacy, reconcile.GPPractice, reconcile.GPBranch}, t2)
		require.Equal(t, asked, len(got) > 0, t2)
	}
}

func checkRules() *rapid.Generator[reconcile.CheckRule] {
	return rapid.Custom(func(t *rapid.T) reconcile.CheckRule {
		all := rapid.Permutation(reconcile.Sections()).Draw(t, "order")
		return reconcile.CheckRule{
			Sections: all[:rapid.IntRange(0, len(all)).Draw(t, "sections")],
			Every:    rapid.SampledFrom([]reconcile.Every{reconcile.EveryQuarter, reconcile.Every12Months}).Draw(t, "every"),
		}
	})
}

// checking is a profile's checks in a quarter, on a day of it or soon after.
type checking struct {
	rule     reconcile.CheckRule
	checked  reconcile.Checked
	stated   []reconcile.Date
	calendar reconcile.Calendar
	quarter  reconcile.Quarter
	today    reconcile.Date
}

func (c checking) missing() []reconcile.MissingSection {
	return c.rule.Missing(c.checked, c.stated, c.calendar, c.quarter, c.today)
}

func checkings() *rapid.Generator[checking] {
	return rapid.Custom(func(t *rapid.T) checking {
		c := checking{
			rule: checkRules().Draw(t, "rule"), calendar: reconcile.NewCalendar(holidays().Draw(t, "known")), checked: make(reconcile.Checked),
			quarter: reconcile.Quarter{Year: rapid.IntRange(2018, 2032).Draw(t, "year"), N: rapid.IntRange(1, 4).Draw(t, "n")},
		}
		c.today = c.quarter.First().AddDays(rapid.IntRange(0, 120).Draw(t, "days in"))
		for _, s := range reconcile.Sections() {
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

func drawCheck(t *rapid.T, today reconcile.Date) time.Time {
	ago := rapid.IntRange(0, 500*24*60).Draw(t, "minutes ago")
	return today.Time().Add(time.Duration(-ago) * time.Minute)
}

// daysOf maps the missing sections to their days.
func daysOf(missing []reconcile.MissingSection) map[reconcile.Section][]reconcile.Date {
	days := make(map[reconcile.Section][]reconcile.Date)
	for _, m := range missing {
		days[m.Section] = m.Days
	}
	return days
}

// requireNoMore wants nothing in now that was not in before.
func requireNoMore(t require.TestingT, before, now []reconcile.MissingSection) {
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
		var sections []reconcile.Section
		for _, m := range c.missing() {
			sections = append(sections, m.Section)
		}
		require.ElementsMatch(t, c.rule.Sections, sections)
		require.True(t, slices.IsSortedFunc(sections, func(a, b reconcile.Section) int {
			return slices.Index(reconcile.Sections(), a) - slices.Index(reconcile.Sections(), b)
		}))
	})
}

// TestWhatIsDoneNeverAddsWork: a newer check, a day stated and a day passed
// leave as much missing as before, or less.
func TestWhatIsDoneNeverAddsWork(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := checkings().Draw(t, "checking")
		before := c.missing()
		section := rapid.SampledFrom(reconcile.Sections()).Draw(t, "section")
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

// TestTwelveMonthsAsTheLawSays: a section is missing in the quarter in which the
// day 12 months after its last check lies, or in a later one.
func TestTwelveMonthsAsTheLawSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		last, q := anyDays().Draw(t, "last check"), quarters().Draw(t, "quarter")
		if rapid.Bool().Draw(t, "near") {
			q = reconcile.QuarterOn(last.AddDays(rapid.IntRange(270, 460).Draw(t, "days later")))
		}
		year, month, day := last.Time().Date()
		due := reconcile.NewDate(year+1, month, day)
		rule := reconcile.CheckRule{Sections: []reconcile.Section{reconcile.SectionContact}, Every: reconcile.Every12Months}
		checked := reconcile.Checked{reconcile.SectionContact: last.Time().Add(12 * time.Hour)}
		got := rule.Missing(checked, nil, reconcile.Calendar{}, q, q.First())
		require.Equal(t, !due.After(q.Last()), len(got) > 0, "due %s", due)
	})
}

func TestLastReview(t *testing.T) {
	t.Parallel()
	rule := reconcile.DefaultCheckRules()[reconcile.GPPractice]
	checked := reconcile.Checked{
		"contact": noon("2026-05-04"), "opening-times": time.Date(2026, time.May, 2, 23, 30, 0, 0, time.UTC), "services": noon("2026-06-01"),
		"facilities": noon("2020-01-01"),
	}
	require.Equal(t, "2026-05-03", rule.LastReview(checked).String())
	delete(checked, "services")
	require.True(t, rule.LastReview(checked).IsZero())
	require.True(t, reconcile.CheckRule{}.LastReview(checked).IsZero())
}

func TestMissingLine(t *testing.T) {
	t.Parallel()
	const fa, hours, holiday = "FA123", reconcile.SectionOpeningTimes, reconcile.SectionBankHolidayTimes
	missing := func(of string, s ...reconcile.Section) (all []reconcile.MissingSection) {
		for _, section := range s {
			m := reconcile.MissingSection{Section: section}
			if section == holiday {
				m.Days = datesIn(of)
			}
			all = append(all, m)
		}
		return all
	}
	for want, got := range map[string]string{
		"FA123 Example Pharmacy (pharmacy, every quarter): opening hours, bank-holiday hours for 25 December 2026": reconcile.MissingLine(
			fa, "Example Pharmacy", reconcile.Pharmacy, reconcile.EveryQuarter, missing("2026-12-25", hours, holiday), on("2026-05-03")),
		"FA12 X Y (pharmacy, every quarter): bank-holiday hours for 25 December 2026, 28 December 2026 and 1 May 2027": reconcile.MissingLine(
			"FA12", " X\nY ", reconcile.Pharmacy, reconcile.EveryQuarter, missing("2026-12-25 2026-12-28 2027-05-01", holiday), reconcile.Date{}),
		"FA123 (pharmacy, every quarter): services, facilities, bank-holiday hours": reconcile.MissingLine(
			fa, "", reconcile.Pharmacy, reconcile.EveryQuarter, missing("", "services", "facilities", holiday), reconcile.Date{}),
		"A12345 Example Surgery (GP practice, within 12 months; last reviewed 3 May 2026): contact details": reconcile.MissingLine(
			"A12345", "Example Surgery", reconcile.GPPractice, reconcile.Every12Months, missing("", "contact"), on("2026-05-03")),
		"A12345 Example Surgery (GP branch, within 12 months; not reviewed in full yet): contact details": reconcile.MissingLine(
			"A12345", "Example Surgery", reconcile.GPBranch, reconcile.Every12Months, missing("", "contact"), reconcile.Date{}),
		"V12345 Smiles (dentist, every quarter): accepting new patients": reconcile.MissingLine(
			"V12345", "Smiles", reconcile.DentalPractice, reconcile.EveryQuarter, missing("", "accepting-patients"), reconcile.Date{}),
		"TP123 Eyes (optician, every quarter): services": reconcile.MissingLine(
			"TP123", "Eyes", reconcile.OpticalSite, reconcile.EveryQuarter, missing("", "services"), reconcile.Date{}),
		"RX101 Ward (trust site, every quarter): services": reconcile.MissingLine(
			"RX101", "Ward", reconcile.TrustSite, reconcile.EveryQuarter, missing("", "services"), reconcile.Date{}),
	} {
		require.Equal(t, want, got)
	}
}

func TestParseCheckRules(t *testing.T) {
	t.Parallel()
	defaults := reconcile.DefaultCheckRules()
	dentist := reconcile.CheckRule{
		Sections: []reconcile.Section{"contact", "opening-times", "services", "accepting-patients"}, Every: reconcile.EveryQuarter,
	}
	for setting, want := range map[string]reconcile.CheckRules{
		"":                                  nil,
		" ; ":                               nil,
		"pharmacy=off":                      {reconcile.Pharmacy: {}},
		"optician=off; dental-practice=off": {reconcile.OpticalSite: {}, reconcile.DentalPractice: {}},
		reconcile.DentistCheckRule:          {reconcile.DentalPractice: dentist},
		reconcile.DentistCheckRule + ";optician=off;": {reconcile.DentalPractice: dentist, reconcile.OpticalSite: {}},
		" gp-practice = contact + services @ 12-months ": {reconcile.GPPractice: {
			Sections: []reconcile.Section{"contact", "services"}, Every: reconcile.Every12Months,
		}},
	} {
		rules, err := reconcile.ParseCheckRules(setting)
		require.NoError(t, err, setting)
		for _, orgType := range reconcile.OrgTypes() {
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
		_, err := reconcile.ParseCheckRules(setting)
		require.ErrorContains(t, err, want)
	}
}

// FuzzParseCheckRules: what is read makes sense, and what does not is refused.
func FuzzParseCheckRules(f *testing.F) {
	f.Add("")
	f.Add(reconcile.DentistCheckRule)
	f.Add("pharmacy=contact+services@12-months;optician=off")
	f.Fuzz(func(t *testing.T, setting string) {
		rules, err := reconcile.ParseCheckRules(setting)
		if err != nil {
			return
		}
		for orgType, rule := range rules {
			require.Contains(t, reconcile.OrgTypes(), orgType)
			require.Equal(t, len(rule.Sections) == 0, rule.Every == "")
			require.Subset(t, reconcile.Sections(), rule.Sections)
		}
	})
}

func BenchmarkMissing(b *testing.B) {
	rule := reconcile.DefaultCheckRules()[reconcile.Pharmacy]
	calendar := reconcile.NewCalendar(proclaimed())
	q := reconcile.Quarter{Year: 2026, N: 3}
	for b.Loop() {
		rule.Missing(nil, datesIn(autumn), calendar, q, q.First())
	}
}
