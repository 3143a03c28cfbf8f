package postgres_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// rowsOfARun is how many rows of each kind the costed run has. All are in tables
// of which Postgres has no statistics, as in the middle of a run.
const rowsOfARun = 5000

// costed are the statements that join rows of the same run. No plan that Postgres
// chooses for them may compare every row with every other.
var costed = map[string][]string{
	"runstore/apply.sql": {
		"NextChunk", "LockChunk", "MarkMoved", "ApplyCreations", "ApplyUpdates", "ApplyMissing", "AcceptRecords", "EndPending",
		"AcceptForms", "FlagAbsent", "MarkUndone", "ForgetMarks", "PlanRowsOf", "LookAgainElsewhere",
	},
	"runstore/plan.sql": {
		"IsSettledListing", "LoadUpstream", "ForgetReturned", "CompareListing", "CompareDelta", "RemoveDuplicates", "AbsentChunk",
		"MarkMissingUndone",
		"PlanGroups", "WithholdGroup", "CountChanges", "CountFields", "CountOpening", "CountStanding", "CountStandingUnchanged",
	},
	"runstore/listings.sql": {"NoteLooks", "GiveLooksBack", "UnsettleAfter", "LookAgainAtWaiting"},
	"runstore/waiting.sql": {
		"LoadWaiting", "EndRows", "WaitingGroups", "RecountWaiting", "CountWaiting", "CountDecisions", "SelectWaiting", "ListWaiting",
		"DecideRows",
		"FinishApproval", "ReleaseApproval", "CountWithdrawn", "RejectRows", "EndUndone", "WaitAgain", "MarkEnded", "ForgetEnded",
	},
	"runstore/decisions.sql":  {"LiftRejections", "GiveRejectionsBack", "LeaveClosed", "EndRowsOfClosing", "KeepRowsOfOpen", "EndLeftOut"},
	"runstore/kept_plans.sql": {"PlanPage", "CompareWithPlan", "PruneChanges"},
	"planstore/plans.sql":     {"ShowPlan", "ChangesPage"},
	"planstore/ahead.sql": {
		"SelectRehearsed", "InsertApproved", "LockOpenOf", "Withdraw", "LoadOpen", "UseUp", "CountAhead", "LockOpenValues", "EndRejected",
		"EndUndone",
	},
	"servicestore/services.sql": {
		"ServiceItems", "ServiceSites", "LoadWaitingServices", "ServiceLosses", "WithholdLosses", "CountServiceSites",
		"LockServices",
		"MarkMovedServices", "ApplyServices", "ApplyServicesLeft", "ApplyServicesMissing", "AcceptServices", "ForgetReturnedServices",
		"AcceptApproved", "ForgetServiceMarks", "LookAgainAtServices",
	},
}

// arguments are what the statements are given: everything there is, in one chunk.
var arguments = map[string]string{
	"run_id": "1", "child_id": "2", "after": "''", "upto": "'zzzzz'", "most": "100000", "rules_version": "1", "source": "'ods'",
	"report": "'edispensary'", "digest": "'\\x00'::bytea", "as_of": "date '2026-06-02'", "today": "date '2026-06-02'",
	"codes": "(select array_agg(code) from profile)", "fields": "(select array_agg('name'::text) from profile)",
	"runs": "(select array_agg(1::bigint) from profile)", "decisions": "(select array_agg('withdrawn'::text) from profile)",
	"decision": "'approved'", "decided_in": "2", "actor": "'u-4711'", "os_user": "''", "reason": "'mass-change'",
	"type": "'pharmacy'", "verb": "'update'", "fact": "'postcode'", "undone": "false", "withheld": "''", "region": "''", "icb": "''",
	"plan_id": "1", "approval_id": "1", "to_approval": "2", "after_code": "''", "after_field": "''",
	"ids": "'{}'", "sites": "'{}'", "parent_id": "1", "day": "'2026-01-01'", "types": "array['pharmacy']",
}

// selecting leaves the filters of a selection empty: everything is selected.
var selecting = map[string]string{"run_id": "0", "report": "''", "type": "''", "fact": "''", "codes": "'{}'"}

// given replaces arguments for single statements.
var given = map[string]map[string]string{
	"SelectWaiting": selecting, "ListWaiting": selecting,
	"FinishApproval": {"run_id": "2"}, "RecountWaiting": {"run_id": "2"},
	"ReleaseApproval": {"run_id": "2"}, "CountWithdrawn": {"run_id": "2"},
	"AbsentChunk": {"after": "0"},
	"LeaveClosed": {"verb": "'reopen'"}, "EndLeftOut": {"run_id": "2"},
	"PlanRowsOf":          {"withheld_only": "false"},
	"ShowPlan":            {"most": "0"},
	"ServiceSites":        {"ids": "(select array_agg(id) from ers_service)"},
	"LoadWaitingServices": {"fields": "(select array_agg('ers-services/' || id) from ers_service)"},
	"WithholdLosses":      {"sites": "(select array_agg(code) from profile)"},
}

// earlier are the rows of an earlier run, counted by Postgres: its statistics then
// say that there are none of any other run.
const earlier = `
	insert into plan_row (run_id, code, field, type, verb, old, new, reason, digest)
		select -1, 'F' || n, '', 'pharmacy', 'create', '', '{}', 'upstream', '\x00' from generate_series(10000, 15000) n;
	insert into run_record (run_id, code, raw_hash, facts, facts_hash, settled, contradiction, flag)
		select -1, 'F' || n, '\x00', '{}', '\x00', true, false, '' from generate_series(10000, 15000) n;
	insert into plan_change (plan_id, code, field, fact, type, verb, old, new, reason, withheld, digest)
		select -1, 'F' || n, '', '', 'pharmacy', 'create', '', '{}', 'upstream', '', '\x00' from generate_series(10000, 15000) n;
	insert into run_service (run_id, id, state, credential, version, sites)
		select -1, n, 'active', '', '', '{}' from generate_series(1, 5000) n;
	analyze plan_row, run_record, run_service, plan_change`

func TestNoStatementOfARunComparesEveryRowWithEveryOther(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"without statistics": "", "with those of an earlier run": earlier} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			conn, err := pgx.Connect(ctx, pgtest.New(t).URL)
			require.NoError(t, err)
			defer conn.Close(ctx)
			_, err = conn.Exec(ctx, before)
			require.NoError(t, err)
			fill(t, conn)
			requireCheap(t, conn)
			// As it is where all rows of a run wait, and there is nothing to be applied.
			_, err = conn.Exec(ctx,
				"delete from plan_row where run_id = 1 and field <> 'name'; delete from mark where run_id = 1 and field = 'missing'")
			require.NoError(t, err)
			requireCheap(t, conn)
		})
	}
}

func requireCheap(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for file, names := range costed {
		for _, name := range names {
			statement := statementOf(t, file, name)
			for argument, value := range given[name] {
				statement = replaceArgument(statement, argument, value)
			}
			if strings.HasPrefix(file, "servicestore") {
				statement = replaceArgument(statement, "run_id", "3")
			}
			for argument, value := range arguments {
				statement = replaceArgument(statement, argument, value)
			}
			require.NotContains(t, statement, "@", "%s: an argument has no value", name)
			assert.LessOrEqual(t, explained(t, conn, name, statement), 10*rowsOfARun, "%s: rows that its joins read and threw away", name)
		}
	}
}

func replaceArgument(statement, name, value string) string {
	return regexp.MustCompile(`@`+name+`\b`).ReplaceAllLiteralString(statement, value)
}

// statementOf is the text of a statement as it stands in its file.
func statementOf(t *testing.T, file, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "-- name: "+name+" :")
	require.True(t, found, "%s has no statement %s", file, name)
	_, rest, _ = strings.Cut(rest, "\n")
	statement, _, _ := strings.Cut(rest, "\n-- name: ")
	return statement
}

// step is one step of a plan that Postgres carried out.
type step struct {
	Kind    string  `json:"Node Type"`
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	ByJoin  float64 `json:"Rows Removed by Join Filter"`
	Filter  float64 `json:"Rows Removed by Filter"`
	Recheck float64 `json:"Rows Removed by Index Recheck"`
	Plans   []step  `json:"Plans"`
}

// thrownAway counts the rows that joins compared in vain, and those that a step
// carried out again and again read in vain.
func (s step) thrownAway() float64 {
	rows := s.ByJoin * s.Loops
	if s.Loops > 10 {
		rows += (s.Filter + s.Recheck) * s.Loops
	}
	for _, below := range s.Plans {
		rows += below.thrownAway()
	}
	return rows
}

// explained carries a statement out, takes it back, and counts.
func explained(t *testing.T, conn *pgx.Conn, name, statement string) int {
	t.Helper()
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(ctx) }()
	working, err := os.ReadFile(filepath.FromSlash("runstore/working_tables.sql"))
	require.NoError(t, err)
	_, err = tx.Exec(ctx, string(working)+`
		insert into listing_row select code, '\x01', 0, 1, row_number() over (order by code) from profile;
		set local statement_timeout = '2min'`)
	require.NoError(t, err)
	if name == "RemoveDuplicates" || name == "AbsentChunk" {
		_, err = tx.Exec(ctx, `insert into differing (n, code, line) select line, code, line from listing_row`)
		require.NoError(t, err)
	}
	var text []byte
	if err = tx.QueryRow(ctx, "explain (analyze, timing off, format json) "+statement).Scan(&text); !assert.NoError(t, err, name) {
		return 0
	}
	var plans []struct {
		Plan step `json:"Plan"`
	}
	require.NoError(t, json.Unmarshal(text, &plans))
	return int(plans[0].Plan.thrownAway())
}

// fill stores rows of every kind, rowsOfARun of each.
func fill(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	rows, err := os.ReadFile(filepath.FromSlash("testdata/cost.sql"))
	require.NoError(t, err)
	_, err = conn.Exec(context.Background(), string(rows))
	require.NoError(t, err)
}
