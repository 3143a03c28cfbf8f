package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const pharmaciesDay = "2025-04-10"

func TestPharmacyListCountsExactlyAndTheSecondRunFindsNothing(t *testing.T) {
	t.Parallel()
	file := realData(t, pharmacies2025)
	s := newSite(t)

	others := slices.DeleteFunc(slices.Clone(everything), func(table string) bool { return strings.HasPrefix(table, "upload") })
	empty := s.contents(others...)
	plan := s.plan(0, file, pharmaciesDay)
	require.Equal(t, empty, s.contents(others...), "a plan stores nothing but itself and its file")

	first := s.reconcile(0, file, pharmaciesDay)
	require.Equal(t, summary{
		Run: first.Run, Digest: first.Digest, Source: "ods", Report: "edispensary", AsOf: pharmaciesDay, State: "done",
		Records: 20932, Population: 11161, Changes: changeCounts{Create: 11161}, Fields: map[string]int{}, Withheld: []withheld{},
		Contradictions: 10, ElapsedMS: first.ElapsedMS,
	}, first)
	requireSameNumbers(t, plan, first)
	require.Equal(t, 11161, s.audit(), "one audit row per creation")

	plan = s.plan(0, file, pharmaciesDay)
	second := s.reconcile(0, file, pharmaciesDay)
	requireSameNumbers(t, plan, second)
	require.Zero(t, second.Changes)
	require.Empty(t, second.Fields)
	require.Empty(t, second.Withheld)
	require.Equal(t, 11161, second.Population)
	require.Equal(t, 10, second.Contradictions)
	require.Equal(t, 11161, s.audit(), "no new audit row")

	requireListed(t, s, first, second)
}

// requireSameNumbers requires that a plan and the run after it have the same
// result, apart from the run's number and the time it took.
func requireSameNumbers(t *testing.T, plan, run summary) {
	t.Helper()
	require.Empty(t, plan.Run, "a plan is not a run")
	require.NotEmpty(t, run.Run)
	require.NotEmpty(t, plan.Plan)
	plan.Run, plan.Plan, plan.ElapsedMS = run.Run, run.Plan, run.ElapsedMS
	require.Equal(t, plan, run, "a preview is a run that stops after planning")
}

// requireListed compares what the commands show with what two runs did.
func requireListed(t *testing.T, s *site, first, second summary) {
	t.Helper()
	require.Equal(t, []summary{second, first}, s.listRuns(), "newest first")
	require.Equal(t, first, s.asJSON(0, "runs", "show", first.Run))
	require.Len(t, s.changes(first.Run), 11161)
	require.Empty(t, s.changes(second.Run))

	table := s.exits(0, "runs", "list").out
	require.Equal(t, 2, strings.Count(table, "edispensary"), "one line per run:\n%s", table)
	table = s.exits(0, "runs", "show", first.Run, "--most", "3").out
	require.Contains(t, table, "11161 created")
	require.Contains(t, table, "(a new profile)")

	found := list[contradiction](t, s.exits(0, "contradictions", "list", "--format", "json"))
	require.Len(t, found, 10)
	table = s.exits(0, "contradictions", "list").out
	for _, c := range found {
		require.Contains(t, table, c.Code)
		require.Equal(t, "open", c.Status, "%s: status decides, not dates", c.Code)
		require.Less(t, c.Closed, pharmaciesDay, c.Code)
	}

	require.Contains(t, s.exits(0, "profile", "show", "FA002").out, "Rowlands Pharmacy")
	shown := objects[shownProfile](t, s.exits(0, "profile", "show", "fa002", "--format", "json").out)
	require.Equal(t, "FA002", shown[0].Code)
	require.Equal(t, "SK7 5LD", shown[0].Fields["postcode"])
	require.Equal(t, "open", shown[0].Fields["status"])
	history := s.history("FA002")
	require.Len(t, history, 1)
	require.Equal(t, "profile", history[0].Field)
	require.Empty(t, list[any](t, s.exits(0, "quarantine", "list", "--format", "json")))
}

type contradiction struct {
	Source string `json:"source"`
	Report string `json:"report"`
	Code   string `json:"code"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Closed string `json:"closed"`
}

type shownProfile struct {
	Code     string            `json:"code"`
	Fields   map[string]string `json:"fields"`
	Owners   map[string]string `json:"owners"`
	Closures []any             `json:"closures"`
	Pushes   []listedPush      `json:"pushes"`
	Findings []any             `json:"findings"`
	// Confirmations are what people confirmed.
	Confirmations []any `json:"confirmations"`
}
