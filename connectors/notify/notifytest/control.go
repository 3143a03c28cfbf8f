package notifytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// control adds what is never spoiled and never written down: the ledger and the
// switches.
func (s *Server) control() {
	s.mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) { lines(w, s.Ledger()) })
	s.mux.HandleFunc("GET /ledger/messages", s.messages)
	s.mux.HandleFunc("GET /ledger/summary", func(w http.ResponseWriter, _ *http.Request) {
		encoded(http.StatusOK, s.Summary()).send(w)
	})
	s.mux.HandleFunc("POST /control/advance", func(w http.ResponseWriter, r *http.Request) {
		var by struct {
			Seconds float64 `json:"seconds"`
		}
		done(w, read(r, &by, func() error {
			s.Advance(time.Duration(by.Seconds * float64(time.Second)))
			return nil
		}))
	})
	s.mux.HandleFunc("POST /control/receipts", s.postNow)
	s.mux.HandleFunc("POST /control/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		done(w, nil)
	})
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

func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case query.Has("reference"):
		lines(w, s.ByReference(query.Get("reference")))
	case query.Has("address"):
		lines(w, s.ByAddress(query.Get("address")))
	default:
		lines(w, s.Messages())
	}
}

func (s *Server) postNow(w http.ResponseWriter, r *http.Request) {
	var to struct {
		URL   string `json:"url"`
		Token string `json:"token"`
	}
	err := read(r, &to, func() error { return nil })
	if err != nil {
		done(w, err)
		return
	}
	sum, err := s.PostReceipts(r.Context(), to.URL, to.Token)
	if err != nil {
		done(w, err)
		return
	}
	encoded(http.StatusOK, sum).send(w)
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
	encoded(http.StatusOK, f).send(w)
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
		encoded(http.StatusBadRequest, map[string]string{"error": err.Error()}).send(w)
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
