package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// A hold says who asked for it and who removed it, once.
func TestWhatAHoldSaysIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("insert into hold (code, sink, reason, actor) values ('FA0000', 'dos', 'A', 'jo')")
	refused := func(statements ...string) {
		for _, statement := range statements {
			_, err := w.SQL.Exec(t.Context(), statement)
			require.ErrorContains(t, err, "23514", statement)
		}
	}
	refused("update hold set actor = 'ann'", "update hold set reason = 'B'", "update hold set sink = 'website'",
		"update hold set at = '2020-01-01'")
	w.Exec("update hold set until = '2030-01-01'")
	w.Exec("update hold set removed_at = '1999-01-01', removed_by = 'jo'")
	require.True(t, pgtest.One[bool](w, "select removed_at > now() - interval '1 minute' from hold"), "at the time it was done")
	refused("update hold set removed_by = 'ann'", "update hold set removed_at = null, removed_by = null", "update hold set until = null")
	w.Exec("update hold set followed = true")
}
