package remote

import (
	"context"
	"net/url"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/internal/whytext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mostNames is how many codes are checked at once: they stand in the address.
const mostNames = 500

// RequireProfiles is actions.Actions.RequireProfiles.
func (c *Client) RequireProfiles(ctx context.Context, codes []profile.ODSCode) error {
	for len(codes) > 0 {
		some := codes[:min(len(codes), mostNames)]
		codes = codes[len(some):]
		if _, err := get[struct{}](ctx, c, "/names", queryOf("codes", joined(some))); err != nil {
			return err
		}
	}
	return nil
}

// RequireArea is actions.Actions.RequireArea.
func (c *Client) RequireArea(ctx context.Context, input, area string) error {
	if area == "" {
		return nil
	}
	_, err := get[struct{}](ctx, c, "/names", queryOf(input, area))
	return err
}

// BoardNames is actions.Actions.BoardNames.
func (c *Client) BoardNames(ctx context.Context) (runtext.Boards, error) {
	boards, err := list[actions.Board](ctx, c, "/boards", nil, all)
	names := make(map[string]string, len(boards))
	for _, b := range boards {
		names[b.Code] = b.Name
	}
	return func(icb string) string { return names[icb] }, err
}

func pathOf(code profile.ODSCode, more string) string {
	return "/profiles/" + url.PathEscape(string(code)) + more
}

// Profile is actions.Actions.Profile.
func (c *Client) Profile(ctx context.Context, code profile.ODSCode) (actions.Profile, error) {
	return get[actions.Profile](ctx, c, pathOf(code, ""), nil)
}

// ProfileAt is actions.Actions.ProfileAt.
func (c *Client) ProfileAt(ctx context.Context, code profile.ODSCode, at string) (actions.PastProfile, error) {
	return get[actions.PastProfile](ctx, c, pathOf(code, "/at"), queryOf("at", at))
}

// History is actions.Actions.History; reasons are only for who may see people.
func (c *Client) History(ctx context.Context, code profile.ODSCode) ([]postgres.Audited, error) {
	return list[postgres.Audited](ctx, c, pathOf(code, "/history"), nil, all)
}

// Why is actions.Actions.Why.
func (c *Client) Why(ctx context.Context, code profile.ODSCode, field profile.Field) ([]whytext.Step, error) {
	return list[whytext.Step](ctx, c, pathOf(code, "/why"), queryOf("field", nameOf(field)), all)
}

// nameOf is the name of a field; empty for none.
func nameOf(field profile.Field) string {
	if field == profile.NoField {
		return ""
	}
	return field.String()
}

// Services is actions.Actions.Services.
func (c *Client) Services(ctx context.Context, code profile.ODSCode) ([]servicestore.ProfileService, error) {
	return list[servicestore.ProfileService](ctx, c, pathOf(code, "/services"), nil, all)
}

// changed is whether something was changed.
type changed struct {
	Changed bool `json:"changed"`
}

// SetKind is actions.Actions.SetKind.
func (c *Client) SetKind(ctx context.Context, code profile.ODSCode, kind, reason string) (bool, error) {
	did, err := post[changed](ctx, c, pathOf(code, "/kind"), map[string]string{"kind": kind, "reason": reason})
	return did.Changed, err
}

// UndoField is actions.Actions.UndoField.
func (c *Client) UndoField(ctx context.Context, u actions.FieldUndo) (done actions.UndoneField, err error) {
	body := struct {
		Change int64  `json:"change,omitempty"`
		Reason string `json:"reason,omitempty"`
	}{u.Change, u.Reason}
	type undone struct {
		actions.UndoneField

		Withheld bool `json:"withheld"`
	}
	did, err := post[undone](ctx, c, pathOf(u.Code, "/fields/"+url.PathEscape(u.Field.String())+"/undo"), body)
	done = did.UndoneField
	done.Withheld = did.Withheld
	return done, err
}
