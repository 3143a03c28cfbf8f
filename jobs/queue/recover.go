package queue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

type recoveryStore interface {
	// ClearGone marks processes that are gone as ended and makes their jobs
	// available again.
	ClearGone(ctx context.Context, recovered func(job int64, kind, process string)) error
	// RunningJobs calls each with the running jobs that this process fetched
	// more than age ago.
	RunningJobs(ctx context.Context, age time.Duration, each func(job int64, attempt int, kind string)) error
	// RecoverJob and RecordDone report false when the job is no longer running.
	RecoverJob(ctx context.Context, job int64, attempt int) (bool, error)
	RecordDone(ctx context.Context, job int64, attempt int) (bool, error)
}

// Recovery makes abandoned jobs available again. A job is abandoned if it is
// marked running but its process is gone, or if it is assigned to this process,
// which is not working it. In the second case, if the work was done, the job is
// completed instead.
type Recovery struct {
	Store     recoveryStore
	Held      *HeldJobs
	Process   string
	Standing  func() time.Duration // how long this process has been announced without a break
	Recovered func(kind string)    // called for each recovered job
	Log       *slog.Logger
}

const (
	recoverEvery   = time.Second
	recoverTimeout = 20 * time.Second
	// judgeOthersAfter is how long this process must have been announced before it
	// presumes others dead: after an outage of the database all come back at
	// once.
	judgeOthersAfter = 4 * time.Second
)

// Run recovers jobs every second until the context ends.
func (r *Recovery) Run(ctx context.Context) error {
	tick := time.NewTicker(recoverEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := r.Once(ctx); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "recovering abandoned jobs", "error", err)
		}
	}
}

// Once recovers jobs once.
func (r *Recovery) Once(ctx context.Context) error {
	if r.Standing() < judgeOthersAfter {
		return nil
	}
	return errors.Join(r.clearGone(ctx), r.recoverOwn(ctx))
}

func (r *Recovery) clearGone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recoverTimeout)
	defer cancel()
	gone := map[string]kinds{} // by process
	err := r.Store.ClearGone(ctx, func(_ int64, kind, process string) { r.count(gone, process, kind) })
	for process, recovered := range gone {
		r.Log.WarnContext(ctx, "a process is gone: its jobs are available again", "process", process, "jobs", recovered)
	}
	return err
}

// kinds counts jobs by their kind.
type kinds map[string]int

func (r *Recovery) count(in map[string]kinds, why, kind string) {
	if in[why] == nil {
		in[why] = kinds{}
	}
	in[why][kind]++
	r.Recovered(kind)
}

// recoverOwn checks the jobs that the queue has assigned to this process.
func (r *Recovery) recoverOwn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recoverTimeout)
	defer cancel()
	var running []runningJob
	err := r.Store.RunningJobs(ctx, fetchedLongAgo, func(job int64, attempt int, kind string) {
		running = append(running, runningJob{job, attempt, kind})
	})
	if err != nil {
		return err
	}
	own := map[string]kinds{} // by reason
	for _, job := range r.Held.missing(running) {
		record := r.Store.RecoverJob
		why := "the reply to fetching them was lost, or their outcome could not be recorded: they are available again"
		if job.done {
			record, why = r.Store.RecordDone, "their work was done, but the queue could not record it: they are completed"
		}
		recorded, bad := record(ctx, job.id, job.attempt)
		if err = errors.Join(err, bad); recorded {
			r.count(own, why, job.kind)
		}
	}
	for why, recovered := range own {
		r.Log.WarnContext(ctx, "jobs were marked running, but this process was not working them",
			"process", r.Process, "why", why, "jobs", recovered)
	}
	return err
}

// runningJob is a job that the queue has assigned to this process.
type runningJob struct {
	id      int64
	attempt int
	kind    string
}

// HeldJobs is the middleware that tracks which jobs this process is working.
type HeldJobs struct {
	river.WorkerMiddlewareDefaults

	mutex   sync.Mutex
	working map[int64]int // attempt by job
	ended   map[int64]endedWork
	unknown map[int64]int // attempt by job, as found by the check before
}

type endedWork struct {
	attempt int
	done    bool
	at      time.Time
}

// NewHeldJobs returns the middleware, which tracks no jobs yet.
func NewHeldJobs() *HeldJobs {
	return &HeldJobs{working: map[int64]int{}, ended: map[int64]endedWork{}, unknown: map[int64]int{}}
}

// Work works the job, and tracks it meanwhile.
func (h *HeldJobs) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) (err error) {
	h.mutex.Lock()
	h.working[job.ID] = job.Attempt
	h.mutex.Unlock()
	done := false
	defer func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		delete(h.working, job.ID)
		h.ended[job.ID] = endedWork{attempt: job.Attempt, done: done, at: time.Now()}
	}()
	err = work(ctx)
	done = err == nil
	return err
}

const (
	// fetchedLongAgo is how long ago a job must have been fetched before it can
	// count as missing: it may be in transit from the queue to its worker.
	fetchedLongAgo = 8 * time.Second
	// recordTimeout is how long the queue gets to record the end of a job.
	recordTimeout = 15 * time.Second
)

// missingJob is a job that is assigned to this process, which is not working
// it.
type missingJob struct {
	runningJob

	done bool // the work was done, and succeeded
}

// missing returns the jobs that this process is not working, once two checks in
// a row have found them so.
func (h *HeldJobs) missing(running []runningJob) (missing []missingJob) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	before := h.unknown
	h.unknown = map[int64]int{}
	for _, job := range running {
		ended, known := h.ended[job.id]
		known = known && ended.attempt == job.attempt
		switch _, working := h.working[job.id]; {
		case working, known && !ended.done, known && time.Since(ended.at) < recordTimeout:
			continue // being worked, or its end is still being recorded; a failure is recorded for as long as this process lives
		}
		h.unknown[job.id] = job.attempt
		if before[job.id] == job.attempt {
			missing = append(missing, missingJob{job, known && ended.done})
		}
	}
	h.forget(running)
	return missing
}

// forget drops the jobs whose end the queue has recorded: they are no longer
// listed as running.
func (h *HeldJobs) forget(running []runningJob) {
	for id, ended := range h.ended {
		named := slices.ContainsFunc(running, func(job runningJob) bool { return job.id == id })
		if !named && time.Since(ended.at) > 4*recordTimeout {
			delete(h.ended, id)
		}
	}
}
