package watchstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
	"github.com/profilesync/profilesync/reconcile/push"
)

// ForwardProgress is the progress of the activities that must never stop,
// whichever process runs them.
type ForwardProgress struct {
	// Since is the time since each activity last completed; one that never did is
	// absent.
	Since map[string]time.Duration
	// Routes are those that are not paused and have a push that is due.
	Routes []RouteProgress
	// Abandoned counts running jobs whose process has ended, and Oldest is the age
	// of the oldest.
	Abandoned int
	Oldest    time.Duration
}

// RouteProgress is the progress of pushing along a route.
type RouteProgress struct {
	Sink  push.Sink
	Route string
	Due   time.Duration // for how long its oldest push has been due
	Tried time.Duration // since any of its pushes was tried; 10 minutes at most
}

// ForwardProgress reads the progress of the activities that must never stop.
func (s *Store) ForwardProgress(ctx context.Context) (p ForwardProgress, err error) {
	err = s.inTx(ctx, func(q *watchsql.Queries, _ pgx.Tx) error { return p.read(ctx, q) })
	return p, postgres.Wrap(err, "reading progress")
}

func (p *ForwardProgress) read(ctx context.Context, q *watchsql.Queries) error {
	activities, err := q.ForwardProgress(ctx)
	if err != nil {
		return err
	}
	for _, a := range activities {
		if p.Since == nil {
			p.Since = make(map[string]time.Duration, len(activities))
		}
		p.Since[a.Activity] = ofSeconds(a.AgeSeconds)
	}
	routes, err := q.RouteProgress(ctx)
	if err != nil {
		return err
	}
	for _, r := range routes {
		p.Routes = append(p.Routes, RouteProgress{r.Sink, r.Route, ofSeconds(r.DueSeconds), ofSeconds(r.TriedSeconds)})
	}
	abandoned, err := q.JobsWithoutWorker(ctx)
	p.Abandoned, p.Oldest = abandoned.Jobs, ofSeconds(abandoned.OldestSeconds)
	return err
}
