package dos

import (
	"errors"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// lastMinute is the end of a day in DoS: nothing crosses midnight
// (CONTRACT.md "Opening times").
const lastMinute = 24*60 - 1

// errHours does not repeat the line, whose text may be anything.
var errHours = errors.New("a line that is not an opening time within one day")

// openingTime is one row of a change event (CONTRACT.md "Opening times").
type openingTime struct {
	Weekday               string `json:"Weekday"`
	OpeningTime           string `json:"OpeningTime"`
	ClosingTime           string `json:"ClosingTime"`
	OffsetOpeningTime     int    `json:"OffsetOpeningTime"` // minutes from midnight
	OffsetClosingTime     int    `json:"OffsetClosingTime"`
	OpeningTimeType       string `json:"OpeningTimeType"`
	AdditionalOpeningDate string `json:"AdditionalOpeningDate"` // such as Dec 25 2027
	IsOpen                bool   `json:"IsOpen"`
}

// rowsOf returns the rows of one day: one for each period, or a single closed row. A
// period that crosses midnight would make DoS ignore all hours of the event.
func (row openingTime) rowsOf(open []profile.Period) (rows []openingTime, err error) {
	if len(open) == 0 {
		return []openingTime{row}, nil
	}
	for _, p := range open {
		if p.Closes > lastMinute {
			return nil, errHours
		}
		row.OpeningTime, row.ClosingTime = profile.Clock(p.Opens), profile.Clock(p.Closes)
		row.OffsetOpeningTime, row.OffsetClosingTime = p.Opens, p.Closes
		row.IsOpen = true
		rows = append(rows, row)
	}
	return rows, nil
}

// weeklyRows states every day if any is open: a day that is left out would count as
// closed anyway. A week without hours has no rows, so that DoS does not change its
// weekly hours.
func weeklyRows(text string) (rows []openingTime, err error) {
	week, err := profile.ParseWeek(text)
	if err != nil || len(week[profile.BankHoliday]) > 0 {
		return nil, errHours
	}
	if text == "" {
		return nil, nil
	}
	for day := profile.Monday; day <= profile.Sunday; day++ {
		weekday := time.Weekday((day + 1) % profile.BankHoliday) // Go's week begins on Sunday
		more, err := openingTime{Weekday: weekday.String(), OpeningTimeType: "General"}.rowsOf(week[day])
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func datedRows(text string) (rows []openingTime, err error) {
	days, err := profile.ParseDated(text)
	if err != nil {
		return nil, errHours
	}
	for _, day := range days {
		// Each day has only one spelling: DoS would see Jan 1 and Jan 01 as two days.
		date := day.Date.Time().Format("Jan 2 2006")
		more, err := openingTime{OpeningTimeType: "Additional", AdditionalOpeningDate: date}.rowsOf(day.Periods)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
