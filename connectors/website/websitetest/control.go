package websitetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// control adds what is never spoiled and never written down: the ledger and the
// switches.
func (s *Server) control() {
	s.mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, r *http.Request) {
		lines(w, s.Ledger(r.URL.Query()["code"]...))
	})
	s.mux.HandleFunc("GET /ledger/state", func(w http.ResponseWriter, r *http.Request) {
		lines(w, s.States(r.URL.Query()["code"]...))
	})
	s.mux.HandleFunc("GET /ledger/summary", func(w http.ResponseWriter, _ *http.Request) {
		encoded(http.StatusOK, s.Summary()).send(w)
	})
	s.mux.HandleFunc("POST /control/change", s.changeOver)
	s.mux.HandleFunc("POST /control/remove", func(w http.ResponseWriter, r *http.Request) {
		var what struct {
			Code string `json:"code"`
		}
		done(w, read(r, &what, func() error { return s.Remove(what.Code) }))
	})
	s.mux.HandleFunc("POST /control/wipe", func(w http.ResponseWriter, _ *http.Request) {
		s.Wipe()
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

func (s *Server) changeOver(w http.ResponseWriter, r *http.Request) {
	var what struct {
		Code  string `json:"code"`
		Field string `json:"field"`
		Value string `json:"value"`
	}
	done(w, read(r, &what, func() error { return s.Change(what.Code, what.Field, what.Value) }))
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
