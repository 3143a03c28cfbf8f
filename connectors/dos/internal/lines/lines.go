// Package lines writes opening times of DoS as lines, as far as they are of the form
// that byOdsCode gives them (connectors/dos/CONTRACT.md "Opening times"). A line may
// make no sense; it never holds a control character.
package lines

import (
	"strings"
	"unicode"
)

// Day holds the periods of a day of the week, or of bank holidays in general.
type Day struct {
	Day      string    `json:"day"`
	Sessions []Session `json:"sessions"`
}

// Date holds the periods of one date.
type Date struct {
	Date     string    `json:"date"` // 2026-12-25
	Closed   bool      `json:"closed"`
	Sessions []Session `json:"sessions"`
}

// Session is a period within one day, HH:MM or HH:MM:SS.
type Session struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// weekdays are the days as DoS writes them; any other is unreadable.
var weekdays = map[string]string{
	"Monday": "mon", "Tuesday": "tue", "Wednesday": "wed", "Thursday": "thu", "Friday": "fri", "Saturday": "sat", "Sunday": "sun",
}

// bankHoliday is how DoS calls bank holidays in general, as a day.
const bankHoliday = "BankHoliday"

// Weekly returns a line for each period. It leaves out hours for bank holidays in general.
func Weekly(days []Day) (lines []string) {
	for _, d := range days {
		if d.Day == bankHoliday {
			continue
		}
		for _, s := range d.Sessions {
			lines = append(lines, s.line(weekdays[d.Day]))
		}
	}
	return lines
}

// BankHoliday returns the periods for bank holidays in general, which DoS may also
// write as a day.
func BankHoliday(sessions []Session, days []Day) (lines []string) {
	for _, d := range append([]Day{{Day: bankHoliday, Sessions: sessions}}, days...) {
		if d.Day != bankHoliday {
			continue
		}
		for _, s := range d.Sessions {
			lines = append(lines, strings.TrimSpace(s.line("")))
		}
	}
	return lines
}

// Dated returns a line for each period, and for each closed date.
func Dated(dates []Date) (lines []string) {
	for _, d := range dates {
		if d.Closed || len(d.Sessions) == 0 {
			lines = append(lines, visible(d.Date+" closed"))
			continue
		}
		for _, s := range d.Sessions {
			lines = append(lines, s.line(d.Date))
		}
	}
	return lines
}

// line returns a period as a line. DoS may write midnight as 24:00.
func (s Session) line(day string) string {
	end := withoutSeconds(s.End)
	if end == "24:00" {
		end = "00:00"
	}
	return visible(day + " " + withoutSeconds(s.Start) + "-" + end)
}

// visible replaces control characters, which make a line unreadable.
func visible(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, line)
}

// withoutSeconds keeps seconds other than 00, which make a line unreadable.
func withoutSeconds(clock string) string {
	if len(clock) == len("15:04:00") {
		return strings.TrimSuffix(clock, ":00")
	}
	return clock
}
