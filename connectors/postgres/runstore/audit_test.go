package runstore_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestAuditNamesTheWriter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.listing(1, pharmacies(1))
	w.Exec("set profilesync.actor = 'jo@example.org'")
	w.Exec("update profile set phone = '0113 496 0000'")
	require.Equal(t, []string{
		"FA0000 profile  Chemist 0 tester " + run.Run, "FA0000 phone  0113 496 0000 jo@example.org 0",
	}, pgtest.All[string](w.Database,
		"select concat_ws(' ', code, field, coalesce(old, ''), new, actor, coalesce(run_id, 0)) from change order by id"))

	history, err := w.DB.History(t.Context(), "FA0000", 0, 1000)
	require.NoError(t, err)
	require.Len(t, history, 2)
	require.Equal(t, "editor", history[1].Owner)
	require.Equal(t, idOf(run), history[0].Run)
	require.False(t, history[0].At.IsZero())
}

func TestCreationsAreOneRowInBulk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.listing(1, pharmacies(50))
	require.Equal(t, 50, pgtest.One[int](w.Database, "select count(*) from change where run_id = $1 and field = 'profile'", idOf(run)))
	renames := w.listing(2, with(pharmacies(50), 4, func(o *org) { renamed(o); o.ICB = "QOQ" }))
	require.Equal(t, runs.ChangeCounts{Update: 4}, renames.Changes)
	require.Equal(t, 8, pgtest.One[int](w.Database, "select count(*) from change where run_id = $1", idOf(renames)))
}

func TestAnEditorNeedsNoRightsOnTheAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(2))
	role := "editor_" + pgtest.One[string](w.Database, "select current_database()")
	w.Exec("create role " + role + " login")
	t.Cleanup(func() {
		for _, statement := range []string{"drop owned by " + role, "drop role " + role} {
			_, err := w.SQL.Exec(context.Background(), statement)
			require.NoError(t, err)
		}
	})
	w.Exec("grant usage on schema profilesync to " + role)
	w.Exec("grant select, insert, update on profile, opening_period to " + role)

	address, err := url.Parse(w.URL)
	require.NoError(t, err)
	address.User = url.User(role)
	editor, err := pgx.Connect(t.Context(), address.String())
	require.NoError(t, err)
	defer editor.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{
		"update profilesync.profile set phone = '0113 496 0000', name = 'Ours' where code = 'FA0001'",
		"insert into profilesync.opening_period (code, day, opens, closes) values ('FA0001', 'mon', '09:00', '17:00')",
	} {
		_, err = editor.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"name", "opening-times", "phone"},
		pgtest.All[string](w.Database, "select field from change where actor = $1 order by field", role))
	_, err = editor.Exec(t.Context(),
		"insert into profilesync.change (code, field, actor, at, xid) values ('FA0001', 'name', 'me', now(), '1')")
	require.Error(t, err, "nor may they write it themselves")
	require.Equal(t, 1, w.listing(2, pharmacies(2)).Changes.Update, "fields that ODS owns are corrected")
}
