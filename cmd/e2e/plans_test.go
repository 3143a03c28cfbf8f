package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// planChange is a row of `plan --changes`.
type planChange struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Verb     string `json:"verb"`
	Field    string `json:"field"`
	Old      string `json:"old"`
	New      string `json:"new"`
	Reason   string `json:"reason"`
	Withheld string `json:"withheld"`
}

// secondListing is the made-up listing of pharmacies in which the first 14 have another
// name, one has moved, one has another board and one another street.
func secondListing(t *testing.T) string {
	t.Helper()
	n := 0
	return writeRows(t, "edispensary_2026-02-24.csv", edited(readRows(t, madeUp(t, "edispensary", 60)), func(_ int, row []string) []string {
		if row[12] != "ACTIVE" {
			return row
		}
		switch n++; {
		case n <= 14:
			row[1] = "QUITE ANOTHER CHEMIST"
		case n == 15:
			row[4], row[9] = "9 NEW STREET", "LS2 2BB"
		case n == 14+2:
			row[3], row[2] = "QT1", "Y60"
		case n == 14+3:
			row[4] = "9 NEW STREET"
		}
		return row
	}), "\r\n")
}

// Every text that a person sees of a plan, from the first to one that is not kept any
// more.
func TestAPlanIsReadAndAppliedExactly(t *testing.T) {
	t.Parallel()
	r := &transcript{t: t}
	s := newSite(t).on("2026-02-24")
	first, second := closing(t, "edispensary_2026-02-23.csv", 0), secondListing(t)
	s.loadCommissioners()
	r.says(s, 0, "plan", "--files", first, "--actor", "Ann")
	r.says(s, 0, "reconcile", "--plan", "p1", "--wait", "--actor", "Ann")
	r.says(s, 1, "reconcile", "--plan", "P1", "--wait", "--actor", "Ann")
	r.says(s, 3, "plan", "--files", second, "--actor", "Ann")
	all := s.exits(3, "plan", "--files", second, "--all").out
	require.NotContains(t, all, "--all")
	requireFits(t, all)

	s.write("update profile set name = 'My shop' where code = (select code from plan_change where plan_id = 2 and field = 'postcode')")
	before := s.contents("profile", "change", "plan_row")
	r.says(s, 1, "reconcile", "--plan", "2", "--wait", "--actor", "Bob")
	r.says(s, 0, "runs", "show", "2")
	require.Equal(t, before, s.contents("profile", "change", "plan_row"), "nothing was changed")
	r.says(s, 3, "plan", "--files", second, "--actor", "Ann")
	r.says(s, 3, "reconcile", "--plan", "P4", "--wait", "--actor", "Bob")
	r.says(s, 1, "reconcile", "--plan", "P4", "--wait", "--actor", "Bob")
	r.says(s, 0, "plan", "--files", second, "--actor", "Ann")
	r.says(s, 1, "reconcile", "--plan", "P9", "--wait")
	r.says(s, 0, "runs", "waiting")
	s.write("update plan set created_at = created_at - interval '8 days'")
	r.says(s, 1, "reconcile", "--plan", "P5", "--wait")
	r.is("plans.golden")
}

// requireFits requires that no line is wider than a table may be.
func requireFits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSpace(line)), 120, line)
	}
}

func TestAPlanForMachines(t *testing.T) {
	t.Parallel()
	s := newSite(t).on("2026-02-24")
	s.exits(0, "reconcile", "--files", closing(t, "edispensary_2026-02-23.csv", 0), "--wait")
	second := secondListing(t)
	shown := s.asJSON(3, "plan", "--files", second)
	require.Equal(t, "P1", shown.Plan)
	require.Empty(t, shown.Run)
	o := s.exits(3, "plan", "--files", second, "--changes", "--format", "json")
	head, lines, _ := strings.Cut(o.out, "\n")
	require.Equal(t, "P2", objects[summary](t, head)[0].Plan)
	rows := objects[planChange](t, lines)
	require.Len(t, rows, strings.Count(lines, "\n"), "one row a line")

	run := s.asJSON(3, "reconcile", "--plan", "P2", "--wait")
	require.Equal(t, shown.Digest, run.Digest)
	require.Equal(t, "P2", run.Plan)
	did := s.changes(run.Run)
	require.Len(t, did, len(rows))
	byField := make(map[string]planChange)
	for _, row := range rows {
		byField[row.Code+" "+row.Field] = row
	}
	for _, c := range did {
		row := byField[c.Code+" "+c.Field]
		require.Equal(t, []string{c.Verb, c.Old, c.New, c.Reason, c.Withheld}, []string{row.Verb, row.Old, row.New, row.Reason, row.Withheld})
		require.NotEmpty(t, row.Name)
	}
	refused := s.asJSON(1, "reconcile", "--plan", "P1", "--wait")
	require.Equal(t, "refused", refused.State)
	require.Equal(t, &differs{Gone: len(rows), Rows: refused.Differs.Rows}, refused.Differs)
	require.Len(t, refused.Differs.Rows, min(20, len(rows)))
	require.Equal(t, refused, s.asJSON(0, "runs", "show", refused.Run))
	require.Contains(t, s.do("runs", "show", refused.Run).out, "gone")
}

func TestSeveralFilesAreSeveralPlans(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text := s.exits(0, "plan", "--files", realData(t, trustsBefore), realData(t, practices2024), "--as-of", "2025-12-29").out
	require.Regexp(t, `(?s)^plan P1 +done, etr as of 2025-12-29\n.*\nplan P2 +done, epraccur as of 2025-12-29\n`, text)
	require.True(t, strings.HasSuffix(text,
		"\nnext: profilesync reconcile --plan P1 --wait\nnext: profilesync reconcile --plan P2 --wait\n"), text)
	require.Contains(t, text, "\ncreate: 205 trust\n")
	require.Contains(t, text, "\n… and 185 more (--all)\n")
	requireFits(t, text)
	require.Equal(t, 6698, s.asJSON(0, "reconcile", "--plan", "P2", "--wait").Changes.Create)
	require.Equal(t, "1", s.asJSON(0, "runs", "show", "1").Run, "plans leave no gap in the numbers of runs")
	require.Equal(t, 205, s.asJSON(0, "reconcile", "--plan", "P1", "--wait").Changes.Create)
}

// Files are planned with the boards that were given with them, which are not kept; the
// plan is not applied with others.
func TestAPlanWithBoards(t *testing.T) {
	t.Parallel()
	r := &transcript{t: t}
	s := newSite(t)
	file := writeRows(t, "epraccur_2026-02-22.csv", readRows(t, realData(t, practicesToday))[:400], "\r\n")
	r.says(s, 0, "plan", "--files", file, realData(t, commissionersToday))
	boards := s.count("select count(*) from plan_change where new::jsonb ->> 'icb' <> ''")
	require.Positive(t, boards)
	require.Zero(t, s.count("select count(*) from reference_report"))
	r.says(s, 1, "reconcile", "--plan", "P1", "--wait")
	r.says(s, 0, "reconcile", "--files", realData(t, commissionersToday))
	r.says(s, 0, "reconcile", "--plan", "P1", "--wait")
	require.Equal(t, boards, s.count("select count(*) from profile where icb <> ''"))
	r.is("plan_boards.golden")
	require.Zero(t, s.reconcile(0, file, "2026-02-22").Changes)
}

// What a plan pulled is pulled again, and applied if the register still says it.
func TestAPlanOfAPull(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	s := r.at("2026-03-02T09:00:00Z")
	shown := s.asJSON(0, "plan", "--report", "epraccur")
	require.Positive(t, shown.Changes.Create)
	require.Zero(t, s.count("select count(*) from upload"))
	require.Zero(t, s.count("select count(*) from reference_report"), "a plan keeps nothing but itself")

	next := r.at("2026-03-03T09:00:00Z")
	next.exits(0, "reconcile", "--report", "edispensary", "--wait", "--actor", "Ann")
	require.Equal(t, "2026-03-03 Ann", one[string](s, "select as_of || ' ' || actor from reference_report"))
	s.write("update reference_report set etag = ''")
	run := next.asJSON(0, "reconcile", "--plan", shown.Plan, "--wait")
	require.Empty(t, run.Note, "today's boards are read for today, though the plan is for yesterday")
	require.Equal(t, shown.Changes, run.Changes)
	require.Equal(t, "2026-03-02", run.AsOf)
}

// A run of a plan that was killed goes on where it stopped, and what it has not begun
// is still compared with its plan.
func TestAKilledRunOfAPlanIsFinished(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsBefore)
	timed := newSite(t)
	timed.exits(0, "plan", "--files", file)
	began := time.Now()
	timed.exits(0, "reconcile", "--plan", "P1", "--wait")
	lasts := time.Since(began)
	for i := range 4 {
		moment := lasts * time.Duration(2*i+1) / 8
		t.Run(fmt.Sprintf("after %s", moment.Round(time.Millisecond)), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.exits(0, "plan", "--files", file)
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			defer cancel()
			t.Log("killed when", s.interrupted(s.start(ctx, "reconcile", "--plan", "P1", "--wait").wait(t)))
			o := s.do("reconcile", "--plan", "P1", "--wait")
			if o.code != 0 {
				require.Regexp(t, `already applied in run \d|is no longer what it shows: 205 gone`, o.err)
			}
			s.exits(0, "reconcile", "--files", file, "--wait")
			require.Zero(t, s.count("select count(*) from run where state not in ('done', 'refused')"))
			require.Equal(t, 1, s.count("select count(*) from run where plan_id = 1 and planned"))
			require.Equal(t, 205, s.audit())
			require.Zero(t, s.asJSON(0, "plan", "--files", file).Changes)
		})
	}
}

// With a daemon, the daemon applies the plan.
func TestADaemonAppliesAPlan(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exits(0, "plan", "--files", realData(t, trustsBefore))
	queued := s.asJSON(0, "reconcile", "--plan", "P1")
	require.Equal(t, []string{"queued", "P1"}, []string{queued.State, queued.Plan})
	d := s.serve()
	s.eventually(205, "select count(*) from profile")
	s.eventually(1, "select count(*) from run where plan_id = 1 and state = 'done'")
	d.stop()
	require.Contains(t, s.exits(1, "reconcile", "--plan", "P1", "--wait").err, "already applied in run "+queued.Run)
}
