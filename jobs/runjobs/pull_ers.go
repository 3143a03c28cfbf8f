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

// ERSPart is a part of e-RS that is pulled separately.
type ERSPart string

// The parts.
const (
	ERSCodes    ERSPart = "codes"    // the code systems
	ERSServices ERSPart = "services" // the details of every service, reconciled with the profiles
	ERSRegister ERSPart = "register" // the EBSX05 extract, if one is configured
)

// Kind names the job.
func (PullERS) Kind() string { return "pull_ers" }

// InsertOpts allows one queued pull per part at a time. Code systems go before
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
	parts map[ERSPart]func(context.Context) error // the parts that are not runs
	now   func() time.Time
	ended func(context.Context, runs.Summary)
}

// servicesTimeout allows for a slow e-RS: a run of 30,000 services makes 1,500
// requests.
const servicesTimeout = 4 * time.Hour

func (*pullERSWorker) Timeout(*river.Job[PullERS]) time.Duration { return servicesTimeout }

// Work starts a run, or continues the one that an earlier attempt started.
func (w *pullERSWorker) Work(ctx context.Context, job *river.Job[PullERS]) error {
	if job.Args.Part != ERSServices {
		pull := w.parts[job.Args.Part]
		if pull == nil {
			return river.JobCancel(fmt.Errorf("there is no part %q of e-RS, or it is not configured", job.Args.Part))
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
