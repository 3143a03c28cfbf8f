// Package runjobs works runs, in the daemon and in commands, and holds the jobs
// that start or continue them.
//
//	run.go             the steps of a run: pull, plan, guard, apply; the same for both registers
//	run_organisations.go, run_services.go    how runs of each are planned
//	decode.go, run_noted.go, run_quarantine.go   the records of a run: decoded, noted, quarantined
//	run_decide.go      approvals and undos
//	pull_ods.go, pull_ers.go, reconcile.go   the kinds of jobs
package runjobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/runs"
)

// Workers is what the jobs of runs need.
type Workers struct {
	Store Store
	Runs  *Runs
	ERS   map[ERSPart]func(context.Context) error // pulls of e-RS that are not runs; may be nil
	Now   func() time.Time
	Ended func(runs.Summary) // called after every run that ended
	Log   *slog.Logger
}

// Add adds the workers to those of the queue.
func (w Workers) Add(workers *river.Workers) error {
	return errors.Join(
		river.AddWorkerSafely(workers, &pullODSWorker{store: w.Store, runs: w.Runs, now: w.Now, ended: w.ended}),
		river.AddWorkerSafely(workers, &pullERSWorker{store: w.Store, runs: w.Runs, parts: w.ERS, now: w.Now, ended: w.ended}),
		river.AddWorkerSafely(workers, &reconcileWorker{runs: w.Runs, ended: w.ended}),
	)
}

// ended logs the one line per run.
func (w Workers) ended(ctx context.Context, s runs.Summary) {
	w.Ended(s)
	w.Log.LogAttrs(ctx, slog.LevelInfo, "run ended", summaryAttrs(s)...)
}
