package upkeep

import (
	"context"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Tokens lists tokens, with those that are revoked if all are asked for.
func (u Upkeep) Tokens(ctx context.Context, all bool) ([]accessstore.Token, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Access.Tokens(ctx, all)
}

// TokenRequest says which token is wanted.
type TokenRequest struct {
	Name  string
	Verbs []guard.Verb
	Until profile.Date // the last day on which it is accepted; zero: until it is revoked
}

// NewToken is a token that was made. It is shown once, and stored nowhere.
type NewToken struct {
	Name  string       `json:"name"`
	Verbs []guard.Verb `json:"verbs"`
	Until profile.Date `json:"until,omitzero"`
	Token string       `json:"token"`
}

// AddToken makes a token. Nobody gives a verb that they do not have.
func (u Upkeep) AddToken(ctx context.Context, r TokenRequest) (made NewToken, err error) {
	expires, err := r.check(u.App.Today())
	if err != nil {
		return made, err
	}
	if _, err := u.Begin(ctx); err != nil {
		return made, err
	}
	token, hash := guard.NewToken()
	if err := u.App.Store.Access.AddToken(ctx, r.Name, hash, postgres.Texts(r.Verbs), expires, guard.By(ctx)); err != nil {
		return made, err
	}
	return NewToken{Name: r.Name, Verbs: r.Verbs, Until: r.Until, Token: token}, nil
}

// check refuses what no token may be, and returns the end of its last day; zero for no end.
func (r TokenRequest) check(today profile.Date) (expires time.Time, err error) {
	if !accessstore.IsTokenName(r.Name) {
		return expires, &actions.Error{Kind: actions.Invalid, Field: "name", Text: fmt.Sprintf(
			" %q is no name of a token: want up to 63 small letters, digits and ._-, nothing else.", r.Name)}
	}
	if len(r.Verbs) == 0 {
		return expires, &actions.Error{Kind: actions.Invalid, Field: "verbs", Text: ": say what it may do"}
	}
	if r.Until.IsZero() {
		return expires, nil
	}
	if r.Until.Before(today) {
		return expires, &actions.Error{Kind: actions.Invalid, Field: "until", Text: fmt.Sprintf(": %s is over (today is %s)", r.Until, today)}
	}
	end := r.Until.AddDays(1).Time()
	return time.Date(end.Year(), end.Month(), end.Day(), 0, 0, 0, 0, profile.London()), nil
}

// RevokeToken makes a token worthless, within guard.TokenTrust on every daemon.
func (u Upkeep) RevokeToken(ctx context.Context, name string) error {
	if _, err := u.Begin(ctx); err != nil {
		return err
	}
	return u.App.Store.Access.RevokeToken(ctx, name, guard.By(ctx))
}
