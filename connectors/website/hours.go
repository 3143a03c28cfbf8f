package website

import (
	"cmp"
	"errors"
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

// lastMinute is the end of a day on the website: nothing crosses midnight
// (CONTRACT.md "Opening times").
const lastMinute = 24*60 - 1

var errCrossesMidnight = errors.New("want periods that end on the day on which they begin")

func weeklyRows(text, hours string) (rows []opening, err error) {
	week, err := profile.ParseWeek(text)
	switch {
	case err != nil:
		return nil, err
	case len(week[profile.BankHoliday]) > 0:
		return nil, errors.New("want bank holidays as dates")
	case len(lines(text)) == 0:
		return nil, nil
	}
	for i, day := range weekdays {
		more, err := opening{Weekday: day.long, OpeningTimeType: hours}.rowsOf(week[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func datedRows(text string) (rows []opening, err error) {
	days, err := profile.ParseDated(text)
	if err != nil {
		return nil, err
	}
	for _, day := range days {
		date := day.Date.Time().Format("Jan 02 2006")
		more, err := opening{OpeningTimeType: additional, AdditionalOpeningDate: date}.rowsOf(day.Periods)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// rowsOf returns the rows of one day: one for each period, or a single closed row.
func (o opening) rowsOf(open []profile.Period) (rows []opening, err error) {
	if len(open) == 0 {
		return []opening{o}, nil
	}
	for _, p := range open {
		if p.Closes > lastMinute {
			return nil, errCrossesMidnight
		}
		o.OpeningTime, o.ClosingTime = profile.Clock(p.Opens), profile.Clock(p.Closes)
		o.OffsetOpeningTime, o.OffsetClosingTime = p.Opens, p.Closes
		o.IsOpen = true
		rows = append(rows, o)
	}
	return rows, nil
}

// readHours states both kinds of hours, unless the list is null. A kind with a row
// that makes no sense is not stated: the row may be the only one of an open day.
// Such kinds are returned.
func readHours(rows []opening, hours string, v *profile.Values) (unreadable []profile.Field) {
	if rows == nil {
		return nil
	}
	weekly, ok := readWeekly(rows, hours)
	if weekly == nil { // nobody wrote the kind that we write: the other one counts, Surgery never does
		weekly, ok = readWeekly(rows, otherKind[hours])
	}
	if ok {
		v.Set(profile.FieldOpeningTimes, strings.Join(weekly, "\n"))
	} else {
		unreadable = append(unreadable, profile.FieldOpeningTimes)
	}
	if dated, ok := readDated(rows); ok {
		v.Set(profile.FieldDatedOpeningTimes, strings.Join(dated, "\n"))
	} else {
		unreadable = append(unreadable, profile.FieldDatedOpeningTimes)
	}
	return unreadable
}

// readWeekly returns the lines of one kind of hours; nil if there is no such row, not
// even for a closed day. ok is false if a row has no day, or is open without times.
func readWeekly(rows []opening, hours string) (weekly []string, ok bool) {
	var periods [7][]string
	found := false
	for _, row := range rows {
		if !strings.EqualFold(row.OpeningTimeType, hours) {
			continue
		}
		found = true
		day := slices.IndexFunc(weekdays, func(d struct{ short, long string }) bool {
			return strings.EqualFold(d.long, strings.TrimSpace(row.Weekday))
		})
		if times, readable := row.times(); day < 0 || row.IsOpen && !readable {
			return []string{}, false
		} else if row.IsOpen {
			periods[day] = append(periods[day], weekdays[day].short+" "+times)
		}
	}
	if !found {
		return nil, true
	}
	weekly = []string{}
	for _, day := range periods {
		slices.Sort(day)
		weekly = append(weekly, slices.Compact(day)...)
	}
	return weekly, true
}

// readDated returns the lines of the dated rows, sorted. A day with a period is open,
// even if another row says closed. ok is false if a row has no date, or is open
// without times.
func readDated(rows []opening) (dated []string, ok bool) {
	open, shut := make(map[string]bool), make(map[string]bool)
	for _, row := range rows {
		if !strings.EqualFold(row.OpeningTimeType, additional) {
			continue
		}
		// "Apr  7 2023", "Apr 07 2023" and "Apr 7 2023" are all parsed (CONTRACT.md "Opening times").
		date, err := time.Parse("Jan _2 2006", strings.TrimSpace(row.AdditionalOpeningDate))
		times, readable := row.times()
		day := date.Format(time.DateOnly)
		switch {
		case err != nil || row.IsOpen && !readable:
			return nil, false
		case row.IsOpen:
			open[day] = true
			dated = append(dated, day+" "+times)
		default:
			shut[day] = true
		}
	}
	for day := range shut {
		if !open[day] {
			dated = append(dated, day+" closed")
		}
	}
	slices.SortFunc(dated, cmp.Compare[string])
	return slices.Compact(dated), true
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

// times returns the times of a row. Midnight becomes 23:59, as this service
// writes it (CONTRACT.md "Opening times").
func (o opening) times() (string, bool) {
	from, okFrom := tidyClock(o.OpeningTime)
	to, okTo := tidyClock(o.ClosingTime)
	if to == "00:00" {
		to = "23:59"
	}
	return from + "-" + to, okFrom && okTo && from != to
}

func tidyClock(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		text = "00:00"
	}
	at, err := time.Parse("15:04", text)
	return at.Format("15:04"), err == nil
}
