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

// State is how an id stands in the register of services
// (RULES.md "States of a service").
type State string

// The states of a service. Only gone takes a service off its profiles, and
// nothing takes it off the register.
const (
	Known      State = "known"       // never seen yet
	Active     State = "active"      // an answer held it
	NotVisible State = "not-visible" // no credential may see it; says nothing else
	Missing    State = "missing"     // absent from an answer
	Gone       State = "gone"        // absent on another day too, and e-RS says that it does not know it
)

// Entry is an id of the register as it stands.
type Entry struct {
	ID           ID
	State        State
	Credential   string // that saw it last
	Version      string
	Hash         profile.Hash // of its facts; zero before it was seen
	Specialty    string       // the label of its specialty
	MissingSince profile.Date // the first look at its absence; zero for none
	Pending      State        // what was withheld or rejected; empty for nothing
}

// Outcome is what e-RS says of an id that it was asked for.
type Outcome string

// The outcomes.
const (
	OutcomeFound      Outcome = "found"
	OutcomeAbsent     Outcome = "absent"      // an answer for many does not hold it
	OutcomeUnknown    Outcome = "unknown"     // e-RS says that it does not know it (A033, 404)
	OutcomeNotVisible Outcome = "not-visible" // 403 NO_RELATIONSHIP
	OutcomeUnreadable Outcome = "unreadable"  // it is there, and we do not understand it
)

// Answer is an outcome with what belongs to it.
type Answer struct {
	ID         ID
	Outcome    Outcome
	Credential string  // that saw it; of OutcomeFound
	Service    Service // canonical; of OutcomeFound
	Reason     string  // of OutcomeUnreadable
	Raw        []byte  // of OutcomeUnreadable; may be nil
}

// Sighting is what a run keeps of an answer: how the entry is to stand.
type Sighting struct {
	Entry

	Service *Service // nil: the facts we hold
}

// NeedsProof reports that an absent service has been missing since another day:
// only e-RS's own word (A033) can say more (RULES.md "States of a service").
func (e Entry) NeedsProof(asOf profile.Date) bool {
	return e.State == Missing && e.MissingSince.Before(asOf)
}

// Sighting says how an entry stands after an answer, and whether that is news. What
// is unreadable or not visible says nothing of the service itself.
func (e Entry) Sighting(a Answer, asOf profile.Date) (look Sighting, news bool) {
	look.Entry = e
	switch a.Outcome {
	case OutcomeFound:
		look.State, look.MissingSince, look.Pending = Active, profile.Date{}, ""
		look.Credential, look.Version = a.Credential, a.Service.Version
		if hash := a.Service.Hash(); hash != e.Hash || a.Service.Version != e.Version {
			look.Hash, look.Service = hash, &a.Service
		}
	case OutcomeNotVisible:
		if e.State != Gone {
			look.State = NotVisible
		}
	case OutcomeAbsent:
		look.markAbsent(asOf)
	case OutcomeUnknown:
		look.markAbsent(asOf)
		if e.NeedsProof(asOf) {
			look.State = Gone
		}
	case OutcomeUnreadable:
	}
	return look, look.Service != nil || look.Entry != e
}

// markAbsent is one look at a service that is not there.
func (l *Sighting) markAbsent(asOf profile.Date) {
	if l.State == Gone || l.State == Missing {
		return
	}
	l.State, l.MissingSince = Missing, asOf
}

// AsksForGone reports whether a service that is gone is asked for again on a
// day: every week, on a day of its own, so that it is found when it returns.
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

// Shown is a service as it stands on a profile. Its JSON has every key,
// so that equal services are equal texts.
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

// Shown is what profiles show of a service, with the label of its specialty,
// which e-RS itself does not tell
// (connectors/ers/CONTRACT.md "What each source says").
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

// labels are the labels of codes, or the codes where they have none: they are
// open strings, known to us or not.
func labels(codes []Coding) string {
	words := make([]string, len(codes))
	for n, c := range codes {
		words[n] = cmp.Or(c.Display, c.Code)
	}
	return strings.Join(words, ", ")
}
