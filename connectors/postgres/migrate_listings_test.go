package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// What was accepted before acceptances were kept is taken from the runs: so the
// undo of a run from before gives the listing back as well.
func TestAcceptedListingsAreTakenFromTheRuns(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(`alter table listing drop column acceptance; drop table accepted_listing; drop table look;
		alter table run drop column undone_by`)
	const (
		full      = `{"records": 40, "withheld": []}`
		short     = `{"records": 30, "withheld": [{"reason": "short-listing"}]}`
		unchanged = `{"records": 0, "withheld": []}`
	)
	for _, run := range []struct{ kind, source, report, asOf, state, summary, parent string }{
		{"listing", "ods", "etr", "2025-04-01", "done", full, ""},
		{"listing", "ods", "etr", "2025-04-02", "withheld", short, ""},
		{"listing", "ods", "etr", "2025-04-03", "done", unchanged, ""},
		{"listing", "ods", "etr", "2025-04-03", "failed", full, ""},
		{"listing", "ers", "services", "2025-04-03", "done", full, ""},
		{"delta", "ods", "api", "2025-04-03", "done", full, ""},
		{"approve", "ods", "etr", "2025-04-02", "done", `{"records": 0, "withheld": []}`, "2"},
		{"listing", "ods", "etr", "2062-04-04", "withheld", full, ""},
		{"approve", "ods", "etr", "2025-04-02", "done", `{"records": 0, "withheld": []}`, "2"}, // older than the accepted one
	} {
		w.Exec(`insert into run (kind, source, report, as_of, actor, state, summary, parent_id, ended_at)
			values ($1, $2, $3, $4, 'Ann', $5, $6, nullif($7, '')::bigint, now())`,
			run.kind, run.source, run.report, run.asOf, run.state, run.summary, run.parent)
	}
	w.Exec(`insert into listing (source, report, as_of, records) values ('ods', 'etr', '2062-04-04', 40), ('ods', 'ets', '2025-04-04', 7)`)

	text, err := os.ReadFile("migrations/00015_listings.sql")
	require.NoError(t, err)
	for statement := range strings.SplitSeq(strings.ReplaceAll(string(text), "-- +goose Up", ""), ";\n") {
		if strings.TrimSpace(statement) != "" {
			w.Exec(statement)
		}
	}
	require.Equal(t, []string{
		"etr 1 2025-04-01 40 Ann", "etr 7 2025-04-02 30 Ann", "etr 8 2062-04-04 40 Ann", "ets - 2025-04-04 7 migration",
	}, pgtest.All[string](w, `select concat_ws(' ', report, coalesce(run_id::text, '-'), as_of, records, actor)
		from accepted_listing order by id`))
	require.Equal(t, []string{"etr 3", "ets 4"}, pgtest.All[string](w, "select report || ' ' || acceptance from listing order by report"))
}
