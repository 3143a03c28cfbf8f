package websitetest

import (
	"net/http"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

func (s *Server) control() {
	s.Route("GET /ledger/state", func(w http.ResponseWriter, r *http.Request) {
		simulate.Lines(w, s.States(r.URL.Query()["code"]...))
	})
	type change struct {
		Code  string `json:"code"`
		Field string `json:"field"`
		Value string `json:"value"`
	}
	s.Route("POST /control/change", simulate.Command(func(c change) error { return s.Change(c.Code, c.Field, c.Value) }))
	type removal struct {
		Code string `json:"code"`
	}
	s.Route("POST /control/remove", simulate.Command(func(r removal) error { return s.Remove(r.Code) }))
	s.Route("POST /control/wipe", simulate.Action(s.Wipe))
}
