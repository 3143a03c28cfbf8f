package commands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
)

// Migrate brings the database's schema up to date.
type Migrate struct{}

// Run applies all missing migrations, ours and the job queue's.
func (*Migrate) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	url, _, err := a.Database(ctx)
	if err != nil {
		return err
	}
	steps, err := postgres.Migrate(ctx, url, postgres.Purpose(a.Settings.Playable()))
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(steps))
	for _, s := range steps {
		rows = append(rows, []string{strconv.FormatInt(s.Version, 10), s.Name})
	}
	if len(rows) == 0 {
		a.Sayf("the schema is up to date")
	}
	out.Print(steps, "VERSION | MIGRATION", rows)
	return nil
}
