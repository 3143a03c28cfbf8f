// Package accesscommands holds the commands about who may use the API.
package accesscommands

import (
	"context"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Tokens are those with which machines use the API.
type Tokens struct {
	List   tokensList   `cmd:"" help:"List tokens: their names, what they may do, and when they were last used."`
	Add    tokensAdd    `cmd:"" help:"Make a token for a machine, and print it: once, it is stored nowhere."`
	Revoke tokensRevoke `cmd:"" help:"Make a token worthless, within 3 seconds on every daemon."`
}

type tokensList struct {
	All bool `help:"With those that were revoked."`
}

func (c *tokensList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	list, err := a.Store.Access.Tokens(ctx, c.All)
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, t := range list {
		rows[i] = []string{
			t.Name, strings.Join(t.Verbs, ","), state(t), commands.LondonTime(t.Created), t.CreatedBy, day(t.Expires),
			columns.OneLine(t.LastUsed.String()),
		}
	}
	out.Print(list, "TOKEN | VERBS | STATE | MADE | BY | UNTIL | LAST USED", rows)
	return nil
}

func state(t accessstore.Token) string {
	switch {
	case t.Valid:
		return "valid"
	case t.RevokedBy != "":
		return "revoked by " + t.RevokedBy
	default:
		return "expired"
	}
}

// day is the last day before an instant; a dash for none.
func day(expires time.Time) string {
	if expires.IsZero() {
		return "-"
	}
	return profile.DateIn(expires.Add(-time.Nanosecond), profile.London()).String()
}

type tokensAdd struct {
	Name  string `arg:"" help:"What the machine is called: small letters, digits and ._-, nothing else."`
	Verbs string `required:"" placeholder:"VERBS" help:"What it may do: read, reconcile, approve, administer and people, with commas."`
	Until string `placeholder:"DATE" help:"The last day on which it is accepted. Default: until it is revoked."`
	Actor string `placeholder:"NAME" help:"Who makes it. Default: the operating-system user."`
}

func (c *tokensAdd) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if !accessstore.IsTokenName(c.Name) {
		return commands.Usagef("%q is no name of a token: want up to 63 small letters, digits and ._-, nothing else.", c.Name)
	}
	verbs, err := guard.ParseVerbs(c.Verbs)
	if err != nil {
		return commands.Usagef("--verbs: %w", err)
	}
	expires, err := c.expires(a.Today())
	if err != nil {
		return commands.Usagef("--until: %w", err)
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	token, hash := guard.NewToken()
	if err := a.Store.Access.AddToken(ctx, c.Name, hash, postgres.Texts(verbs), expires, by(c.Actor)); err != nil {
		return err
	}
	out.Print(struct {
		Name  string       `json:"name"`
		Verbs []guard.Verb `json:"verbs"`
		Until string       `json:"until,omitempty"`
		Token string       `json:"token"`
	}{c.Name, verbs, c.Until, token}, "", [][]string{
		{"name", c.Name}, {"verbs", strings.Join(postgres.Texts(verbs), ",")}, {"until", day(expires)}, {"token", token},
	})
	a.Sayf("this token is shown once: keep it where only %s reads it, and send it as `Authorization: Bearer TOKEN`", c.Name)
	return nil
}

// expires is the end of the day until which the token is accepted; zero for no end.
func (c *tokensAdd) expires(today profile.Date) (time.Time, error) {
	if c.Until == "" {
		return time.Time{}, nil
	}
	last, err := profile.ParseDate(c.Until)
	if err != nil {
		return time.Time{}, err
	}
	if last.Before(today) {
		return time.Time{}, commands.Usagef("%s is over (today is %s)", last, today)
	}
	end := last.AddDays(1).Time()
	return time.Date(end.Year(), end.Month(), end.Day(), 0, 0, 0, 0, profile.London()), nil
}

type tokensRevoke struct {
	Name  string `arg:"" help:"The name of the token."`
	Actor string `placeholder:"NAME" help:"Who revokes it. Default: the operating-system user."`
}

func (c *tokensRevoke) Run(ctx context.Context, a *wiring.App) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	if err := a.Store.Access.RevokeToken(ctx, c.Name, by(c.Actor)); err != nil {
		return err
	}
	a.Sayf("token %s is revoked: no daemon accepts it after %s", c.Name, guard.TokenTrust)
	return nil
}
