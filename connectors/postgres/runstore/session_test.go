package runstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestWhatMovedBetweenPlanAndApplicationIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(3))
	said := append(with(pharmacies(3), 3, func(o *org) { renamed(o); o.ICB = "QOQ" }), pharmacies(4)[3])
	id := w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(2)}, said)
	w.hooks.beforeApply = func() {
		w.Exec("update profile set name = 'My shop' where code = 'FA0001'")
		w.Exec("insert into profile (code, name, type) values ('FA0003', 'Mine', 'pharmacy')")
	}
	run := w.work(id)
	w.hooks.beforeApply = nil
	require.Equal(t, []runs.LeftOut{
		{Code: "FA0001", Field: "name", Because: runs.LeftEdited}, {Code: "FA0003", Because: runs.LeftEdited},
	}, run.LeftOut)
	require.Equal(t, map[string]int{"name": 2, "icb": 3}, run.Fields)
	require.Zero(t, run.Changes.Create)
	require.Equal(t, "My shop", w.name("FA0001"))
	require.True(t, w.settled("FA0000"))
	require.False(t, w.settled("FA0001"))
	require.False(t, w.settled("FA0003"))

	next := w.listing(3, said)
	require.Equal(t, 2, next.Changes.Update)
	require.Equal(t, "Chemist 1 (New)", w.name("FA0001"))
	require.Equal(t, "Chemist 3", w.name("FA0003"))
	require.Equal(t, runs.ChangeCounts{}, w.listing(4, said).Changes)
}

func TestInterruptedRunGoesOn(t *testing.T) {
	t.Parallel()
	for name, interrupt := range map[string]func(*world, context.CancelFunc){
		"the process is asked to stop": func(_ *world, stop context.CancelFunc) { stop() },
		"the database drops the connection": func(w *world, _ context.CancelFunc) {
			w.Exec(`select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
				where l.locktype = 'advisory' and d.datname = current_database()`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interrupted(t, interrupt)
		})
	}
}

func interrupted(t *testing.T, interrupt func(*world, context.CancelFunc)) {
	t.Helper()
	const many = 9000 // more than two chunks
	w := newWorld(t)
	id := w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(1)}, pharmacies(many))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w.hooks.report = func(stage string, _ int) {
		if stage == "applying" {
			interrupt(w, stop)
		}
	}
	_, err := w.runs.Work(ctx, profile.SourceODS, id)
	require.ErrorIs(t, err, runjobs.ErrInterrupted)
	run, err := w.store.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, runs.RunRunning, run.State)
	require.True(t, run.Planned)
	created := pgtest.One[int](w.Database, "select count(*) from profile")
	require.Positive(t, created)
	require.Less(t, created, many)

	require.Eventually(t, func() bool { // once Postgres has noticed that the session is gone
		unfinished, err := w.store.Unfinished(t.Context())
		return err == nil && len(unfinished) == 1 && unfinished[0].ID == id && unfinished[0].Source == profile.SourceODS
	}, 30*time.Second, 10*time.Millisecond)
	w.hooks.report = nil
	w.read(id, pull{}) // it is planned, and need not be read again
	done := w.work(id)
	require.Equal(t, runs.ChangeCounts{Create: many}, done.Changes)
	require.Equal(t, many, done.Records)
	require.Equal(t, many, done.Population)
	require.Equal(t, run.Summary.Digest, done.Digest)
	require.Equal(t, many, w.audited())
	require.Equal(t, done, w.work(id), "a run that has ended is not worked again")
}

func TestRunsOfASourceNeverOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	holder, err := w.store.LockOrganisations(ctx)
	require.NoError(t, err)
	other, err := w.store.Lock(ctx, profile.SourceERS)
	require.NoError(t, err, "another source is free")
	other.Close()

	id := w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(1)}, pharmacies(3))
	done := make(chan runs.Summary)
	go func() {
		defer close(done)
		if summary, err := w.runs.Work(ctx, profile.SourceODS, id); err == nil {
			done <- summary
		}
	}()
	require.Eventually(t, func() bool {
		return pgtest.One[int](w.Database, `select count(*) from pg_locks l join pg_database d on d.oid = l.database
			where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`) == 1
	}, 10*time.Second, 10*time.Millisecond)
	unfinished, err := w.store.Unfinished(ctx)
	require.NoError(t, err)
	require.Empty(t, unfinished, "a process works this source")
	progress, err := w.store.Progress(ctx, id)
	require.NoError(t, err)
	require.Equal(t, runs.RunQueued, progress.State)
	holder.Close()
	require.Equal(t, 3, (<-done).Changes.Create)
}

func TestUnknownRunIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.runs.Work(t.Context(), profile.SourceODS, 77)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	_, err = w.DB.Profile(t.Context(), "FA0000")
	require.ErrorIs(t, err, postgres.ErrNotFound)
}

func TestNoTransactionWaitsForARegister(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]runs.Run{
		"a listing": {Kind: runs.RunListing, AsOf: day(1)}, "a delta": {Kind: runs.RunDelta, AsOf: day(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			opens, open, noTransaction := 0, w.runs.Organisations.Open, w.NoTransaction()
			w.runs.Organisations.Open = func(ctx context.Context, run runs.Run) (runjobs.Pull, error) {
				opens++
				noTransaction()
				return open(ctx, run)
			}
			_, err := w.preview(run, pharmacies(3))
			require.NoError(t, err)
			w.work(w.begin(run, pharmacies(3)))
			require.Equal(t, 2, opens, "preview and run")
			require.Equal(t, 3, w.audited())
		})
	}
}
