package watchstore

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Watched is what monitoring reads from the database: the current state, not
// what happened. Each slice is sorted, and has no entries with a count of zero.
type Watched struct {
	Queues     []QueueDepth
	Withheld   []WithheldWaiting
	Watermarks []WatermarkAge
	Listings   []ListingAge
	Pulls      []ReportPulled
	Quarantine []QuarantineSize
	Profiles   []OpenProfiles
	Pushes     []OpenPushes
	LeftOut    []FieldLeftOut
	Paused     []PausedSink
	Drift      []DriftFoundLast
	Findings   []OpenFindings
	Quality    []QualityChecked // the newest alone
	Runs       []OpenRuns
	Schedules  []ScheduleAge
	Services   []ServiceCount
	Cases      []StandingCases
	People     WatchedPeople
	Progress   ForwardProgress
	Database   DatabaseState
}

// QueueDepth counts the jobs of a queue that are in one live state.
type QueueDepth struct {
	Queue  string
	State  string // available, pending, retryable, running or scheduled
	Jobs   int
	Oldest time.Duration // since the first of them could begin; negative if all are for later
}

// WithheldWaiting counts what was withheld for one reason and awaits a person:
// fields of profiles, creations and marks, each once.
type WithheldWaiting struct {
	Source profile.Source
	Report string
	Reason runs.WithheldReason
	Rows   int
	Late   int // of these, those that were withheld first more than a working day ago
}

// WatermarkAge is how far an incremental pull is behind: the time since the
// start (in London) of the last day that was pulled completely.
type WatermarkAge struct {
	Source profile.Source
	Stream string
	Age    time.Duration
}

// ListingAge is the time since a listing of the report was accepted.
type ListingAge struct {
	Source profile.Source
	Report string
	Age    time.Duration
}

// QuarantineSize counts the records that could not be understood and are still
// upstream.
type QuarantineSize struct {
	Source  profile.Source
	Report  string
	Records int
}

// OpenProfiles counts the profiles of a type that are not closed.
type OpenProfiles struct {
	Type     profile.OrgType
	Profiles int
}

// OpenPushes counts the pushes along a route to a sink that are in one open state.
type OpenPushes struct {
	Sink   push.Sink
	Route  string     // empty for what has none yet
	State  push.State // wanted, refused, waits or held
	Pushes int
	Oldest time.Duration // since the first of them was wanted
}

// FieldLeftOut counts the profiles of which the last push to a sink left a field out,
// since the sink does not take it.
type FieldLeftOut struct {
	Sink   push.Sink
	Field  string
	Pushes int
}

// PausedSink is a paused route to a sink.
type PausedSink struct {
	Sink   push.Sink
	Route  string
	Reason string // unauthorized or down
	Age    time.Duration
}

// DriftFoundLast is the result of the newest full drift check of a sink that came to its end.
type DriftFoundLast struct {
	Sink    push.Sink
	State   push.DriftState // done or alarm; failed if none ever came to its end, with the age of the first
	Missing int
	Drifted int
	// NotVisible is how many profiles state a field that cannot be read back, by field.
	NotVisible map[string]int
	Age        time.Duration
}

// OpenFindings counts the findings of one quality check that last.
type OpenFindings struct {
	Kind     quality.Kind
	Owner    quality.Owner
	Findings int
}

// QualityChecked is the newest quality check of all pharmacies.
type QualityChecked struct {
	State      quality.State
	Unreadable int // pharmacies that DoS could not be read for
	Age        time.Duration
}

// OpenRuns counts the runs that have not ended.
type OpenRuns struct {
	Source profile.Source
	State  runs.State // queued or running
	Runs   int
}

// ScheduleAge is the time since a schedule was last due, according to the
// ledger.
type ScheduleAge struct {
	Name string
	Age  time.Duration
}

// ServiceCount counts the services of the register that are in one state.
type ServiceCount struct {
	State    services.State
	Services int
}

// Watch reads the current state, in one transaction and well under 100 ms. It
// returns postgres.ErrNotMigrated if a table is missing.
func (s *Store) Watch(ctx context.Context) (w Watched, err error) {
	err = s.inTx(ctx, func(q *watchsql.Queries, _ pgx.Tx) error {
		for _, read := range []func(context.Context, *watchsql.Queries) error{
			w.readQueues, w.readWithheld, w.readWatermarks, w.readListings,
			w.readQuarantine, w.readProfiles, w.readPushes, w.readPaused, w.readDrift, w.readFindings, w.readRuns, w.readSchedules,
			w.readServices, w.readCases, w.People.read, w.Progress.read, w.readPulls, w.Database.read,
		} {
			if err := read(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	return w, postgres.Wrap(err, "reading how things stand")
}

func (w *Watched) readQueues(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchQueues(ctx)
	for _, r := range rows {
		w.Queues = append(w.Queues, QueueDepth{Queue: r.Queue, State: r.State, Jobs: r.Jobs, Oldest: ofSeconds(r.OldestSeconds)})
	}
	return postgres.Wrap(err, "job queue")
}

func (w *Watched) readWithheld(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchWithheld(ctx)
	for _, r := range rows {
		w.Withheld = append(w.Withheld, WithheldWaiting{r.Source, r.Report, r.Reason, r.Rows, r.Late})
	}
	return postgres.Wrap(err, "what is withheld")
}

func (w *Watched) readWatermarks(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchWatermarks(ctx)
	for _, r := range rows {
		w.Watermarks = append(w.Watermarks, WatermarkAge{Source: r.Source, Stream: r.Stream, Age: ofSeconds(r.AgeSeconds)})
	}
	return postgres.Wrap(err, "watermarks")
}

func (w *Watched) readListings(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchListings(ctx)
	for _, r := range rows {
		w.Listings = append(w.Listings, ListingAge{Source: r.Source, Report: r.Report, Age: ofSeconds(r.AgeSeconds)})
	}
	return postgres.Wrap(err, "listings")
}

func (w *Watched) readQuarantine(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchQuarantine(ctx)
	for _, r := range rows {
		w.Quarantine = append(w.Quarantine, QuarantineSize(r))
	}
	return postgres.Wrap(err, "quarantine")
}

func (w *Watched) readProfiles(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchProfiles(ctx)
	for _, r := range rows {
		w.Profiles = append(w.Profiles, OpenProfiles(r))
	}
	return postgres.Wrap(err, "profiles")
}

func (w *Watched) readRuns(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchRuns(ctx)
	for _, r := range rows {
		w.Runs = append(w.Runs, OpenRuns(r))
	}
	return postgres.Wrap(err, "runs")
}

func (w *Watched) readSchedules(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchSchedules(ctx)
	for _, r := range rows {
		w.Schedules = append(w.Schedules, ScheduleAge{Name: r.Name, Age: ofSeconds(r.AgeSeconds)})
	}
	return postgres.Wrap(err, "schedules")
}

func ofSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (w *Watched) readPushes(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchPushes(ctx)
	for _, r := range rows {
		w.Pushes = append(w.Pushes, OpenPushes{r.Sink, r.Route, r.State, r.Pushes, ofSeconds(r.OldestSeconds)})
	}
	if err != nil {
		return postgres.Wrap(err, "pushes")
	}
	left, err := q.WatchLeftOut(ctx)
	for _, r := range left {
		w.LeftOut = append(w.LeftOut, FieldLeftOut(r))
	}
	return postgres.Wrap(err, "fields left out")
}

func (w *Watched) readPaused(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchPaused(ctx)
	for _, r := range rows {
		w.Paused = append(w.Paused, PausedSink{r.Sink, r.Route, r.Paused, ofSeconds(r.PausedSeconds)})
	}
	return postgres.Wrap(err, "paused sinks")
}

func (w *Watched) readDrift(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchDrift(ctx)
	for _, r := range rows {
		last := DriftFoundLast{Sink: r.Sink, State: r.State, Missing: r.Missing, Drifted: r.Drifted, Age: ofSeconds(r.AgeSeconds)}
		if err := json.Unmarshal(r.NotVisible, &last.NotVisible); err != nil {
			return postgres.Wrap(err, "drift")
		}
		w.Drift = append(w.Drift, last)
	}
	if err != nil {
		return postgres.Wrap(err, "drift")
	}
	failed, err := q.WatchDriftFailed(ctx)
	for _, r := range failed {
		w.Drift = append(w.Drift, DriftFoundLast{Sink: r.Sink, State: push.DriftFailed, Age: ofSeconds(r.AgeSeconds)})
	}
	slices.SortFunc(w.Drift, func(a, b DriftFoundLast) int { return cmp.Compare(a.Sink, b.Sink) })
	return postgres.Wrap(err, "drift")
}

func (w *Watched) readFindings(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.WatchFindings(ctx)
	if err != nil {
		return postgres.Wrap(err, "findings")
	}
	for _, r := range rows {
		w.Findings = append(w.Findings, OpenFindings(r))
	}
	last, err := q.WatchQuality(ctx)
	for _, r := range last {
		w.Quality = append(w.Quality, QualityChecked{r.State, r.Unreadable, ofSeconds(r.AgeSeconds)})
	}
	return postgres.Wrap(err, "quality checks")
}

func (w *Watched) readServices(ctx context.Context, q *watchsql.Queries) error {
	rows, err := q.CountServices(ctx)
	for _, r := range rows {
		w.Services = append(w.Services, ServiceCount(r))
	}
	return postgres.Wrap(err, "register of services")
}
