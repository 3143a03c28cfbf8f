package estate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// span is the period of one line, in minutes from a common beginning.
type span struct {
	line          string
	opens, closes int
}

// Minutes; a day ends at 23:59 in DoS (connectors/dos/CONTRACT.md "Opening times").
const (
	dayMinutes = 24 * 60
	lastMinute = dayMinutes - 1
)

// oddLines lists the lines of opening times that cannot be read, and those that overlap
// another line, each quoted. Periods that only touch are ordinary, and dates that have
// passed do not matter. Within a day, as in DoS, nothing may cross midnight.
func oddLines(f profile.Field, text string, today profile.Date, withinDay bool) (invalid, overlapping []string) {
	var spans []span
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			continue
		}
		more, err := spansOf(f, line, today)
		if err != nil || withinDay && slices.ContainsFunc(more, span.crossesMidnight) {
			invalid = append(invalid, quoted(line))
			continue
		}
		for _, s := range more {
			if at := slices.IndexFunc(spans, s.overlaps); at >= 0 {
				overlapping = append(overlapping, fmt.Sprintf("%s overlaps %s", quoted(line), quoted(spans[at].line)))
				break
			}
		}
		spans = append(spans, more...)
	}
	return invalid, overlapping
}

func (s span) crossesMidnight() bool { return s.opens/dayMinutes != s.closes/dayMinutes }

func (s span) overlaps(other span) bool { return s.opens < other.closes && other.opens < s.closes }

// spansOf reads one line. The night from Sunday to Monday is in the week twice.
func spansOf(f profile.Field, line string, today profile.Date) (spans []span, err error) {
	add := func(day int, p profile.Period) {
		spans = append(spans, span{line, day*dayMinutes + p.Opens, day*dayMinutes + p.Closes})
	}
	if f == profile.FieldDatedOpeningTimes {
		days, err := profile.ParseDated(line)
		for _, d := range days {
			for _, p := range d.Periods {
				if !d.Date.Before(today) {
					add(int(d.Date.Time().Unix()/60)/dayMinutes, p)
				}
			}
		}
		return spans, err
	}
	week, err := profile.ParseWeek(line)
	for day, periods := range week {
		for _, p := range periods {
			switch {
			case profile.Day(day) == profile.BankHoliday:
				day += len(week) // far from the week
			case p.Closes > dayMinutes && profile.Day(day) == profile.Sunday:
				add(-1, p)
			}
			add(day, p)
		}
	}
	return spans, err
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
	if p.facts.Website == nil || s.Type != typePharmacy && s.Type != typeDistanceSelling {
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
