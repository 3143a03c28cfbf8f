// Package fhir reads the resources of the register's FHIR R4 API.
package fhir

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The names that the API uses (CONTRACT.md "FHIR API").
const (
	CodeSystem      = "https://fhir.nhs.uk/Id/ods-organization-code"
	roleExtension   = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole"
	periodExtension = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedPeriod"
	dateExtension   = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedDateTime"
)

// Organization holds the parts of an Organization resource that are used.
type Organization struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Identifier   []Identifier `json:"identifier"`
	Active       *bool        `json:"active"`
	Name         string       `json:"name"`
	Extension    []extension  `json:"extension"`
	Telecom      []telecom    `json:"telecom"`
	Address      []address    `json:"address"`
}

// Identifier is a code in a system of codes.
type Identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type telecom struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type address struct {
	Line       []string `json:"line"`
	City       string   `json:"city"`
	District   string   `json:"district"`
	PostalCode string   `json:"postalCode"`
}

// extension is nested: a role holds its code, periods and state as extensions.
type extension struct {
	URL          string      `json:"url"`
	Extension    []extension `json:"extension"`
	ValueConcept Concept     `json:"valueCodeableConcept"`
	ValueCoding  Coding      `json:"valueCoding"`
	ValueBoolean *bool       `json:"valueBoolean"`
	ValuePeriod  Period      `json:"valuePeriod"`
	ValueDate    string      `json:"valueDateTime"`
}

// Concept is what several codings say at once.
type Concept struct {
	Coding []Coding `json:"coding"`
}

// Coding is what is read of a code.
type Coding struct {
	Code string `json:"code"`
}

// Period has the days, or moments, of a start and an end; either may be empty.
type Period struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// role is one role of an organisation, with its operational period.
type role struct {
	code           string
	active         bool
	opened, closed profile.Date
}

// Code returns the organisation's code, empty where it has none.
func (o *Organization) Code() profile.ODSCode {
	for _, id := range o.Identifier {
		if id.System == CodeSystem {
			return canonical.Code(id.Value)
		}
	}
	return canonical.Code(o.ID)
}

// child returns the first nested extension of that name; empty if there is
// none.
func (e *extension) child(url string) extension {
	for _, nested := range e.Extension {
		if nested.URL == url {
			return nested
		}
	}
	return extension{}
}

// LastChange returns when the register last changed the record; zero if it does
// not say. It is not meta.lastUpdated, which a reload changes.
func (o *Organization) LastChange() profile.Date {
	for _, e := range o.Extension {
		kind := e.child("type")
		if e.URL == dateExtension && kind.ValueCoding.Code == "LastChangeDate" {
			date, _ := Day(e.child("dateTime").ValueDate)
			return date
		}
	}
	return profile.Date{}
}

// Day returns the day of a FHIR date or dateTime.
func Day(s string) (profile.Date, error) {
	date, _, _ := strings.Cut(s, "T")
	return profile.ParseDate(date)
}

func (o *Organization) roles() ([]role, *profile.Rejected) {
	var roles []role
	for _, e := range o.Extension {
		if e.URL != roleExtension {
			continue
		}
		r, bad := readRole(e)
		if bad != nil {
			return nil, bad
		}
		roles = append(roles, r)
	}
	if len(roles) == 0 {
		return nil, canonical.Reject("OrganisationRole", "", "want at least one role; look the organisation up again")
	}
	return roles, nil
}

func readRole(e extension) (role, *profile.Rejected) {
	r := role{active: true}
	if state := e.child("active"); state.ValueBoolean != nil {
		r.active = *state.ValueBoolean
	}
	named := e.child("roleCode")
	for _, c := range named.ValueConcept.Coding {
		r.code = c.Code
	}
	if !canonical.IsRole(r.code) {
		return r, canonical.Reject("OrganisationRole.roleCode", r.code, "want a role id such as RO177")
	}
	var err error
	span := operational(e)
	if r.opened, err = Day(span.Start); err != nil {
		return r, canonical.Reject("OrganisationRole.period.start", span.Start, "want YYYY-MM-DD")
	}
	if r.closed, err = Day(span.End); err != nil {
		return r, canonical.Reject("OrganisationRole.period.end", span.End, "want YYYY-MM-DD or nothing")
	}
	return r, nil
}

// operational returns the operational period of a role, else its legal one: the
// dates of the files are operational ones (CONTRACT.md "Dates").
func operational(e extension) Period {
	var found Period
	for _, nested := range e.Extension {
		if nested.URL != periodExtension {
			continue
		}
		span := nested.child("period").ValuePeriod
		kind := nested.child("dateType")
		if kind.ValueCoding.Code == "Operational" {
			return span
		}
		found = span
	}
	return found
}

// rolesHeld returns canonical roles: those in force, or for a closed
// organisation those it had when it closed. One of them is always the primary
// role.
func rolesHeld(roles []role, active bool) (string, role) {
	codes := make([]string, 0, len(roles))
	for _, r := range roles {
		codes = append(codes, r.code)
	}
	code, _ := canonical.PrimaryOf(codes)
	primary := latest(roles, code)
	held := []string{primary.code}
	for _, r := range roles {
		if r.active || !active && r.closed == primary.closed {
			held = append(held, r.code)
		}
	}
	return canonical.Roles(held), primary
}

// latest returns the role in force, or else the newest: an organisation that
// re-opened has its primary role twice.
func latest(roles []role, code string) role {
	var found role
	for _, r := range roles {
		newer := found.code == "" || r.active && !found.active || r.active == found.active && r.opened.After(found.opened)
		if r.code == code && newer {
			found = r
		}
	}
	return found
}

// Decode returns the canonical record of an Organization resource.
// It has no ICB and no region.
func Decode(raw []byte) (profile.Record, *profile.Rejected) {
	org, bad := parseOrganization(raw)
	if bad != nil {
		return profile.Record{}, bad
	}
	roles, bad := org.roles()
	if bad != nil {
		return profile.Record{}, bad
	}
	held, primary := rolesHeld(roles, *org.Active)
	record := profile.Record{Code: org.Code(), Standing: profile.Inactive, Opened: primary.opened, Closed: primary.closed}
	if *org.Active {
		record.Standing = standingOf(primary)
	}
	record.Values.Set(profile.FieldRoles, held)
	record.Values.Set(profile.FieldType, string(canonical.TypeOf(held)))
	org.state(&record)
	return record, nil
}

// standingOf says what active means: a prescribing cost centre may be dormant,
// which the API does not show.
func standingOf(primary role) profile.Standing {
	if primary.code == "RO177" {
		return profile.Alive
	}
	return profile.Active
}

// Mistyped says which part of a resource is not of the type that FHIR R4 gives it;
// empty if err says anything else.
func Mistyped(err error) string {
	mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s has the type %s", cmp.Or(mistyped.Field, "it"), mistyped.Value)
}

func parseOrganization(raw []byte) (*Organization, *profile.Rejected) {
	var org Organization
	if err := json.Unmarshal(raw, &org); err != nil {
		if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, canonical.Reject(cmp.Or(mistyped.Field, "resource"), mistyped.Value,
				fmt.Sprintf("want a %s, as FHIR R4 has it", mistyped.Type))
		}
		return nil, canonical.Reject("resource", canonical.Excerpt(raw), "not JSON; look the organisation up again")
	}
	switch {
	case org.ResourceType != "Organization":
		return nil, canonical.Reject("resourceType", strings.TrimSuffix(org.ResourceType+"/"+org.ID, "/"), "want Organization")
	case org.Code() == "":
		return nil, canonical.Reject("identifier", org.ID, "want an ODS code of 3 to 10 letters and digits")
	case org.Active == nil:
		return nil, canonical.Reject("active", "", "want true or false")
	}
	return &org, nil
}

func (o *Organization) state(record *profile.Record) {
	values := &record.Values
	if name := clean(o.Name); name != "" {
		values.Set(profile.FieldName, name)
	}
	if len(o.Address) > 0 {
		at := o.Address[0]
		parts := append(append([]string{}, at.Line...), at.City, at.District)
		for i := range parts {
			parts[i] = clean(parts[i])
		}
		values.Set(profile.FieldAddress, canonical.Lines(parts))
		canonical.SetPostcode(record, clean(at.PostalCode))
	}
	values.Set(profile.FieldPhone, o.contact("phone"))
	values.Set(profile.FieldWebsite, website(o.contact("url")))
}

func (o *Organization) contact(system string) string {
	for _, t := range o.Telecom {
		if t.System == system {
			return clean(t.Value)
		}
	}
	return ""
}

// website returns an address that a browser can open, or nothing: some in the
// register have no scheme, and some are e-mail addresses.
func website(s string) string {
	if s != "" && !strings.Contains(s, "://") {
		s = "http://" + s
	}
	address, err := url.Parse(s)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" || strings.ContainsAny(s, " @") {
		return ""
	}
	return s
}

func clean(s string) string { return strings.TrimSpace(canonical.ValidText([]byte(s))) }
