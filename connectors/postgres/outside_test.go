package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// noTransaction returns a function that waits until nobody else is in a
// transaction. It may be called from any goroutine.
func (w *world) noTransaction() func() {
	conn, mutex := pgtest.Connect(w.TB, w.URL), sync.Mutex{}
	open := func() (transactions int) {
		mutex.Lock()
		defer mutex.Unlock()
		err := conn.QueryRow(w.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null`).Scan(&transactions)
		if err != nil {
			w.Errorf("looking for transactions: %v", err)
		}
		return transactions
	}
	return func() {
		for deadline := time.After(5 * time.Second); open() > 0; {
			select {
			case <-deadline:
				w.Error("a transaction waits for somebody outside")
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

func TestNoTransactionWaitsForARegister(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]runs.Run{
		"a listing": {Kind: runs.RunListing, AsOf: day(1)}, "a delta": {Kind: runs.RunDelta, AsOf: day(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			opens, open, noTransaction := 0, w.runs.Organisations.Open, w.noTransaction()
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

func TestNoTransactionWaitsForERS(t *testing.T) {
	t.Parallel()
	w := newERSWorld(t, 3, 40)
	asked, noTransaction := make(chan struct{}, 100), w.noTransaction()
	w.ers.asked = func() {
		noTransaction()
		asked <- struct{}{}
	}
	w.pulls(1)
	require.Len(t, asked, 12, "120 services are six questions, for preview and run")
	require.Len(t, w.shows(0), 40)
}
