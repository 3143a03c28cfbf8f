package calendartest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/profilesync/profilesync/reconcile"
)

// control adds what is never spoiled and never written down: the ledger and the
// switches.
func (s *Server) control() {
	s.mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		encoder := json.NewEncoder(w)
		for _, e := range s.Ledger() {
			_ = encoder.Encode(e) // a client that left is none of our business
		}
	})
	s.mux.HandleFunc("POST /control/vanish", s.change(func(h reconcile.Holiday) error {
		s.Vanish(h.Date)
		return nil
	}))
	s.mux.HandleFunc("POST /control/appear", s.change(func(h reconcile.Holiday) error {
		if h.Title == "" {
			return errors.New("want a title")
		}
		s.Appear(h)
		return nil
	}))
	s.mux.HandleFunc("POST /control/restore", func(w http.ResponseWriter, _ *http.Request) {
		s.Restore()
		done(w, nil)
	})
	s.mux.HandleFunc("PUT /control/faults", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		done(w, read(r, &f, func() error { return s.stand(f) }))
	})
	s.mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.Heal()
		done(w, nil)
	})
}

// change reads a day and does something about it.
func (s *Server) change(do func(reconcile.Holiday) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var what struct {
			Date  reconcile.Date `json:"date"`
			Title string         `json:"title"`
		}
		done(w, read(r, &what, func() error {
			if what.Date.IsZero() {
				return errors.New("want a date")
			}
			return do(reconcile.Holiday{Date: what.Date, Title: what.Title})
		}))
	}
}

// read decodes a request's body, refusing keys that do not exist, and uses it.
func read(r *http.Request, into any, use func() error) error {
	decoder := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	return use()
}

func done(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
