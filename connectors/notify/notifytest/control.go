package notifytest

import (
	"net/http"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

func (s *Server) control() {
	s.Route("GET /ledger/messages", s.messages)
	s.Route("POST /control/receipts", s.postNow)
}

func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case query.Has("reference"):
		simulate.Lines(w, s.ByReference(query.Get("reference")))
	case query.Has("address"):
		simulate.Lines(w, s.ByAddress(query.Get("address")))
	default:
		simulate.Lines(w, s.Messages())
	}
}

func (s *Server) postNow(w http.ResponseWriter, r *http.Request) {
	type receiver struct {
		URL   string `json:"url"`
		Token string `json:"token"`
	}
	simulate.Ask(func(to receiver) (any, error) { //nolint:contextcheck // it is the request's
		return s.PostReceipts(r.Context(), to.URL, to.Token)
	})(w, r)
}
