package postgres_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// A migration waits for a daemon that holds a table, and others do not wait behind it.
func TestMigrateGivesWay(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(`drop index session_by_actor; alter table session drop column actor, drop column signed_in_at;
		drop index access_token_by_name; drop index action_by_actor;
		drop trigger action_is_kept on action; drop trigger action_is_never_emptied on action; drop function action_is_kept;
		create trigger action_is_append_only before delete on action for each row execute function refuse('it is the audit');
		delete from schema_version where version_id >= 40`)
	holder, err := pgtest.Connect(t, w.URL).Begin(t.Context())
	require.NoError(t, err)
	_, err = holder.Exec(t.Context(), "select from session")
	require.NoError(t, err)
	type answer struct {
		steps []postgres.Migration
		err   error
	}
	migrated := make(chan answer, 1)
	go func() {
		steps, err := postgres.Migrate(t.Context(), w.URL, postgres.ForProduction)
		migrated <- answer{steps, err}
	}()
	waits := func() bool {
		return pgtest.One[bool](w, `select exists (select from pg_locks l join pg_class c on c.oid = l.relation
			where c.relname = 'session' and not l.granted and l.database = (select oid from pg_database where datname = current_database()))`)
	}
	w.Exec("set statement_timeout = '10s'")
	for range 2 { // it is tried again
		require.Eventually(t, waits, 20*time.Second, 10*time.Millisecond, "it waits for the table")
		require.Zero(t, pgtest.One[int](w, "select count(*) from session"), "whoever waits behind it goes on soon")
		require.Empty(t, migrated)
	}
	require.NoError(t, holder.Rollback(t.Context()))
	got := <-migrated
	require.NoError(t, got.err)
	require.NotEmpty(t, got.steps)
	require.Equal(t, int64(40), got.steps[0].Version)
}

// lastWithoutTimeout is the last migration from before they gave way.
const lastWithoutTimeout = "00038"

// besides are the statements of a migration without a transaction: nobody who writes waits for
// them.
var besides = regexp.MustCompile(`(?m)\A(\S+ index concurrently .*\n)+\z`)

func TestMigrationsGiveWay(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("migrations")
	require.NoError(t, err)
	for _, file := range files {
		if file.Name()[:5] <= lastWithoutTimeout {
			continue
		}
		text, err := os.ReadFile("migrations/" + file.Name())
		require.NoError(t, err)
		_, statements, _ := strings.Cut(string(text), "\n\n")
		if strings.HasPrefix(string(text), "-- +goose NO TRANSACTION\n") {
			require.Regexp(t, besides, statements, file.Name())
			continue
		}
		require.True(t, strings.HasPrefix(statements, "set local lock_timeout = '2s';"), file.Name())
	}
}

// Whoever migrates may die while an index is being built, or before it is noted that it was: it is
// built again, also where what is left of it is of no use.
func TestAnIndexThatWasCutOffIsBuiltAgain(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(`update pg_index set indisvalid = false where indexrelid in ('push_listed'::regclass, 'change_by_edit'::regclass);
		delete from schema_version where version_id in (41, 42)`)
	steps, err := postgres.Migrate(t.Context(), w.URL, postgres.ForProduction)
	require.NoError(t, err)
	require.Len(t, steps, 2)
	require.Equal(t, 3, pgtest.One[int](w, `select count(*) from pg_index
		where indisvalid and indexrelid in ('push_listed'::regclass, 'quarantine_listed'::regclass, 'change_by_edit'::regclass)`))
}
