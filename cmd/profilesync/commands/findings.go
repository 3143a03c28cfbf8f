package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// findingsOf lists the findings of quality checks about a profile, and their rows.
func findingsOf(ctx context.Context, a *wiring.App, code profile.ODSCode) (found []qualitystore.Found, rows [][]string, err error) {
	found, err = a.Store.Quality.Findings(ctx, qualitystore.Filter{Code: code, Most: 100})
	for _, f := range found {
		rows = append(rows, []string{string(f.Kind), f.Text(), "owner: " + string(f.Owner)})
	}
	return found, rows, err
}
