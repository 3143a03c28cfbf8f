package dos

import (
	"encoding/json"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// wireHours are opening times as byOdsCode writes them. DoS keeps bank holidays
// separately, and no event changes them (CONTRACT.md "Opening times").
type wireHours struct {
	Days      json.RawMessage `json:"days"`
	Specified json.RawMessage `json:"specified"`
}

type wireDay struct {
	Day      string        `json:"day"`
	Sessions []wireSession `json:"sessions"`
}

type wireDate struct {
	Date     string        `json:"date"` // 2026-12-25
	Closed   bool          `json:"closed"`
	Sessions []wireSession `json:"sessions"`
}

// wireSession is a period within one day, HH:MM or HH:MM:SS.
type wireSession struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// line returns a session as a line; a line feed in it makes the line unreadable. DoS
// may write midnight as 24:00.
func (s wireSession) line(day string) string {
	end := withoutSeconds(s.End)
	if end == "24:00" {
		end = "00:00"
	}
	return strings.ReplaceAll(day+" "+withoutSeconds(s.Start)+"-"+end, "\n", "?")
}

// withoutSeconds keeps seconds other than 00, which make a line unreadable.
func withoutSeconds(clock string) string {
	if len(clock) == len("15:04:00") {
		return strings.TrimSuffix(clock, ":00")
	}
	return clock
}

// readHours states weekly and dated hours in public form, including past days: DoS may
// hold touching periods, which it would refuse if an event sent them back. If a line
// of one of them makes no sense, that one is not stated, and why is returned.
func readHours(raw json.RawMessage, v *profile.Values) (whyWeekly, whyDated string) {
	var hours wireHours
	if raw == nil || json.Unmarshal(raw, &hours) != nil {
		return noHours, noHours
	}
	weekly, whyWeekly := weeklyText(hours.Days)
	dated, whyDated := datedText(hours.Specified)
	weekly, dated = profile.PublicHours(weekly, dated, profile.Date{})
	if whyWeekly == "" {
		v.Set(profile.FieldOpeningTimes, weekly)
	}
	if whyDated == "" {
		v.Set(profile.FieldDatedOpeningTimes, dated)
	}
	return whyWeekly, whyDated
}

const noHours = "they are missing, or of another form"

func weeklyText(raw json.RawMessage) (text, why string) {
	var days []wireDay
	if len(raw) > 0 && json.Unmarshal(raw, &days) != nil {
		return "", noHours
	}
	text = strings.Join(weeklyLines(days), "\n")
	if _, err := profile.ParseWeek(text); err != nil {
		return text, errHours.Error()
	}
	return text, ""
}

// weekdays are the days as DoS writes them; any other is unreadable.
var weekdays = map[string]string{
	"Monday": "mon", "Tuesday": "tue", "Wednesday": "wed", "Thursday": "thu", "Friday": "fri", "Saturday": "sat", "Sunday": "sun",
}

func datedText(raw json.RawMessage) (text, why string) {
	var dates []wireDate
	if len(raw) > 0 && json.Unmarshal(raw, &dates) != nil {
		return "", noHours
	}
	text = strings.Join(datedLines(dates), "\n")
	if _, err := profile.ParseDated(text); err != nil {
		return text, errHours.Error()
	}
	return text, ""
}

// weeklyLines leaves out hours for bank holidays in general.
func weeklyLines(days []wireDay) (lines []string) {
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

// bankHoliday is how DoS calls bank holidays in general, as a day.
const bankHoliday = "BankHoliday"

func datedLines(dates []wireDate) (lines []string) {
	for _, d := range dates {
		if d.Closed || len(d.Sessions) == 0 {
			lines = append(lines, strings.ReplaceAll(d.Date, "\n", "?")+" closed")
			continue
		}
		for _, s := range d.Sessions {
			lines = append(lines, s.line(d.Date))
		}
	}
	return lines
}
