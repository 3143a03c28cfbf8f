package dostest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Organization is a record of the FHIR ingest.
type Organization struct {
	ID         string    `json:"id"` // UUID; empty: made from the code
	Code       string    `json:"code"`
	Name       string    `json:"name"` // stored as given here, unlike one sent by PUT
	Active     bool      `json:"active"`
	Telecom    []Telecom `json:"telecom,omitempty"`
	Roles      []string  `json:"roles,omitempty"` // the primary one first: RO177, RO76
	LegalStart string    `json:"legalStart,omitempty"`
	LegalEnd   string    `json:"legalEnd,omitempty"`
}

// Telecom is one way to reach an organisation.
type Telecom struct {
	System string `json:"system"` // phone, email, url
	Value  string `json:"value"`
}

// registry holds the organisations.
type registry struct {
	mu     sync.Mutex
	byID   map[string]*Organization
	byCode map[string]*Organization
	order  []*Organization
}

func newRegistry() *registry {
	return &registry{byID: make(map[string]*Organization), byCode: make(map[string]*Organization)}
}

// SeedOrganization adds an open GP practice, unless the code is known, and
// returns its id. An empty name becomes "Practice CODE".
func (s *Server) SeedOrganization(code, name string) string {
	if name == "" {
		name = "Practice " + code
	}
	if found := s.Organizations(code); code != "" && len(found) > 0 {
		return found[0].ID
	}
	return s.AddOrganization(Organization{
		Code: code, Name: name, Active: true, Roles: []string{rolePrescribing, rolePractice}, LegalStart: "2020-01-15",
	})
}

// AddOrganization adds an organisation, or replaces the one with its code, and
// returns its id.
func (s *Server) AddOrganization(o Organization) string {
	r := s.practice
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.ID == "" {
		o.ID = uuidOf(o.Code)
	}
	o.ID = strings.ToLower(o.ID)
	row := o.clone()
	if old := r.byCode[o.Code]; old != nil {
		delete(r.byID, old.ID)
		*old = row
	} else {
		r.order = append(r.order, &row)
		r.byCode[row.Code] = &row
	}
	r.byID[row.ID] = r.byCode[row.Code]
	return row.ID
}

// uuidOf returns a UUID that is always the same for the same code.
func uuidOf(code string) string {
	sum := sha256.Sum256([]byte(code))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // version 4, RFC variant
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Organizations returns the organisation with this ODS code, or all of them in the
// order in which they were added.
func (s *Server) Organizations(code string) []Organization {
	r := s.practice
	r.mu.Lock()
	defer r.mu.Unlock()
	if code != "" {
		if o := r.byCode[code]; o != nil {
			return []Organization{o.clone()}
		}
		return nil
	}
	var all []Organization
	for _, o := range r.order {
		all = append(all, o.clone())
	}
	return all
}

// ChangeOrganization changes one behind our back, and returns false if none has this
// code. Id and code do not change.
func (s *Server) ChangeOrganization(code string, change func(*Organization)) bool {
	r := s.practice
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.byCode[code]
	if o == nil {
		return false
	}
	id := o.ID
	change(o)
	o.ID, o.Code = id, code
	return true
}

func (o *Organization) clone() Organization {
	copied := *o
	copied.Telecom, copied.Roles = slices.Clone(o.Telecom), slices.Clone(o.Roles)
	return copied
}

// set changes one field by its name in profiles. An empty value removes a telecom.
func (o *Organization) set(field, value string) error {
	switch field {
	case "name":
		o.Name = value
	case "active", "status":
		o.Active = value == "true" || value == "open"
	case "phone", "email":
		o.setTelecom(field, value)
	case "website", "web", "url":
		o.setTelecom("url", value)
	default:
		return fmt.Errorf("field %q: want name, active, phone, email or website", field)
	}
	return nil
}

func (o *Organization) setTelecom(system, value string) {
	kept := slices.DeleteFunc(slices.Clone(o.Telecom), func(t Telecom) bool { return t.System == system })
	if value != "" {
		kept = append(kept, Telecom{system, value})
	}
	o.Telecom = kept
}

func (r *registry) codeOf(id string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o := r.byID[strings.ToLower(id)]; o != nil {
		return o.Code
	}
	return ""
}

// update overwrites an organisation by id and returns the fields that differed, and
// false if there is none.
func (r *registry) update(id string, wanted Organization) (changed []string, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.byID[strings.ToLower(id)]
	if o == nil {
		return nil, false
	}
	note := func(field string, same bool) {
		if !same {
			changed = append(changed, field)
		}
	}
	note("name", o.Name == wanted.Name)
	note("active", o.Active == wanted.Active)
	note("telecom", slices.Equal(o.Telecom, wanted.Telecom)) // their order counts
	note("roles", slices.Equal(o.Roles, wanted.Roles))
	note("legalDates", o.LegalStart == wanted.LegalStart && o.LegalEnd == wanted.LegalEnd)
	note("code", o.Code == wanted.Code)
	if len(changed) > 0 {
		delete(r.byCode, o.Code)
		wanted.ID = o.ID
		*o = wanted
		r.byCode[o.Code] = o
	}
	return changed, true
}
