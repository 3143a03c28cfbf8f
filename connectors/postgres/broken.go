package postgres

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	//go:embed invalid_constraints.sql
	invalidConstraints string
	//go:embed breaking_constraint.sql
	breakingConstraint string
	//go:embed breaking_rows.sql
	breakingRows string
)

// BrokenRow is a row from before a rule of the published interface that breaks it.
// It stays as it is until somebody mends it.
type BrokenRow struct {
	Rule  string `json:"rule"`
	Place string `json:"place"` // the table and the key
	Why   string `json:"why"`   // never the text itself, which may be personal
}

// mostBroken is how many rows of each rule are listed.
const mostBroken = 1000

// CheckRules validates every constraint that no row breaks any more, and returns the
// rows that break the others, or the rules that triggers keep.
func CheckRules(ctx context.Context, url string) (broken []BrokenRow, err error) {
	pool, err := ownersPool(ctx, url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	type constraint struct{ Table, Name, Expression string }
	rows, _ := pool.Query(ctx, invalidConstraints, Schema)
	invalid, err := pgx.CollectRows(rows, pgx.RowToStructByPos[constraint])
	if err != nil {
		return nil, fmt.Errorf("reading constraints: %w", err)
	}
	for _, c := range invalid {
		found, err := brokenRows(ctx, pool, fmt.Sprintf(breakingConstraint, c.Table, c.Name, c.Expression))
		if err != nil {
			return nil, err
		}
		if broken = append(broken, found...); len(found) > 0 {
			continue
		}
		if _, err := pool.Exec(ctx, fmt.Sprintf("alter table %s validate constraint %s", c.Table, c.Name)); err != nil {
			return nil, fmt.Errorf("validating constraint %s: %w", c.Name, err)
		}
	}
	found, err := brokenRows(ctx, pool, breakingRows)
	return append(broken, found...), err
}

func brokenRows(ctx context.Context, pool *pgxpool.Pool, query string) ([]BrokenRow, error) {
	rows, _ := pool.Query(ctx, query, mostBroken)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[BrokenRow])
	return found, Wrap(err, "looking for rows that break a rule")
}
