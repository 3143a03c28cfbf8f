package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// written is a write in a world of its own, and what it leaves.
type written struct {
	*world
	// try is one attempt, as the caller in the program makes it. After an error the
	// caller tries again: the queue its job, a person their command.
	try  func() error
	rows string // a query of one column: all that the write leaves
	// between is what others do before the caller tries again, if anything: the
	// second attempt must leave it as it is.
	between func()
}

// goOn has others go on from what was written.
func (w written) goOn() {
	if w.between != nil {
		w.between()
	}
}

// lostAnswer is a write, and the statement after which the answer to its commit
// is lost.
type lostAnswer struct {
	statement string
	begin     func(t *testing.T) written
}

// requireOnce has every write lose the answer to its commit, and be tried again,
// after others went on from there. It must leave what it leaves where nothing is
// lost.
func requireOnce(t *testing.T, writes map[string]lostAnswer) {
	t.Helper()
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quiet := write.begin(t)
			require.NoError(t, quiet.try(), "no answer is lost yet")
			quiet.goOn()
			want := pgtest.All[string](quiet.Database, quiet.rows)
			require.NotEmpty(t, want, "no answer is lost yet")

			w := write.begin(t)
			require.NotSubset(t, pgtest.All[string](w.Database, w.rows), want, "no answer is lost yet, and there is something to be done")
			line := w.alongALine()
			lost := line.SwallowCommitAfter(write.statement, 1)
			require.Error(t, w.try(), "the answer is lost")
			require.Equal(t, 1, lost.Happened())
			w.goOn()
			require.NoError(t, w.try())
			require.ElementsMatch(t, want, pgtest.All[string](w.Database, w.rows))
		})
	}
}

// alongALine has the store of the world speak to the database along a line that
// loses what a test wants it to lose.
func (w *world) alongALine() *pgproxy.Proxy {
	w.Helper()
	line := pgproxy.New(w.TB, w.URL)
	w.store = pgtest.OpenURL(w.TB, line.URL())
	return line
}
