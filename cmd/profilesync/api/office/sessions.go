package office

import (
	"cmp"
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// sessions are operations on who has signed in, and on what everybody did.
func (s *server) sessions() {
	operation.Add(s.set, operation.Route{
		ID: "list-sessions", Method: http.MethodGet, Path: "/sessions", Verb: guard.Administer,
		Summary: "List who has signed in",
	}, s.listSessions)
	operation.Add(s.set, operation.Route{
		ID: "end-sessions", Method: http.MethodPost, Path: "/sessions/end", Verb: guard.Administer, Keyed: true,
		Summary: "Sign somebody out everywhere, at once on every daemon",
		About:   "To keep them out, take them out of their group at the identity provider.",
	}, s.endSessions)
	operation.Add(s.set, operation.Route{
		ID: "list-actions", Method: http.MethodGet, Path: "/actions", Verb: guard.Administer,
		Summary: "List what was done by the API, by the console and with tokens, the newest first, and by whom",
	}, s.listActions)
}

func (s *server) listSessions(ctx context.Context, in *operation.Paging) (*operation.List[accessstore.SignedIn], error) {
	key := func(one accessstore.SignedIn) string { return one.Actor }
	return operation.Paged(*in, key, func(int) ([]accessstore.SignedIn, error) { return s.do.SignedIn(ctx) })
}

type endSessionsInput struct {
	Body struct {
		Actor string `json:"actor" minLength:"1" maxLength:"200" doc:"Whose sessions: a pseudonym, as list-sessions shows it."`
	}
}

// Subject is whose sessions they are.
func (in *endSessionsInput) Subject() string { return operation.Safe(in.Body.Actor) }

func (s *server) endSessions(ctx context.Context, in *endSessionsInput) (*operation.Body[operation.Changed], error) {
	return operation.Answer(operation.Changed{Changed: true}, s.do.EndSessions(ctx, in.Body.Actor))
}

type listActionsInput struct {
	operation.Paging

	Actor  string `query:"actor" maxLength:"200" doc:"Only what this actor did: a pseudonym, or token:NAME."`
	Before int64  `query:"before" minimum:"0" doc:"Only what came before this action."`
}

func (s *server) listActions(ctx context.Context, in *listActionsInput) (*operation.List[accessstore.Action], error) {
	key := func(a accessstore.Action) int64 { return a.ID }
	return operation.PagedFrom(in.Paging, key, func(before int64, most int) ([]accessstore.Action, error) {
		return s.do.Audit(ctx, accessstore.ActionFilter{Actor: in.Actor, Before: cmp.Or(before, in.Before), Most: most})
	})
}
