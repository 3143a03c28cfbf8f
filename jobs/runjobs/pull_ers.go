package runjobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// PullERS pulls a part of the e-Referral Service.
type PullERS struct {
	Part ERSPart `json:"part" river:"unique"`
}

// ERSPart is a part of e-RS that is pulled by itself.
type ERSPart string

// The parts.
const (
	ERSCodes    ERSPart = "codes"    // the code systems
	ERSServices ERSPart = "services" // the details of every service, reconciled with the profiles
	ERSRegister ERSPart = "register" // the EBSX05 extract, where one is configured
)

// Kind names the job.
func (PullERS) Kind() string { return "pull_ers" }

// InsertOpts lets one pull of a part be queued at a time. Code systems go before
// the services that they label.
func (p PullERS) InsertOpts() river.InsertOpts {
	priority := 3
	if p.Part != ERSServices {
		priority = 2
	}
	return river.InsertOpts{
		Queue: queue.RunsERS, MaxAttempts: runAttempts, Priority: priority,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()},
	}
}

type pullERSWorker struct {
	river.WorkerDefaults[PullERS]
	store Store
	runs  *Runs
	parts map[ERSPart]func(context.Context) error // those that are no runs
	now   func() time.Time
	ended func(context.Context, runs.Summary)
}

// servicesTimeout leaves a slow e-RS time: a run of 30,000 services asks 1,500
// questions.
const servicesTimeout = 4 * time.Hour

func (*pullERSWorker) Timeout(*river.Job[PullERS]) time.Duration { return servicesTimeout }

// Work begins a run, or goes on with the one an earlier attempt began.
func (w *pullERSWorker) Work(ctx context.Context, job *river.Job[PullERS]) error {
	if job.Args.Part != ERSServices {
		pull := w.parts[job.Args.Part]
		if pull == nil {
			return river.JobCancel(fmt.Errorf("no part %q of e-RS is pulled here", job.Args.Part))
		}
		if err := pull(ctx); err != nil {
			return queue.AfterError(err)
		}
		return nil
	}
	id, err := w.store.RunOfJob(ctx, job.ID)
	if err != nil {
		return err
	}
	if id == 0 {
		run := runs.Run{
			Kind: runs.RunListing, Source: profile.SourceERS, Report: services.ReportServices, Actor: "schedule",
			AsOf: profile.DateIn(w.now(), profile.London()),
		}
		id, err = w.store.CreateRun(ctx, run, func(context.Context, pgx.Tx, runs.ID) (int64, error) { return job.ID, nil })
		if err != nil {
			return err
		}
	}
	return workRun(ctx, w.runs, w.ended, profile.SourceERS, id, job.Attempt == job.MaxAttempts)
}
