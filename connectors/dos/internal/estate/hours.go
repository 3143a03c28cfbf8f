package estate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// hours finds what is odd in the opening times of a service.
func (p pharmacy) hours(s Service) (found []quality.Finding) {
	if s.BankHoliday != "" {
		found = append(found, p.finding(quality.GenericBankHoliday, s.label(), "", "hours for bank holidays in general: %s", s.BankHoliday))
	}
	weekly, stated := p.stated(profile.FieldOpeningTimes)
	if !stated {
		weekly = s.Weekly
	}
	if s.OpenAllHours && !isAlwaysOpen(weekly) {
		found = append(found, p.finding(quality.OpenAllHours, s.label(), "", "marked open all hours, and the weekly hours are %s",
			onOneLine(weekly)))
	}
	found = append(found, p.oddHours(s.label(), profile.FieldOpeningTimes, s.Weekly, quality.InvalidDoSHours, quality.OverlappingDoSHours)...)
	return append(found,
		p.oddHours(s.label(), profile.FieldDatedOpeningTimes, s.Dated, quality.InvalidDoSHours, quality.OverlappingDoSHours)...)
}

// oddHours makes a finding of the lines that cannot be read, and one of those that
// overlap.
func (p pharmacy) oddHours(service string, f profile.Field, text string, invalid, overlapping quality.Kind) (found []quality.Finding) {
	unread, over := oddLines(f, text, p.facts.Desired.Today, service != "")
	if len(unread) > 0 {
		found = append(found, p.finding(invalid, service, f.String(), "%s", strings.Join(unread, "; ")))
	}
	if len(over) > 0 {
		found = append(found, p.finding(overlapping, service, f.String(), "%s", strings.Join(over, "; ")))
	}
	return found
}

// isAlwaysOpen reports whether weekly opening times leave no minute out.
func isAlwaysOpen(weekly string) bool {
	week, err := profile.ParseWeek(weekly)
	whole := profile.Period{Opens: 0, Closes: lastMinute}
	return err == nil && !slices.ContainsFunc(week[:profile.BankHoliday], func(day []profile.Period) bool {
		return len(day) != 1 || day[0] != whole
	})
}

// onOneLine puts a value on one line; none stands for nothing.
func onOneLine(value string) string {
	if value == "" {
		return "none"
	}
	return strings.ReplaceAll(value, "\n", ", ")
}

const lastMinute = 24*60 - 1

// oddLines lists the lines of opening times that cannot be read, or open a day that
// another line closes, and those that overlap another line, each quoted. Periods that
// only touch are ordinary, and dates that have passed do not matter. Within a day, as in
// DoS, nothing may cross midnight.
func oddLines(f profile.Field, text string, today profile.Date, withinDay bool) (invalid, overlapping []string) {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case f == profile.FieldDatedOpeningTimes && hasPassed(line, today):
		case withinDay && crossesMidnight(f, line):
			invalid = append(invalid, quoted(line))
		default:
			lines = append(lines, line)
		}
	}
	for _, note := range profile.HoursNotes(f, strings.Join(lines, "\n")) {
		if note.Overlaps == "" {
			invalid = append(invalid, quoted(note.Text))
		} else {
			overlapping = append(overlapping, fmt.Sprintf("%s overlaps %s", quoted(note.Text), quoted(note.Overlaps)))
		}
	}
	return invalid, overlapping
}

// hasPassed reports whether a line of dated hours is about a day before today.
func hasPassed(line string, today profile.Date) bool {
	day, _, _ := strings.Cut(line, " ")
	date, err := profile.ParseDate(day)
	return day != "" && err == nil && date.Before(today)
}

// crossesMidnight reports whether the period of a line that can be read does.
func crossesMidnight(f profile.Field, line string) bool {
	crosses := func(p profile.Period) bool { return p.Closes > lastMinute }
	if f == profile.FieldOpeningTimes {
		week, _ := profile.ParseWeek(line) // what cannot be read is noted by itself
		return slices.ContainsFunc(week[:], func(day []profile.Period) bool { return slices.ContainsFunc(day, crosses) })
	}
	days, _ := profile.ParseDated(line)
	return slices.ContainsFunc(days, func(d profile.DatedDay) bool { return slices.ContainsFunc(d.Periods, crosses) })
}

// quoted quotes a line, which in DoS may be anything, to a bearable length.
func quoted(line string) string {
	const most = 60
	if runes := []rune(line); len(runes) > most {
		line = string(runes[:most]) + "…"
	}
	return strconv.Quote(line)
}

// contradictions finds fields of the pharmacy itself that the website and DoS show
// otherwise. What a push sends is put right by pushes, and named by drift. Derived
// services may have contacts and hours of their own, and a value that only one of the
// two shows contradicts nothing.
func (p pharmacy) contradictions(s Service) (found []quality.Finding) {
	if p.facts.Website == nil || s.Type != ids.TypePharmacy && s.Type != ids.TypeDistanceSelling {
		return nil
	}
	site, shown := p.public(*p.facts.Website), p.public(s.Values)
	for _, f := range []profile.Field{
		profile.FieldPhone, profile.FieldWebsite, profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes,
	} {
		there, here := site.Get(f), shown.Get(f)
		if _, sent := p.stated(f); sent || there == "" || here == "" || profile.Same(f, there, here) {
			continue
		}
		found = append(found, p.finding(quality.Contradiction, s.label(), f.String(), "the website shows %s, and DoS %s",
			onOneLine(there), onOneLine(here)))
	}
	return found
}

// public puts opening times into the form in which they can be compared.
func (p pharmacy) public(v profile.Values) profile.Values {
	weekly, dated := profile.PublicHours(v.Get(profile.FieldOpeningTimes), v.Get(profile.FieldDatedOpeningTimes), p.facts.Desired.Today)
	v.Set(profile.FieldOpeningTimes, weekly)
	v.Set(profile.FieldDatedOpeningTimes, dated)
	return v
}
