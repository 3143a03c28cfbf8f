package dostest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

func (s *Server) control() {
	s.Route("POST /control/services", simulate.Ask(s.seedServices))
	s.Route("GET /control/services", simulate.Show(func(r *http.Request) any {
		return append([]Service{}, s.Services(r.URL.Query().Get("code"))...) // an empty list, not null
	}))
	s.Route("POST /control/organizations", simulate.Ask(s.seedOrganizations))
	s.Route("GET /control/organizations", simulate.Show(func(r *http.Request) any {
		return append([]Organization{}, s.Organizations(r.URL.Query().Get("code"))...)
	}))
	s.Route("POST /control/change", simulate.Ask(s.changeAll))
	s.Route("GET /control/settled", func(w http.ResponseWriter, r *http.Request) { answerWhenDone(w, s.AwaitEmptyQueue(r.Context())) })
	s.Route("POST /control/drain", func(w http.ResponseWriter, r *http.Request) { answerWhenDone(w, s.Drain(r.Context())) })
	s.Route("GET /ledger/state", func(w http.ResponseWriter, _ *http.Request) { simulate.Lines(w, s.States()) })
}

func answerWhenDone(w http.ResponseWriter, err error) {
	if err != nil {
		return // the client left; there is nobody to answer
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) seedServices(rows []json.RawMessage) (any, error) {
	for i, raw := range rows {
		var code string
		if json.Unmarshal(raw, &code) == nil {
			s.Seed(code)
			continue
		}
		var service Service
		if err := simulate.Strict(raw, &service); err != nil {
			return nil, fmt.Errorf("service %d: %w", i+1, err)
		}
		s.AddService(service)
	}
	return map[string]int{"services": len(rows)}, nil
}

func (s *Server) seedOrganizations(rows []json.RawMessage) (any, error) {
	for i, raw := range rows {
		var code string
		if json.Unmarshal(raw, &code) == nil {
			s.SeedOrganization(code, "")
			continue
		}
		organization := Organization{Active: true}
		if err := simulate.Strict(raw, &organization); err != nil {
			return nil, fmt.Errorf("organization %d: %w", i+1, err)
		}
		s.AddOrganization(organization)
	}
	return map[string]int{"organizations": len(rows)}, nil
}

// alteration is one field to change behind our back.
type alteration struct {
	Code  string `json:"code"`
	Field string `json:"field"` // of a Service or an Organization
	Value string `json:"value"`
}

// changeAll takes one alteration or a list, and answers how many records it changed.
// It stops at the first unknown field.
func (s *Server) changeAll(raw json.RawMessage) (any, error) {
	if !bytes.HasPrefix(raw, []byte("[")) {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	var all []alteration
	if err := simulate.Strict(raw, &all); err != nil {
		return nil, err
	}
	changed := 0
	for _, a := range all {
		n, err := s.alter(a)
		if err != nil {
			return nil, err
		}
		changed += n
	}
	return map[string]int{"changed": changed}, nil
}

func (s *Server) alter(a alteration) (int, error) {
	if a.Code == "" {
		return 0, fmt.Errorf("changing %s: no code", a.Field)
	}
	var err error
	changed := s.Change(a.Code, func(service *Service) { err = service.set(a.Field, a.Value) })
	if changed > 0 {
		return changed, err
	}
	if s.ChangeOrganization(a.Code, func(o *Organization) { err = o.set(a.Field, a.Value) }) {
		return 1, err
	}
	return 0, err
}
