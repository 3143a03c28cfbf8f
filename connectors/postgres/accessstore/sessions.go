package accessstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore/accesssql"
)

// Sessions is the store of github.com/alexedwards/scs, whose manager must hash the
// tokens (HashTokenInStore). All daemons see the same sessions.
type Sessions struct{ q *accesssql.Queries }

// Sessions returns the sessions.
func (s *Store) Sessions() Sessions { return Sessions{s.q} }

// sessionTimeout bounds the methods without a context, which scs's interface wants and
// its manager does not call.
const sessionTimeout = 5 * time.Second

// FindCtx returns the data of a session that has neither ended nor expired.
func (s Sessions) FindCtx(ctx context.Context, hash string) (data []byte, found bool, err error) {
	data, err = s.q.FindSession(ctx, hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, postgres.Wrap(err, "looking up a session")
}

type actorKey struct{}

// Of returns a context in which CommitCtx begins a session of that actor. In any other, it
// only extends one.
func Of(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// CommitCtx begins a session, or extends one that has not ended meanwhile: what a session
// holds never changes.
func (s Sessions) CommitCtx(ctx context.Context, hash string, data []byte, expires time.Time) error {
	actor, begins := ctx.Value(actorKey{}).(string)
	if !begins {
		return postgres.Wrap(s.q.ExtendSession(ctx, accesssql.ExtendSessionParams{TokenHash: hash, ExpiresAt: expires}), "extending a session")
	}
	p := accesssql.AddSessionParams{TokenHash: hash, Data: data, ExpiresAt: expires, Actor: actor}
	return postgres.Wrap(s.q.AddSession(ctx, p), "beginning a session")
}

// DeleteCtx ends a session: its row is emptied, and removed a day later.
func (s Sessions) DeleteCtx(ctx context.Context, hash string) error {
	return postgres.Wrap(s.q.EndSession(ctx, hash), "ending a session")
}

// Find is FindCtx, within 5 seconds.
func (s Sessions) Find(hash string) ([]byte, bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), sessionTimeout)
	defer cancel()
	return s.FindCtx(ctx, hash)
}

// Commit is CommitCtx, within 5 seconds.
func (s Sessions) Commit(hash string, data []byte, expires time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), sessionTimeout)
	defer cancel()
	return s.CommitCtx(ctx, hash, data, expires)
}

// Delete is DeleteCtx, within 5 seconds.
func (s Sessions) Delete(hash string) error {
	ctx, cancel := context.WithTimeout(context.Background(), sessionTimeout)
	defer cancel()
	return s.DeleteCtx(ctx, hash)
}

// SignedIn is a person who has sessions.
type SignedIn struct {
	Actor    string    `json:"actor"`
	Sessions int       `json:"sessions"`
	Since    time.Time `json:"since"` // the first of them
	Until    time.Time `json:"until"` // the last of them, if nothing more is asked for
}

// SignedIn lists who has signed in.
func (s *Store) SignedIn(ctx context.Context) ([]SignedIn, error) {
	rows, err := s.q.ListSessions(ctx)
	list := make([]SignedIn, len(rows))
	for i, r := range rows {
		list[i] = SignedIn{Actor: r.Actor, Sessions: r.Sessions, Since: r.Since, Until: r.Until}
	}
	return list, postgres.Wrap(err, "listing sessions")
}

// EndSessions signs somebody out everywhere, at once on every daemon. They must have a
// session.
func (s *Store) EndSessions(ctx context.Context, actor string, by By) error {
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		q := accesssql.New(tx)
		ended, err := q.EndSessionsOf(ctx, actor)
		if err == nil && ended == 0 {
			err = pgx.ErrNoRows
		}
		if err != nil {
			return err
		}
		return note(ctx, q, opEndSessions, actor, by)
	})
	return postgres.Wrap(err, "a session of "+actor)
}
