package erstest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// The code systems of A004 (CONTRACT.md "Code systems").
const (
	Specialties   = "SPECIALTY"
	ClinicTypes   = "CLINIC-TYPE"
	Priorities    = "PRIORITY"
	conceptParts  = "https://fhir.nhs.uk/STU3/CodeSystem/eRS-Concept-Properties-1#"
	shareable     = "http://hl7.org/fhir/StructureDefinition/shareablecodesystem"
	dateExtension = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-eRS-"
)

// Concept is a code of a code system. Without To it is current; retired ones stay
// listed.
type Concept struct {
	Code        string       `json:"code"`
	Display     string       `json:"display"`
	From        profile.Date `json:"from,omitzero"`         // default 1 June 2004
	To          profile.Date `json:"to,omitzero"`           // in the past: retired
	Specialties []string     `json:"specialties,omitempty"` // parents of a clinic type
	DeferDays   int          `json:"defer_days,omitempty"`  // of a priority, working days
	TriageDays  int          `json:"triage_days,omitempty"` // the same
}

// system is a code system. Its list of concepts is replaced, never written to.
type system struct {
	id       string
	name     string
	profile  string
	date     string
	parts    [][2]string // properties besides the two dates: code and type
	concepts []Concept
}

func codeSystemsOf() map[string]*system {
	day := [][2]string{{"deferToProviderContactDays", "integer"}, {"triageContactDays", "integer"}}
	systems := map[string]*system{}
	for _, s := range []system{
		{
			Specialties, "e-RS Specialty", "https://fhir.nhs.uk/STU3/StructureDefinition/eRS-Specialty-CodeSystem-1",
			"2021-05-26T13:47:38.185Z", nil, specialtyConcepts(),
		},
		{ClinicTypes, "e-RS Clinic Type", shareable, "2021-05-26T13:49:36.514Z", [][2]string{{"specialty", "Coding"}}, clinicConcepts()},
		{Priorities, "e-RS Priority", shareable, "2022-02-19T15:30:48.538Z", day, priorities},
		{"APPOINTMENT-CANCELLATION-REASON", "e-RS Appointment Cancellation Reason", shareable, "2022-01-21T13:28:30.188Z", nil, reasonsWhy},
		{
			"REFERRAL-CANCELLATION-REASON", "e-RS ReferralRequest Cancellation Reason", shareable, "2022-01-21T13:27:51.923Z",
			nil, reasonsWhy,
		},
		{
			"APPOINTMENT-NON-ATTENDANCE-REASON", "e-RS Appointment Non-attendance Reason", shareable, "2021-05-26T13:47:15.123Z",
			nil, reasonsWhy,
		},
	} {
		systems[s.id] = &s
	}
	return systems
}

// system returns a code system as it is now.
func (w *World) system(id string) (system, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	s := w.systems[id]
	if s == nil {
		return system{}, false
	}
	return *s, true
}

// Concepts lists a code system, nil for one that does not exist.
func (w *World) Concepts(id string) []Concept {
	s, _ := w.system(id)
	return slices.Clone(s.concepts)
}

// SetConcept adds a concept to a code system, or replaces the one with its code: new
// codes, new labels, retirement.
func (w *World) SetConcept(id string, c Concept) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.systems[id]
	if s == nil || c.Code == "" {
		return fmt.Errorf("concept %q of %q: want a code of a code system", c.Code, id)
	}
	list := slices.Clone(s.concepts)
	at := slices.IndexFunc(list, func(old Concept) bool { return old.Code == c.Code })
	if at < 0 {
		list = append(list, c)
	} else {
		list[at] = c
	}
	s.concepts = list
	return nil
}

type codeSystem struct {
	ID           string          `json:"id"`
	Meta         outcomeMeta     `json:"meta"`
	ResourceType string          `json:"resourceType"`
	URL          string          `json:"url"`
	Name         string          `json:"name"`
	Status       string          `json:"status"`
	Date         string          `json:"date"`
	Publisher    string          `json:"publisher"`
	Description  string          `json:"description"`
	Copyright    string          `json:"copyright"`
	Content      string          `json:"content"`
	Version      string          `json:"version"`
	Experimental bool            `json:"experimental"`
	CaseSens     bool            `json:"caseSensitive"`
	Property     []part          `json:"property"`
	Concept      []systemConcept `json:"concept"`
}

// part declares a property of concepts.
type part struct {
	Code string `json:"code"`
	URI  string `json:"uri"`
	Type string `json:"type"`
}

type systemConcept struct {
	Extension []extension `json:"extension,omitempty"`
	Code      string      `json:"code"`
	Display   string      `json:"display"`
	Property  []property  `json:"property"`
}

type property struct {
	Code          string  `json:"code"`
	ValueDateTime string  `json:"valueDateTime,omitempty"`
	ValueCoding   *coding `json:"valueCoding,omitempty"`
	ValueInteger  int     `json:"valueInteger,omitempty"`
}

func (o Options) codeSystemOf(s system) codeSystem {
	c := codeSystem{
		ID: s.id, Meta: outcomeMeta{Profile: []string{s.profile}}, ResourceType: "CodeSystem",
		URL: o.BaseURL + "/STU3/CodeSystem/" + s.id, Name: s.name, Status: "active", Date: s.date,
		Publisher: "e-Referral Service", Description: s.name, Copyright: "Copyright (c) 2016 HL7 UK",
		Content: "complete", Version: "1", CaseSens: true,
	}
	for _, p := range append([][2]string{{"effectiveFrom", "dateTime"}, {"effectiveTo", "dateTime"}}, s.parts...) {
		c.Property = append(c.Property, part{p[0], conceptParts + p[0], p[1]})
	}
	for _, concept := range s.concepts {
		c.Concept = append(c.Concept, o.listedOf(s.id, concept))
	}
	return c
}

func (o Options) listedOf(system string, c Concept) systemConcept {
	from := c.From
	if from.IsZero() {
		from = began
	}
	l := systemConcept{Code: c.Code, Display: c.Display, Property: []property{dated("effectiveFrom", from)}}
	if system == Specialties {
		l.Extension = []extension{{URL: dateExtension + "EffectivefromDate-1", ValueDate: from.String()}}
	}
	if !c.To.IsZero() {
		l.Property = append(l.Property, dated("effectiveTo", c.To))
		if system == Specialties {
			l.Extension = append(l.Extension, extension{URL: dateExtension + "EffectivetoDate-1", ValueDate: c.To.String()})
		}
	}
	for _, parent := range c.Specialties {
		l.Property = append(l.Property, property{
			Code: "specialty", ValueCoding: &coding{System: o.BaseURL + "/STU3/CodeSystem/" + Specialties, Code: parent},
		})
	}
	if system == Priorities {
		l.Property = append(l.Property,
			property{Code: "deferToProviderContactDays", ValueInteger: c.DeferDays},
			property{Code: "triageContactDays", ValueInteger: c.TriageDays})
	}
	return l
}

func dated(code string, day profile.Date) property {
	return property{Code: code, ValueDateTime: day.String() + "T00:00:00.000Z"}
}

// specialtyConcepts returns those of the departments, each once, and recorded ones.
func specialtyConcepts() []Concept {
	list := slices.Clone(recordedSpecialties)
	for _, d := range departments {
		list = append(list, Concept{Code: d.specialty, Display: d.label})
	}
	return eachOnce(list)
}

func clinicConcepts() []Concept {
	list := slices.Clone(recordedClinics)
	for _, d := range departments {
		list = append(list, Concept{Code: d.clinic, Display: d.name, Specialties: append([]string{d.specialty}, d.also...)})
	}
	return eachOnce(list)
}

func eachOnce(list []Concept) []Concept {
	slices.SortStableFunc(list, func(a, b Concept) int { return cmp.Compare(a.Code, b.Code) })
	return slices.CompactFunc(list, func(a, b Concept) bool { return a.Code == b.Code })
}
