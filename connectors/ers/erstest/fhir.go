package erstest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/services"
)

// service answers A033 and A037. An invalid id is not found: it is not documented what
// the answer should be (CONTRACT.md "Assumptions").
func (s *Server) service(r *http.Request, e *Entry) simulate.Answer {
	e.IDs = []string{r.PathValue("id")}
	ids, ok := parsed(e.IDs)
	if !ok {
		return refusal(simulate.Error(404), e.Kind, s.Now())
	}
	found, refused := s.findServices(ids, e.Client)
	if refused == "" && len(found) == 0 {
		refused = simulate.Error(404)
	}
	if refused != "" {
		return refusal(refused, e.Kind, s.Now())
	}
	e.Records = 1
	return simulate.Answer{Status: http.StatusOK, Type: fhirType, Body: s.encode(found[0])}.
		With("ETag", `W/"`+found[0].Version+`"`).With("Cache-Control", "no-cache")
}

// search answers A035.
func (s *Server) search(r *http.Request, e *Entry) simulate.Answer {
	texts, ok := idsOf(r.URL.Query())
	e.IDs = texts
	ids, digits := parsed(texts)
	if !ok || !digits || len(ids) == 0 || len(ids) > maxIDs {
		return refusal(simulate.Error(400), e.Kind, s.Now())
	}
	found, refused := s.findServices(ids, e.Client)
	if refused != "" {
		return refusal(refused, e.Kind, s.Now())
	}
	e.Records = len(found)
	return s.bundleOf(texts, found, s.Now())
}

// idsOf splits `_id`. A repeated parameter, or any other parameter, is malformed.
func idsOf(query url.Values) ([]string, bool) {
	values := query["_id"]
	if len(values) != 1 || values[0] == "" {
		return nil, false
	}
	return strings.Split(values[0], ","), len(query) == 1
}

// findServices finds services, each once, in the order of the request. One that the
// client may not see makes the whole request fail (CONTRACT.md "Asking for many"); an
// absent one does not.
func (s *Server) findServices(ids []services.ID, client string) (found []*Service, refused FaultName) {
	for i, id := range ids {
		service := s.world.serviceOf(id)
		switch {
		case service == nil || service.Removed || slices.Contains(ids[:i], id):
		case service.hiddenFrom(client), !service.Published && s.options.Unpublished == http.StatusForbidden:
			return nil, NoRelationship
		case !service.Published && s.options.Unpublished == http.StatusNotFound:
		default:
			found = append(found, service)
		}
	}
	return found, ""
}

// codeSystem answers A004.
func (s *Server) codeSystem(r *http.Request, e *Entry) simulate.Answer {
	system, known := s.world.system(r.PathValue("type"))
	if !known {
		return simulate.Answer{Status: http.StatusNotFound} // as recorded: an empty body
	}
	e.Records = len(system.concepts)
	return simulate.Encoded(http.StatusOK, fhirType, s.options.codeSystemOf(system)).With("Cache-Control", "no-cache")
}
