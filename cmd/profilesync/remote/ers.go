package remote

import (
	"context"
	"net/http"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// RegisteredServices is upkeep.Upkeep.RegisteredServices.
func (c *Client) RegisteredServices(ctx context.Context, f upkeep.ServiceFilter) ([]servicestore.RegisteredService, error) {
	query := queryOf("state", string(f.State), "site", string(f.Site))
	return list[servicestore.RegisteredService](ctx, c, "/ers/register", query, f.Most)
}

// AddService is upkeep.Upkeep.AddService.
func (c *Client) AddService(ctx context.Context, id services.ID, site profile.ODSCode) (upkeep.AddedService, error) {
	body := map[string]string{"id": string(id), "site": string(site)}
	return post[upkeep.AddedService](ctx, c, "/ers/register", body)
}

// ImportExtract is upkeep.Upkeep.ImportExtract, of a file that is read here.
func (c *Client) ImportExtract(ctx context.Context, e upkeep.Extract) (wiring.ImportedExtract, error) {
	query := queryOf("name", filepath.Base(e.Path), "columns", e.Columns)
	return ask[wiring.ImportedExtract](ctx, c, request{method: http.MethodPost, path: "/ers/register/file", query: query, file: e.Path})
}

// Codes is upkeep.Upkeep.Codes.
func (c *Client) Codes(ctx context.Context, kind string) ([]servicestore.Code, error) {
	return list[servicestore.Code](ctx, c, "/ers/codes", queryOf("kind", kind), all)
}

// PullCodes is upkeep.Upkeep.PullCodes.
func (c *Client) PullCodes(ctx context.Context) error {
	_, err := post[changed](ctx, c, "/ers/codes/pull", nil)
	return err
}
