package pgtest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestDatabasesAreMigratedAndApart(t *testing.T) {
	t.Parallel()
	one, two := pgtest.URL(t), pgtest.URL(t)
	require.NotEqual(t, one, two)
	require.NoError(t, pgtest.OpenURL(t, one).Ready(t.Context()))
	_, err := pgtest.Connect(t, one).Exec(t.Context(), "insert into profile (code, name, type) values ('FA001', 'X', 'pharmacy')")
	require.NoError(t, err)
	var profiles int
	require.NoError(t, pgtest.Connect(t, two).QueryRow(t.Context(), "select count(*) from profile").Scan(&profiles))
	require.Zero(t, profiles)
}

func TestDatabasesAreDropped(t *testing.T) { //nolint:tparallel // the inner test has to be over
	t.Parallel()
	var address string
	t.Run("test", func(t *testing.T) {
		address = pgtest.URL(t)
		pgtest.Connect(t, address)
	})
	gone := pgtest.Empty(t)
	count := func(of string) (databases int) {
		err := pgtest.Connect(t, gone).QueryRow(t.Context(),
			"select count(*) from pg_database where strpos($1, datname) > 0 and datname like 'pgtest\\_%'", of).Scan(&databases)
		require.NoError(t, err)
		return databases
	}
	require.Zero(t, count(address))
	require.Equal(t, 1, count(gone))
}

// most is the longest a database may take (the median).
const most = 100 * time.Millisecond

func BenchmarkURL(b *testing.B) {
	pgtest.URL(b) // the template
	var times []time.Duration
	for b.Loop() {
		began := time.Now()
		pgtest.URL(b)
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	median := times[len(times)/2]
	b.ReportMetric(float64(median.Milliseconds()), "ms/median")
	require.Less(b, median, most)
}
