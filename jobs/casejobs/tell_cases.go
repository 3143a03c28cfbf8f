package casejobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
)

// TellCases tells the owners of cases, in one letter each.
type TellCases struct{}

// Kind names the job.
func (TellCases) Kind() string { return "tell_cases" }

// InsertOpts allows one queued job at a time.
func (TellCases) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue.People, MaxAttempts: 10, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()}}
}

type tellWorker struct {
	river.WorkerDefaults[TellCases]
	keeper *Keeper
}

func (*tellWorker) Timeout(*river.Job[TellCases]) time.Duration { return 5 * time.Minute }

func (w *tellWorker) Work(ctx context.Context, _ *river.Job[TellCases]) error {
	letters, _, err := w.keeper.Tell(ctx)
	return sendSoon(ctx, TellCases{}, letters, err)
}
