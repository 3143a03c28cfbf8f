package history

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// stored is a part as the tables hold it: each kind has some of these.
type stored struct {
	Day       string `json:"day"`
	Date      string `json:"date"`
	Opens     string `json:"opens"`
	Closes    string `json:"closes"`
	Name      string `json:"name"`
	Value     string `json:"value"`
	Service   string `json:"external_id"`
	NHSCode   string `json:"nhs_code"`
	Text      string `json:"text"`
	Withdrawn bool   `json:"withdrawn"`
}

// Whole returns all values of the profile, each field that consists of parts as the
// text that a push reads: a line each. What was withdrawn is left out.
func (s Standing) Whole() profile.Values {
	all := s.Values
	for _, f := range profile.Fields() {
		if f.InRows() {
			all.Set(f, s.Text(f))
		}
	}
	return all
}

// line is a part as text, and what it is sorted by.
type line struct{ key, text string }

// Text is a field that consists of parts, a line each, as a push reads it.
func (s Standing) Text(f profile.Field) string {
	var lines []line
	for _, p := range s.Parts {
		var part stored
		if p.Field != f || json.Unmarshal([]byte(p.JSON), &part) != nil || part.Withdrawn {
			continue
		}
		lines = append(lines, part.line(f))
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.text, b.text)) })
	texts := make([]string, len(lines))
	for n, l := range lines {
		texts[n] = l.text
	}
	return strings.Join(texts, "\n")
}

func (p stored) line(f profile.Field) line {
	switch f {
	case profile.FieldOpeningTimes:
		return line{strconv.Itoa(slices.Index(days, p.Day)) + p.Opens, p.Day + " " + p.hours()}
	case profile.FieldDatedOpeningTimes:
		return line{p.Date + p.Opens, p.Date + " " + p.hours()}
	case profile.FieldFacilities:
		name := strings.TrimSpace(strings.NewReplacer(":", " ", "\r", " ", "\n", " ").Replace(p.Name))
		return line{p.Name, name + ": " + strings.TrimSpace(strings.ReplaceAll(oneLine(p.Value), ": ", " "))}
	case profile.FieldServices:
		return line{p.NHSCode + "\x00" + p.Name, cmp.Or(p.NHSCode, "-") + " " + oneLine(p.Name)}
	case profile.FieldServiceTexts:
		return line{p.Service, p.Service + " " + oneLine(p.Text)}
	default:
		return line{p.Service, p.Service + " " + oneLine(p.Name)}
	}
}

// days are the days of weekly opening times, in the order of their lines.
var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun", "bank-holiday"}

// hours are the times of a period; seconds other than 00 stay.
func (p stored) hours() string {
	if p.Opens == "" {
		return "closed"
	}
	return strings.TrimSuffix(p.Opens, ":00") + "-" + strings.TrimSuffix(p.Closes, ":00")
}

func oneLine(text string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(text) }
