package main

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/connectors/postgres"
)

type migrateCmd struct{}

// Run takes every step that is missing, ours and the job queue's.
func (*migrateCmd) Run(ctx context.Context, a *app) error {
	url, _, err := a.database(ctx)
	if err != nil {
		return err
	}
	steps, err := postgres.Migrate(ctx, url)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(steps))
	for _, s := range steps {
		rows = append(rows, []string{strconv.FormatInt(s.Version, 10), s.Name})
	}
	if len(rows) == 0 {
		a.sayf("the schema is up to date")
	}
	a.print(steps, "VERSION | MIGRATION", rows)
	return nil
}
