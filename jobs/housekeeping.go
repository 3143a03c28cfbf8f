package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
)

// Housekeeping removes data that is no longer needed. The audit is never
// touched.
type Housekeeping struct{}

// Kind names the job.
func (Housekeeping) Kind() string { return "housekeeping" }

// InsertOpts allows one queued job at a time.
func (Housekeeping) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue.Control, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()}}
}

// keepPlans is how long the plans of ended runs can be shown and undone.
const keepPlans = 400 * 24 * time.Hour

type pruner interface {
	Prune(ctx context.Context, before time.Time) error
}

type housekeepingWorker struct {
	river.WorkerDefaults[Housekeeping]
	store pruner
	now   func() time.Time
}

func (*housekeepingWorker) Timeout(*river.Job[Housekeeping]) time.Duration { return 10 * time.Minute }

func (w *housekeepingWorker) Work(ctx context.Context, _ *river.Job[Housekeeping]) error {
	return w.store.Prune(ctx, w.now().Add(-keepPlans))
}
