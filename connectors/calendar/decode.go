package calendar

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Division is the part of the list that applies in England.
const Division = "england-and-wales"

// A list outside these bounds is not the document that we know. One year has eight
// events; the real list always held two years or more.
const (
	minEvents = 8
	maxEvents = 1000
	maxTitle  = 200 // characters
	minYear   = 1971
	maxYear   = 2200
)

// event is one day of the list. Notes are empty or "Substitute day"; other fields
// are not used.
type event struct {
	Title string `json:"title"`
	Date  string `json:"date"`
	Notes string `json:"notes"`
}

// decode reads the holidays of Division, in the order of the list; if two are on
// the same day, the first one counts. One invalid event refuses the list, since
// half a list would make holidays vanish.
func decode(body []byte) ([]people.Holiday, error) {
	var divisions map[string]json.RawMessage
	if err := json.Unmarshal(body, &divisions); err != nil {
		return nil, fmt.Errorf("want an object of divisions: %w", err)
	}
	var list struct {
		Division string            `json:"division"`
		Events   []json.RawMessage `json:"events"`
	}
	text, found := divisions[Division]
	if !found {
		return nil, fmt.Errorf("division %s: missing", Division)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("division %s: %w", Division, err)
	}
	if list.Division != Division {
		return nil, fmt.Errorf("division %s: its division is %.60q", Division, list.Division)
	}
	if n := len(list.Events); n < minEvents || n > maxEvents {
		return nil, fmt.Errorf("division %s: %d events, want %d to %d", Division, n, minEvents, maxEvents)
	}
	return holidays(list.Events)
}

func holidays(events []json.RawMessage) ([]people.Holiday, error) {
	days := make([]people.Holiday, 0, len(events))
	seen := make(map[profile.Date]bool, len(events))
	for i, text := range events {
		var e event
		err := json.Unmarshal(text, &e)
		var h people.Holiday
		if err == nil {
			h, err = e.holiday()
		}
		if err != nil {
			return nil, fmt.Errorf("event %d (%.60q): %w", i+1, e.Title, err)
		}
		if !seen[h.Date] {
			seen[h.Date] = true
			days = append(days, h)
		}
	}
	return days, nil
}

// holiday checks the fields. The notes become part of the title: on 27 December
// 2027 "Christmas Day" alone would mislead.
func (e event) holiday() (people.Holiday, error) {
	date, err := profile.ParseDate(e.Date)
	switch {
	case err != nil:
		return people.Holiday{}, fmt.Errorf("field date: %.40q, want a day as YYYY-MM-DD", e.Date)
	case date.Time().Year() < minYear || date.Time().Year() > maxYear: // also without a date
		return people.Holiday{}, fmt.Errorf("field date: %.40q, want one of %d to %d", e.Date, minYear, maxYear)
	}
	title, err := oneLine(e.Title)
	if err == nil && title == "" {
		err = errors.New("missing")
	}
	if err != nil {
		return people.Holiday{}, fmt.Errorf("field title: %w", err)
	}
	notes, err := oneLine(e.Notes)
	if err != nil {
		return people.Holiday{}, fmt.Errorf("field notes: %w", err)
	}
	if notes != "" {
		title += " (" + strings.ToLower(notes) + ")"
	}
	return people.Holiday{Date: date, Title: title}, nil
}

// oneLine returns a text as one line that can be shown to people.
func oneLine(text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > maxTitle {
		return "", fmt.Errorf("longer than %d characters", maxTitle)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", errors.New("holds characters that cannot be shown")
	}
	return text, nil
}
