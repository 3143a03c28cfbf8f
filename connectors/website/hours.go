package website

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// The types of opening times (CONTRACT.md "Opening times").
const (
	general    = "General"
	reception  = "Reception"
	additional = "Additional"
)

// otherKind is the kind that is read if there are no rows of the first.
var otherKind = map[string]string{general: reception, reception: general}

// opening is one period, or one closed day. Times are "HH:MM", and null or empty on
// closed days; offsets are minutes from midnight.
type opening struct {
	Weekday               string `json:"Weekday"`
	OpeningTime           string `json:"OpeningTime"`
	ClosingTime           string `json:"ClosingTime"`
	OffsetOpeningTime     int    `json:"OffsetOpeningTime"`
	OffsetClosingTime     int    `json:"OffsetClosingTime"`
	OpeningTimeType       string `json:"OpeningTimeType"`
	AdditionalOpeningDate string `json:"AdditionalOpeningDate"`
	IsOpen                bool   `json:"IsOpen"`
}

var weekdays = []struct{ short, long string }{
	{"mon", "Monday"},
	{"tue", "Tuesday"},
	{"wed", "Wednesday"},
	{"thu", "Thursday"},
	{"fri", "Friday"},
	{"sat", "Saturday"},
	{"sun", "Sunday"},
}

// openingTimes returns the rows of both kinds of hours, null if neither was ever
// stated. If there are weekly hours, each day without any gets a closed row, since a
// missing day could also be unknown. If there are no weekly hours at all (unknown,
// or closed all week: a profile does not distinguish), there are no rows, so that
// nobody is sent away from a door that may be open.
func openingTimes(v profile.Values, hours string) ([]opening, error) {
	if !v.States(profile.FieldOpeningTimes) && !v.States(profile.FieldDatedOpeningTimes) {
		return nil, nil
	}
	weekly, err := weeklyRows(v.Get(profile.FieldOpeningTimes), hours)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", profile.FieldOpeningTimes, err)
	}
	dated, err := datedRows(v.Get(profile.FieldDatedOpeningTimes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", profile.FieldDatedOpeningTimes, err)
	}
	return append(append([]opening{}, weekly...), dated...), nil // not null
}

func weeklyRows(text, hours string) ([]opening, error) {
	byDay := make([][]opening, len(weekdays))
	for _, line := range lines(text) {
		name, times, _ := strings.Cut(line, " ")
		day := slices.IndexFunc(weekdays, func(d struct{ short, long string }) bool { return d.short == name })
		row, ok := parseOpening(times)
		if day < 0 || !ok {
			return nil, fmt.Errorf("%q: want a line like mon 09:00-13:00", line)
		}
		row.Weekday, row.OpeningTimeType = weekdays[day].long, hours
		byDay[day] = append(byDay[day], row)
	}
	if len(lines(text)) == 0 {
		return nil, nil
	}
	for i, day := range weekdays {
		if len(byDay[i]) == 0 {
			byDay[i] = []opening{{Weekday: day.long, OpeningTimeType: hours}}
		}
	}
	return slices.Concat(byDay...), nil
}

func datedRows(text string) ([]opening, error) {
	rows := make([]opening, 0, len(lines(text)))
	for _, line := range lines(text) {
		day, times, _ := strings.Cut(line, " ")
		date, err := time.Parse(time.DateOnly, day)
		var row opening
		ok := times == "closed"
		if !ok {
			row, ok = parseOpening(times)
		}
		if err != nil || !ok {
			return nil, fmt.Errorf("%q: want a line like 2026-12-25 closed or 2026-12-24 10:00-16:00", line)
		}
		row.OpeningTimeType, row.AdditionalOpeningDate = additional, date.Format("Jan 02 2006")
		rows = append(rows, row)
	}
	return rows, nil
}

// parseOpening reads 09:00-13:00.
func parseOpening(times string) (opening, bool) {
	from, to, _ := strings.Cut(times, "-")
	opens, okOpens := clock(from)
	closes, okCloses := clock(to)
	return opening{
		OpeningTime: from, ClosingTime: to, OffsetOpeningTime: opens, OffsetClosingTime: closes, IsOpen: true,
	}, okOpens && okCloses
}

// clock reads HH:MM as minutes from midnight.
func clock(text string) (int, bool) {
	at, err := time.Parse("15:04", text)
	return at.Hour()*60 + at.Minute(), err == nil && len(text) == len("15:04")
}

// readHours states both kinds of hours, unless the list is null.
func readHours(rows []opening, hours string, v *profile.Values) {
	if rows == nil {
		return
	}
	weekly := readWeekly(rows, hours)
	if weekly == nil { // nobody wrote the kind that we write: the other one counts, Surgery never does
		weekly = readWeekly(rows, otherKind[hours])
	}
	v.Set(profile.FieldOpeningTimes, strings.Join(weekly, "\n"))
	v.Set(profile.FieldDatedOpeningTimes, strings.Join(readDated(rows), "\n"))
}

// readWeekly returns the lines of one kind of hours; nil if there is no such row, not
// even for a closed day. Rows without a time or a day do not count.
func readWeekly(rows []opening, hours string) []string {
	var periods [7][]string
	found := false
	for _, row := range rows {
		day := slices.IndexFunc(weekdays, func(d struct{ short, long string }) bool {
			return strings.EqualFold(d.long, strings.TrimSpace(row.Weekday))
		})
		if day < 0 || !strings.EqualFold(row.OpeningTimeType, hours) {
			continue
		}
		found = true
		if times, ok := row.times(); ok {
			periods[day] = append(periods[day], weekdays[day].short+" "+times)
		}
	}
	if !found {
		return nil
	}
	lines := []string{}
	for _, day := range periods {
		slices.Sort(day)
		lines = append(lines, slices.Compact(day)...)
	}
	return lines
}

// readDated returns the lines of the dated rows, sorted. A day with a period is open,
// even if another row says closed.
func readDated(rows []opening) (lines []string) {
	open, shut := make(map[string]bool), make(map[string]bool)
	for _, row := range rows {
		// "Apr  7 2023", "Apr 07 2023" and "Apr 7 2023" are all parsed (CONTRACT.md "Opening times").
		date, err := time.Parse("Jan _2 2006", strings.TrimSpace(row.AdditionalOpeningDate))
		if err != nil || !strings.EqualFold(row.OpeningTimeType, additional) {
			continue
		}
		day := date.Format(time.DateOnly)
		if times, ok := row.times(); ok {
			open[day] = true
			lines = append(lines, day+" "+times)
		} else if !row.IsOpen {
			shut[day] = true
		}
	}
	for day := range shut {
		if !open[day] {
			lines = append(lines, day+" closed")
		}
	}
	slices.SortFunc(lines, cmp.Compare[string])
	return slices.Compact(lines)
}

// kind returns the type of a row if we read it; empty for any other.
func (o opening) kind() string {
	for _, kind := range []string{general, reception, additional} {
		if strings.EqualFold(o.OpeningTimeType, kind) {
			return kind
		}
	}
	return ""
}

// times returns the times of an open row. Midnight becomes 23:59, as this service
// writes it (CONTRACT.md "Opening times").
func (o opening) times() (string, bool) {
	from, okFrom := tidyClock(o.OpeningTime)
	to, okTo := tidyClock(o.ClosingTime)
	if to == "00:00" {
		to = "23:59"
	}
	return from + "-" + to, o.IsOpen && okFrom && okTo
}

func tidyClock(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		text = "00:00"
	}
	at, err := time.Parse("15:04", text)
	return at.Format("15:04"), err == nil
}
