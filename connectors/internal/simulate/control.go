package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// control adds the routes that every simulator has (see the package's comment).
func (k *Kit[E]) control() {
	k.Route("PUT /control/faults", Command(k.Stand))
	k.Route("GET /control/faults", Show(func(*http.Request) any { return k.Standing() }))
	k.Route("DELETE /control/faults", Action(k.Heal))
	k.Route("POST /control/reset", Action(k.Reset))
	k.Route("POST /control/advance", Command(func(by struct {
		Seconds float64 `json:"seconds"`
	},
	) error {
		k.Advance(time.Duration(by.Seconds * float64(time.Second)))
		return nil
	}))
	k.Route("GET /ledger", func(w http.ResponseWriter, r *http.Request) { Lines(w, k.Ledger(r.URL.Query()["code"]...)) })
	k.Route("GET /ledger/summary", Show(func(*http.Request) any { return k.options.Summary() }))
}

// Route adds a route of the simulator's own, below /control or /ledger: it meets no
// faults and is not in the ledger.
func (k *Kit[E]) Route(pattern string, handle http.HandlerFunc) { k.routes.HandleFunc(pattern, handle) }

// Ask reads a JSON body strictly and answers with the result of do, with 204 if
// that is nil, or with 400 and {"error": text} if it fails.
func Ask[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = Strict(body, &in)
		}
		var out any
		if err == nil {
			out, err = do(in)
		}
		switch {
		case err != nil:
			Bad(err).Send(w)
		case out == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			JSON(http.StatusOK, out).Send(w)
		}
	}
}

// Command is Ask without a result.
func Command[T any](do func(T) error) http.HandlerFunc {
	return Ask(func(in T) (any, error) { return nil, do(in) })
}

// Action calls do, ignores the body, and answers 204.
func Action(do func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		do()
		w.WriteHeader(http.StatusNoContent)
	}
}

// Show answers with JSON.
func Show(what func(*http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { JSON(http.StatusOK, what(r)).Send(w) }
}

// Bad is the answer with which the routes of a kit refuse a request.
func Bad(err error) Answer {
	return JSON(http.StatusBadRequest, map[string]string{"error": err.Error()})
}

// Strict reads JSON and refuses keys that do not exist.
func Strict(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	return nil
}

// Lines answers with JSON, one record on each line.
func Lines[T any](w http.ResponseWriter, records []T) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	for i := range records {
		if encoder.Encode(&records[i]) != nil { //nolint:errchkjson // a simulator's own type; otherwise the client left
			return
		}
	}
}
