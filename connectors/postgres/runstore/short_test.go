package runstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// A short listing is decided on once, by its rows or, if it withheld none, as a
// whole.
func TestAShortListingIsDecidedOnOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		closed, reject bool
		want, records  string
	}{
		"approved, with rows":    {false, false, "10 already approved by approver in run 3", "[2025-04-02 30]"},
		"approved, without rows": {true, false, "its short listing is already approved by approver in run 3", "[2025-04-02 30]"},
		"rejected, with rows":    {false, true, "10 already rejected by rita", "[2025-04-01 40]"},
		"rejected, without rows": {true, true, "its short listing is already rejected by rita", "[2025-04-01 40]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listing(1, pharmacies(40))
			if c.closed {
				w.Exec("update profile set status = 'closed' where code >= 'FA0030'")
			}
			short := w.listing(2, pharmacies(30))
			require.True(t, short.Short())
			if c.reject {
				_, err := w.store.Reject(t.Context(), idOf(short), runs.Selection{}, "rita", "rita-os")
				require.NoError(t, err)
			} else {
				w.approve(short, runs.Selection{})
			}
			require.Equal(t, c.records, w.accepted())
			_, err := w.store.Reject(t.Context(), idOf(short), runs.Selection{}, "bob", "")
			require.ErrorContains(t, err, c.want)
			_, err = w.store.CreateRun(t.Context(), approval(short, runs.Selection{}), nil)
			require.ErrorContains(t, err, c.want)
			_, err = w.store.CreateRun(t.Context(), approval(short, runs.Selection{Type: profile.Pharmacy}), nil)
			require.ErrorContains(t, err, "run 2", "a part of it is not the listing")
			require.Equal(t, c.records, w.accepted())
			if c.closed && c.reject {
				require.Equal(t, "rita rita-os", pgtest.One[string](w.Database,
					"select rejected_by || ' ' || rejected_os_user from run where id = 2 and rejected_at is not null"))
			}
		})
	}
}

// Two persons at once: one of them comes second.
func TestAShortListingIsDecidedOnByOneOfTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	w.Exec("update profile set status = 'closed' where code >= 'FA0030'")
	short := w.listing(2, pharmacies(30))
	results := make(chan error)
	go func() {
		_, err := w.store.Reject(t.Context(), idOf(short), runs.Selection{}, "rita", "")
		results <- err
	}()
	for range 2 {
		go func() {
			_, err := w.store.CreateRun(t.Context(), approval(short, runs.Selection{}), nil)
			results <- err
		}()
	}
	refused := 0
	for range 3 {
		if err := <-results; err != nil {
			require.ErrorContains(t, err, "its short listing is already")
			refused++
		}
	}
	require.Equal(t, 2, refused)
}

// An approval that was undone, or failed, leaves the listing to another decision.
func TestAShortListingIsDecidedOnAgainAfterAnUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	w.Exec("update profile set status = 'closed' where code >= 'FA0030'")
	short := w.listing(2, pharmacies(30))
	w.child(runs.RunUndo, w.approve(short, runs.Selection{}))
	require.Equal(t, "[2025-04-01 40]", w.accepted())
	w.approve(short, runs.Selection{})
	require.Equal(t, "[2025-04-02 30]", w.accepted())
}
