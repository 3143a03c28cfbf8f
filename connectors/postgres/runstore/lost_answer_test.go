package runstore_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// worksAgain is a job that works a stored run.
func (w *world) worksAgain(id runs.ID) func() error {
	return func() error {
		run, err := w.store.Run(w.Context(), id)
		if err != nil {
			return err
		}
		_, err = w.runs.Work(w.Context(), run.Source, id)
		return err
	}
}

// commands has a person's command work a run, without a daemon: interrupted
// runs first, as package main does.
func (w *world) commands(run runs.Run) error {
	unfinished, err := w.store.UnfinishedOf(w.Context(), run.Source)
	if err != nil {
		return err
	}
	id, err := w.store.CreateRun(w.Context(), run, nil)
	if err != nil {
		return err
	}
	for _, other := range append(unfinished, id) {
		if err := w.worksAgain(other)(); err != nil {
			return err
		}
	}
	return nil
}

// listed is a world with a listing that has not been worked yet.
func listed(t *testing.T, fails error) (w *world, id runs.ID) {
	t.Helper()
	w = newWorld(t)
	w.listing(1, pharmacies(30))
	id = w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(2)}, with(pharmacies(31), 2, renamed))
	if fails != nil {
		w.read(id, pull{fails: fails})
	}
	return w, id
}

// withheld is a world with a run that waits for a person.
func withheld(t *testing.T) (*world, runs.Run) {
	t.Helper()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	return w, runs.Run{
		Kind: runs.RunApprove, Source: profile.SourceODS, Report: reportName, AsOf: day(2), Actor: "approver",
		Parent: idOf(w.listing(2, with(pharmacies(40), 11, renamed))),
	}
}

func TestALostAnswerAboutRuns(t *testing.T) {
	t.Parallel()
	working := func(fails error, between func(*world, runs.ID)) func(*testing.T) pgtest.Write {
		return func(t *testing.T) pgtest.Write {
			t.Helper()
			w, id := listed(t, fails)
			return pgtest.Write{
				Database: w.Database, Try: w.worksAgain(id), Between: func() { between(w, id) },
				Rows: pgtest.AllOfRuns + " union all select concat_ws(' ', 'ended', id, extract(year from ended_at) = 2020) from run",
			}
		}
	}
	nothing := func(*world, runs.ID) {}
	edited := func(w *world, _ runs.ID) { w.Exec("update profile set name = 'Mine' where code = 'FA0000'") }
	long := func(w *world, id runs.ID) { // ended long ago, and the listing can be read again
		w.Exec("update run set ended_at = '2020-01-01' where id = $1", int64(id))
		w.read(id, pull{orgs: with(pharmacies(31), 2, renamed)})
	}
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"the run of a job": {Statement: "SetRunJob", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := newWorld(t)
			return pgtest.Write{Database: w.Database, Rows: "select concat_ws(' ', id, kind, state, job_id) from run", Try: func() error {
				id, err := w.store.RunOfJob(t.Context(), 77)
				if err == nil && id == 0 {
					run := runs.Run{Kind: runs.RunListing, Source: profile.SourceODS, Report: reportName, AsOf: day(1), Actor: "schedule"}
					_, err = w.store.CreateRun(t.Context(), run, func(context.Context, pgx.Tx, runs.ID) (int64, error) { return 77, nil })
				}
				return err
			}}
		}},
		"a plan":       {Statement: "SealPlan", Begin: working(nil, nothing)},
		"a chunk":      {Statement: "MoveCursor", Begin: working(nil, edited)},
		"the end":      {Statement: "EndRun", Begin: working(nil, long)},
		"a failure":    {Statement: "EndRun", Begin: working(errors.New("cut short"), long)},
		"a refusal":    {Statement: "EndRun", Begin: working(&profile.RefusedError{Name: "x.csv", Why: "no report"}, long)},
		"an approval":  {Statement: "InsertRun", Begin: decided(runs.RunApprove)},
		"an undo":      {Statement: "InsertRun", Begin: decided(runs.RunUndo)},
		"its end":      {Statement: "FinishApproval", Begin: decided(runs.RunApprove)},
		"a rejection":  {Statement: "DecideRows", Begin: rejected},
		"an upload":    {Statement: "InsertUploadChunk", Begin: uploaded},
		"a run's file": {Statement: "InsertRun", Begin: uploaded},
	})
}

// decided is a person's decision whose run the daemon works meanwhile. Then
// somebody takes the approval back, or edits after an undo.
func decided(kind runs.Kind) func(*testing.T) pgtest.Write {
	return func(t *testing.T) pgtest.Write {
		t.Helper()
		w, run := withheld(t)
		if run.Kind = kind; kind == runs.RunUndo {
			run.Parent = idOf(w.child(runs.RunApprove, runs.Summary{Run: run.Parent.String()}))
		}
		return pgtest.Write{
			Database: w.Database, Try: func() error { return unlessDone(w.commands(run), "11 already approved by approver") },
			Rows: pgtest.AllOfProfiles + `
				union all select concat_ws(' ', 'plan', run_id, code, field, decision) from plan_row where withheld <> ''`,
			Between: func() {
				unfinished, err := w.store.UnfinishedOf(t.Context(), run.Source)
				require.NoError(t, err)
				for _, id := range unfinished {
					require.NoError(t, w.worksAgain(id)())
				}
				if kind == runs.RunUndo {
					w.Exec("update profile set name = 'Mine' where code = 'FA0000'")
				} else {
					w.child(runs.RunUndo, runs.Summary{Run: pgtest.One[string](w.Database, "select max(id)::text from run")})
				}
			},
		}
	}
}

// unlessDone is err, unless it says that the decision was made: whoever tries
// again learns that, and that is all.
func unlessDone(err error, made string) error {
	if err != nil && strings.Contains(err.Error(), made) {
		return nil
	}
	return err
}

func rejected(t *testing.T) pgtest.Write {
	t.Helper()
	w, run := withheld(t)
	return pgtest.Write{
		Database: w.Database, Try: func() error {
			_, err := w.store.Reject(t.Context(), run.Parent, runs.Selection{}, "jo", "")
			return unlessDone(err, "11 already rejected by jo")
		},
		Rows:    pgtest.AllOfProfiles + " union all select concat_ws(' ', code, field, decision) from plan_row",
		Between: func() { w.Exec("delete from mark where code = 'FA0000'") }, // somebody took it back
	}
}

// uploaded is a file that a command stores for the run that reads it. A file
// left by a command that failed in between is removed after a day.
func uploaded(t *testing.T) pgtest.Write {
	t.Helper()
	w := newWorld(t)
	w.read(1, pull{orgs: pharmacies(3)})
	w.read(2, pull{orgs: pharmacies(3)})
	const uploads = " union all select concat_ws(' ', 'uploads', count(*)) from upload"
	return pgtest.Write{Database: w.Database, Rows: pgtest.AllOfProfiles + uploads, Try: func() error {
		upload, err := w.store.StoreUpload(t.Context(), "x.csv", bytes.NewReader([]byte("x")))
		if err != nil {
			return err
		}
		run := runs.Run{Kind: runs.RunListing, Source: profile.SourceODS, Report: reportName, AsOf: day(1), Actor: "jo", Upload: upload}
		if err := w.commands(run); err != nil {
			return err
		}
		w.Exec("update upload set created_at = now() - interval '2 days'")
		return w.store.Prune(t.Context(), time.Now().AddDate(-1, 0, 0))
	}}
}

// A process loses the source's lock without noticing, and another works the run:
// whatever the first process believes, it must not end the run.
func TestARunIsEndedOnlyUnderTheLock(t *testing.T) {
	t.Parallel()
	w, id := listed(t, nil)
	var other *runstore.OrganisationSession
	w.runs.Organisations.Types = func(runs.Run) ([]profile.OrgType, error) {
		w.Exec(`select pg_terminate_backend(l.pid) from pg_locks l
			where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())`)
		var err error
		other, err = runstore.New(pgtest.OpenURL(t, w.URL)).LockOrganisations(t.Context())
		require.NoError(t, err)
		_, err = other.Start(t.Context(), id)
		require.NoError(t, err)
		return nil, errors.New("no such report")
	}
	_, err := w.runs.Work(t.Context(), profile.SourceODS, id)
	require.Error(t, err)
	defer other.Close()
	require.Equal(t, "running", pgtest.One[string](w.Database, "select state from run where id = $1", int64(id)))

	run, err := other.Start(t.Context(), id)
	require.NoError(t, err)
	_, err = other.Fail(t.Context(), run, runs.RunFailed, "first")
	require.NoError(t, err)
	_, err = other.Fail(t.Context(), run, runs.RunFailed, "second")
	require.ErrorContains(t, err, "ended already")
	require.Equal(t, "first", pgtest.One[string](w.Database, "select error from run where id = $1", int64(id)))
}
