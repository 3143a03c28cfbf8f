package erstest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile"
)

// service is A033 and A037. What is no number of a service is not found: nobody
// says what it should be (CONTRACT.md "Assumptions").
func (s *Server) service(r *http.Request, e *Entry) answer {
	e.IDs = []string{r.PathValue("id")}
	ids, ok := parsed(e.IDs)
	if !ok {
		return refusal(NotFound, e.Kind, s.options.Now())
	}
	found, way := s.look(ids, e.Client)
	if way == "" && len(found) == 0 {
		way = NotFound
	}
	if way != "" {
		return refusal(way, e.Kind, s.options.Now())
	}
	e.Records = 1
	return answer{status: http.StatusOK, kind: fhirType, body: s.written(found[0])}.
		with("ETag", `W/"`+found[0].Version+`"`).with("Cache-Control", "no-cache")
}

// search is A035.
func (s *Server) search(r *http.Request, e *Entry) answer {
	texts, ok := idsOf(r.URL.Query())
	e.IDs = texts
	ids, digits := parsed(texts)
	if !ok || !digits || len(ids) == 0 || len(ids) > maxIDs {
		return refusal(BadRequest, e.Kind, s.options.Now())
	}
	found, way := s.look(ids, e.Client)
	if way != "" {
		return refusal(way, e.Kind, s.options.Now())
	}
	e.Records = len(found)
	return s.bundleOf(texts, found, s.options.Now())
}

// idsOf splits `_id`. A parameter that is repeated, or any other, is malformed.
func idsOf(query url.Values) ([]string, bool) {
	values := query["_id"]
	if len(values) != 1 || values[0] == "" {
		return nil, false
	}
	return strings.Split(values[0], ","), len(query) == 1
}

// look finds services, each once, in the order they were asked for. One that
// the client may not see spoils all (CONTRACT.md "Asking for many"); one that is
// absent does not.
func (s *Server) look(ids []reconcile.ServiceID, client string) (found []*Service, refused Way) {
	for i, id := range ids {
		service := s.world.look(id)
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

// codeSystem is A004.
func (s *Server) codeSystem(r *http.Request, e *Entry) answer {
	system, known := s.world.system(r.PathValue("type"))
	if !known {
		return answer{status: http.StatusNotFound} // recorded: an empty body
	}
	e.Records = len(system.concepts)
	return encoded(http.StatusOK, fhirType, s.options.codeSystemOf(system)).with("Cache-Control", "no-cache")
}
