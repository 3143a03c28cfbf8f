package watchstore_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// watchedAt reads an empty database at another present, after some statements.
func watchedAt(t *testing.T, now time.Time, statements ...string) watchstore.Watched {
	t.Helper()
	url := pgtest.URL(t)
	store, err := postgres.Open(t.Context(), url, postgres.Options{PlayedNow: now})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	db := pgtest.Connect(t, url)
	for _, sql := range statements {
		_, err := db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	watched, err := watchstore.New(store).Watch(t.Context())
	require.NoError(t, err)
	return watched
}

func TestRowsAreLateAfterAWorkingDay(t *testing.T) {
	t.Parallel()
	// 25 and 28 December 2026 are bank holidays; Thursday is the 24th. London is at UTC.
	const withheldAt = "2026-12-24T10:00:00Z"
	for now, late := range map[string]int{
		"2026-12-25T09:00:00Z": 0, // off: the Thursday is over, and was no whole day
		"2026-12-28T23:00:00Z": 0,
		"2026-12-29T09:59:00Z": 0, // the next working day, an hour short of a day
		"2026-12-29T10:01:00Z": 1,
		"2026-12-30T00:00:00Z": 1,
	} {
		t.Run(now, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, now)
			require.NoError(t, err)
			found := watchedAt(t, at,
				"insert into holiday (date, title) values ('2026-12-25', 'Christmas Day'), ('2026-12-28', 'Boxing Day (substitute)')",
				"insert into run (kind, source, report, as_of, actor, state, created_at) values "+
					"('listing', 'ods', 'etr', '2026-12-24', 'x', 'withheld', '"+withheldAt+"'), "+
					"('listing', 'ods', 'etr', '2026-12-29', 'x', 'withheld', '"+now+"')",
				"insert into plan_row (run_id, code, field, type, verb, old, new, reason, withheld, waits, digest, since_run) "+
					"values (2, 'RXX', 'icb', 'trust', 'update', 'a', 'b', 'upstream', 'mass-change', true, '', 1), "+
					"(2, 'RXY', 'icb', 'trust', 'update', 'a', 'b', 'upstream', 'mass-change', true, '', null)").Withheld
			require.Equal(t, []watchstore.WithheldWaiting{
				{Source: profile.SourceODS, Report: "etr", Reason: "mass-change", Rows: 2, Late: late},
			}, found)
		})
	}
}

func TestPullsAreAsOldAsTheirLastGoodRun(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	var statements []string
	for _, r := range []struct {
		report, actor, state string
		hours                int // ago
		kind, codes          string
	}{
		{report: "edispensary", actor: "schedule", state: "refused", hours: 60},
		{report: "edispensary", actor: "schedule", state: "done", hours: 50},
		{report: "edispensary", actor: "schedule", state: "failed", hours: 20},
		{report: "edispensary", actor: "schedule", state: "refused", hours: 10},
		{report: "edispensary", actor: "ann", state: "refused", hours: 9}, // a wrong file, and ann was told
		{report: "edispensary", actor: "ann", state: "done", hours: 1, kind: "delta", codes: "FA001"},
		{report: "edispensary", actor: "ann", state: "done", kind: "undo"},
		{report: "etr", actor: "schedule", state: "failed", hours: 20},
		{report: "etr", actor: "ann", state: "withheld", hours: 3}, // whoever read it, it is read
		{report: "ets", actor: "schedule", state: "refused", hours: 5},
		{report: "ets", actor: "schedule", state: "queued"},
		{report: "eoptsite", actor: "schedule", state: "done", hours: 40 * 24},
		{report: "egdpprac", actor: "ann", state: "done", hours: 60}, // once, from a file
		{report: "ebranchs", actor: "ann", state: "refused", hours: 60},
	} {
		statements = append(statements, fmt.Sprintf(`insert into run (kind, source, report, as_of, actor, state, codes, created_at, ended_at)
			select '%s', 'ods', '%s', '2026-11-01', '%s', '%s', '{%s}', at, at
			from (select timestamptz '2026-11-20T12:00:00Z' - interval '%d hours' as at) as ended`,
			cmp.Or(r.kind, "listing"), r.report, r.actor, r.state, r.codes, r.hours))
	}
	found := watchedAt(t, now, statements...).Pulls
	for i := range found {
		found[i].Age = found[i].Age.Round(time.Minute)
	}
	require.Equal(t, []watchstore.ReportPulled{
		{Source: profile.SourceODS, Report: "edispensary", Age: 50 * time.Hour, Refused: 2},
		{Source: profile.SourceODS, Report: "etr", Age: 3 * time.Hour},
		{Source: profile.SourceODS, Report: "ets", Age: 5 * time.Hour, Refused: 1},
	}, found)
}

func TestTheServerIsWatched(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("insert into process (name, seen_at, ended_at) values ('stopped', now() - interval '1 second', now()), " +
		"('gone', now() - interval '5 seconds', now()), ('long gone', now() - interval '3 hours', now() - interval '2 hours'), " +
		"('alive', now(), null)")
	daemons := pgtest.OpenURL(t, w.URL)
	for range 2 {
		conn, err := daemons.Acquire(t.Context())
		require.NoError(t, err)
		t.Cleanup(conn.Release)
		_, err = conn.Exec(t.Context(), "select pg_advisory_lock_shared(hashtextextended('profilesync.daemon', 0))")
		require.NoError(t, err)
	}
	found, err := watchstore.New(w.DB).Watch(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, []int{found.Database.Daemons, found.Database.Lost})
	require.Greater(t, found.Database.Allowed, found.Database.Used)
	require.GreaterOrEqual(t, found.Database.Used, 3)
}
