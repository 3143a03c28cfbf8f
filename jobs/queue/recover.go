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
	// ClearGone ends processes that are gone and gives their jobs away.
	ClearGone(ctx context.Context, recovered func(job int64, kind, process string)) error
	// RunningJobs tells of those this process took longer ago than age.
	RunningJobs(ctx context.Context, age time.Duration, each func(job int64, attempt int, kind string)) error
	// RecoverJob and RecordDone report false when the job is no longer running.
	RecoverJob(ctx context.Context, job int64, attempt int) (bool, error)
	RecordDone(ctx context.Context, job int64, attempt int) (bool, error)
}

// Recovery makes jobs available again that are running with nobody working them:
// those of processes that are gone, and those of this process that it does not
// hold. Of these it completes the ones whose work was done.
type Recovery struct {
	Store     recoveryStore
	Held      *HeldJobs
	Process   string
	Standing  func() time.Duration // for how long this process has been announced without a break
	Recovered func(kind string)    // told of each
	Log       *slog.Logger
}

const (
	recoverEvery  = time.Second
	recoverWithin = 20 * time.Second
	// judgesAfter is for how long this process must have been announced before it
	// takes others for gone: after an outage of the database all come back at once.
	judgesAfter = 4 * time.Second
)

// Run looks every second until the context ends.
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
			r.Log.ErrorContext(ctx, "looking for jobs that nobody works", "error", err)
		}
	}
}

// Once looks once.
func (r *Recovery) Once(ctx context.Context) error {
	if r.Standing() < judgesAfter {
		return nil
	}
	return errors.Join(r.clearGone(ctx), r.recoverOwn(ctx))
}

func (r *Recovery) clearGone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recoverWithin)
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

// recoverOwn looks at the jobs that the queue believes this process to work.
func (r *Recovery) recoverOwn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recoverWithin)
	defer cancel()
	var running []runningJob
	err := r.Store.RunningJobs(ctx, tookLongAgo, func(job int64, attempt int, kind string) {
		running = append(running, runningJob{job, attempt, kind})
	})
	if err != nil {
		return err
	}
	own := map[string]kinds{} // by reason
	for _, job := range r.Held.missing(running) {
		record := r.Store.RecoverJob
		why := "the answer to fetching them was lost, or how they ended could not be recorded: they are available again"
		if job.done {
			record, why = r.Store.RecordDone, "their work was done, and the queue could not record it: they are completed"
		}
		recorded, bad := record(ctx, job.id, job.attempt)
		if err = errors.Join(err, bad); recorded {
			r.count(own, why, job.kind)
		}
	}
	for why, recovered := range own {
		r.Log.WarnContext(ctx, "jobs were running, and this process did not work them", "process", r.Process, "why", why, "jobs", recovered)
	}
	return err
}

// runningJob is a job that the queue believes this process to work.
type runningJob struct {
	id      int64
	attempt int
	kind    string
}

// HeldJobs is the middleware that knows which jobs this process works.
type HeldJobs struct {
	river.WorkerMiddlewareDefaults

	mutex   sync.Mutex
	working map[int64]int // attempt by job
	ended   map[int64]endedWork
	unknown map[int64]int // attempt by job, as the look before found it
}

type endedWork struct {
	attempt int
	done    bool
	at      time.Time
}

// NewHeldJobs returns the middleware, which holds none yet.
func NewHeldJobs() *HeldJobs {
	return &HeldJobs{working: map[int64]int{}, ended: map[int64]endedWork{}, unknown: map[int64]int{}}
}

// Work works the job, and remembers meanwhile that it does.
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
	// tookLongAgo is how old a fetch must be before a job counts that this process
	// does not work: it may be on its way from the queue to its worker.
	tookLongAgo = 8 * time.Second
	// recordedWithin is how long the queue gets to record the end of a job.
	recordedWithin = 15 * time.Second
)

// missingJob is one that this process does not work.
type missingJob struct {
	runningJob

	done bool // it did, and succeeded
}

// missing picks the jobs that this process does not work, at the second look that
// finds them so.
func (h *HeldJobs) missing(running []runningJob) (missing []missingJob) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	before := h.unknown
	h.unknown = map[int64]int{}
	for _, job := range running {
		ended, known := h.ended[job.id]
		known = known && ended.attempt == job.attempt
		switch _, working := h.working[job.id]; {
		case working, known && !ended.done, known && time.Since(ended.at) < recordedWithin:
			continue // it is worked, or the queue still records its end: that it failed, it records as long as this process lives
		}
		h.unknown[job.id] = job.attempt
		if before[job.id] == job.attempt {
			missing = append(missing, missingJob{job, known && ended.done})
		}
	}
	h.forget(running)
	return missing
}

// forget drops what the queue has recorded: it names such jobs as running no more.
func (h *HeldJobs) forget(running []runningJob) {
	for id, ended := range h.ended {
		named := slices.ContainsFunc(running, func(job runningJob) bool { return job.id == id })
		if !named && time.Since(ended.at) > 4*recordedWithin {
			delete(h.ended, id)
		}
	}
}
