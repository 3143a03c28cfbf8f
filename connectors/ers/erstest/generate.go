package erstest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Site is a place that has services.
type Site struct {
	Code     profile.ODSCode
	Provider profile.ODSCode // default the first three characters of the code, as legacy site codes are built
	Name     string          // ends the names of some services; may be empty
}

// Sites returns plain sites with these codes.
func Sites(codes ...profile.ODSCode) []Site {
	sites := make([]Site, 0, len(codes))
	for _, code := range codes {
		sites = append(sites, Site{Code: code})
	}
	return sites
}

// NewWorld makes up a number of services at each site, the same for the same seed and
// sites. One in a hundred services is removed, one in 33 is not published, and from
// the 42nd on some dates are wrong, so that smaller worlds are clean.
func NewWorld(seed uint64, sites []Site, servicesPerSite int) *World {
	w := &World{
		services: make(map[services.ID]*Service, len(sites)*servicesPerSite),
		systems:  codeSystemsOf(),
	}
	n := 0
	for _, site := range sites {
		if site.Provider == "" {
			site.Provider = site.Code[:min(3, len(site.Code))]
		}
		d := newDraw(seed, string(site.Code))
		first := d.IntN(len(departments))
		for i := range servicesPerSite {
			// 7 and the number of departments share no factor: all come before any comes again.
			at := (first + 7*i) % len(departments)
			s := d.service(site, departments[at], i/len(departments))
			s.ID = services.ID(strconv.Itoa(11_000 + 3*n + d.IntN(3)))
			d.state(s, n)
			w.services[s.ID] = s
			n++
		}
	}
	return w
}

// draw is a stream of random numbers that depends only on the seed and the site.
type draw struct{ *rand.Rand }

func newDraw(seed uint64, name string) draw {
	h := fnv.New64a()
	h.Write([]byte(name))                               // never fails
	return draw{rand.New(rand.NewPCG(seed, h.Sum64()))} //nolint:gosec // made-up data, not secrets
}

func (d draw) chance(percent int) bool { return d.IntN(100) < percent }

// service makes up what the API says; round is how often the site had that department
// before.
func (d draw) service(site Site, dep department, round int) *Service {
	s := &Service{
		Provider: site.Provider, Specialty: dep.specialty, ClinicTypes: []string{dep.clinic}, Published: true,
		Gender: "MALE_AND_FEMALE", MinAge: 16,
	}
	s.Version = strconv.Itoa(1 + d.IntN(40))
	s.Sites = []profile.ODSCode{site.Code}
	s.Name = d.name(site, dep, round)
	if d.chance(4) {
		return s // only what is required, as the minimal example
	}
	s.AppointmentTypes = []services.Coding{{Code: dep.appointment, Display: appointmentTypes[dep.appointment]}}
	d.flows(s)
	if d.chance(85) {
		s.Hours = hours[d.IntN(len(hours))]
	}
	if d.chance(70) {
		s.Instructions = instructions[d.IntN(len(instructions))]
	}
	d.contacts(s, dep)
	return s
}

// name returns a name as hospitals write them, each in its own style.
func (d draw) name(site Site, dep department, round int) string {
	place := site.Name
	if place == "" {
		place = string(site.Provider)
	}
	name := []string{
		dep.name + " - " + dep.label + " - " + place,
		dep.label + " - " + dep.name + " Clinic",
		dep.name + " Service-" + place + "-" + string(site.Code),
		strings.ToUpper(dep.name) + " (" + place + ")",
	}[d.IntN(4)]
	if round > 0 {
		name += fmt.Sprintf(" %d", round+1)
	}
	return name
}

// flows sets one or two flows, never an appointment together with triage
// (CONTRACT.md "The service resource").
func (d draw) flows(s *Service) {
	switch n := d.IntN(100); {
	case n < 15:
		s.RequestFlows = []services.Coding{reviewing}
		return
	case n < 25:
		s.RequestFlows = []services.Coding{advising}
		return
	case n < 35:
		s.RequestFlows = []services.Coding{bookable, advising}
	default:
		s.RequestFlows = []services.Coding{bookable}
	}
	s.Bookable = []services.Coding{directly}
	if d.chance(30) {
		s.Bookable = []services.Coding{indirectly}
	}
}

// contacts sets contacts, with telephone numbers reserved for fiction.
func (d draw) contacts(s *Service, dep department) {
	phone := func() string { return fmt.Sprintf("01632 960%03d", d.IntN(1000)) }
	box := strings.ReplaceAll(strings.ToLower(dep.specialty), "_", ".") + "@" + strings.ToLower(string(s.Provider)) + ".example.nhs.uk"
	if d.chance(80) {
		s.Contacts = append(s.Contacts, services.Point{Purpose: services.ForPatients, System: "phone", Value: phone()})
		if d.chance(20) {
			s.Contacts = append(s.Contacts, services.Point{Purpose: services.ForPatients, System: "email", Value: box})
		}
	}
	if d.chance(30) {
		s.Contacts = append(s.Contacts, services.Point{Purpose: "ADMIN", System: "phone", Value: phone()})
	}
	if d.chance(40) {
		s.Contacts = append(s.Contacts, services.Point{Purpose: "HEALTHCARE_PROFESSIONALS", System: "email", Value: "referrals." + box})
	}
}

// state makes up what only the extract says, including dirt
// (CONTRACT.md "The EBSX05 extract").
func (d draw) state(s *Service, n int) {
	s.Begin = profile.NewDate(2006+d.IntN(19), time.Month(1+d.IntN(12)), 1+d.IntN(28))
	switch {
	case n%1000 == 41:
		s.Begin = profile.NewDate(2922, time.May, 1)
	case n%200 == 151:
		s.Begin = profile.NewDate(2034, time.January, 1)
	case n%100 == 97:
		s.Removed, s.End = true, s.Begin.AddDays(900)
	case n%33 == 29:
		s.Published, s.Unpublished = false, s.Begin.AddDays(400)
	}
	if s.Specialty == "CHILDREN_AND_ADOLESCENT" {
		s.MinAge, s.MaxAge = 0, 16
	}
	if s.Specialty == "GYNAECOLOGY" || s.Specialty == "BREAST_SURGERY" {
		s.Gender = "FEMALE"
	}
}
