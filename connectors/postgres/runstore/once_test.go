package runstore_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// A request whose daemon died is begun again, and finds the run that it stored, with its job.
func TestARequestStoresItsRunOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jobs := 0
	create := func(once []byte) (id runs.ID) {
		run := runs.Run{Kind: runs.RunListing, Source: profile.SourceODS, Report: reportName, AsOf: day(1), Actor: "ann", Once: once}
		id, err := w.store.CreateRun(t.Context(), run, func(context.Context, pgx.Tx, runs.ID) (int64, error) {
			jobs++
			return int64(jobs), nil
		})
		require.NoError(t, err)
		return id
	}
	first := create([]byte("a"))
	require.Equal(t, first, create([]byte("a")))
	require.Equal(t, 1, jobs)
	require.NotEqual(t, first, create([]byte("b")))
	create(nil)
	create(nil)
	require.Equal(t, 4, pgtest.One[int](w.Database, "select count(*) from run"))
}

// An approval that its request stored finds it again, too: the rows do not wait for a
// second one.
func TestARequestApprovesOnce(t *testing.T) {
	t.Parallel()
	w, approval := withheld(t)
	approval.Once = []byte("a")
	first, err := w.store.CreateRun(t.Context(), approval, nil)
	require.NoError(t, err)
	again, err := w.store.CreateRun(t.Context(), approval, nil)
	require.NoError(t, err)
	require.Equal(t, first, again)
	approval.Once = nil
	_, err = w.store.CreateRun(t.Context(), approval, nil)
	require.Error(t, err, "another request is told what was decided")
}
