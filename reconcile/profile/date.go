package profile

import (
	"fmt"
	"time"
	_ "time/tzdata" // Europe/London must be known on machines without zone files
)

// Date is a calendar day without a clock or a zone. The zero value means "no
// date", and sorts before every other.
type Date struct{ midnight time.Time }

// NewDate returns the given day; values out of range carry over as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return Date{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// ParseDate parses YYYY-MM-DD; an empty string is the zero date.
func ParseDate(s string) (Date, error) { return parseDate(time.DateOnly, "YYYY-MM-DD", s) }

// ParseCompactDate parses the YYYYMMDD of the register's files; an empty string
// is the zero date (connectors/ods/CONTRACT.md "Columns").
func ParseCompactDate(s string) (Date, error) { return parseDate("20060102", "YYYYMMDD", s) }

func parseDate(layout, shape, s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	t, err := time.Parse(layout, s)
	if err != nil || !t.After(time.Time{}) { // the first day of year 1 means "no date"
		return Date{}, fmt.Errorf("date %q: want a day as %s", s, shape)
	}
	return Date{t}, nil
}

// DateIn returns the day on which the instant falls in the zone.
func DateIn(t time.Time, zone *time.Location) Date {
	year, month, day := t.In(zone).Date()
	return NewDate(year, month, day)
}

// London is the zone of every day and quarter in this system.
func London() *time.Location { return london }

var london = mustLoad("Europe/London")

func mustLoad(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic("embedded time zones lack " + name)
	}
	return zone
}

// IsZero reports whether d means "no date".
func (d Date) IsZero() bool { return d.midnight.IsZero() }

// Before reports whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.midnight.Before(e.midnight) }

// Compare returns -1, 0 or 1 as d is before, the same as or after e.
func (d Date) Compare(e Date) int { return d.midnight.Compare(e.midnight) }

// After reports whether d is a later day than e.
func (d Date) After(e Date) bool { return d.midnight.After(e.midnight) }

// AddDays returns the day that many days later, or earlier if days is negative.
func (d Date) AddDays(days int) Date { return Date{d.midnight.AddDate(0, 0, days)} }

// DaysUntil returns the number of days from d to e, negative if e is earlier.
func (d Date) DaysUntil(e Date) int { return int(e.midnight.Sub(d.midnight).Hours() / 24) }

// AddMonths returns the same day of another month; if that month is shorter, a
// day at the beginning of the next.
func (d Date) AddMonths(months int) Date { return Date{d.midnight.AddDate(0, months, 0)} }

// Time returns the day's midnight in UTC, for storage only.
func (d Date) Time() time.Time { return d.midnight }

// String returns YYYY-MM-DD, or nothing for the zero date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.midnight.Format(time.DateOnly)
}

// Words returns the day for people: 31 December 2026. The zero date is empty.
func (d Date) Words() string {
	if d.IsZero() {
		return ""
	}
	return d.midnight.Format("2 January 2006")
}

// MarshalText writes the form of String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses the form of MarshalText, like ParseDate.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}
