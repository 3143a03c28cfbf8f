package effect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// openingRow is one period or one closed day (CONTRACT.md "Opening times").
type openingRow struct {
	Kind    string `json:"OpeningTimeType"`
	Weekday string `json:"Weekday"`
	Date    string `json:"AdditionalOpeningDate"`
	Opens   string `json:"OpeningTime"`
	Closes  string `json:"ClosingTime"`
	IsOpen  bool   `json:"IsOpen"`
}

// day is what an event says of a weekday or a date.
type day struct {
	name   string // mon, or 2026-12-25
	at     int    // its place among the days
	closed bool
	open   []string // periods such as 09:00-17:00
}

// readRows returns the opening times in lines, or why DoS takes none of them.
func readRows(rows []openingRow, today profile.Date) (weekly, dated, why string) {
	week, dates := map[string]*day{}, map[string]*day{}
	for _, row := range rows {
		d, in := row.day(), week
		if row.Kind == "Additional" {
			in = dates
		}
		if d == nil {
			return "", "", "a row without a day"
		}
		if in[d.name] == nil {
			in[d.name] = d
		}
		if why := in[d.name].add(row); why != "" {
			return "", "", why
		}
	}
	for name := range dates {
		if date, err := profile.ParseDate(name); err == nil && date.Before(today) {
			delete(dates, name)
		}
	}
	return lines(week, false), lines(dates, true), ""
}

// day returns the day of a row, without what the row says of it; nil if there is none.
func (row openingRow) day() *day {
	if row.Kind == "Additional" {
		date, err := time.Parse("Jan 2 2006", row.Date)
		if err != nil {
			return nil
		}
		return &day{name: date.Format(time.DateOnly), at: int(date.Unix() / int64(24*time.Hour/time.Second))}
	}
	for at := range 7 {
		weekday := time.Weekday((at + 1) % 7).String() // a week begins on Monday
		if strings.EqualFold(weekday, row.Weekday) && row.Kind == "General" {
			return &day{name: strings.ToLower(weekday[:3]), at: at}
		}
	}
	return nil
}

// add adds what a row says, or says why DoS takes no opening times with it.
func (d *day) add(row openingRow) string {
	if !row.IsOpen {
		d.closed = true
	} else {
		opens, errOpens := time.Parse("15:04", row.Opens)
		closes, errCloses := time.Parse("15:04", row.Closes)
		if errOpens != nil || errCloses != nil || !opens.Before(closes) {
			return d.name + " does not close after it opens"
		}
		d.open = append(d.open, opens.Format("15:04")+"-"+closes.Format("15:04"))
		slices.Sort(d.open)
	}
	for i := range d.open {
		if i > 0 && d.open[i][:5] <= d.open[i-1][6:] {
			return "periods of " + d.name + " overlap or touch"
		}
	}
	if d.closed && len(d.open) > 0 {
		return d.name + " is both open and closed"
	}
	return ""
}

// lines writes days in their order; closed days only where that is asked for, since a
// weekday without periods is closed anyway.
func lines(days map[string]*day, closed bool) string {
	var all []*day
	for _, d := range days {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *day) int { return cmp.Compare(a.at, b.at) })
	var written []string
	for _, d := range all {
		for _, period := range d.open {
			written = append(written, d.name+" "+period)
		}
		if closed && d.closed {
			written = append(written, d.name+" closed")
		}
	}
	return strings.Join(written, "\n")
}
