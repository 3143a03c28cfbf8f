package dos

import (
	"errors"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// lastMinute is the end of a day in DoS: nothing crosses midnight
// (CONTRACT.md "Opening times").
const lastMinute = 24*60 - 1

// errHours does not repeat a line, whose text may be anything.
var errHours = errors.New("a line that is no time of opening within one day")

// openingTime is one row of a change event (CONTRACT.md "Opening times").
type openingTime struct {
	Weekday               string `json:"Weekday"`
	OpeningTime           string `json:"OpeningTime"`
	ClosingTime           string `json:"ClosingTime"`
	OffsetOpeningTime     int    `json:"OffsetOpeningTime"` // minutes from midnight
	OffsetClosingTime     int    `json:"OffsetClosingTime"`
	OpeningTimeType       string `json:"OpeningTimeType"`
	AdditionalOpeningDate string `json:"AdditionalOpeningDate"` // as in Dec 25 2027
	IsOpen                bool   `json:"IsOpen"`
}

// with returns the rows of one day: one a period, or the one that says closed.
// A period that crosses midnight would make DoS set aside all hours of the event.
func (row openingTime) with(open []profile.Period) (rows []openingTime, err error) {
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

// weeklyRows says of every day whether it is open, once any is: a day that is
// left out counts as closed anyhow. A week without hours has no rows: DoS then
// leaves its weekly hours alone.
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
		more, err := openingTime{Weekday: weekday.String(), OpeningTimeType: "General"}.with(week[day])
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
		// One spelling of a day only: with Jan 1 and Jan 01 DoS would see two.
		date := day.Date.Time().Format("Jan 2 2006")
		more, err := openingTime{OpeningTimeType: "Additional", AdditionalOpeningDate: date}.with(day.Periods)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
