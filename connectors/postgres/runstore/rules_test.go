package runstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// older makes what was read before look as if it had been read by earlier rules.
func (w *world) older() {
	w.Helper()
	w.Exec("update upstream_record set rules_version = rules_version - 1")
	w.Exec("update listing set rules_version = rules_version - 1")
}

func TestTheSameBytesAreReadByNewRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := pharmacies(20)
	w.look(1, orgs, true)
	require.Equal(t, runs.RunDone, w.look(2, orgs, false).State)
	boards := profile.Hash{1}
	w.Exec("update listing set etag = 'E1', boards = $1", boards[:])
	tagged := runs.Run{Source: profile.SourceODS, Report: reportName, Stamp: runs.Stamp{ETag: "E1"}}
	alike, err := w.store.WasReadAlike(t.Context(), tagged, boards)
	require.NoError(t, err)
	require.True(t, alike)

	w.older()
	alike, err = w.store.WasReadAlike(t.Context(), tagged, boards)
	require.NoError(t, err)
	require.False(t, alike, "nothing new, but new rules")
	unread := w.look(3, orgs, false)
	require.Equal(t, runs.RunFailed, unread.State)
	require.Contains(t, unread.Error, "it was read")
}

// Under new rules every record is compared again at its next look, although it is
// what it was, byte for byte.
func TestNewRulesCompareEveryRecordAgain(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*world, []org) runs.Summary{
		"a listing": func(w *world, orgs []org) runs.Summary { return w.listing(2, orgs) },
		"a delta":   func(w *world, orgs []org) runs.Summary { return w.delta(reportName, 2, orgs) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			orgs := pharmacies(20)
			w.look(1, orgs, true)
			w.older()
			orgs[7].Form = 1 // other bytes, the same facts
			require.Equal(t, runs.RunDone, read(w, orgs).State)
			require.Equal(t, 20, pgtest.One[int](w.Database,
				"select count(*) from upstream_record where rules_version = $1", runs.RulesVersion))
		})
	}
}

// Of two lines of a delta that speak of one organisation, the later counts.
func TestTheLaterLineOfADeltaCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.look(1, pharmacies(20), true)
	again := with(pharmacies(1), 1, renamed)
	require.Equal(t, 1, w.delta(reportName, 2, append(with(pharmacies(1), 1, func(o *org) { o.Name = "FIRST" }), again...)).Changes.Update)
	require.Equal(t, "Chemist 0 (New)", w.name("FA0000"))
}

// An edit that is not committed yet when a chunk begins is no less an edit.
func TestAChunkWaitsForWhoeverWritesItsProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := pharmacies(20)
	w.look(1, orgs, true)
	editor := pgtest.Connect(t, w.URL)
	committed := make(chan struct{})
	w.hooks.beforeApply = func() {
		tx, err := editor.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "update profile set name = 'By hand' where code = 'FA0000'")
		require.NoError(t, err)
		go func() {
			defer close(committed)
			assert.Eventually(t, func() bool {
				return pgtest.One[int](w.Database, "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "+
					"and datname = current_database()") > 0
			}, time.Minute, 10*time.Millisecond)
			assert.NoError(t, tx.Commit(t.Context()))
		}()
	}
	run := w.look(2, with(orgs, 2, renamed), true)
	<-committed
	require.Equal(t, runs.RunDone, run.State, run.Error)
	require.Equal(t, []string{"By hand", "Chemist 1 (New)"}, []string{w.name("FA0000"), w.name("FA0001")})
}
