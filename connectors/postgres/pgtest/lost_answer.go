package pgtest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
)

// Write is a write to its own database, and the rows it leaves.
type Write struct {
	*Database

	// Try is one attempt, as the caller in the program makes it. After an error the
	// caller tries again: the queue its job, a person their command.
	Try  func() error
	Rows string // a query of one column: everything that the write leaves
	// Between is what others do before the caller tries again, if anything: the
	// second attempt must not undo it.
	Between func()
}

// goOn lets others make their changes after the write.
func (w Write) goOn() {
	if w.Between != nil {
		w.Between()
	}
}

// LostAnswer is a write, and the statement after which the answer to its commit
// is lost.
type LostAnswer struct {
	Statement string
	Begin     func(t *testing.T) Write
}

// RequireOnce makes every write lose the answer to its commit, lets others make
// their changes, and tries the write again. The rows must be the same as if no
// answer had been lost.
func RequireOnce(t *testing.T, writes map[string]LostAnswer) {
	t.Helper()
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quiet := write.Begin(t)
			require.NoError(t, quiet.Try(), "no answer is lost yet")
			quiet.goOn()
			want := All[string](quiet.Database, quiet.Rows)
			require.NotEmpty(t, want, "no answer is lost yet")

			w := write.Begin(t)
			require.NotSubset(t, All[string](w.Database, w.Rows), want, "no answer is lost yet, and there is something to be done")
			line := w.AlongALine()
			lost := line.SwallowCommitAfter(write.Statement, 1)
			require.Error(t, w.Try(), "the answer is lost")
			require.Equal(t, 1, lost.Happened())
			w.goOn()
			require.NoError(t, w.Try())
			require.ElementsMatch(t, want, All[string](w.Database, w.Rows))
		})
	}
}

// AlongALine connects the program (all stores made from DB) to the database
// through a line that loses what a test asks for.
func (d *Database) AlongALine() *pgproxy.Proxy {
	d.Helper()
	line := pgproxy.New(d.TB, d.URL)
	*d.DB = *OpenURL(d.TB, line.URL())
	return line
}

// SeenOnce turns the error that the work is already done into nil: a person who
// reads it is done.
func SeenOnce(err error) error {
	if errors.Is(err, postgres.ErrNotFound) {
		return nil
	}
	return err
}

// What runs leave: profiles and their related rows, and, for AllOfRuns, the runs
// and their plans as well.
const (
	AllOfProfiles = `select concat_ws(' ', 'profile', code, name, status, version) from profile
		union all select concat_ws(' ', 'change', code, field, old, new, actor, count(*)) from change group by code, field, old, new, actor
		union all select concat_ws(' ', 'record', code, settled, pending_since, missing_since) from upstream_record
		union all select concat_ws(' ', 'mark', code, field, verdict, value, actor) from mark
		union all select concat_ws(' ', 'listing', report, as_of, records) from listing
		union all select distinct concat_ws(' ', 'accepted', report, as_of, records) from accepted_listing
		union all select concat_ws(' ', 'look', report, code, pending_before, pending_after, flagged) from look
		union all select concat_ws(' ', 'left', count(*)) from run_record
		union all select concat_ws(' ', 'service', code, external_id, name, withdrawn) from service
		union all select concat_ws(' ', 'ers', id, state, pending, version, sites::text) from ers_service
		union all select concat_ws(' ', 'left', count(*)) from run_service`
	AllOfRuns = AllOfProfiles + `
		union all select concat_ws(' ', 'run', id, kind, state, planned, applied_to, (summary - 'elapsed_ms')::text, error, asked) from run
		union all select concat_ws(' ', 'plan', run_id, code, field, old, new, withheld, moved, decision) from plan_row`
)
