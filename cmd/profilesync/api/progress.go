package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/api/stream"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
)

func (s *server) progress() {
	events := map[string]*huma.Response{"200": {
		Description: "Events `progress` and, when the run has ended, `ended`, both with an object {run, state, stage, done, total}; " +
			"total is 0 where it is not known. Lines with a colon at their beginning say that the run goes on.",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
	operation.Add(s.set, operation.Route{
		ID: "run-progress", Method: http.MethodGet, Path: "/runs/{run}/progress", Verb: guard.Read, Answers: events, Stream: true,
		Within:  stream.Longest, // also before it begins
		Summary: "Follow a run until it has ended, as server-sent events",
		About:   "The run does not depend on who follows it. A stream ends after a minute at the latest: whoever wants more asks again.",
	}, s.follow)
}

func (s *server) follow(ctx context.Context, in *RunInput) (*huma.StreamResponse, error) {
	first, err := s.do.RunProgress(ctx, in.id())
	if err != nil {
		return nil, err
	}
	if err := guard.AsStream(ctx); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.Stopping, cancel)() //nolint:contextcheck // the daemon's, not the request's
		progress := func(ctx context.Context) (runstore.Progress, error) { return s.do.RunProgress(ctx, in.id()) }
		(&stream.Stream{W: w, Run: in.id(), Progress: progress, Look: s.Look, Alive: s.Alive}).Send(ctx, first)
	}}, nil
}
