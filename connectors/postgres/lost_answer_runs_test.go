package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

const (
	allOfProfiles = `select concat_ws(' ', 'profile', code, name, status, version) from profile
		union all select concat_ws(' ', 'change', code, field, old, new, actor, count(*)) from change group by code, field, old, new, actor
		union all select concat_ws(' ', 'record', code, settled, pending_since, missing_since, waiting::text) from upstream_record
		union all select concat_ws(' ', 'mark', code, field, verdict, value, actor) from mark
		union all select concat_ws(' ', 'listing', report, as_of, records) from listing
		union all select concat_ws(' ', 'left', count(*)) from run_record
		union all select concat_ws(' ', 'service', code, external_id, name, withdrawn) from service
		union all select concat_ws(' ', 'ers', id, state, pending, version, sites::text) from ers_service
		union all select concat_ws(' ', 'left', count(*)) from run_service`
	allOfRuns = allOfProfiles + `
		union all select concat_ws(' ', 'run', id, kind, state, planned, applied_to, (summary - 'elapsed_ms')::text, error, asked) from run
		union all select concat_ws(' ', 'plan', run_id, code, field, old, new, withheld, moved, decision) from plan_row`
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

// commands has a person's command work a run, without a daemon: what was
// interrupted first, as package main does it.
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

// listed is a world with a listing that is still to be worked.
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
	working := func(fails error, between func(*world, runs.ID)) func(*testing.T) written {
		return func(t *testing.T) written {
			t.Helper()
			w, id := listed(t, fails)
			return written{
				world: w, try: w.worksAgain(id), between: func() { between(w, id) },
				rows: allOfRuns + " union all select concat_ws(' ', 'ended', id, extract(year from ended_at) = 2020) from run",
			}
		}
	}
	nothing := func(*world, runs.ID) {}
	edited := func(w *world, _ runs.ID) { w.Exec("update profile set name = 'Mine' where code = 'FA0000'") }
	long := func(w *world, id runs.ID) { // ago; and the listing can be read again
		w.Exec("update run set ended_at = '2020-01-01' where id = $1", int64(id))
		w.read(id, pull{orgs: with(pharmacies(31), 2, renamed)})
	}
	requireOnce(t, map[string]lostAnswer{
		"the run of a job": {"SetRunJob", func(t *testing.T) written {
			t.Helper()
			w := newWorld(t)
			return written{world: w, rows: "select concat_ws(' ', id, kind, state, job_id) from run", try: func() error {
				id, err := w.store.RunOfJob(t.Context(), 77)
				if err == nil && id == 0 {
					run := runs.Run{Kind: runs.RunListing, Source: profile.SourceODS, Report: reportName, AsOf: day(1), Actor: "schedule"}
					_, err = w.store.CreateRun(t.Context(), run, func(context.Context, pgx.Tx, runs.ID) (int64, error) { return 77, nil })
				}
				return err
			}}
		}},
		"a plan":       {"SealPlan", working(nil, nothing)},
		"a chunk":      {"MoveCursor", working(nil, edited)},
		"the end":      {"EndRun", working(nil, long)},
		"a failure":    {"EndRun", working(errors.New("cut short"), long)},
		"a refusal":    {"EndRun", working(&profile.RefusedError{Name: "x.csv", Why: "no report"}, long)},
		"an approval":  {"InsertRun", decided(runs.RunApprove)},
		"an undo":      {"InsertRun", decided(runs.RunUndo)},
		"its end":      {"DecideRows", decided(runs.RunApprove)},
		"a rejection":  {"DecideRows", rejected},
		"an upload":    {"InsertUploadChunk", uploaded},
		"a run's file": {"InsertRun", uploaded},
	})
}

// decided is a decision of a person, whose run the daemon works meanwhile. Then
// somebody takes an approval back; after an undo, somebody edits.
func decided(kind runs.Kind) func(*testing.T) written {
	return func(t *testing.T) written {
		t.Helper()
		w, run := withheld(t)
		if run.Kind = kind; kind == runs.RunUndo {
			run.Parent = idOf(w.child(runs.RunApprove, runs.Summary{Run: run.Parent.String()}))
		}
		return written{
			world: w, try: func() error { return w.commands(run) },
			rows: allOfProfiles + `
				union all select concat_ws(' ', 'plan', run_id, code, field, decision) from plan_row where withheld <> ''`,
			between: func() {
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

func rejected(t *testing.T) written {
	t.Helper()
	w, run := withheld(t)
	return written{
		world: w, try: func() error {
			_, err := w.store.Reject(t.Context(), run.Parent, "jo")
			return err
		},
		rows:    allOfProfiles + " union all select concat_ws(' ', code, field, decision) from plan_row",
		between: func() { w.Exec("delete from mark where code = 'FA0000'") }, // somebody took it back
	}
}

// uploaded is a file that a command stores for the run that reads it. What a
// command left that failed in between goes after a day.
func uploaded(t *testing.T) written {
	t.Helper()
	w := newWorld(t)
	w.read(1, pull{orgs: pharmacies(3)})
	w.read(2, pull{orgs: pharmacies(3)})
	return written{world: w, rows: allOfProfiles + " union all select concat_ws(' ', 'uploads', count(*)) from upload", try: func() error {
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

func TestALostAnswerAboutServices(t *testing.T) {
	t.Parallel()
	asking := func(t *testing.T) written {
		t.Helper()
		w := newERSWorld(t, 2, 30)
		w.pulls(1)
		for _, n := range []int{0, 1, 25} {
			service := w.ers.services[serviceID(0, n)]
			service.Name, service.Version = "Renamed", "2"
			w.ers.services[serviceID(0, n)] = service
		}
		delete(w.ers.services, serviceID(1, 7))
		return written{world: w.world, try: w.worksAgain(w.begins(runs.Run{Kind: runs.RunListing, AsOf: day(2)})), rows: allOfRuns}
	}
	requireOnce(t, map[string]lostAnswer{
		"an import": {"ImportExtract", func(t *testing.T) written {
			t.Helper()
			w := newERSWorld(t, 1, 2)
			w.Exec("delete from ers_service where id = '1001'")
			written, tries := written{world: w.world}, 0
			written.rows = "select concat_ws(' ', id, origin, claimed::text, provider, specialty, extract::text, added_by) from ers_service"
			written.try = func() error {
				session, err := w.store.LockServices(t.Context())
				if err != nil {
					return err
				}
				defer session.Close()
				done, err := session.ImportExtract(t.Context(), "importer", w.extract())
				tries++
				require.True(t, tries == 1 || done.Added+done.Changed == 0, "nothing is new")
				return err
			}
			return written
		}},
		"a service": {"AddService", func(t *testing.T) written {
			t.Helper()
			w := newERSWorld(t, 1, 1)
			return written{world: w.world, rows: "select concat_ws(' ', id, claimed::text) from ers_service", try: func() error {
				session, err := w.store.LockServices(t.Context())
				if err != nil {
					return err
				}
				defer session.Close()
				_, err = session.AddService(t.Context(), "1000", "RAA77", "jo")
				return err
			}}
		}},
		"what was asked": {"MovePull", asking},
		"a plan":         {"SealPlan", asking},
		"a chunk":        {"MoveCursor", asking},
		"the end":        {"EndRun", asking},
		"a kind of profile": {"SetKind", func(t *testing.T) written {
			t.Helper()
			w := newWorld(t)
			w.Exec("insert into profile (code, name, type) values ('RAA', 'A', 'trust')")
			return written{world: w, rows: allOfProfiles + " union all select kind from profile", try: func() error {
				_, err := w.store.SetKind(t.Context(), "RAA", "hospital", "jo", "asked")
				return err
			}}
		}},
		"a code system": {"SaveCodes", func(t *testing.T) written {
			t.Helper()
			w := newWorld(t)
			tries := 0
			return written{world: w, rows: "select concat_ws(' ', kind, code, display, retired) from ers_code", try: func() error {
				saved, _, err := w.store.SaveCodes(t.Context(), "SPECIALTY", []postgres.Code{{Code: "CARDIOLOGY", Display: "Cardiology"}})
				tries++
				require.True(t, tries == 1 || saved == 0, "nothing is new")
				return err
			}}
		}},
	})
}

// A process loses the source's lock without hearing of it, and another works the
// run: whatever the first one thinks of the run, it ends nothing.
func TestARunIsEndedOnlyUnderTheLock(t *testing.T) {
	t.Parallel()
	w, id := listed(t, nil)
	var other *postgres.OrganisationSession
	w.runs.Organisations.Types = func(runs.Run) ([]profile.OrgType, error) {
		w.Exec(`select pg_terminate_backend(l.pid) from pg_locks l
			where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())`)
		var err error
		other, err = pgtest.OpenURL(t, w.URL).LockOrganisations(t.Context())
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
