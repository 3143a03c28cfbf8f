package runstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// CreateRun stores a run that somebody asked for. Where enqueue is given, it
// queues the job that works the run, in the same transaction, and returns the
// job's id.
func (s *Store) CreateRun(ctx context.Context, run runs.Run,
	enqueue func(context.Context, pgx.Tx, runs.ID) (int64, error),
) (id runs.ID, err error) {
	err = inTx(ctx, s.db, func(q *runsql.Queries, tx pgx.Tx) error {
		if id, err = insertRun(ctx, q, run); err != nil || enqueue == nil {
			return err
		}
		job, err := enqueue(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("queueing run %d: %w", id, err)
		}
		return q.SetRunJob(ctx, runsql.SetRunJobParams{JobID: &job, ID: int64(id)})
	})
	return id, err
}

func insertRun(ctx context.Context, q *runsql.Queries, run runs.Run) (runs.ID, error) {
	id, err := q.InsertRun(ctx, runsql.InsertRunParams{
		Kind: string(run.Kind), Source: string(run.Source), Report: run.Report, AsOf: toDate(run.AsOf), Actor: run.Actor,
		ParentID: optional(int64(run.Parent)), Codes: texts(run.Codes), UploadID: optional(run.Upload), Etag: run.Stamp.ETag,
	})
	if err != nil {
		return 0, postgres.Wrap(err, "storing the run")
	}
	return runs.ID(id), nil
}

func optional(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func orZero(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// Run returns a run with its summary as far as it has come.
func (s *Store) Run(ctx context.Context, id runs.ID) (runs.Run, error) {
	return getRun(ctx, s.q, id)
}

func getRun(ctx context.Context, q *runsql.Queries, id runs.ID) (runs.Run, error) {
	row, err := q.GetRun(ctx, int64(id))
	if err != nil {
		return runs.Run{}, postgres.Wrap(err, fmt.Sprintf("run %d", id))
	}
	run := runs.Run{
		ID: id, Kind: runs.Kind(row.Kind), Source: profile.Source(row.Source), Report: row.Report,
		Parent: runs.ID(orZero(row.ParentID)), AsOf: fromDate(row.AsOf), Actor: row.Actor, Upload: orZero(row.UploadID),
		State: runs.State(row.State), Planned: row.Planned, Stamp: runs.Stamp{ETag: row.Etag},
	}
	copy(run.Stamp.Digest[:], row.ListingDigest)
	for _, code := range row.Codes {
		run.Codes = append(run.Codes, profile.ODSCode(code))
	}
	run.Summary, err = runSummary(run, row.Summary)
	run.Summary.Error = row.Error
	return run, err
}

// runSummary is the stored summary, or an empty one of the run's own facts.
func runSummary(run runs.Run, stored []byte) (runs.Summary, error) {
	summary := runs.NewSummary(run)
	if stored == nil {
		return summary, nil
	}
	if err := json.Unmarshal(stored, &summary); err != nil {
		return summary, fmt.Errorf("summary of run %d: %w", run.ID, err)
	}
	summary.State = run.State
	return summary, nil
}

// RunLine is a run as the list shows it.
type RunLine struct {
	runs.Run
	CreatedAt time.Time
	EndedAt   time.Time // zero while it goes on
}

// ListRuns returns the newest runs first. An empty source means all.
func (s *Store) ListRuns(ctx context.Context, source profile.Source, most int) ([]RunLine, error) {
	rows, err := s.q.ListRuns(ctx, runsql.ListRunsParams{Source: string(source), Most: int32(most)})
	if err != nil {
		return nil, postgres.Wrap(err, "listing runs")
	}
	lines := make([]RunLine, 0, len(rows))
	for _, row := range rows {
		run := runs.Run{
			ID: runs.ID(row.ID), Kind: runs.Kind(row.Kind), Source: profile.Source(row.Source),
			Report: row.Report, Parent: runs.ID(orZero(row.ParentID)), AsOf: fromDate(row.AsOf), Actor: row.Actor,
			State: runs.State(row.State),
		}
		if run.Summary, err = runSummary(run, row.Summary); err != nil {
			return nil, err
		}
		lines = append(lines, RunLine{Run: run, CreatedAt: row.CreatedAt.Time, EndedAt: row.EndedAt.Time})
	}
	return lines, nil
}

// Progress is what a run is doing, for people who wait.
type Progress struct {
	State runs.State
	Stage string
	Done  int
	Total int // 0 when unknown
}

// Progress returns how far a run has come.
func (s *Store) Progress(ctx context.Context, id runs.ID) (Progress, error) {
	row, err := s.q.GetProgress(ctx, int64(id))
	if err != nil {
		return Progress{}, postgres.Wrap(err, fmt.Sprintf("run %d", id))
	}
	return Progress{State: runs.State(row.State), Stage: row.Stage, Done: int(row.Done), Total: int(row.Total)}, nil
}

// SaveProgress stores how far a run has come, outside its transactions.
func (s *Store) SaveProgress(ctx context.Context, id runs.ID, stage string, done, total int) error {
	err := s.q.SaveProgress(ctx, runsql.SaveProgressParams{ID: int64(id), Stage: stage, Done: int32(done), Total: int32(total)})
	if err != nil {
		return fmt.Errorf("progress of run %d: %w", id, err)
	}
	return nil
}

// Fail ends a run that was refused or failed: nothing more of it happens. Under
// the source's lock, so never one that another process works.
func (x *Session) Fail(ctx context.Context, run runs.Run, state runs.State, why string) (runs.Summary, error) {
	summary := run.Summary
	summary.State, summary.Error = state, why
	err := inTx(ctx, x.Conn, func(q *runsql.Queries, _ pgx.Tx) error { return endRun(ctx, q, run, summary) })
	return summary, err
}

// endRun writes the result of a run, once, and drops what only a running one
// needs.
func endRun(ctx context.Context, q *runsql.Queries, run runs.Run, summary runs.Summary) error {
	stored, err := json.Marshal(summary)
	if err != nil {
		return fmt.Errorf("summary of run %d: %w", run.ID, err)
	}
	if err := q.DeleteRunRecords(ctx, int64(run.ID)); err != nil {
		return fmt.Errorf("clearing run %d: %w", run.ID, err)
	}
	if err := q.DeleteUploadOfRun(ctx, int64(run.ID)); err != nil {
		return fmt.Errorf("clearing run %d: %w", run.ID, err)
	}
	ended, err := q.EndRun(ctx, runsql.EndRunParams{ID: int64(run.ID), State: string(summary.State), Summary: stored, Error: summary.Error})
	if err == nil && ended == 0 {
		err = errors.New("it has ended already")
	}
	if err != nil {
		return fmt.Errorf("ending run %d: %w", run.ID, err)
	}
	return nil
}

// Unfinished returns the runs that nobody works although they should be: their
// process was killed. Those whose source is being worked are left out.
func (s *Store) Unfinished(ctx context.Context) ([]runs.Run, error) {
	rows, err := s.q.UnfinishedRuns(ctx)
	if err != nil {
		return nil, postgres.Wrap(err, "looking for unfinished runs")
	}
	var list []runs.Run
	for _, row := range rows {
		locked, err := s.q.RunsAreLocked(ctx, row.Source)
		if err != nil {
			return nil, fmt.Errorf("looking for unfinished runs: %w", err)
		}
		if !*locked {
			list = append(list, runs.Run{ID: runs.ID(row.ID), Source: profile.Source(row.Source)})
		}
	}
	return list, nil
}

// UnfinishedOf returns the runs of a source that a process works, or should.
func (s *Store) UnfinishedOf(ctx context.Context, source profile.Source) ([]runs.ID, error) {
	rows, err := s.q.UnfinishedRunsOf(ctx, string(source))
	if err != nil {
		return nil, postgres.Wrap(err, "looking for unfinished runs")
	}
	ids := make([]runs.ID, len(rows))
	for i, id := range rows {
		ids[i] = runs.ID(id)
	}
	return ids, nil
}

// Reject keeps what a run withheld silent until upstream says something else,
// and returns how many rows that were.
func (s *Store) Reject(ctx context.Context, id runs.ID, actor string) (rows int, err error) {
	err = inTx(ctx, s.db, func(q *runsql.Queries, _ pgx.Tx) error {
		if err := reject(ctx, q, id, actor); err != nil {
			return err
		}
		decided, err := q.DecideRows(ctx, runsql.DecideRowsParams{RunID: int64(id), Decision: "rejected", AllRows: true})
		rows = int(decided)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rejecting what run %d withheld: %w", id, err)
	}
	return rows, nil
}

func reject(ctx context.Context, q *runsql.Queries, id runs.ID, actor string) error {
	run, err := getRun(ctx, q, id)
	if err != nil {
		return err
	}
	if run.Source == profile.SourceERS {
		return q.RejectServices(ctx, runsql.RejectServicesParams{RunID: int64(id), Actor: actor})
	}
	return q.RejectRows(ctx, runsql.RejectRowsParams{RunID: int64(id), Actor: actor})
}
