package roles_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// An editing application has tables of its own, in a schema of its own. Our trigger
// functions, which write the audit with their owner's rights, must not run there.
func TestAnEditorsOwnTableWritesNoAudit(t *testing.T) {
	t.Parallel()
	w := newWritten(t)
	editor := pgtest.Roles(t).Editor
	w.Exec("create schema application authorization " + editor)
	require.Empty(t, pgtest.All[string](w.Database, `select oid::regprocedure::text from pg_proc
		where pronamespace = 'profilesync'::regnamespace and (prosecdef or prorettype = 'trigger'::regtype)
			and has_function_privilege($1, oid, 'execute')`, editor))
	w.Exec("grant execute on all functions in schema profilesync to " + editor)
	w.Exec("create table application.earlier (code text, section text, account_id bigint, at timestamptz)")
	for _, function := range []string{"part_written('name')", "section_was_checked()", "edited_by_person()", "was_active()"} {
		w.Exec("create or replace trigger forge after insert on application.earlier " +
			"referencing new table as new_rows for each statement execute function profilesync." + function)
		_, err := w.SQL.Exec(t.Context(), "insert into application.earlier values ('FA0000', 'contact', 1, '2999-01-01')")
		require.ErrorContains(t, err, "for the tables of profilesync alone", "a trigger from before the right was taken")
	}
	w.Exec("revoke execute on all functions in schema profilesync from " + editor)
	before := w.audit()
	session, err := pgx.Connect(t.Context(), pgtest.As(t, w.URL, editor))
	require.NoError(t, err)
	defer func() { _ = session.Close(context.WithoutCancel(t.Context())) }()
	for _, statement := range []string{
		"create table application.forged (code text, a text)",
		"create trigger forge after insert on application.forged for each row execute function profilesync.part_written('name')",
		"insert into application.forged values ('FA0000', 'never was')",
		"create table application.checked (code text, section text, account_id bigint, edited boolean, at timestamptz)",
		"create trigger forge after insert on application.checked referencing new table as new_rows for each statement " +
			"execute function profilesync.section_was_checked()",
		"insert into application.checked values ('FA0000', 'contact', 1, false, '2999-01-01')",
	} {
		_, _ = session.Exec(t.Context(), statement) // some must be refused
	}
	require.ElementsMatch(t, before, w.audit())
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from section_checked where at > now()"))
}
