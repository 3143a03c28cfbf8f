package dos

import (
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// wireHours are opening times as byOdsCode writes them. DoS keeps bank holidays
// separately, and no event changes them (CONTRACT.md "Opening times").
type wireHours struct {
	Days []struct {
		Day      string        `json:"day"`
		Sessions []wireSession `json:"sessions"`
	} `json:"days"`
	Specified []struct {
		Date     string        `json:"date"` // 2026-12-25
		Closed   bool          `json:"closed"`
		Sessions []wireSession `json:"sessions"`
	} `json:"specified"`
}

// wireSession is a period within one day, HH:MM or HH:MM:SS.
type wireSession struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// line returns a session as a line; a line feed in it makes the line unreadable.
func (s wireSession) line(day string) string {
	return strings.ReplaceAll(day+" "+withoutSeconds(s.Start)+"-"+withoutSeconds(s.End), "\n", "?")
}

func withoutSeconds(clock string) string {
	if len(clock) == len("15:04:05") && clock[5] == ':' {
		return clock[:5]
	}
	return clock
}

// texts returns the hours in public form, including past days: DoS may hold touching
// periods, which it would refuse if an event sent them back.
func (w wireHours) texts() (weekly, dated string, err error) {
	weekly, dated = strings.Join(w.weekly(), "\n"), strings.Join(w.dated(), "\n")
	if _, err := profile.ParseWeek(weekly); err != nil {
		return "", "", errHours
	}
	if _, err := profile.ParseDated(dated); err != nil {
		return "", "", errHours
	}
	weekly, dated = profile.PublicHours(weekly, dated, profile.Date{})
	return weekly, dated, nil
}

func (w wireHours) weekly() (lines []string) {
	for _, d := range w.Days {
		day := weekdays[d.Day]
		if d.Day == "BankHoliday" {
			continue
		}
		for _, s := range d.Sessions {
			lines = append(lines, s.line(day))
		}
	}
	return lines
}

// weekdays are the days as DoS writes them; any other is unreadable.
var weekdays = map[string]string{
	"Monday": "mon", "Tuesday": "tue", "Wednesday": "wed", "Thursday": "thu", "Friday": "fri", "Saturday": "sat", "Sunday": "sun",
}

func (w wireHours) dated() (lines []string) {
	for _, d := range w.Specified {
		if d.Closed || len(d.Sessions) == 0 {
			lines = append(lines, d.Date+" closed")
			continue
		}
		for _, s := range d.Sessions {
			lines = append(lines, s.line(d.Date))
		}
	}
	return lines
}
