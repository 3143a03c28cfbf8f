package watchstore

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// ReportPulled is what became of the pulls of one report.
type ReportPulled struct {
	Source profile.Source
	Report string
	// Age is the time since it was last read completely, whether or not anything was new;
	// since it was first asked for if it never was.
	Age     time.Duration
	Refused int // pulls of it that were refused or failed since
}

func (w *Watched) readPulls(ctx context.Context, q *watchsql.Queries) (err error) {
	w.Pulls, err = pulls(ctx, q, true)
	return err
}

func (n *Standing) readPulls(ctx context.Context, q *watchsql.Queries) (err error) {
	n.Pulls, err = pulls(ctx, q, false)
	return err
}

func pulls(ctx context.Context, q *watchsql.Queries, scheduled bool) (pulls []ReportPulled, err error) {
	rows, err := q.WatchPulls(ctx, scheduled)
	for _, r := range rows {
		pulls = append(pulls, ReportPulled{profile.Source(r.Source), r.Report, ofSeconds(r.AgeSeconds), r.Refused})
	}
	return pulls, postgres.Wrap(err, "pulls")
}
