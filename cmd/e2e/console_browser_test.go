package e2e

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
)

// The merger of boards of April 2026, on the real trusts.
func TestThreePeopleDecideOnTheMergerOfBoards(t *testing.T) {
	t.Parallel()
	before, after := realData(t, trustsBefore), realData(t, trustsAfterApril)
	s, _ := newSite(t).withSinks()
	s.playing("2026-04-08T08:00:00Z").exits(0, "report", "make")
	s.reconcile(0, before, "2025-12-29")
	s.serveConsole(true).decide(55, func(ben *pagetest.Person) { ben.Drop(".drop", after) })
}

// The same on made-up trusts, in browsers that run no script.
func TestTheConsoleWorksWithoutScript(t *testing.T) {
	t.Parallel()
	before, after := worldOfTrusts(t, 80)
	s, _ := newSite(t).withSinks()
	s.playing("2026-04-08T08:00:00Z").exits(0, "report", "make")
	s.exits(0, "reconcile", "--files", before, "--wait")
	s.serveConsole(false).decide(15, func(ben *pagetest.Person) { ben.Choose("file", after) })
}

// decide goes through the main path. Ben sends a listing in which some trusts have another
// board, and sees what would happen; he does exactly that, and sees it happen. Cleo approves
// all but one; Ada takes it back. Each signs in at a browser of their own. Then Ada reads in
// the report, and on the page of a trust, what became of it.
func (c consoleSite) decide(trusts int, send func(ben *pagetest.Person)) {
	s, t, icbs := c.site, c.t, c.icbs()
	t.Helper()
	all, but := strconv.Itoa(trusts), strconv.Itoa(trusts-1)
	c.signIn(c.ben, "ben", "/reconcile").Inspect("reconcile")
	send(c.ben)
	c.ben.Press("Show the plan").Shows("Plan P1", "It would wait for a decision", "Integrated care board of "+all+" trust profiles")
	c.ben.Inspect("plan")
	release := s.held()
	c.ben.Press("Do exactly this").Shows("The run has begun", "Comparing").Quiet()
	release()
	c.ben.Shows(all + " changes wait for a decision").Inspect("run")
	listing := runOf(c.ben)
	require.Equal(t, icbs, s.icbs(), "no board changes")

	c.signIn(c.cleo, "cleo", "/").Inspect("what waits")
	c.cleo.Press("Run " + listing + ", trusts (etr): " + all + " changes").Shows("Decide: " + all + " changes wait").Inspect("decide")
	left := one[string](s, "select min(code) from plan_row where withheld = 'mass-change'")
	c.cleo.Click("input[name=code][value='" + left + "']").Press("Approve what is ticked")
	c.cleo.Shows("Integrated care board: " + but + " changes").Inspect("approval")
	approval := runOf(c.cleo)
	const ofCleo = "select count(*) from change where run_id::text = $1 and field = 'icb' and actor = 'p-cleo'"
	require.Equal(t, trusts-1, s.count(ofCleo, approval))
	require.Equal(t, icbs[left], s.field(left, "icb"), "the one that was left out")

	c.signIn(c.ada, "ada", "/runs/"+approval).Press("See what an undo would take back")
	c.ada.Shows(but + " profiles get former values back").Inspect("undo")
	c.undo(c.ada, approval).Shows("Integrated care board: " + but + " changes").Inspect("undone")
	require.Equal(t, icbs, s.icbs())
	undo := runOf(c.ada)
	code := one[string](s, "select min(code) from change where run_id::text = $1", undo)

	s.nextReport()
	c.readReport(code)
	c.findWhy(code, icbs[code], approval, undo)
	c.signOut()
}
