package historystore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestDriftThatALaterCheckSawRightIsOver(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := historystore.New(db.DB)
	db.Exec("insert into profile (code, name, type) values ('FA001', 'First', 'pharmacy')")
	db.Exec("insert into push (code, sink, route, state) values ('FA001', 'dos', 'change-event', 'accepted')")
	db.Exec(`insert into drift_check (sink, actor, whole, state, started_at) values
		('dos', 'x', true, 'done', '2026-11-18 08:00+00'), ('dos', 'x', true, 'done', '2026-11-19 08:00+00')`)
	db.Exec(`insert into drift (check_id, code, entry, field, want, shown, given_up) values
		(1, 'FA001', '', 'phone', '1', '0', false), (2, 'FA001', '', 'phone', '1', '2', false)`)
	shown := func(seen string) (shown []string) {
		db.Exec("update push set seen_at = $1::timestamptz", seen)
		all, err := store.Explain(t.Context(), "FA001")
		require.NoError(t, err)
		for _, d := range all.Drift {
			shown = append(shown, d.Shown)
		}
		return shown
	}
	require.Equal(t, []string{"2"}, shown("2026-11-18 12:00+00"), "of the newest check alone")
	require.Empty(t, shown("2026-11-20 12:00+00"))
}
