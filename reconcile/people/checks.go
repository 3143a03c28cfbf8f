package people

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Section is a part of a profile that people check as one.
type Section string

// The sections (RULES.md "Checks").
const (
	SectionContact           Section = "contact" // name, address, phone, e-mail, website
	SectionOpeningTimes      Section = "opening-times"
	SectionServices          Section = "services"
	SectionFacilities        Section = "facilities"
	SectionAcceptingPatients Section = "accepting-patients"
	SectionBankHolidayTimes  Section = "bank-holiday-times"
)

// Sections lists every section in the order in which people read them. Those
// that may name days come last.
func Sections() []Section {
	return []Section{
		SectionContact, SectionOpeningTimes, SectionServices, SectionFacilities, SectionAcceptingPatients, SectionBankHolidayTimes,
	}
}

// Words returns the section as people call it.
func (s Section) Words() string {
	switch s {
	case SectionContact:
		return "contact details"
	case SectionOpeningTimes:
		return "opening hours"
	case SectionAcceptingPatients:
		return "accepting new patients"
	case SectionBankHolidayTimes:
		return "bank-holiday hours"
	}
	return string(s)
}

// CheckInterval says how often a section must be checked.
type CheckInterval string

// The intervals.
const (
	EveryQuarter  CheckInterval = "quarter"   // in each quarter of the financial year
	Every12Months CheckInterval = "12-months" // at least once in every period of 12 months
)

// Words returns the interval as MissingLine writes it.
func (e CheckInterval) Words() string {
	if e == Every12Months {
		return "within 12 months"
	}
	return "every quarter"
}

// CheckRule says which sections of a profile must be checked, and how often. The
// zero value requires nothing.
type CheckRule struct {
	Sections []Section
	Every    CheckInterval
}

// CheckRules holds the rules by organisation type; a type without a rule need
// not check anything.
type CheckRules map[profile.OrgType]CheckRule

// DefaultCheckRules returns the duties that the law sets: pharmacies check all
// their sections each quarter, GP practices theirs within 12 months
// (RULES.md "Checks" names the regulations). Distance-selling pharmacies cannot
// be told apart from others.
func DefaultCheckRules() CheckRules {
	practice := CheckRule{[]Section{SectionContact, SectionOpeningTimes, SectionServices}, Every12Months}
	return CheckRules{
		profile.Pharmacy: {
			[]Section{SectionContact, SectionOpeningTimes, SectionServices, SectionFacilities, SectionBankHolidayTimes}, EveryQuarter,
		},
		profile.GPPractice: practice,
		profile.GPBranch:   practice,
	}
}

// DentistCheckRule is a setting for dentists. Nobody could confirm their
// contractual term (RULES.md "Checks"), so they check nothing without it.
const DentistCheckRule = "dentist=contact+opening-times+services+accepting-patients@quarter"

// Checked holds the time of each section's newest check. A person checks a
// section by confirming that it is right or, as an owner, by updating it.
// Changes by registers and by our own writes are not checks and never appear
// here.
type Checked map[Section]time.Time

// on returns the day of a section's newest check in Europe/London.
func (c Checked) on(s Section) profile.Date {
	if c[s].IsZero() {
		return profile.Date{}
	}
	return profile.DateIn(c[s], profile.London())
}

// LastReview returns the day of the last full review: the oldest of the newest
// checks of the rule's sections. It is the zero date while any section has never
// been checked.
func (r CheckRule) LastReview(checked Checked) profile.Date {
	if len(r.Sections) == 0 {
		return profile.Date{}
	}
	days := make([]profile.Date, 0, len(r.Sections))
	for _, s := range r.Sections {
		days = append(days, checked.on(s))
	}
	return slices.MinFunc(days, profile.Date.Compare)
}

// MissingSection is a section that still has to be checked.
type MissingSection struct {
	Section Section
	Days    []profile.Date // bank-holiday section only: the days without hours of their own
}

// Missing lists the sections that still have to be checked in a quarter, in the
// order of Sections. Today is in the quarter, or later to find what was left
// undone in it.
//
// Each quarter: a check in the quarter counts, and so does a later one, since
// only the newest check is known. Within 12 months: a section falls due 12
// months after its last check, and is missing from the start of the quarter that
// contains that day.
//
// The bank-holiday section also requires that every day of Calendar.MustState,
// from today to the end of the following quarter, is in stated, the days with a
// dated entry, open or closed. Past days are no longer required.
func (r CheckRule) Missing(checked Checked, stated []profile.Date, c Calendar, q Quarter, today profile.Date) (missing []MissingSection) {
	for _, s := range Sections() {
		if !slices.Contains(r.Sections, s) {
			continue
		}
		var days []profile.Date
		if s == SectionBankHolidayTimes {
			days = daysNotStated(c.MustState(today, q.Next().Last()), stated)
		}
		if len(days) > 0 || checked.on(s).Before(r.firstDay(q)) {
			missing = append(missing, MissingSection{s, days})
		}
	}
	return missing
}

// firstDay returns the first day on which a check counts for the quarter. For 12
// months it is the day after the same quarter ended a year earlier: whatever was
// checked before it falls due by the end of this quarter.
func (r CheckRule) firstDay(q Quarter) profile.Date {
	if r.Every == Every12Months {
		return Quarter{q.Year - 1, q.N}.Next().First()
	}
	return q.First()
}

func daysNotStated(days []Holiday, stated []profile.Date) (missing []profile.Date) {
	for _, day := range days {
		if !slices.Contains(stated, day.Date) {
			missing = append(missing, day.Date)
		}
	}
	return missing
}

// MissingLine returns a line for people that says what one organisation has to
// check and what is missing:
//
//	FA123 Example Pharmacy (pharmacy, every quarter): opening hours, bank-holiday hours for 25 December 2026
//	A12345 Example Surgery (GP practice, within 12 months; last reviewed 3 May 2026): contact details
//
// Reviewed is CheckRule.LastReview; only lines about 12 months show it.
func MissingLine(
	code profile.ODSCode, name string, t profile.OrgType, every CheckInterval, missing []MissingSection, reviewed profile.Date,
) string {
	duty := t.Words() + ", " + every.Words()
	switch {
	case every == Every12Months && reviewed.IsZero():
		duty += "; not reviewed in full yet"
	case every == Every12Months:
		duty += "; last reviewed " + reviewed.Words()
	}
	parts := make([]string, len(missing))
	for i, m := range missing {
		parts[i] = m.words()
	}
	who := strings.Join(strings.Fields(string(code)+" "+name), " ") // one line, whatever the name
	return fmt.Sprintf("%s (%s): %s", who, duty, strings.Join(parts, ", "))
}

func (m MissingSection) words() string {
	if len(m.Days) == 0 {
		return m.Section.Words()
	}
	days := make([]string, len(m.Days))
	for i, day := range m.Days {
		days[i] = day.Words()
	}
	last := len(days) - 1
	if last == 0 {
		return m.Section.Words() + " for " + days[0]
	}
	return m.Section.Words() + " for " + strings.Join(days[:last], ", ") + " and " + days[last]
}

// ParseCheckRules applies a setting on top of the default rules. The setting
// holds one rule per type, separated by ";". A rule is the type, "=", and either
// "off" or sections joined by "+" and followed by "@quarter" or "@12-months":
//
//	dentist=contact+opening-times+services+accepting-patients@quarter; gp-branch=off
//
// A type is given by its name, or as dentist or optician. Errors name the type,
// what is wrong, and what is allowed.
func ParseCheckRules(setting string) (CheckRules, error) {
	rules, seen := DefaultCheckRules(), make(map[profile.OrgType]bool)
	for entry := range strings.SplitSeq(setting, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, text, _ := strings.Cut(entry, "=")
		t, err := parseRuleType(strings.TrimSpace(name))
		if err == nil && seen[t] {
			err = fmt.Errorf("%s has a rule twice", t)
		}
		if err != nil {
			return nil, fmt.Errorf("check rule %q: %w", strings.TrimSpace(entry), err)
		}
		rule, err := parseCheckRule(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("check rule of %s: %w", t, err)
		}
		seen[t], rules[t] = true, rule
	}
	return rules, nil
}

// parseRuleType accepts the types and the common names of two of them.
func parseRuleType(name string) (profile.OrgType, error) {
	switch name {
	case "dentist":
		return profile.DentalPractice, nil
	case "optician":
		return profile.OpticalSite, nil
	}
	return profile.ParseOrgType(name)
}

func parseCheckRule(text string) (CheckRule, error) {
	if text == "off" {
		return CheckRule{}, nil
	}
	list, every, found := strings.Cut(text, "@")
	if !found {
		return CheckRule{}, fmt.Errorf("%q: want off, or sections joined by + and then @%s or @%s", text, EveryQuarter, Every12Months)
	}
	rule := CheckRule{Every: CheckInterval(strings.TrimSpace(every))}
	if rule.Every != EveryQuarter && rule.Every != Every12Months {
		return CheckRule{}, fmt.Errorf("how often %q: want %s or %s", rule.Every, EveryQuarter, Every12Months)
	}
	for name := range strings.SplitSeq(list, "+") {
		section := Section(strings.TrimSpace(name))
		switch {
		case !slices.Contains(Sections(), section):
			return CheckRule{}, fmt.Errorf("section %q: want one of %v", section, Sections())
		case slices.Contains(rule.Sections, section):
			return CheckRule{}, fmt.Errorf("section %q: stated twice", section)
		}
		rule.Sections = append(rule.Sections, section)
	}
	return rule, nil
}
