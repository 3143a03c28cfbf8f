package erstest

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// controlRequest is the body of a request to change the world; each verb reads its
// part.
type controlRequest struct {
	IDs     []services.ID   `json:"ids"`
	Clients []string        `json:"clients"`
	Name    string          `json:"name"`
	Site    profile.ODSCode `json:"site"`
	Code    string          `json:"code"`
	Display string          `json:"display"`
	System  string          `json:"system"`
	Concept Concept         `json:"concept"`
}

func (s *Server) control() {
	s.Route("GET /control/services", func(w http.ResponseWriter, r *http.Request) {
		var sites []profile.ODSCode
		for _, site := range r.URL.Query()["site"] {
			sites = append(sites, profile.ODSCode(site))
		}
		simulate.Lines(w, s.world.Services(sites...))
	})
	s.Route("GET /control/extract", s.extract)
	s.Route("POST /control/add", simulate.Command(func(service Service) error { return s.world.Add(service) }))
	for verb, do := range s.world.verbs() {
		s.Route("POST /control/"+verb, simulate.Command(do))
	}
}

// verbs returns the operations of the world by their names over HTTP.
func (w *World) verbs() map[string]func(controlRequest) error {
	each := func(do func(controlRequest, services.ID) error) func(controlRequest) error {
		return func(o controlRequest) (err error) {
			for _, id := range o.IDs {
				err = errors.Join(err, do(o, id))
			}
			return err
		}
	}
	return map[string]func(controlRequest) error{
		"change":  func(o controlRequest) error { return w.Change(o.IDs...) },
		"restamp": func(o controlRequest) error { return w.Restamp(o.IDs...) },
		"remove":  func(o controlRequest) error { return w.Remove(o.IDs...) },
		"return":  func(o controlRequest) error { return w.Return(o.IDs...) },
		"hide":    each(func(o controlRequest, id services.ID) error { return w.Hide(id, o.Clients...) }),
		"rename":  each(func(o controlRequest, id services.ID) error { return w.Rename(id, o.Name) }),
		"move":    each(func(o controlRequest, id services.ID) error { return w.Move(id, o.Site) }),
		"relabel": func(o controlRequest) error { return w.Relabel(o.Code, o.Display) },
		"concept": func(o controlRequest) error { return w.SetConcept(o.System, o.Concept) },
	}
}

func (s *Server) extract(w http.ResponseWriter, r *http.Request) {
	month, err := profile.ParseDate(r.URL.Query().Get("month") + "-01")
	if err != nil {
		simulate.Bad(fmt.Errorf("month: %w", err)).Send(w)
		return
	}
	simulate.Answer{Status: http.StatusOK, Type: "application/zip", Body: s.world.Extract(month)}.Send(w)
}
