package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ReportsAtOnce is how many reports can be read at a time; each has a
// connection.
const ReportsAtOnce = 2

// OpenReports opens the database for reading frozen reports, with separate
// connections: reading a long report takes none from the rest of the program. It
// connects on first use, and writes nothing.
func OpenReports(ctx context.Context, url string, process *Process) (*DB, error) {
	config, err := poolConfig(url, time.Time{}, process, readLimits)
	if err != nil {
		return nil, err
	}
	config.MaxConns = ReportsAtOnce
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to read reports: %w", err)
	}
	return newDB(pool, process), nil
}
