package erstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/profilesync/profilesync/reconcile"
)

// order is what a request to change the world says; each verb reads its part.
type order struct {
	IDs     []reconcile.ServiceID `json:"ids"`
	Clients []string              `json:"clients"`
	Name    string                `json:"name"`
	Site    reconcile.ODSCode     `json:"site"`
	Code    string                `json:"code"`
	Display string                `json:"display"`
	System  string                `json:"system"`
	Concept Concept               `json:"concept"`
}

// control adds what is never spoiled and never written down: the ledger, the
// world, the switches.
func (s *Server) control() {
	s.mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) { lines(w, s.Ledger()) })
	s.mux.HandleFunc("GET /ledger/summary", func(w http.ResponseWriter, _ *http.Request) {
		encoded(http.StatusOK, "application/json", s.Summary()).send(w)
	})
	s.mux.HandleFunc("GET /control/services", func(w http.ResponseWriter, r *http.Request) {
		var sites []reconcile.ODSCode
		for _, site := range r.URL.Query()["site"] {
			sites = append(sites, reconcile.ODSCode(site))
		}
		lines(w, s.world.Services(sites...))
	})
	s.mux.HandleFunc("GET /control/extract", s.extract)
	s.mux.HandleFunc("POST /control/add", func(w http.ResponseWriter, r *http.Request) {
		var service Service
		done(w, read(r, &service, func() error { return s.world.Add(service) }))
	})
	for verb, do := range s.world.verbs() {
		s.mux.HandleFunc("POST /control/"+verb, func(w http.ResponseWriter, r *http.Request) {
			var o order
			done(w, read(r, &o, func() error { return do(o) }))
		})
	}
	s.mux.HandleFunc("PUT /control/faults", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		done(w, read(r, &f, func() error { return s.stand(f) }))
	})
	s.mux.HandleFunc("GET /control/faults", s.standingNow)
	s.mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.Heal()
		done(w, nil)
	})
}

// verbs are the operations of the world by their names over HTTP.
func (w *World) verbs() map[string]func(order) error {
	each := func(do func(order, reconcile.ServiceID) error) func(order) error {
		return func(o order) (err error) {
			for _, id := range o.IDs {
				err = errors.Join(err, do(o, id))
			}
			return err
		}
	}
	return map[string]func(order) error{
		"change":  func(o order) error { return w.Change(o.IDs...) },
		"restamp": func(o order) error { return w.Restamp(o.IDs...) },
		"remove":  func(o order) error { return w.Remove(o.IDs...) },
		"return":  func(o order) error { return w.Return(o.IDs...) },
		"hide":    each(func(o order, id reconcile.ServiceID) error { return w.Hide(id, o.Clients...) }),
		"rename":  each(func(o order, id reconcile.ServiceID) error { return w.Rename(id, o.Name) }),
		"move":    each(func(o order, id reconcile.ServiceID) error { return w.Move(id, o.Site) }),
		"relabel": func(o order) error { return w.Relabel(o.Code, o.Display) },
		"concept": func(o order) error { return w.SetConcept(o.System, o.Concept) },
	}
}

func (s *Server) extract(w http.ResponseWriter, r *http.Request) {
	month, err := reconcile.ParseDate(r.URL.Query().Get("month") + "-01")
	if err != nil {
		done(w, fmt.Errorf("month: %w", err))
		return
	}
	answer{status: http.StatusOK, kind: "application/zip", body: s.world.Extract(month)}.send(w)
}

// stand makes a fault the standing one, in place of the one before.
func (s *Server) stand(f Fault) error {
	standing, err := ready(f)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing = standing
	return nil
}

func (s *Server) standingNow(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var f Fault
	if s.standing != nil {
		f = *s.standing
	}
	encoded(http.StatusOK, "application/json", f).send(w)
}

// read decodes a request's body, refusing keys that do not exist, and uses it.
func read(r *http.Request, into any, use func() error) error {
	decoder := json.NewDecoder(io.LimitReader(r.Body, 4<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	return use()
}

func done(w http.ResponseWriter, err error) {
	if err != nil {
		encoded(http.StatusBadRequest, "application/json", map[string]string{"error": err.Error()}).send(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// lines sends a line of JSON for each row.
func lines[T any](w http.ResponseWriter, rows []T) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	for _, row := range rows {
		_ = encoder.Encode(row) //nolint:errchkjson // our own rows; a client that left is none of our business
	}
}
