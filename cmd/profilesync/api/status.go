package api

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
)

func (s *server) status() {
	operation.Add(s.set, operation.Route{
		ID: "show-status", Method: http.MethodGet, Path: "/status", Verb: guard.Read,
		Summary: "Show how things stand: what was pulled, what waits for a person, sinks, letters, daemons",
	}, s.showStatus)
}

func (s *server) showStatus(ctx context.Context, _ *struct{}) (*operation.Body[standing.Standing], error) {
	stands, err := s.do.Status(ctx)
	return operation.Answer(stands, err)
}
