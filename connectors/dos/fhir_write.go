package dos

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/profilesync/profilesync/connectors/dos/internal/roles"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// longestName in characters (CONTRACT.md "The Organization body").
const longestName = 100

const organizationProfile = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Organization"

// organizationBody is the body of a PUT: every field that the API accepts, and no others,
// since it refuses unknown ones (CONTRACT.md "The Organization body").
type organizationBody struct {
	ResourceType string            `json:"resourceType"`
	ID           string            `json:"id"`
	Meta         fhirMeta          `json:"meta"`
	Identifier   []fhirIdentifier  `json:"identifier"`
	Active       bool              `json:"active"`
	Name         string            `json:"name"`
	Telecom      []json.RawMessage `json:"telecom"` // never left out: that would wipe the stored contacts
	Extension    []json.RawMessage `json:"extension,omitempty"`
}

type fhirMeta struct {
	Profile []string `json:"profile"`
}

type fhirIdentifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type contactPoint struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// overwrite builds the body from what the delivery states, and the rest from what is
// shown. It refuses a value that DoS would refuse, and names the field.
func (p *practice) overwrite(d push.Delivery) ([]byte, error) {
	name, err := p.name(d)
	if err != nil {
		return nil, err
	}
	active, err := p.active(d)
	if err != nil {
		return nil, err
	}
	contacts, err := p.contacts(d)
	if err != nil {
		return nil, err
	}
	extension, err := roles.In(p.Extension).Extensions(d.Values)
	if err != nil {
		return nil, refusal(d.Code, "%v", err)
	}
	profile := p.Meta.Profile
	if len(profile) == 0 {
		profile = []string{organizationProfile}
	}
	body, err := json.Marshal(organizationBody{
		ResourceType: "Organization", ID: p.ID, Meta: fhirMeta{profile},
		Identifier: []fhirIdentifier{{odsSystem, d.Code.String()}},
		Active:     active, Name: name, Telecom: contacts, Extension: extension,
	})
	if err != nil {
		return nil, fmt.Errorf("writing organisation %s: %w", d.Code, err)
	}
	return body, nil
}

func (p *practice) name(d push.Delivery) (string, error) {
	name := p.Name
	if d.Values.States(profile.FieldName) {
		name = d.Values.Get(profile.FieldName)
	}
	name = strings.TrimSpace(name)
	if why := whyNotName(name); why != "" {
		return "", refusal(d.Code, "name: %s", why)
	}
	return name, nil
}

func (p *practice) active(d push.Delivery) (bool, error) {
	switch {
	case d.Values.States(profile.FieldStatus):
		return d.Values.Get(profile.FieldStatus) != string(profile.StatusClosed), nil
	case p.Active != nil:
		return *p.Active, nil
	}
	return false, refusal(d.Code, "status: neither the profile nor DoS says whether the practice is open")
}

// contacts returns the contacts shown, in their order, since DoS compares the order
// too. The first one of each system is replaced by the stated value. Others stay,
// except for repetitions of ours. A field stated as empty removes all contacts of its
// system, so that none is left to be read as its value.
func (p *practice) contacts(d push.Delivery) ([]json.RawMessage, error) {
	kept := slices.Clone(p.Telecom)
	for _, row := range telecomFields {
		if !d.Values.States(row.field) {
			continue
		}
		stated := strings.TrimSpace(d.Values.Get(row.field))
		shown, isShown := p.first(row.system)
		if isShown && stated == strings.TrimSpace(shown.Value) {
			continue // it may stay, even if DoS would refuse it as a new one
		}
		value, err := contactValue(row.field, stated)
		if err != nil {
			return nil, refusal(d.Code, "%s: %v", row.field, err)
		}
		kept = replaceFirst(kept, row.system, row.field, value)
	}
	written := make([]json.RawMessage, 0, len(kept))
	for _, contact := range kept {
		written = append(written, contact.raw)
	}
	return written, nil
}

// replaceFirst replaces the first contact of a system with a value, or adds it at the end.
func replaceFirst(contacts []telecom, system string, field profile.Field, value string) []telecom {
	ours := telecom{System: system, Value: value}
	placed := value == ""
	var kept []telecom
	for _, contact := range contacts {
		switch {
		case contact.System != system:
			kept = append(kept, contact)
		case value == "", placed && profile.Same(field, contact.Value, value):
		case placed:
			kept = append(kept, contact)
		default:
			placed, ours.raw = true, contact.withValue(value)
			kept = append(kept, ours)
		}
	}
	if !placed {
		ours.raw = contactOf(system, value)
		kept = append(kept, ours)
	}
	return kept
}

// withValue returns the contact as shown (its use, its rank) with another value.
func (t telecom) withValue(value string) json.RawMessage {
	var point map[string]json.RawMessage
	if err := json.Unmarshal(t.raw, &point); err != nil || point == nil {
		return contactOf(t.System, value)
	}
	point["value"] = marshalled(value)
	return marshalled(point)
}

func contactOf(system, value string) json.RawMessage {
	return marshalled(contactPoint{system, value})
}

// marshalled writes strings, and structs and maps of them, with map keys sorted, so
// that the same practice always gives the same bytes.
func marshalled(value any) json.RawMessage {
	written, err := json.Marshal(value)
	if err != nil {
		panic("texts always marshal: " + err.Error())
	}
	return written
}

// contactValue returns a value in the form that DoS accepts; its errors do not repeat
// it.
func contactValue(f profile.Field, value string) (string, error) {
	switch {
	case value == "":
		return "", nil
	case f == profile.FieldPhone:
		return phone(value)
	case f == profile.FieldWebsite && !strings.HasPrefix(value, "http://") && !strings.HasPrefix(value, "https://"):
		return "", errors.New("it does not begin with http:// or https://")
	case strings.ContainsFunc(value, unicode.IsSpace):
		return "", errors.New("it holds a space")
	}
	return value, nil
}

// phone writes a number in the form that DoS accepts: digits, plus, brackets and
// single spaces. Hyphens and dots become spaces; words and extensions are refused.
func phone(value string) (string, error) {
	digits, others := 0, 0
	written := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			digits++
			return r
		case r == '+', r == '(', r == ')':
			return r
		case r == '.', unicode.Is(unicode.Pd, r), unicode.IsSpace(r):
			return ' '
		}
		others++
		return r
	}, value)
	if digits == 0 || others > 0 {
		return "", errors.New("DoS accepts only digits, +, brackets and spaces; move extensions and words elsewhere")
	}
	return strings.Join(strings.Fields(written), " "), nil
}
