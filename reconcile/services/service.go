package services

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// ID is the number under which the e-Referral Service knows a service: a
// string of digits (connectors/ers/CONTRACT.md "The service resource").
type ID string

// ParseID reads the number of a service.
func ParseID(s string) (ID, error) {
	id := strings.TrimSpace(s)
	if id == "" || len(id) > 18 || strings.Trim(id, "0123456789") != "" {
		return "", fmt.Errorf("e-RS service id %q: want digits, as 11002", s)
	}
	return ID(id), nil
}

// Service is a service as the e-Referral Service describes it. Codes are open
// strings: a national rewrite of them is under way.
type Service struct {
	ID               ID                `json:"id"`
	Version          string            `json:"version"` // an integer in a string; changes when the service changes
	Name             string            `json:"name"`
	Sites            []profile.ODSCode `json:"sites"` // at least one
	AppointmentTypes []Coding          `json:"appointment_types,omitempty"`
	RequestFlows     []Coding          `json:"request_flows,omitempty"` // BOOKABLE, REVIEW, ADVICE_AND_GUIDANCE
	Bookable         []Coding          `json:"bookable,omitempty"`      // DIRECTLY_BOOKABLE, INDIRECTLY_BOOKABLE
	Hours            string            `json:"hours,omitempty"`         // free text
	Instructions     string            `json:"instructions,omitempty"`  // free text without a stated audience: not for the public
	Contacts         []Point           `json:"contacts,omitempty"`
}

// Coding is a code with its label.
type Coding struct {
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

// Point is a way to reach a service. Only those for patients (PATINF) are for
// the public.
type Point struct {
	Purpose string `json:"purpose"` // PATINF, HEALTHCARE_PROFESSIONALS, ADMIN, ...
	System  string `json:"system"`  // phone or email
	Value   string `json:"value"`
}

// ForPatients is the purpose of contacts that the public may see.
const ForPatients = "PATINF"

// Canonical returns the service with its lists sorted, so that another order in
// an answer is not a change.
func (s Service) Canonical() Service {
	s.Sites = slices.Compact(sorted(s.Sites, cmp.Compare[profile.ODSCode]))
	s.AppointmentTypes = sorted(s.AppointmentTypes, compareCodings)
	s.RequestFlows = sorted(s.RequestFlows, compareCodings)
	s.Bookable = sorted(s.Bookable, compareCodings)
	s.Contacts = sorted(s.Contacts, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.System, b.System), cmp.Compare(a.Value, b.Value))
	})
	return s
}

func sorted[T any](list []T, compare func(a, b T) int) []T {
	list = slices.Clone(list)
	slices.SortFunc(list, compare)
	return list
}

func compareCodings(a, b Coding) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Display, b.Display))
}

// Hash identifies the facts of a service without its version: labels can change
// without a new version.
func (s Service) Hash() profile.Hash {
	facts := s.Canonical()
	facts.Version = ""
	text, err := json.Marshal(facts)
	if err != nil {
		panic("a service always marshals: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return profile.Hash(sum[:len(profile.Hash{})])
}
