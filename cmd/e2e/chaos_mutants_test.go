package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// chaosMutant is the program with a defect, by which a round must find one invariant broken.
type chaosMutant struct {
	invariant string
	defect    string
	edits     []sourceEdit
	seed      uint64 // of a round that finds it; 0 is any
}

// sourceEdit replaces the only occurrence of a text in a file.
type sourceEdit struct {
	file      string // from the root
	find, put string
}

const (
	pushSQL     = "connectors/postgres/pushstore/pushsql/push.sql.go"
	dispatchSQL = "connectors/postgres/pushstore/pushsql/dispatch.sql.go"
	scheduleSQL = "connectors/postgres/dbsql/schedules.sql.go"
	processSQL  = "connectors/postgres/dbsql/processes.sql.go"
	mailSQL     = "connectors/postgres/peoplestore/peoplesql/mail.sql.go"
	auditTable  = "connectors/postgres/migrations/00037_session_plans.sql"
	pushWork    = "jobs/pushjobs/push_work.go"
)

var chaosMutants = []chaosMutant{
	{"sinks-equal-profiles", "names are pushed in capitals", []sourceEdit{
		{pushSQL, "select p.code, p.name, array_to_string(", "select p.code, upper(p.name) as name, array_to_string("},
	}, 0},
	{"edits-arrive", "changes are read up to the newest transaction, not the oldest open one", []sourceEdit{
		{dispatchSQL, "pg_snapshot_xmin(pg_current_snapshot()) as xmin", "pg_snapshot_xmax(pg_current_snapshot()) as xmin"},
	}, 0},
	{"registers-arrive", "the new name of a service is not stored", []sourceEdit{{
		"connectors/postgres/servicestore/servicesql/services.sql.go", "set name = excluded.name, kind = excluded.kind",
		"set kind = excluded.kind",
	}}, 0},
	{"numbers-rise", "a profile keeps its first number", []sourceEdit{
		{pushSQL, "last = greatest(n.last + 1, excluded.last)", "last = n.last"},
	}, 0},
	{"nothing-twice", "what was accepted is sent again", []sourceEdit{
		{pushWork, "return !b.known.Unclear && !b.known.Forced && b.known.AcceptedHash == next.hash", "return false"},
	}, 0},
	{"audit-accounts", "the audit has another value than the profile", []sourceEdit{
		{auditTable, "('phone', o.phone, n.phone)", "('phone', o.phone, n.phone || ' ')"},
	}, 0},
	{"nothing-removed-by-absence", "what a listing leaves out is closed", []sourceEdit{{
		"reconcile/runs/missing.go", "Verb: Missing, New: asOf.String(), Reason:",
		`Verb: Close, Field: profile.FieldStatus, Old: "open", New: "closed", Reason:`,
	}}, 0},
	{"nothing-waiting-applied", "no number of changes is withheld", []sourceEdit{
		{"reconcile/runs/guard.go", "FieldShare: 0.10, Floor: 10,", "FieldShare: 0.10, Floor: 1000,"},
	}, 0},
	{"letters-once", "a letter that was taken is sent again", []sourceEdit{{
		mailSQL, "where l.state = 'due' and (l.not_before is null or l.not_before <= now()) and l.kind <> all",
		"where (l.state = 'due' or l.state = 'accepted' and l.tries < 3) and (l.not_before is null or l.not_before <= now()) and l.kind <> all",
	}}, 0},
	{"schedules-once", "what was due yesterday is due again", []sourceEdit{
		{scheduleSQL, "select max(due_at)::timestamptz as due_at", "select (max(due_at) - interval '1 day')::timestamptz as due_at"},
		{scheduleSQL, "values ($1, $2, $3)\n", "values ($1, $2, $3) on conflict do nothing\n"},
	}, 0},
	{"cases-stand", "no case opens", []sourceEdit{{
		"reconcile/cases/compare.go", "steps.Open = append(steps.Open, Opening{c, c.Kind.deadline(at)})", "_ = Opening{c, c.Kind.deadline(at)}",
	}}, 0},
	{"no-job-without-worker", "the jobs of a killed daemon stay its own", []sourceEdit{{
		processSQL, "\nwhere n.id = j.id and j.state = 'running' and j.attempted_by[cardinality(j.attempted_by)] = $1",
		"\nwhere false and n.id = j.id and j.state = 'running' and j.attempted_by[cardinality(j.attempted_by)] = $1",
	}}, 7},
	{"nothing-left", "the session of a run stays open, with its tables", []sourceEdit{
		{
			"connectors/postgres/runstore/working_tables.sql",
			"    line       integer not null\n) on commit drop;",
			"    line       integer not null\n);",
		},
		{"connectors/postgres/connect.go", "	_ = c.Conn.Close(ctx)\n}\n", "	left = append(left, c.Conn)\n}\n\nvar left []*pgx.Conn\n"},
	}, 0},
	{"weights-as-before", "each push leaves a goroutine", []sourceEdit{
		{
			pushWork,
			"	delivery, began := b.delivery(next), time.Now()\n",
			"	go func() { select {} }()\n	delivery, began := b.delivery(next), time.Now()\n",
		},
	}, 0},
	{"settles", "a push that failed is not tried again", []sourceEdit{{
		pushSQL, "p.due_at else greatest(p.due_at, now() + x.wait) end,",
		"p.due_at else greatest(p.due_at, now() + x.wait + interval '1 hour') end,",
	}}, 0},
	{"daemons-live", "a daemon that loses a session ends", []sourceEdit{{
		"connectors/postgres/process.go", "		if err := a.q.TerminateSession(ctx", "		os.Exit(1)\n		if err := a.q.TerminateSession(ctx",
	}}, 0},
	{"commands-end", "a command panics", []sourceEdit{
		{
			"cmd/profilesync/main.go",
			"	ctx, stop := signal.NotifyContext(",
			"	if slices.Contains(os.Args[1:], \"look\") {\n		panic(\"chaos\")\n	}\n	ctx, stop := signal.NotifyContext(",
		},
	}, 0},
}

// files returns the texts of the mutant's files after its edits.
func (m chaosMutant) files(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, e := range m.edits {
		text, edited := files[e.file]
		if !edited {
			read, err := os.ReadFile(filepath.Join("..", "..", e.file))
			require.NoError(t, err)
			text = string(read)
		}
		require.Equal(t, 1, strings.Count(text, e.find), "occurrences of %q in %s", e.find, e.file)
		files[e.file] = strings.Replace(text, e.find, e.put, 1)
	}
	return files
}

// An invariant that nothing can break proves nothing.
func TestEachInvariantOfChaosHasAMutant(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, m := range chaosMutants {
		require.NotEmpty(t, m.files(t), m.defect)
		broken[m.invariant] = true
	}
	names := []string{"settles", "daemons-live", "commands-end"} // seen on the way
	for _, i := range chaosInvariants {
		names = append(names, i.name)
	}
	for _, name := range names {
		require.True(t, broken[name], "no mutant breaks %s", name)
		delete(broken, name)
	}
	require.Empty(t, broken, "no such invariant")
}
