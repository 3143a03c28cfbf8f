package outside

import (
	"encoding/json"
	"net/http"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The control endpoints belong to no outside system: other processes use them to
// move time on.
const (
	ChurnPath  = "/control/churn"  // POST ?to=DATE: the events up to that day
	RecodePath = "/control/recode" // POST ?on=DATE: the mass recode of the trusts
	DayPath    = "/control/day"    // GET, or POST ?to=DATE: days without events
)

// Listing is where the register gives a report of today as a file, by the report's name.
func (s *Systems) Listing(report string) string {
	return s.RegisterURL + odstest.DSEPath + "?report=" + report
}

// site serves the register and the control endpoints.
func (s *Systems) site() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.Register.Handler())
	mux.Handle("POST "+ChurnPath, play("to", s.Churn))
	mux.Handle("POST "+RecodePath, play("on", s.Register.Recode))
	mux.Handle("POST "+DayPath, play("to", func(day profile.Date) (odstest.Played, error) {
		return odstest.Played{Day: day, Events: map[string]int{}}, s.Register.Advance(day)
	}))
	mux.HandleFunc("GET "+DayPath, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, odstest.Played{Day: s.Register.Day(), Events: map[string]int{}})
	})
	return mux
}

// Churn plays the events up to a day. DoS learns of organisations that open.
func (s *Systems) Churn(to profile.Date) (odstest.Played, error) {
	played, err := s.Register.Churn(to)
	if err != nil {
		return played, err
	}
	return played, s.SeedDoS()
}

// play reads the day from the query and answers with the events, or with 400 and
// {"error": ...}.
func play(parameter string, happen func(profile.Date) (odstest.Played, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := r.URL.Query().Get(parameter)
		day, err := profile.ParseDate(text)
		if err != nil || day.IsZero() {
			answer(w, http.StatusBadRequest, map[string]string{"error": parameter + "=" + text + ": want a day like 2026-04-01"})
			return
		}
		played, err := happen(day)
		if err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		answer(w, http.StatusOK, played)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // the client has gone
	}
}
