// Package roles reads and writes the roles of GP practices in the ingest of DoS
// (connectors/dos/CONTRACT.md "The ingest API").
package roles

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	roleURL     = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole"
	periodURL   = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedPeriod"
	roleSystem  = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSOrganisationRole"
	periodTypes = "https://fhir.nhs.uk/England/CodeSystem/England-PeriodType"

	costCentre = "RO177" // the only primary role that DoS accepts
	gpPractice = "RO76"  // which DoS requires beside it
)

var roleShape = regexp.MustCompile(`^RO\d+$`)

// extension is the part of any FHIR extension that roles need.
type extension struct {
	URL     string `json:"url"`
	Concept struct {
		Coding []struct {
			Code string `json:"code"`
		} `json:"coding"`
	} `json:"valueCodeableConcept"`
	Coding struct {
		System string `json:"system"`
		Code   string `json:"code"`
	} `json:"valueCoding"`
	Period struct {
		Start string `json:"start"`
		End   string `json:"end"`
	} `json:"valuePeriod"`
	Extension []json.RawMessage `json:"extension"`
}

// role is one OrganisationRole that DoS shows.
type role struct {
	code  string
	parts []json.RawMessage // all its extensions, except for legal periods that DoS would refuse
	legal json.RawMessage   // the legal TypedPeriod; nil if none is shown
}

// Roles are the roles that DoS shows, in order.
type Roles []role

// In returns the roles, and ignores extensions that are not roles: DoS shows such
// extensions but refuses them.
func In(extensions []json.RawMessage) (found Roles) {
	for _, raw := range extensions {
		if r, ok := readRole(raw); ok {
			found = append(found, r)
		}
	}
	return found
}

func readRole(raw json.RawMessage) (r role, ok bool) {
	outer, ok := readExtension(raw)
	if !ok || outer.URL != roleURL {
		return role{}, false
	}
	for _, part := range outer.Extension {
		inner, ok := readExtension(part)
		if !ok {
			continue
		}
		if inner.URL == "roleCode" && r.code == "" && len(inner.Concept.Coding) > 0 {
			r.code = inner.Concept.Coding[0].Code
		}
		legal, usable := inner.legal()
		if legal && usable {
			r.legal = part
		}
		if !legal || usable {
			r.parts = append(r.parts, part)
		}
	}
	return r, roleShape.MatchString(r.code)
}

func readExtension(raw json.RawMessage) (e extension, ok bool) {
	err := json.Unmarshal(raw, &e)
	return e, err == nil
}

// legal reports whether an extension is a period of type Legal, and whether DoS
// accepts it: with a start, and an end that differs from it.
func (e extension) legal() (legal, usable bool) {
	if e.URL != periodURL {
		return false, false
	}
	for _, raw := range e.Extension {
		part, ok := readExtension(raw)
		switch {
		case !ok:
		case part.URL == "dateType":
			legal = part.Coding.System == periodTypes && part.Coding.Code == "Legal"
		case part.URL == "period":
			usable = part.Period.Start != "" && part.Period.Start != part.Period.End
		}
	}
	return legal, legal && usable
}

// Codes returns their codes.
func (r Roles) Codes() (codes []string) {
	for _, role := range r {
		codes = append(codes, role.code)
	}
	return codes
}

// Period returns the legal period of the primary role; nil if none is shown.
func (r Roles) Period() json.RawMessage {
	for _, role := range r {
		if role.code == costCentre {
			return role.legal
		}
	}
	return nil
}

var errNoPeriod = errors.New("roles: DoS shows no legal start date for " + costCentre +
	", and a push would withdraw its roles: ask DoS to add it")

// Extensions returns the extensions of a PUT of a profile with these values. DoS
// withdraws roles that a PUT lacks, with their dates, so the roles shown are sent back
// in the form that DoS requires: a legal period for each role, although it shows one
// only for the primary role.
func (r Roles) Extensions(v profile.Values) ([]json.RawMessage, error) {
	if len(r) == 0 {
		return nil, nil // there are no dates for roles, and nothing to lose
	}
	period := r.Period()
	if period == nil {
		return nil, errNoPeriod
	}
	codes := r.Codes()
	if wanted := wantedRoles(v); wanted != nil && !sameRoles(wanted, codes) {
		codes = wanted
	}
	written := make([]json.RawMessage, 0, len(codes))
	for i, code := range codes {
		if slices.Contains(codes[:i], code) {
			continue // DoS refuses them
		}
		written = append(written, r.find(code).write(code, period))
	}
	return written, nil
}

// Accepted reports whether DoS accepts roles, as profiles store them.
func Accepted(text string) bool {
	var v profile.Values
	v.Set(profile.FieldRoles, text)
	return wantedRoles(v) != nil
}

// wantedRoles returns the profile's roles if DoS accepts them: exactly one RO177, and
// RO76 beside it. Otherwise it returns nil, and they stay as shown.
func wantedRoles(v profile.Values) []string {
	wanted := strings.Split(v.Get(profile.FieldRoles), "|")
	primaries := 0
	for i, code := range wanted {
		wanted[i] = strings.ToUpper(strings.TrimSpace(code))
		if !roleShape.MatchString(wanted[i]) {
			return nil
		}
		if wanted[i] == costCentre {
			primaries++
		}
	}
	if primaries != 1 || !slices.Contains(wanted, gpPractice) {
		return nil
	}
	return wanted
}

func sameRoles(a, b []string) bool {
	return profile.Same(profile.FieldRoles, strings.Join(a, "|"), strings.Join(b, "|"))
}

func (r Roles) find(code string) role {
	for _, role := range r {
		if role.code == code {
			return role
		}
	}
	return role{}
}

// write returns the role as shown if it has a legal period, else with the given
// period; it makes a role that is not shown.
func (r role) write(code string, period json.RawMessage) json.RawMessage {
	written := fhirRole{URL: roleURL, Extension: slices.Clone(r.parts)}
	if len(written.Extension) == 0 {
		written.Extension = []json.RawMessage{roleCode(code)}
	}
	if r.legal == nil {
		written.Extension = append(written.Extension, period)
	}
	return marshalled(written)
}

type fhirRole struct {
	URL       string            `json:"url"`
	Extension []json.RawMessage `json:"extension"`
}

type fhirRoleCode struct {
	URL     string `json:"url"`
	Concept struct {
		Coding []fhirCoding `json:"coding"`
	} `json:"valueCodeableConcept"`
}

type fhirCoding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

func roleCode(code string) json.RawMessage {
	made := fhirRoleCode{URL: "roleCode"}
	made.Concept.Coding = []fhirCoding{{roleSystem, code}}
	return marshalled(made)
}

// marshalled always gives the same bytes for the same texts.
func marshalled(value any) json.RawMessage {
	written, err := json.Marshal(value)
	if err != nil {
		panic("texts always marshal: " + err.Error())
	}
	return written
}
