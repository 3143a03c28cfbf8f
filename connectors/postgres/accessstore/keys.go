package accessstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore/accesssql"
)

// Answer is the answer to a request that may be repeated.
type Answer struct {
	Digest      []byte // SHA-256 of the request
	Status      int    // HTTP; 0 while there is no answer
	ContentType string
	Location    string
	Body        []byte
	Begun       time.Time // when the key was first begun
	Again       bool      // it is begun again: the process that was to answer ended before it did
}

// BeginKey claims the key of a request for 24 hours. If the principal used it before, it
// claims nothing, and returns the answer, which has status 0 while there is none. A key
// whose process died before it answered is claimed again, and says when it was first begun.
func (s *Store) BeginKey(ctx context.Context, principal, key string) (claimed bool, before Answer, err error) {
	row, err := s.q.BeginKey(ctx, accesssql.BeginKeyParams{Principal: principal, Key: key, Process: s.db.Process()})
	if !errors.Is(err, pgx.ErrNoRows) {
		return err == nil, Answer{Begun: row.At, Again: row.Again}, postgres.Wrap(err, "keeping the key of a request")
	}
	kept, err := s.q.GetKey(ctx, accesssql.GetKeyParams{Principal: principal, Key: key})
	if err != nil {
		return false, Answer{}, postgres.Wrap(err, "looking up the key of a request")
	}
	before = Answer{Digest: kept.Digest, ContentType: kept.ContentType, Location: kept.Location, Body: kept.Body, Begun: kept.At}
	if kept.Status != nil {
		before.Status = *kept.Status
	}
	return false, before, nil
}

// AnswerKey keeps the answer to a request, unless it has one, or another process has begun
// it again.
func (s *Store) AnswerKey(ctx context.Context, principal, key string, a Answer) error {
	if a.Body == nil {
		a.Body = []byte{} // null is for no answer
	}
	_, err := s.q.AnswerKey(ctx, accesssql.AnswerKeyParams{
		Principal: principal, Key: key, Process: s.db.Process(), Digest: a.Digest, Status: &a.Status, ContentType: a.ContentType,
		Location: a.Location, Body: a.Body,
	})
	return postgres.Wrap(err, "keeping the answer to a request")
}

// ForgetKey gives a key back whose request was not begun. One that was begun again stays, for
// its first process may have begun the request: whoever repeats it begins it again at once.
func (s *Store) ForgetKey(ctx context.Context, principal, key string, again bool) (err error) {
	if again {
		err = s.q.ReleaseKey(ctx, accesssql.ReleaseKeyParams{Principal: principal, Key: key, Process: s.db.Process()})
	} else {
		err = s.q.ForgetKey(ctx, accesssql.ForgetKeyParams{Principal: principal, Key: key, Process: s.db.Process()})
	}
	return postgres.Wrap(err, "forgetting the key of a request")
}
