package upkeep

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// SignedIn lists who has signed in.
func (u Upkeep) SignedIn(ctx context.Context) ([]accessstore.SignedIn, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Access.SignedIn(ctx)
}

// EndSessions signs somebody out everywhere, at once on every daemon. Who is a pseudonym, as
// SignedIn gives it.
func (u Upkeep) EndSessions(ctx context.Context, who string) error {
	if _, err := u.Begin(ctx); err != nil {
		return err
	}
	return u.App.Store.Access.EndSessions(ctx, who, guard.By(ctx))
}

// Audit lists actions, the newest first.
func (u Upkeep) Audit(ctx context.Context, f accessstore.ActionFilter) ([]accessstore.Action, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Access.Actions(ctx, f)
}
