package accessstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore/accesssql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Hash is the SHA-256 of a token. A token is random, so that its hash needs no salt.
type Hash [sha256.Size]byte

// Token is a token of a machine, without what it is: that is stored nowhere.
type Token struct {
	Name      string       `json:"name"`
	Verbs     []string     `json:"verbs"`
	CreatedBy string       `json:"created_by"`
	Created   time.Time    `json:"created"`
	Expires   time.Time    `json:"expires,omitzero"` // zero: it does not
	RevokedBy string       `json:"revoked_by,omitempty"`
	Revoked   time.Time    `json:"revoked,omitzero"`
	LastUsed  profile.Date `json:"last_used,omitzero"`
	Valid     bool         `json:"valid"` // neither revoked nor expired
}

var tokenName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// IsTokenName reports whether a token may have the name.
func IsTokenName(name string) bool { return tokenName.MatchString(name) }

// tokenActor is how the audit names a token.
func tokenActor(name string) string { return "token:" + name }

// The operations on tokens and sessions, as the audit names them, and the verb that they need.
const (
	opAddToken    = "add-token"
	opRevokeToken = "revoke-token"
	opEndSessions = "end-sessions"
	administer    = "administer"
)

// By is who does something with a token or a session: a principal of the API, or of a command.
type By struct {
	Actor   string
	Person  bool
	Verbs   []string // what they may do themselves: no token of theirs may do more
	Request string   // the id of the request, which audits it; empty for a command, which does not
}

// LackedError refuses a token that may do what its maker may not.
type LackedError struct {
	Actor string
	Verbs []string
}

func (e LackedError) Error() string {
	return e.Actor + " may not " + strings.Join(e.Verbs, ", ") + ", and so cannot make a token that may"
}

// takenError says that a token has the name already.
type takenError struct{ name string }

func (e takenError) Error() string {
	return "there is a token " + e.name + " already: revoke it first, or choose another name"
}

// Conflict marks it as a refusal as things stand.
func (takenError) Conflict() {}

// AddToken stores a token by its hash, which lets its holder do what the verbs say until
// it expires (never, if that is zero). It refuses the name of a token that is not revoked,
// and verbs that its maker lacks (LackedError).
func (s *Store) AddToken(ctx context.Context, name string, hash Hash, verbs []string, expires time.Time, by By) error {
	lacked := slices.DeleteFunc(slices.Clone(verbs), func(verb string) bool { return slices.Contains(by.Verbs, verb) })
	if len(lacked) > 0 {
		return LackedError{by.Actor, lacked}
	}
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		q := accesssql.New(tx)
		p := accesssql.AddTokenParams{Name: name, Hash: hash[:], Verbs: verbs, Actor: by.Actor, ExpiresAt: expires}
		if _, err := q.AddToken(ctx, p); err != nil {
			return err
		}
		return note(ctx, q, opAddToken, name, by)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return takenError{name}
	}
	return postgres.Wrap(err, "adding token "+name)
}

// RevokeToken makes a token worthless. There must be one of that name that is not revoked.
func (s *Store) RevokeToken(ctx context.Context, name string, by By) error {
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		q := accesssql.New(tx)
		revoked, err := q.RevokeToken(ctx, accesssql.RevokeTokenParams{Name: name, Actor: by.Actor})
		if err == nil && revoked == 0 {
			err = pgx.ErrNoRows
		}
		if err != nil {
			return err
		}
		return note(ctx, q, opRevokeToken, name, by)
	})
	return postgres.Wrap(err, "token "+name+" that is not revoked")
}

// note writes an action of a command that is done in the same transaction. That of a request
// is in the audit already: the request began it.
func note(ctx context.Context, q *accesssql.Queries, operation, subject string, by By) error {
	if by.Request != "" {
		return nil
	}
	return q.NoteAction(ctx, accesssql.NoteActionParams{
		Actor: by.Actor, Person: by.Person, Verb: administer, Operation: operation, Subject: subject,
		Outcome: string(Done),
	})
}

// Tokens lists the tokens by name, with those that are revoked if everything is asked for.
func (s *Store) Tokens(ctx context.Context, everything bool) ([]Token, error) {
	rows, err := s.q.ListTokens(ctx, everything)
	list := make([]Token, len(rows))
	for i, r := range rows {
		list[i] = Token{
			Name: r.Name, Verbs: r.Verbs, CreatedBy: r.CreatedBy, Created: r.CreatedAt, Expires: r.ExpiresAt,
			RevokedBy: r.RevokedBy, Revoked: r.RevokedAt, LastUsed: r.LastUsed, Valid: r.Valid,
		}
	}
	return list, postgres.Wrap(err, "listing tokens")
}

// Holder is who uses a token.
type Holder struct {
	Actor   string // as the audit names it
	Verbs   []string
	Expires time.Time // zero: never
}

// HolderOf returns who holds the token of a hash, and notes the day if it can. A token that is
// unknown, revoked or expired is postgres.ErrNotFound alike.
func (s *Store) HolderOf(ctx context.Context, hash Hash) (Holder, error) {
	row, err := s.q.TokenByHash(ctx, hash[:])
	if err != nil {
		return Holder{}, postgres.Wrap(err, "looking up a token")
	}
	if row.FirstToday {
		_ = s.q.NoteUse(ctx, row.ID) // a token is good although its day cannot be written
	}
	return Holder{Actor: tokenActor(row.Name), Verbs: row.Verbs, Expires: row.ExpiresAt}, nil
}

// Behind returns an actor with everybody who stands behind them: who made a token of that
// name, now or before, and if that was a token, who made it.
func (s *Store) Behind(ctx context.Context, actor string) ([]string, error) {
	names, err := s.q.Behind(ctx, actor)
	return names, postgres.Wrap(err, "looking up who made "+actor)
}
