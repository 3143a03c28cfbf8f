package runstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// CreateRun stores a run that somebody asked for. If enqueue is given, it
// queues the job that works the run in the same transaction, and returns the
// job's id. A run that the same request has stored before is returned as it is.
func (s *Store) CreateRun(ctx context.Context, run runs.Run,
	enqueue func(context.Context, pgx.Tx, runs.ID) (int64, error),
) (id runs.ID, err error) {
	err = s.decideInTx(ctx, func(q *runsql.Queries, tx pgx.Tx) error {
		id, err = insertRun(ctx, q, run, false)
		if errors.Is(err, postgres.ErrNotFound) {
			id, err = q.RunOnce(ctx, run.Once)
			return postgres.Wrap(err, "looking for the run of the request")
		}
		if err == nil && run.Kind == runs.RunApprove {
			err = approve(ctx, q, id, run)
		}
		if err != nil || enqueue == nil {
			return err
		}
		job, err := enqueue(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("queueing run %d: %w", id, err)
		}
		return q.SetRunJob(ctx, runsql.SetRunJobParams{JobID: &job, ID: id})
	})
	return id, err
}

func insertRun(ctx context.Context, q *runsql.Queries, run runs.Run, preview bool) (runs.ID, error) {
	shown := ""
	if run.Kind == runs.RunUndo {
		shown = run.Selection.Digest
	}
	id, err := q.InsertRun(ctx, runsql.InsertRunParams{
		Kind: run.Kind, Source: run.Source, Report: run.Report, AsOf: run.AsOf, Actor: run.Actor, OsUser: run.OSUser, Parent: int64(run.Parent),
		Codes: append([]profile.ODSCode{}, run.Codes...), Upload: run.Upload, Plan: int64(run.Plan), Etag: run.Stamp.ETag, Digest: shown,
		Preview: preview, Once: run.Once,
	})
	return id, postgres.Wrap(err, "storing the run")
}

// ApprovalsOnce returns the last approvals that somebody asked for under a key, with what
// names them.
func (s *Store) ApprovalsOnce(ctx context.Context, actor string) ([]runs.Run, error) {
	rows, err := s.q.ApprovalsOnce(ctx, actor)
	approvals := make([]runs.Run, len(rows))
	for i, r := range rows {
		approvals[i] = runs.Run{
			ID: r.ID, Kind: runs.RunApprove, Source: r.Source, Report: r.Report, Parent: runs.ID(r.Parent), Actor: actor, Once: r.Once,
		}
	}
	return approvals, postgres.Wrap(err, "looking for the approvals of a request")
}

// Run returns a run with its summary so far.
func (s *Store) Run(ctx context.Context, id runs.ID) (runs.Run, error) {
	return getRun(ctx, s.q, id)
}

func getRun(ctx context.Context, q *runsql.Queries, id runs.ID) (runs.Run, error) {
	row, err := q.GetRun(ctx, id)
	if err != nil {
		return runs.Run{}, postgres.Wrap(err, fmt.Sprintf("run %d", id))
	}
	run := runs.Run{
		ID: id, Kind: row.Kind, Source: row.Source, Report: row.Report, Parent: runs.ID(row.Parent), AsOf: row.AsOf, Actor: row.Actor,
		OSUser: row.OsUser, Codes: row.Codes, Upload: row.Upload, Plan: runs.PlanID(row.Plan), State: row.State,
		Planned:   row.Planned,
		Stamp:     runs.Stamp{ETag: row.Etag, Digest: row.ListingDigest, Boards: row.Boards, Layout: row.Layout},
		Requested: row.Requested,
	}
	if run.Kind == runs.RunUndo && !run.Planned {
		run.Selection.Digest = row.Digest
	}
	run.Summary, err = runSummary(run, row.Summary)
	run.Summary.Error = row.Error
	return run, err
}

// runSummary is the stored summary, or, if there is none yet, one with only the
// run's own facts.
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
	EndedAt   time.Time // zero until the run has ended
}

// RunFilter picks runs.
type RunFilter struct {
	Source profile.Source // empty means all
	Before runs.ID        // only older ones; 0 for all
	Most   int
}

// ListRuns returns the newest runs first.
func (s *Store) ListRuns(ctx context.Context, f RunFilter) ([]RunLine, error) {
	before := cmp.Or(f.Before, math.MaxInt64)
	rows, err := s.q.ListRuns(ctx, runsql.ListRunsParams{Source: string(f.Source), Before: before, Most: min(f.Most, math.MaxInt32)})
	if err != nil {
		return nil, postgres.Wrap(err, "listing runs")
	}
	lines := make([]RunLine, 0, len(rows))
	for _, row := range rows {
		run := runs.Run{
			ID: row.ID, Kind: row.Kind, Source: row.Source, Report: row.Report, Parent: runs.ID(row.Parent), AsOf: row.AsOf,
			Actor: row.Actor, State: row.State,
		}
		if run.Summary, err = runSummary(run, row.Summary); err != nil {
			return nil, err
		}
		lines = append(lines, RunLine{Run: run, CreatedAt: row.CreatedAt, EndedAt: row.EndedAt})
	}
	return lines, nil
}

// Progress is what a run is doing, for the people waiting for it.
type Progress struct {
	State runs.State
	Stage string
	Done  int
	Total int // 0 when unknown
}

// Progress returns how far a run has come.
func (s *Store) Progress(ctx context.Context, id runs.ID) (Progress, error) {
	row, err := s.q.GetProgress(ctx, id)
	return Progress(row), postgres.Wrap(err, fmt.Sprintf("run %d", id))
}

// SaveProgress stores how far a run has come, outside its transactions.
func (s *Store) SaveProgress(ctx context.Context, id runs.ID, stage string, done, total int) error {
	err := s.q.SaveProgress(ctx, runsql.SaveProgressParams{ID: id, Stage: stage, Done: done, Total: total})
	if err != nil {
		return fmt.Errorf("progress of run %d: %w", id, err)
	}
	return nil
}

// Fail ends a run that was refused or failed: nothing more of it happens, and what
// an approval has applied stays approved. The session holds the source's lock, so
// no other process can be working the run.
func (x *Session) Fail(ctx context.Context, run runs.Run, state runs.State, why string) (runs.Summary, error) {
	summary := run.Summary
	summary.State, summary.Error = state, why
	err := inTx(ctx, x.Conn, func(q *runsql.Queries, _ pgx.Tx) error {
		if run.Kind == runs.RunApprove {
			if err := q.FinishApproval(ctx, run.ID); err != nil {
				return postgres.Wrap(err, "recording the approval")
			}
		}
		return endRun(ctx, q, run, summary)
	})
	return summary, err
}

// endRun writes the result of a run, once, and deletes what only a running one
// needs.
func endRun(ctx context.Context, q *runsql.Queries, run runs.Run, summary runs.Summary) error {
	stored, err := json.Marshal(summary)
	if err != nil {
		return fmt.Errorf("summary of run %d: %w", run.ID, err)
	}
	if err := q.DeleteRunRecords(ctx, run.ID); err != nil {
		return fmt.Errorf("clearing run %d: %w", run.ID, err)
	}
	if err := release(ctx, q, run); err != nil {
		return err
	}
	ended, err := q.EndRun(ctx, runsql.EndRunParams{ID: run.ID, State: summary.State, Summary: stored, Error: summary.Error})
	if err == nil && ended == 0 {
		err = errors.New("it has ended already")
	}
	if err != nil {
		return fmt.Errorf("ending run %d: %w", run.ID, err)
	}
	return nil
}

// Unfinished returns the runs whose process was killed, so that nobody works
// them. Runs of a source that is being worked are left out.
func (s *Store) Unfinished(ctx context.Context) ([]runs.Run, error) {
	rows, err := s.q.UnfinishedRuns(ctx)
	if err != nil {
		return nil, postgres.Wrap(err, "looking for unfinished runs")
	}
	var list []runs.Run
	for _, row := range rows {
		locked, err := s.q.RunsAreLocked(ctx, string(row.Source))
		if err != nil {
			return nil, fmt.Errorf("looking for unfinished runs: %w", err)
		}
		if !*locked {
			list = append(list, runs.Run{ID: row.ID, Source: row.Source})
		}
	}
	return list, nil
}

// UnfinishedOf returns the runs of a source that a process is working or should
// be.
func (s *Store) UnfinishedOf(ctx context.Context, source profile.Source) ([]runs.ID, error) {
	ids, err := s.q.UnfinishedRunsOf(ctx, source)
	return ids, postgres.Wrap(err, "looking for unfinished runs")
}

// release gives up what a run needs until it ends: its file, and the rows that an
// approval did not apply, which wait for another decision.
func release(ctx context.Context, q *runsql.Queries, run runs.Run) error {
	if run.Kind == runs.RunApprove {
		if err := q.ReleaseApproval(ctx, &run.ID); err != nil {
			return fmt.Errorf("clearing run %d: %w", run.ID, err)
		}
	}
	return postgres.Wrap(q.DeleteUploadOfRun(ctx, run.ID), fmt.Sprintf("clearing run %d", run.ID))
}
