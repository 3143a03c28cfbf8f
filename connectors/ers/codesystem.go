package ers

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// CodeKind names a code system of e-RS, a list of reference data.
type CodeKind string

// The code systems (CONTRACT.md "Code systems").
const (
	Specialties        CodeKind = "SPECIALTY"
	ClinicTypes        CodeKind = "CLINIC-TYPE"
	Priorities         CodeKind = "PRIORITY"
	CancelAppointments CodeKind = "APPOINTMENT-CANCELLATION-REASON"
	CancelReferrals    CodeKind = "REFERRAL-CANCELLATION-REASON"
	MissedAppointments CodeKind = "APPOINTMENT-NON-ATTENDANCE-REASON"
)

// CodeSystem is a whole code system, including retired concepts. Codes are open
// strings: a national rewrite is under way.
type CodeSystem struct {
	Kind     CodeKind
	Name     string
	Version  string
	Date     string // as received
	Concepts []Concept
	Nameless int // concepts without a code, left out
}

// Concept is one code. Dates are as received, and empty if there are none.
type Concept struct {
	Code          string
	Display       string
	EffectiveFrom string
	EffectiveTo   string     // empty: current
	Specialties   []string   // of a clinic type: the codes of its specialties
	Properties    []Property // all of them, in the order received
}

// Current reports whether the concept is not retired on a day. It ignores an end that
// is not a date.
func (c Concept) Current(day profile.Date) bool {
	end, err := profile.ParseDate(c.EffectiveTo[:min(len(c.EffectiveTo), len(time.DateOnly))])
	return err != nil || end.IsZero() || !end.Before(day)
}

// Property is one property of a concept.
type Property struct {
	Code   string
	Type   string // the x of value[x]: DateTime, Coding, Integer, Boolean, ...; empty without a value
	Value  string // the code of a Coding, else as received; JSON if it is something else
	System string // of a Coding
}

// CodeSystem asks for a code system (A004), with the first credential. Errors
// are *Error, or those of Turn and the context.
func (a *API) CodeSystem(ctx context.Context, kind CodeKind) (CodeSystem, error) {
	if kind == "" || strings.Trim(string(kind), "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return CodeSystem{}, fmt.Errorf("asking e-RS for code system %q: want a name like SPECIALTY", kind)
	}
	by := a.credentials[0]
	q := question{
		endpoint: "A004", method: http.MethodGet, path: []string{"STU3", "CodeSystem", string(kind)},
		doing: fmt.Sprintf("asking e-RS for code system %s", kind),
	}
	answer, err := a.ask(ctx, by, q)
	if err != nil {
		return CodeSystem{}, err
	}
	system, err := decodeCodeSystem(kind, answer.Body)
	if err != nil {
		return CodeSystem{}, unreadable(by, q, answer, err.Error())
	}
	return system, nil
}

// codeSystem is the answer of A004.
type codeSystem struct {
	ResourceType string       `json:"resourceType"`
	ID           flexibleText `json:"id"`
	URL          string       `json:"url"`
	Name         string       `json:"name"`
	Version      flexibleText `json:"version"`
	Date         string       `json:"date"`
	Content      string       `json:"content"`
	Concept      many[struct {
		Code      flexibleText    `json:"code"`
		Display   string          `json:"display"`
		Property  many[property]  `json:"property"`
		Extension many[extension] `json:"extension"`
	}] `json:"concept"`
}

// decodeCodeSystem refuses any other system than kind, and one that is not complete.
func decodeCodeSystem(kind CodeKind, body []byte) (CodeSystem, error) {
	var c codeSystem
	if err := json.Unmarshal(body, &c); err != nil {
		return CodeSystem{}, fmt.Errorf("want a CodeSystem: %w", err)
	}
	switch {
	case c.ResourceType != "" && c.ResourceType != "CodeSystem":
		return CodeSystem{}, fmt.Errorf("it is a %.40q, want a CodeSystem", c.ResourceType)
	case cmp.Or(last(c.URL), string(c.ID)) != string(kind): // the URL in front of it differs
		return CodeSystem{}, fmt.Errorf("it is code system %.60q, want %s", cmp.Or(c.URL, string(c.ID)), kind)
	case c.Content != "" && c.Content != "complete":
		return CodeSystem{}, fmt.Errorf("its content is %.40q, want complete", c.Content)
	case len(c.Concept) == 0:
		return CodeSystem{}, errors.New("it has no concept")
	}
	s := CodeSystem{Kind: kind, Name: line(c.Name), Version: line(string(c.Version)), Date: line(c.Date)}
	for _, read := range c.Concept {
		concept := Concept{Code: line(string(read.Code)), Display: line(read.Display)}
		if concept.Code == "" {
			s.Nameless++
			continue
		}
		setFacts(&concept, read.Property)
		setDates(&concept, read.Extension)
		s.Concepts = append(s.Concepts, concept)
	}
	s.Concepts = oneOfEachCode(s.Concepts)
	return s, nil
}

// oneOfEachCode keeps one concept for each code: the one that is not retired, else the last.
func oneOfEachCode(all []Concept) []Concept {
	at := make(map[string]int, len(all))
	kept := all[:0]
	for _, c := range all {
		n, twice := at[c.Code]
		switch {
		case !twice:
			at[c.Code] = len(kept)
			kept = append(kept, c)
		case kept[n].EffectiveTo != "":
			kept[n] = c
		}
	}
	return slices.Clip(kept)
}

func setFacts(c *Concept, properties many[property]) {
	for _, p := range properties {
		switch p.Code {
		case "effectiveFrom":
			c.EffectiveFrom = p.Value
		case "effectiveTo":
			c.EffectiveTo = p.Value
		case "specialty":
			if p.Value != "" && !slices.Contains(c.Specialties, p.Value) {
				c.Specialties = append(c.Specialties, p.Value)
			}
		}
		c.Properties = append(c.Properties, Property(p))
	}
}

// setDates takes dates from the extensions that no property gave.
func setDates(c *Concept, extensions many[extension]) {
	for _, e := range extensions {
		switch last(e.URL) {
		case "Extension-eRS-EffectivefromDate-1":
			c.EffectiveFrom = cmp.Or(c.EffectiveFrom, line(e.Date))
		case "Extension-eRS-EffectivetoDate-1":
			c.EffectiveTo = cmp.Or(c.EffectiveTo, line(e.Date))
		}
	}
}

// property decodes a Property with a value[x] of any type.
type property Property

func (p *property) UnmarshalJSON(text []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	*p = property{}
	if code, ok := fields["code"]; ok {
		if err := json.Unmarshal(code, &p.Code); err != nil {
			return err
		}
		p.Code = line(p.Code)
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		if strings.HasPrefix(name, "value") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	name := slices.Min(names) // there is one, unless the property makes no sense
	p.Type = line(strings.TrimPrefix(name, "value"))
	p.value(fields[name])
	return nil
}

func (p *property) value(raw json.RawMessage) {
	var text string
	var of coding
	switch {
	case json.Unmarshal(raw, &text) == nil:
		p.Value = line(text)
	case p.Type == "Coding" && json.Unmarshal(raw, &of) == nil:
		p.Value, p.System = line(of.Code), line(of.System)
	default:
		var compact bytes.Buffer
		_ = json.Compact(&compact, raw) // never fails: it is JSON
		p.Value = line(compact.String())
	}
}
