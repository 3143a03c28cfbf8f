package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
)

// waitingRow is a row of `runs waiting`.
type waitingRow struct {
	Run      int64     `json:"run"`
	Report   string    `json:"report"`
	Code     string    `json:"code"`
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	Verb     string    `json:"verb"`
	Field    string    `json:"field"`
	Old      string    `json:"old"`
	New      string    `json:"new"`
	Withheld string    `json:"withheld"`
	SinceRun int64     `json:"since_run"`
	Since    time.Time `json:"since"`
	By       string    `json:"by"`
	Approved int64     `json:"approved_in"`
}

func (s *site) waiting() []waitingRow {
	s.t.Helper()
	o := s.exits(0, "runs", "waiting", "--format", "json")
	first, rows, _ := strings.Cut(o.out, "\n")
	list := objects[waitingRow](s.t, rows)
	var head struct {
		Waiting int `json:"waiting"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(first), &head))
	require.Len(s.t, list, head.Waiting)
	return list
}

// caseDay reconciles the listing of one of the four days of a case.
func (s *site) caseDay(code int, name string, day int) summary {
	s.t.Helper()
	file := realdata.Path(s.t, "cases", name, fmt.Sprintf("edispensary_%d.csv", day))
	return s.reconcile(code, file, fmt.Sprintf("2026-06-%02d", day))
}

func TestClosuresThatWereWithheldWaitForAPerson(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.caseDay(0, "closures-held", 1)
	require.Equal(t, 11, s.caseDay(0, "closures-held", 2).PendingClose)
	held := s.caseDay(3, "closures-held", 3)
	require.Equal(t, []withheld{{Reason: "too-many-removals", Type: "pharmacy", Field: "status", Count: 11, Of: 100}}, held.Withheld)
	require.Equal(t, 11, held.Waiting)

	fourth := s.caseDay(0, "closures-held", 4)
	require.Zero(t, fourth.Changes, "ten are as few as the guard lets pass, but they wait")
	require.Empty(t, fourth.Withheld)
	require.Equal(t, 10, fourth.Waiting)
	require.Equal(t, 1, fourth.Withdrawn, "the register changed its mind about one")
	require.Contains(t, s.exits(0, "runs", "show", fourth.Run).out, "1 that waited")
	require.Contains(t, s.exits(0, "runs", "show", held.Run).out, "10 waiting, 1 withdrawn")
	require.Zero(t, s.count("select count(*) from profile where status = 'closed'"))

	rows := s.waiting()
	require.Len(t, rows, 10)
	approved := s.asJSON(0, "runs", "approve", held.Run, "--actor", "u-4711")
	require.Equal(t, changeCounts{Close: 10}, approved.Changes)
	require.Zero(t, approved.Waiting)
	for _, row := range rows {
		require.Equal(t, "closed", s.field(row.Code, "status"), row.Code)
	}
	require.Equal(t, 10, s.count("select count(*) from profile where status = 'closed'"), "exactly those")

	again := s.exits(1, "runs", "approve", held.Run, "--actor", "u-4712")
	require.Contains(t, again.err, "10 already approved by u-4711 in run "+approved.Run)
	refused := s.exits(1, "runs", "reject", held.Run, "--actor", "u-4712")
	require.Contains(t, refused.err, "10 already approved by u-4711 in run "+approved.Run)
	require.Empty(t, s.waiting())
	requireNothingNew(t, s, "closures-held")
}

func TestNamesThatWereWithheldWaitForAPerson(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.caseDay(0, "names-held", 1)
	held := s.caseDay(3, "names-held", 2)
	require.Equal(t, []withheld{{Reason: "mass-change", Type: "pharmacy", Field: "name", Count: 12, Of: 110}}, held.Withheld)
	for _, day := range []int{3, 4} {
		run := s.caseDay(0, "names-held", day)
		require.Zero(t, run.Changes.Update, "twelve of a larger population are still the twelve that wait")
		require.Equal(t, 12, run.Waiting)
	}
	text := s.exits(0, "runs", "waiting", held.Run).out
	require.Contains(t, text, "run "+held.Run+", edispensary: 12 update name, mass-change")
	digest := strings.TrimSpace(text[strings.LastIndex(text, "digest ")+len("digest "):])

	rejected := s.exits(0, "runs", "reject", "--code", "FAA00,FAA01", "--actor", "rita")
	require.Contains(t, rejected.err, "2 changes are not proposed again")
	changed := s.exits(1, "runs", "approve", held.Run, "--digest", digest)
	require.Contains(t, changed.err, "what waits has changed since")
	approved := s.asJSON(0, "runs", "approve", "--field", "name", "--reason", "mass-change")
	require.Equal(t, map[string]int{"name": 10}, approved.Fields)
	require.Equal(t, "10 approved, 2 rejected", decisionsIn(s.exits(0, "runs", "show", held.Run).out))
	require.Equal(t, "Chemist Number 0", s.field("FAA00", "name"))
	require.Equal(t, "Chemist Number 2 Renamed Shop", s.field("FAA02", "name"))
	requireNothingNew(t, s, "names-held")
}

// requireNothingNew reads the last listing of a case once more, on a later day.
func requireNothingNew(t *testing.T, s *site, name string) {
	t.Helper()
	audit := s.audit()
	run := s.reconcile(0, realdata.Path(t, "cases", name, "edispensary_4.csv"), "2026-06-20")
	require.Zero(t, run.Changes)
	require.Zero(t, run.Waiting)
	require.Equal(t, audit, s.audit())
}

func decisionsIn(text string) string {
	for line := range strings.Lines(text) {
		if counts, found := strings.CutPrefix(line, "decisions"); found {
			return strings.TrimSpace(counts)
		}
	}
	return ""
}

func TestADecisionSaysOnWhat(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, command := range []string{"approve", "reject"} {
		require.Contains(t, s.exits(2, "runs", command).err, "say what is decided on")
		require.Contains(t, s.exits(1, "runs", command, "--all").err, "nothing waits for a decision")
		require.Contains(t, s.exits(2, "runs", command, "--field", "fax").err, `field "fax": want name, `)
	}
	require.Contains(t, s.exits(0, "runs", "waiting").out, "nothing waits")
}

func TestAnotherPersonApproves(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("APPROVAL_BY_ANOTHER=true")
	s.caseDay(0, "names-held", 1)
	held := s.caseDay(3, "names-held", 2)
	refused := s.exits(1, "runs", "approve", held.Run)
	require.Contains(t, refused.err, "another person has to approve it")
	refused = s.exits(1, "runs", "approve", held.Run, "--actor", "u-4711")
	require.Contains(t, refused.err, "another person has to approve it", "the same operating-system user by another name")
	require.Len(t, s.waiting(), 12)
}

// A killed approval is finished by the next command: exactly the part that was
// approved is applied, once.
func TestAKilledApprovalOfAPartAppliesExactlyThatPartOnce(t *testing.T) {
	t.Parallel()
	const approved, all = 5000, 11000
	pharmacies := func(name string) [][]string {
		rows := make([][]string, all)
		for i := range rows {
			region := "Y56"
			if i >= approved {
				region = "Y60"
			}
			rows[i] = strings.Split(fmt.Sprintf(
				"F%04X,%s %d,%s,QMF,%d HIGH STREET,TOWN,LONDON,,,E1 4LR,20030701,,A,1,P55H,20190313,,,,,,0,,QMF,,,",
				i, name, i, region, i), ",")
		}
		return rows
	}
	before := writeRows(t, "edispensary_before.csv", pharmacies("CHEMIST"), "\r\n")
	after := writeRows(t, "edispensary_after.csv", pharmacies("APOTHECARY"), "\r\n")
	held := func(t *testing.T) (s *site, run string) {
		t.Helper()
		s = newSite(t)
		require.Equal(t, all, s.reconcile(0, before, "2026-06-01").Changes.Create)
		mass := s.reconcile(3, after, "2026-06-02")
		require.Equal(t, all, mass.Waiting)
		return s, mass.Run
	}
	s, run := held(t)
	began := time.Now()
	require.Equal(t, approved, s.asJSON(0, "runs", "approve", run, "--region", "Y56").Changes.Update)
	lasts := time.Since(began)
	for i := range 4 {
		moment := lasts * time.Duration(2*i+1) / 8
		t.Run(fmt.Sprintf("after %s", moment.Round(time.Millisecond)), func(t *testing.T) {
			t.Parallel()
			s, run := held(t)
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			defer cancel()
			args := []string{"runs", "approve", run, "--region", "Y56"}
			s.interrupted(s.start(ctx, args...).wait(t))
			t.Log("killed when the approval was", one[string](s, `
				select coalesce(max(concat_ws(' ', state, case when planned then 'and applied up to ' || applied_to end)), 'not stored')
				from run where kind = 'approve'`))
			if s.count("select count(*) from run where kind = 'approve'") == 0 {
				s.exits(0, args...) // killed before it had asked
			}
			night := s.reconcile(0, after, "2026-06-03")
			require.Zero(t, night.Changes)
			require.Equal(t, all-approved, night.Waiting)
			require.Zero(t, s.count("select count(*) from run where state not in ('done', 'withheld')"))
			require.Equal(t, approved, s.count("select count(*) from profile where name like 'Apothecary%' and region = 'Y56'"))
			require.Equal(t, approved, s.count("select count(*) from change where field = 'name' and run_id is not null and old is not null"))
			require.Equal(t, approved, s.count("select count(*) from plan_row where decision = 'approved' and not waits"))
		})
	}
}
