package roles

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
)

//go:embed missing.sql
var missingQuery string

// asker is a connection, or a pool of them.
type asker interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

// Missing returns the rights of the daemon that the session's role lacks, as
// "schema.table (select)", in the order of the alphabet. Of a right on some columns it
// looks for one.
func Missing(ctx context.Context, db asker) ([]string, error) {
	var tables, privileges []string
	for _, r := range rights {
		for _, verb := range verbs.FindAllStringSubmatch(r.Daemon, -1) {
			tables, privileges = append(tables, r.name()), append(privileges, inSQL.Replace(verb[2]))
		}
	}
	rows, _ := db.Query(ctx, missingQuery, tables, privileges)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return found, postgres.Wrap(err, "looking at the rights of the database's role")
}
