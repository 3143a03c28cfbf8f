package people

import (
	"fmt"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Quarter is a quarter of the financial year, which begins on 1 April in
// Europe/London (RULES.md "Quarters"). The zero value is invalid.
type Quarter struct {
	Year int // the calendar year in which its financial year begins
	N    int // 1 (April to June) to 4 (January to March)
}

// QuarterOn returns the quarter of the day.
func QuarterOn(d profile.Date) Quarter {
	year, month, _ := d.Time().Date()
	if n := int(month-1) / 3; n > 0 {
		return Quarter{year, n}
	}
	return Quarter{year - 1, 4}
}

// First returns the quarter's first day.
func (q Quarter) First() profile.Date { return profile.NewDate(q.Year, time.Month(3*q.N+1), 1) }

// Last returns the quarter's last day: the deadline of its checks.
func (q Quarter) Last() profile.Date { return q.Next().First().AddDays(-1) }

// Next returns the quarter after it.
func (q Quarter) Next() Quarter { return QuarterOn(profile.NewDate(q.Year, time.Month(3*q.N+4), 1)) }

// Prev returns the quarter before it.
func (q Quarter) Prev() Quarter { return QuarterOn(q.First().AddDays(-1)) }

// String returns the quarter as 2026-27-Q3, a form that is safe in references,
// URLs and file names.
func (q Quarter) String() string { return fmt.Sprintf("%d-%02d-Q%d", q.Year, (q.Year+1)%100, q.N) }

// Words returns the quarter's months for people: October to December 2026.
func (q Quarter) Words() string {
	last := q.Last().Time()
	return fmt.Sprintf("%s to %s %d", q.First().Time().Month(), last.Month(), last.Year())
}
