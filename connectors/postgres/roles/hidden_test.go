package roles_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func (w written) editor() *pgx.Conn {
	w.Helper()
	session, err := pgx.Connect(w.Context(), pgtest.As(w.TB, w.URL, pgtest.Roles(w.TB).Editor)+"&search_path=profilesync")
	require.NoError(w, err)
	w.Cleanup(func() { _ = session.Close(context.WithoutCancel(w.Context())) })
	return session
}

// The audit shows roles as one text, joined by "|": what it cannot tell from what was
// there would be written without a row.
func TestAnEditorHidesNoChangeOfRoles(t *testing.T) {
	t.Parallel()
	w := newWritten(t)
	session := w.editor()
	_, err := session.Exec(t.Context(), "update profile set roles = array['RO1', 'RO2']")
	require.NoError(t, err)
	for _, write := range []string{
		"update profile set roles = array['RO1|RO2']",
		"insert into profile (code, name, type, roles) values ('FA0008', 'X', 'pharmacy', array['RO1|RO2'])",
	} {
		_, err = session.Exec(t.Context(), write)
		require.ErrorContains(t, err, "a role has no |", write)
	}
	require.Equal(t, "{RO1,RO2}", pgtest.One[string](w.Database, "select roles::text from profile"))
}

// A transaction may stay open for days, and a statement may take as long: what is
// written at its end was not written at its begin.
func TestAnEditorDatesNothingBack(t *testing.T) {
	t.Parallel()
	w := newWritten(t)
	for name, statements := range map[string][]string{
		"an old transaction": {
			"begin", "select pg_sleep(2)", "update profile set name = 'Renamed'",
			"insert into facility (code, name, value) values ('FA0000', 'Lift', 'Yes')",
			"update account set state = 'active'", "commit",
		},
		"an old transaction that plays another present": {
			"begin", "set local profilesync.now = '1999-01-01'", "select pg_sleep(2)", "update profile set name = 'Renamed again'", "commit",
		},
		"a slow statement": {"update profile set phone = case when pg_sleep(2) is not null then '0113 496 0000' else '' end"},
	} {
		session, before := w.editor(), len(w.audit())
		began := w.now()
		for _, statement := range statements {
			_, err := session.Exec(t.Context(), statement)
			require.NoError(t, err, "%s: %s", name, statement)
		}
		require.Greater(t, len(w.audit()), before, name)
		require.Zero(t, pgtest.One[int](w.Database, `select count(*) from (select at from change union all select at from account_change) w
			where at between $1 and $2`, began, began.Add(1900*time.Millisecond)), name)
	}
}
