package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// parts are what a profile has at most of each table, and how a number of rows is added.
var parts = []struct {
	table, add string
	most       int
	why        string // as `migrate` lists it
}{
	{
		"facility", `insert into facility (code, name, value)
			select $2, 'F' || n, 'Yes' from generate_series($3::integer, $1::integer + $3 - 1) n`,
		100, "it has more than 100 facilities",
	},
	{
		"service", `insert into service (code, source, name)
			select $2, 'editor', 'S' || n from generate_series($3::integer, $1::integer + $3 - 1) n`,
		100, "it has more than 100 services of its own",
	},
	{
		"dated_opening_period", `insert into dated_opening_period (code, date)
			select $2, date '2026-12-01' + n from generate_series($3::integer, $1::integer + $3 - 1) n`,
		500, "it has more than 500 dated periods: remove those of days that have passed",
	},
}

// A profile has as many parts as every sink takes, and no more: neither added to it,
// nor moved to it. Other profiles, and what is only changed, do not count.
func TestAProfileHasAsManyPartsAsEverySinkTakes(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("insert into profile (code, name, type) values ('FA0001', 'Other', 'pharmacy')")
	for _, p := range parts {
		_, err := w.SQL.Exec(t.Context(), p.add, p.most+1, "FA0000", 1)
		require.ErrorContains(t, err, p.why)
		require.ErrorContains(t, err, "23514")
		_, err = w.SQL.Exec(t.Context(), p.add, p.most, "FA0000", 1)
		require.NoError(t, err, p.table)
		_, err = w.SQL.Exec(t.Context(), p.add, 1, "FA0000", p.most+1)
		require.ErrorContains(t, err, p.why)
		_, err = w.SQL.Exec(t.Context(), p.add, 2, "FA0001", p.most+1)
		require.NoError(t, err, "another profile")
		_, err = w.SQL.Exec(t.Context(), "update "+p.table+" set code = 'FA0000' where code = 'FA0001'")
		require.ErrorContains(t, err, p.why)
		w.Exec("update " + p.table + " set code = code")
		w.Exec("delete from " + p.table + " where code = 'FA0000' and id in (select id from " + p.table + " where code = 'FA0000' limit 2)")
		w.Exec("update " + p.table + " set code = 'FA0000' where code = 'FA0001'")
		require.Equal(t, p.most, pgtest.One[int](w, "select rows from profile_parts where part = $1", p.table))
	}
}

// Who adds a part while another's are not committed yet waits, and counts them.
func TestPartsAreCountedByAllWhoAddThem(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	for _, p := range parts {
		first, err := w.SQL.Begin(t.Context())
		require.NoError(t, err)
		_, err = first.Exec(t.Context(), p.add, p.most, "FA0000", 1)
		require.NoError(t, err)
		second, answer := pgtest.Connect(t, w.URL), make(chan error, 1)
		go func() {
			_, err := second.Exec(t.Context(), p.add, 1, "FA0000", p.most+1)
			answer <- err
		}()
		watch := pgtest.Connect(t, w.URL)
		require.Eventually(t, func() bool {
			waits := 0
			err := watch.QueryRow(t.Context(), "select count(*) from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'",
				second.PgConn().PID()).Scan(&waits)
			return err == nil && waits == 1 || len(answer) > 0
		}, time.Minute, 5*time.Millisecond)
		require.NoError(t, first.Commit(t.Context()))
		require.ErrorContains(t, <-answer, p.why)
	}
}

// A profile from before the rule with more is listed; its parts may be written and
// removed, and none be added before there is room.
func TestAProfileFromBeforeWithMorePartsIsListed(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	var want []postgres.BrokenRow
	for _, p := range parts {
		w.Exec("alter table " + p.table + " disable trigger " + p.table + "_added")
		_, err := w.SQL.Exec(t.Context(), p.add, p.most+5, "FA0000", 1)
		require.NoError(t, err)
		w.Exec("alter table " + p.table + " enable trigger " + p.table + "_added")
		want = append(want, postgres.BrokenRow{Rule: "profile_has_room", Place: "profile FA0000", Why: p.why})
	}
	broken, err := postgres.CheckRules(t.Context(), w.URL)
	require.NoError(t, err)
	require.ElementsMatch(t, want, broken)
	for _, p := range parts {
		w.Exec("update " + p.table + " set code = code")
		w.Exec(fmt.Sprintf("delete from %[1]s where id in (select id from %[1]s limit 2)", p.table))
		_, err := w.SQL.Exec(t.Context(), p.add, 1, "FA0000", 2000)
		require.ErrorContains(t, err, p.why)
		w.Exec(fmt.Sprintf("delete from %[1]s where id in (select id from %[1]s limit 4)", p.table))
		_, err = w.SQL.Exec(t.Context(), p.add, 1, "FA0000", 2000)
		require.NoError(t, err)
	}
	broken, err = postgres.CheckRules(t.Context(), w.URL)
	require.NoError(t, err)
	require.Empty(t, broken)
}

// What a run writes is not counted: a register is checked when it is read.
func TestARunsPartsAreNotCounted(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("select set_config('profilesync.run', '7', false)")
	w.Exec(`insert into service (code, source, name, external_id)
		select 'FA0000', 'ers', 'S' || n, n::text from generate_series(1, 300) n`)
	w.Exec("reset profilesync.run")
	_, err := w.SQL.Exec(t.Context(), parts[1].add, parts[1].most, "FA0000", 1)
	require.NoError(t, err, "services of a register take no room of editors'")
}
