package dostest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// controls serves what is no part of DoS. Errors are 400 with {"error": text}.
func (s *Server) controls() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /control/services", decoded(s.seedServices))
	mux.HandleFunc("GET /control/services", func(w http.ResponseWriter, r *http.Request) {
		respond(w, http.StatusOK, list(s.Services(r.URL.Query().Get("code"))))
	})
	mux.HandleFunc("POST /control/organizations", decoded(s.seedOrganizations))
	mux.HandleFunc("GET /control/organizations", func(w http.ResponseWriter, r *http.Request) {
		respond(w, http.StatusOK, list(s.Organizations(r.URL.Query().Get("code"))))
	})
	mux.HandleFunc("POST /control/change", decoded(s.changeAll))
	mux.HandleFunc("PUT /control/faults", decoded(func(f Faults) (any, error) { return f, s.Faults(f) }))
	mux.HandleFunc("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, s.switches.get()) })
	mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.Heal()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /control/settled", func(w http.ResponseWriter, r *http.Request) { waited(w, s.Settled(r.Context())) })
	mux.HandleFunc("POST /control/drain", func(w http.ResponseWriter, r *http.Request) { waited(w, s.Drain(r.Context())) })
	mux.HandleFunc("GET /ledger", s.sendLedger)
	mux.HandleFunc("GET /ledger/summary", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, s.Summary()) })
	mux.HandleFunc("GET /ledger/state", func(w http.ResponseWriter, _ *http.Request) { sendLines(w, s.States()) })
	return mux
}

// list is a JSON list also where there is nothing.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// decoded reads a JSON body strictly and answers with what comes of it.
func decoded[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&in)
		var out any
		if err == nil {
			out, err = do(in)
		}
		if err != nil {
			respond(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		respond(w, http.StatusOK, out)
	}
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_, _ = w.Write(marshal(body)) // a client that left is none of our business
}

func waited(w http.ResponseWriter, err error) {
	if err != nil {
		return // the client left; nobody is to be told
	}
	w.WriteHeader(http.StatusNoContent)
}

// strict reads one record of a list that also holds bare codes.
func strict(raw json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (s *Server) seedServices(rows []json.RawMessage) (any, error) {
	for i, raw := range rows {
		var code string
		if json.Unmarshal(raw, &code) == nil {
			s.Seed(code)
			continue
		}
		var service Service
		if err := strict(raw, &service); err != nil {
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
		if err := strict(raw, &organization); err != nil {
			return nil, fmt.Errorf("organization %d: %w", i+1, err)
		}
		s.AddOrganization(organization)
	}
	return map[string]int{"organizations": len(rows)}, nil
}

// alteration is one field to alter behind our back.
type alteration struct {
	Code  string `json:"code"`
	Field string `json:"field"` // of a Service or an Organization
	Value string `json:"value"`
}

// changeAll takes one alteration or a list and answers how many records it
// altered. It stops at the first that names no such field.
func (s *Server) changeAll(raw json.RawMessage) (any, error) {
	if !bytes.HasPrefix(raw, []byte("[")) {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	var all []alteration
	if err := strict(raw, &all); err != nil {
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

func (s *Server) sendLedger(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("code")
	entries := s.ledger.view()
	if code != "" {
		entries = s.ledger.about(code)
	}
	sendLines(w, entries)
}

// sendLines answers with JSON, a record a line.
func sendLines[T any](w http.ResponseWriter, records []T) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	for i := range records {
		if _, err := w.Write(append(marshal(&records[i]), '\n')); err != nil {
			return // the client left
		}
	}
}
