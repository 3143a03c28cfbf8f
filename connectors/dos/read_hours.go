package dos

import (
	"encoding/json"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/lines"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// wireHours are opening times as byOdsCode writes them. DoS keeps bank holidays
// separately, and no event changes them (CONTRACT.md "Opening times").
type wireHours struct {
	Days      json.RawMessage `json:"days"`
	Specified json.RawMessage `json:"specified"`
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
	var days []lines.Day
	if len(raw) > 0 && json.Unmarshal(raw, &days) != nil {
		return "", noHours
	}
	text = strings.Join(lines.Weekly(days), "\n")
	if _, err := profile.ParseWeek(text); err != nil {
		return text, errHours.Error()
	}
	return text, ""
}

func datedText(raw json.RawMessage) (text, why string) {
	var dates []lines.Date
	if len(raw) > 0 && json.Unmarshal(raw, &dates) != nil {
		return "", noHours
	}
	text = strings.Join(lines.Dated(dates), "\n")
	if _, err := profile.ParseDated(text); err != nil {
		return text, errHours.Error()
	}
	return text, ""
}
