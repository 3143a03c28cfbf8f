package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// What waits in two reports, since these were not held against each other, is
// compared at the next look at either. Two rows of absence are two facts.
func TestWhatWaitsTwiceIsComparedAgain(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(`alter table upstream_record drop column compared_in;
		alter table run drop column rejected_by, drop column rejected_os_user, drop column rejected_at`)
	for _, report := range []string{"etr", "api"} {
		w.Exec(`
			insert into run (kind, source, report, as_of, actor, state) values ('listing', 'ods', $1, '2026-06-01', 'Ann', 'withheld')`, report)
		w.Exec(`insert into listing (source, report, as_of, records, etag) values ('ods', $1, '2026-06-01', 3, 'E1')`, report)
		w.Exec(`insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled)
			select 'ods', $1, code, '\x00', '{}', '\x00', 1, true from unnest(array['RAA', 'RBB', 'RCC']) code`, report)
	}
	w.Exec(`insert into listing (source, report, as_of, records, etag) values ('ods', 'ets', '2026-06-01', 3, 'E1')`)
	for _, row := range []struct {
		run               int
		code, field, verb string
	}{
		{1, "RAA", "name", "update"},
		{2, "RAA", "name", "update"},
		{1, "RBB", "name", "update"},
		{1, "RCC", "", "missing"},
		{2, "RCC", "", "missing"},
	} {
		w.Exec(`insert into plan_row (run_id, code, field, fact, type, verb, old, new, reason, withheld, waits, digest)
			values ($1, $2, $3, $3, 'trust', $4, '', 'New', 'upstream', 'mass-change', true, '\x00')`, row.run, row.code, row.field, row.verb)
	}
	text, err := os.ReadFile("migrations/00018_one_list.sql")
	require.NoError(t, err)
	for statement := range strings.SplitSeq(strings.ReplaceAll(string(text), "-- +goose Up", ""), ";\n") {
		if strings.TrimSpace(statement) != "" {
			w.Exec(statement)
		}
	}
	require.Equal(t, []string{"api RAA", "etr RAA"}, pgtest.All[string](w,
		"select report || ' ' || code from upstream_record where not settled order by 1"))
	require.Equal(t, []string{"api ", "etr ", "ets E1"}, pgtest.All[string](w, "select report || ' ' || etag from listing order by 1"))
}
