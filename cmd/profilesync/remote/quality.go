package remote

import (
	"context"
	"net/url"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// Listings is actions.Actions.Listings.
func (c *Client) Listings(ctx context.Context) ([]upkeep.Listing, error) {
	return list[upkeep.Listing](ctx, c, "/listings", nil, all)
}

// ResetListing is actions.Actions.ResetListing.
func (c *Client) ResetListing(ctx context.Context, report string, to profile.Date, reason string) (runstore.ResetDone, error) {
	body := map[string]string{"to": to.String(), "reason": reason}
	return post[runstore.ResetDone](ctx, c, "/listings/"+url.PathEscape(report)+"/reset", body)
}

// Findings is upkeep.Upkeep.Findings.
func (c *Client) Findings(ctx context.Context, f qualitystore.Filter) ([]qualitystore.Found, error) {
	query := queryOf("kind", string(f.Kind), "owner", string(f.Owner), "code", string(f.Code), "gone", yes(f.Gone))
	return list[qualitystore.Found](ctx, c, "/checks", query, f.Most)
}

// RunChecks is upkeep.Upkeep.RunChecks; nothing is told meanwhile.
func (c *Client) RunChecks(ctx context.Context, codes []profile.ODSCode, _ func(int)) (quality.Result, error) {
	body := struct {
		Codes []profile.ODSCode `json:"codes,omitempty"`
	}{codes}
	return post[quality.Result](ctx, c, "/checks", body)
}

// Quarantine is upkeep.Upkeep.Quarantine.
func (c *Client) Quarantine(ctx context.Context, report string, most int) ([]qualitystore.Quarantined, error) {
	return list[qualitystore.Quarantined](ctx, c, "/quarantine", queryOf("report", report), most)
}

// Contradictions is upkeep.Upkeep.Contradictions.
func (c *Client) Contradictions(ctx context.Context, report string) ([]qualitystore.Contradiction, error) {
	return list[qualitystore.Contradiction](ctx, c, "/contradictions", queryOf("report", report), all)
}

// Flags is upkeep.Upkeep.Flags.
func (c *Client) Flags(ctx context.Context, report string) ([]qualitystore.Flagged, error) {
	return list[qualitystore.Flagged](ctx, c, "/flags", queryOf("report", report), all)
}

// Owners is upkeep.Upkeep.Owners.
func (c *Client) Owners(ctx context.Context, days int) ([]servicestore.OwnedSite, error) {
	return list[servicestore.OwnedSite](ctx, c, "/owners", queryOf("days", strconv.Itoa(days)), all)
}
