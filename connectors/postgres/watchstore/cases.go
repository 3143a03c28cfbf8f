package watchstore

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
	"github.com/profilesync/profilesync/reconcile/cases"
)

// StandingCases counts the cases of one kind that are in one state.
type StandingCases struct {
	Kind    cases.Kind
	State   cases.State // open, waiting or set-aside
	Cases   int
	Oldest  time.Duration // since the first of them opened
	Overdue int           // open, and past their deadline
}

func (w *Watched) readCases(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchCases(ctx)
	for _, r := range rows {
		w.Cases = append(w.Cases, StandingCases{r.Kind, r.State, r.Cases, ofSeconds(r.OldestSeconds), r.Overdue})
	}
	return postgres.Wrap(err, "cases")
}
