package remote

import (
	"context"
	"net/url"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// Status is upkeep.Upkeep.Status.
func (c *Client) Status(ctx context.Context) (standing.Standing, error) {
	return get[standing.Standing](ctx, c, "/status", nil)
}

// Tokens is upkeep.Upkeep.Tokens.
func (c *Client) Tokens(ctx context.Context, everything bool) ([]accessstore.Token, error) {
	return list[accessstore.Token](ctx, c, "/tokens", queryOf("all", yes(everything)), all)
}

// AddToken is upkeep.Upkeep.AddToken.
func (c *Client) AddToken(ctx context.Context, r upkeep.TokenRequest) (upkeep.NewToken, error) {
	body := struct {
		Name  string   `json:"name"`
		Verbs []string `json:"verbs"`
		Until string   `json:"until,omitempty"`
	}{r.Name, postgres.Texts(r.Verbs), r.Until.String()}
	return post[upkeep.NewToken](ctx, c, "/tokens", body)
}

// RevokeToken is upkeep.Upkeep.RevokeToken.
func (c *Client) RevokeToken(ctx context.Context, name string) error {
	_, err := post[changed](ctx, c, "/tokens/"+url.PathEscape(name)+"/revoke", nil)
	return err
}

// SignedIn is upkeep.Upkeep.SignedIn.
func (c *Client) SignedIn(ctx context.Context) ([]accessstore.SignedIn, error) {
	return list[accessstore.SignedIn](ctx, c, "/sessions", nil, all)
}

// EndSessions is upkeep.Upkeep.EndSessions.
func (c *Client) EndSessions(ctx context.Context, who string) error {
	_, err := post[changed](ctx, c, "/sessions/end", map[string]string{"actor": who})
	return err
}

// Audit is upkeep.Upkeep.Audit.
func (c *Client) Audit(ctx context.Context, f accessstore.ActionFilter) ([]accessstore.Action, error) {
	query := queryOf("actor", f.Actor)
	if f.Before > 0 {
		query.Set("before", strconv.FormatInt(f.Before, 10))
	}
	return list[accessstore.Action](ctx, c, "/actions", query, f.Most)
}
