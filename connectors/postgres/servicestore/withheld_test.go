package servicestore_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Half of a site's services leave it, two of which it shares with another site
// that alone would lose few enough.
func TestAServiceWithheldAtOneSiteIsWithheldAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 10)
	at := func(n int, sites ...int) {
		moved := w.ers.services[serviceID(0, n)]
		moved.Sites = nil
		for _, site := range sites {
			moved.Sites = append(moved.Sites, siteCode(site))
		}
		w.ers.services[moved.ID] = moved
	}
	at(0, 0, 1)
	at(1, 0, 1)
	w.pulls(1)
	shown := [][]string{w.shows(0), w.shows(1), w.shows(2)}
	require.Len(t, shown[1], 12)

	for n := range 5 {
		at(n, 2)
	}
	run := w.pulls(2)
	require.Equal(t, runs.RunWithheld, run.State)
	require.Equal(t, runs.TooManyRemovals, run.Withheld[0].Reason)
	require.Equal(t, [][]string{w.shows(0), w.shows(1), w.shows(2)}, shown, "the other sites keep what they share, and get nothing new")
	require.Empty(t, w.decides(runs.RunApprove, run).LeftOut)
	require.Len(t, w.shows(0), 5)
	require.Len(t, w.shows(1), 10)
	require.Len(t, w.shows(2), 15)
}

// The first row of a service counts, and each site once, in however many rows.
func TestTheFirstRowOfAServiceCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 1)
	session, err := w.store.Lock(t.Context())
	require.NoError(t, err)
	defer session.Close()
	_, err = session.ImportExtract(t.Context(), "importer", func(yield func(servicestore.ExtractRow, error) bool) {
		for i, specialty := range []string{"UROLOGY", "CARDIOLOGY", "NEUROLOGY"} {
			row := servicestore.ExtractRow{
				Line: i + 2, ID: "7001", Site: siteCode(i / 2), Provider: "RAA", Specialty: specialty, Reported: map[string]string{},
			}
			if !yield(row, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	require.Equal(t, "UROLOGY {RAA00,RAA01}", pgtest.One[string](w.Database,
		"select specialty || ' ' || claimed::text from ers_service where id = '7001'"))
}

// A rejected absence says nothing any more once the service was there again.
func TestAServiceThatWasThereAgainGoesMissingAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 10)
	w.pulls(1)
	all := maps.Clone(w.ers.services)
	for n := range 5 {
		delete(w.ers.services, serviceID(0, n))
	}
	rejected, err := w.runStore.Reject(t.Context(), idOf(w.pulls(2)), runs.Selection{}, "rita", "")
	require.NoError(t, err)
	require.Equal(t, 5, rejected)
	w.pulls(3)
	require.Equal(t, "active (missing)", w.state(serviceID(0, 0)))

	w.ers.services = all
	w.pulls(4)
	require.Equal(t, "active", w.state(serviceID(0, 0)))
	delete(w.ers.services, serviceID(0, 0))
	w.pulls(5)
	require.Equal(t, "missing", w.state(serviceID(0, 0)))
	w.pulls(6)
	require.Equal(t, "gone", w.state(serviceID(0, 0)))
}

func TestTheLastOfTheOperatorsBeforeIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 0)
	for _, owner := range []string{"RBB", "RCC", "RAA"} {
		w.Exec("update profile set parent = $1 where code = 'RAA00'", owner)
	}
	owners, err := w.store.Owners(t.Context(), time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Len(t, owners, 1)
	require.Equal(t, profile.ODSCode("RCC"), owners[0].Before)
}
