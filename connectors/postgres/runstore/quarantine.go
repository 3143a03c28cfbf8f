package runstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Quarantine keeps a record that could not be understood: one row per hash.
func Quarantine(ctx context.Context, tx pgx.Tx, source profile.Source, report string, hash profile.Hash, r profile.Rejected) error {
	err := runsql.New(tx).Quarantine(ctx, runsql.QuarantineParams{
		Source: source, Report: report, Code: r.Code, Line: r.Line, Field: r.Field, Value: r.Value, Reason: r.Reason, Raw: r.Raw,
		RawHash: hash,
	})
	return postgres.Wrap(err, "storing a quarantined record")
}
