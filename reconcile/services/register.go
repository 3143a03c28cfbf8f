package services

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// The reports of the e-Referral Service: its services, and the register of their
// ids.
const (
	ReportServices = "services"
	ReportRegister = "register"
)

// State is the state of an id in the register of services
// (RULES.md "States of a service").
type State string

// The states of a service. Only gone takes a service off its profiles, and
// nothing takes it off the register.
const (
	Known      State = "known"       // never seen yet
	Active     State = "active"      // an answer held it
	NotVisible State = "not-visible" // no credential may see it; says nothing about the service
	Missing    State = "missing"     // absent from an answer
	Gone       State = "gone"        // missing since another day, and e-RS says that it does not know it
)

// States lists every state.
func States() []State { return []State{Known, Active, NotVisible, Missing, Gone} }

// Entry is an id in the register of services.
type Entry struct {
	ID           ID
	State        State
	Credential   string // the one that last saw it
	Version      string
	Hash         profile.Hash // of its facts; zero before it was seen
	Specialty    string       // the label of its specialty
	MissingSince profile.Date // the day it was first found missing; zero for none
	Pending      State        // the state that was withheld or rejected; empty for none
}

// Outcome is what e-RS says about an id that it was asked for.
type Outcome string

// The outcomes.
const (
	OutcomeFound      Outcome = "found"
	OutcomeAbsent     Outcome = "absent"      // an answer about several ids does not hold it
	OutcomeUnknown    Outcome = "unknown"     // e-RS says that it does not know it (A033, 404)
	OutcomeNotVisible Outcome = "not-visible" // 403 NO_RELATIONSHIP
	OutcomeUnreadable Outcome = "unreadable"  // the answer holds it, and we cannot read it
)

// Answer is an outcome with its details.
type Answer struct {
	ID         ID
	Outcome    Outcome
	Credential string  // for OutcomeFound: the one that saw it
	Service    Service // for OutcomeFound; canonical
	Reason     string  // for OutcomeUnreadable
	Raw        []byte  // for OutcomeUnreadable; may be nil
}

// Sighting is a sighting, what a run keeps of an answer: the new state of the entry.
type Sighting struct {
	Entry

	Service *Service // nil if its facts have not changed
}

// NeedsProof reports whether an absent service has been missing since another
// day, so that e-RS itself must say that it is gone (A033)
// (RULES.md "States of a service").
func (e Entry) NeedsProof(asOf profile.Date) bool {
	return e.State == Missing && e.MissingSince.Before(asOf)
}

// Sighting returns the entry after an answer, and whether that is news. An unreadable
// or not visible service says nothing about the service itself.
func (e Entry) Sighting(a Answer, asOf profile.Date) (sighting Sighting, news bool) {
	sighting.Entry = e
	switch a.Outcome {
	case OutcomeFound:
		sighting.State, sighting.MissingSince, sighting.Pending = Active, profile.Date{}, ""
		sighting.Credential, sighting.Version = a.Credential, a.Service.Version
		if hash := a.Service.Hash(); hash != e.Hash || a.Service.Version != e.Version {
			sighting.Hash, sighting.Service = hash, &a.Service
		}
	case OutcomeNotVisible:
		if e.State != Gone {
			sighting.State = NotVisible
		}
	case OutcomeAbsent:
		sighting.markAbsent(asOf)
	case OutcomeUnknown:
		sighting.markAbsent(asOf)
		if e.NeedsProof(asOf) {
			sighting.State = Gone
		}
	case OutcomeUnreadable:
	}
	return sighting, sighting.Service != nil || sighting.Entry != e
}

// markAbsent records that an answer did not hold the service.
func (s *Sighting) markAbsent(asOf profile.Date) {
	if s.State == Gone || s.State == Missing {
		return
	}
	s.State, s.MissingSince = Missing, asOf
}

// AsksForGone reports whether to ask for a gone service on a day: once a week, on
// a weekday that depends on its id, so that it is found if it returns.
func AsksForGone(id ID, asOf profile.Date) bool {
	h := fnv.New32a()
	h.Write([]byte(id)) // never fails
	return time.Weekday(h.Sum32()%7) == asOf.Time().Weekday()
}

// CompareIDs orders ids as numbers.
func CompareIDs(a, b ID) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// AtSite reports whether e-RS says that the service is at a site.
func (s Service) AtSite(code profile.ODSCode) bool { return slices.Contains(s.Sites, code) }

// Shown is a service as a profile shows it. Its JSON has every key, so that equal
// services have equal texts.
type Shown struct {
	Name         string  `json:"name"`
	Kind         string  `json:"kind"`
	Specialty    string  `json:"specialty"`
	Hours        string  `json:"hours"`
	Instructions string  `json:"instructions"` // not for the public
	Booking      string  `json:"booking"`
	Contacts     []Point `json:"contacts"`
	Withdrawn    bool    `json:"withdrawn"` // kept, and not shown any more
}

// Shown returns what profiles show of a service. The label of its specialty is
// not in e-RS's answers (connectors/ers/CONTRACT.md "What each source says").
func (s Service) Shown(specialty string) Shown {
	s = s.Canonical()
	contacts := s.Contacts
	if contacts == nil {
		contacts = []Point{}
	}
	return Shown{
		Name: s.Name, Kind: labels(s.AppointmentTypes), Specialty: specialty, Hours: s.Hours, Instructions: s.Instructions,
		Booking: labels(slices.Concat(s.RequestFlows, s.Bookable)), Contacts: contacts,
	}
}

// labels joins the labels of codes, or the codes if they have none: codes are
// open strings, which we may not know.
func labels(codes []Coding) string {
	words := make([]string, len(codes))
	for n, c := range codes {
		words[n] = cmp.Or(c.Display, c.Code)
	}
	return strings.Join(words, ", ")
}
