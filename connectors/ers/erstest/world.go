package erstest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Service is a service with what the API says about it and what only the extract says
// (CONTRACT.md "What each source says").
type Service struct {
	services.Service

	Type        TypeShape       `json:"type,omitempty"`     // how `type` is written; "": by the server's option
	Provider    profile.ODSCode `json:"provider,omitempty"` // the organisation
	Specialty   string          `json:"specialty,omitempty"`
	ClinicTypes []string        `json:"clinic_types,omitempty"`
	MinAge      int             `json:"min_age,omitempty"` // in years
	MaxAge      int             `json:"max_age,omitempty"` // 0: no limit
	Gender      string          `json:"gender,omitempty"`  // MALE, FEMALE or MALE_AND_FEMALE
	Published   bool            `json:"published"`
	Unpublished profile.Date    `json:"unpublished,omitzero"` // since when
	Begin       profile.Date    `json:"begin,omitzero"`       // may be in the future: dirt
	End         profile.Date    `json:"end,omitzero"`
	Removed     bool            `json:"removed,omitempty"`     // unknown to the API
	Hidden      bool            `json:"hidden,omitempty"`      // from every client
	HiddenFrom  []string        `json:"hidden_from,omitempty"` // from these clients
}

func (s *Service) hiddenFrom(client string) bool {
	return s.Hidden || slices.Contains(s.HiddenFrom, client)
}

// World holds the services and code systems of e-RS. It may be used by many goroutines.
// Its results belong to the caller, except for the lists in them, which are replaced
// and never written to.
type World struct {
	mu       sync.RWMutex
	services map[services.ID]*Service
	systems  map[string]*system
}

// Service returns a service, even if it is removed or hidden.
func (w *World) Service(id services.ID) (Service, bool) {
	if s := w.serviceOf(id); s != nil {
		return *s, true
	}
	return Service{}, false
}

// serviceOf returns a service, or nil. The caller must not write to it.
func (w *World) serviceOf(id services.ID) *Service {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.services[id]
}

// Services lists the services of the given sites, or all, by number.
func (w *World) Services(sites ...profile.ODSCode) []Service {
	w.mu.RLock()
	defer w.mu.RUnlock()
	list := make([]Service, 0, len(w.services))
	for _, s := range w.services {
		if len(sites) == 0 || slices.ContainsFunc(s.Sites, func(site profile.ODSCode) bool { return slices.Contains(sites, site) }) {
			list = append(list, *s)
		}
	}
	slices.SortFunc(list, func(a, b Service) int { return compareIDs(a.ID, b.ID) })
	return list
}

// IDs lists the numbers of all services, including removed and hidden ones, in order.
func (w *World) IDs() []services.ID {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(w.services), compareIDs)
}

// compareIDs orders ids as numbers.
func compareIDs(a, b services.ID) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// Add adds services, or replaces those with their numbers. A missing version becomes 1.
// Published must be set.
func (w *World) Add(listed ...Service) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range listed {
		if _, err := services.ParseID(string(s.ID)); err != nil {
			return fmt.Errorf("adding a service: %w", err)
		}
		if s.Version == "" {
			s.Version = "1"
		}
		w.services[s.ID] = &s
	}
	return nil
}

// Change gives services other hours, and a new version.
func (w *World) Change(ids ...services.ID) error {
	return w.update(ids, func(s *Service) {
		s.Hours = hours[(slices.Index(hours, s.Hours)+1)%len(hours)]
		s.raiseVersion()
	})
}

// Restamp gives services a new version and changes nothing.
func (w *World) Restamp(ids ...services.ID) error {
	return w.update(ids, func(s *Service) { s.raiseVersion() })
}

// Rename gives a service another name, and a new version.
func (w *World) Rename(id services.ID, name string) error {
	return w.update([]services.ID{id}, func(s *Service) {
		s.Name = name
		s.raiseVersion()
	})
}

// Move moves a service to another site, with a new version. The provider does not
// change.
func (w *World) Move(id services.ID, site profile.ODSCode) error {
	return w.update([]services.ID{id}, func(s *Service) {
		s.Sites = []profile.ODSCode{site}
		s.raiseVersion()
	})
}

// Remove makes services unknown to the API.
func (w *World) Remove(ids ...services.ID) error {
	return w.update(ids, func(s *Service) { s.Removed = true })
}

// Return undoes Remove and Hide; the version does not change.
func (w *World) Return(ids ...services.ID) error {
	return w.update(ids, func(s *Service) { s.Removed, s.Hidden, s.HiddenFrom = false, false, nil })
}

// Hide hides a service from clients, or from all: it answers NO_RELATIONSHIP,
// and so does every batch that holds it.
func (w *World) Hide(id services.ID, clients ...string) error {
	return w.update([]services.ID{id}, func(s *Service) {
		s.Hidden = s.Hidden || len(clients) == 0
		s.HiddenFrom = append(slices.Clone(s.HiddenFrom), clients...)
	})
}

// Relabel gives an appointment type, request flow or bookable type another label in
// every service. No version changes, since labels are reference data
// (CONTRACT.md "One service and its version").
func (w *World) Relabel(code, display string) error {
	return w.update(w.IDs(), func(s *Service) {
		for _, list := range []*[]services.Coding{&s.AppointmentTypes, &s.RequestFlows, &s.Bookable} {
			at := slices.IndexFunc(*list, func(c services.Coding) bool { return c.Code == code })
			if at >= 0 {
				*list = slices.Clone(*list)
				(*list)[at].Display = display
			}
		}
	})
}

func (s *Service) raiseVersion() {
	n, _ := strconv.Atoi(s.Version) // a version that is not a number starts again
	s.Version = strconv.Itoa(n + 1)
}

// update replaces services with changed ones, all or none.
func (w *World) update(ids []services.ID, change func(*Service)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if w.services[id] == nil {
			return fmt.Errorf("no service %q", id)
		}
	}
	for _, id := range ids {
		next := *w.services[id]
		change(&next)
		w.services[id] = &next
	}
	return nil
}
