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

// CommitCtx saves a session, unless it has ended meanwhile.
func (s Sessions) CommitCtx(ctx context.Context, hash string, data []byte, expires time.Time) error {
	_, err := s.q.SaveSession(ctx, accesssql.SaveSessionParams{TokenHash: hash, Data: data, ExpiresAt: expires})
	return postgres.Wrap(err, "saving a session")
}

// DeleteCtx ends a session: its row is emptied, and removed after it has expired.
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
