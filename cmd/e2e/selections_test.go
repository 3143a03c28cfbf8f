package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
)

// A selection that hits nothing says so, and what else waits; one that names what
// there is not is a mistake.
func TestSelectionsThatHitNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test").with("NOW=2026-06-05T09:00:00Z")
	s.caseDay(0, "names-held", 1)
	s.caseDay(3, "names-held", 2)
	r := &transcript{t: t}
	for _, args := range []string{
		"approve 2 --type pharmcy", "reject 2 --reason mass_change", "waiting --report edispensery", "approve --region Y99 --field nome",
	} {
		r.says(s, 2, append([]string{"runs"}, strings.Fields(args)...)...)
	}
	for _, args := range []string{
		"waiting 999", "approve 999", "reject 1", "approve 2 --code FAA50", "approve --type trust", "approve --all --digest 0123456789abcdef",
	} {
		r.says(s, 1, append([]string{"runs"}, strings.Fields(args)...)...)
	}
	r.says(s, 0, "runs", "waiting", "2", "--type", "trust")
	r.says(s, 0, "runs", "show", "2", "--withheld", "--most", "2")

	// Decided on without a run, by the digest of what was shown.
	first, _, _ := strings.Cut(s.exits(0, "runs", "waiting", "--code", "FAA00,FAA01", "--format", "json").out, "\n")
	require.JSONEq(t, `{"waiting":2,"digest":"`+digestIn(t, first)+`"}`, first)
	s.exits(0, "runs", "approve", "--code", "FAA00,FAA01", "--digest", digestIn(t, first), "--actor", "u-4711")
	require.Len(t, s.waiting(), 10)
	r.says(s, 1, "runs", "approve", "2", "--code", "FAA50")
	r.is("selections.golden")
}

func digestIn(t *testing.T, line string) string {
	t.Helper()
	_, rest, found := strings.Cut(line, `"digest":"`)
	require.True(t, found, line)
	digest, _, _ := strings.Cut(rest, `"`)
	return digest
}

// What an approval leaves out is named with the reason; one that applies nothing has
// something to say. What became of it is shown, its undo too.
func TestWhatApprovalsLeaveOut(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test").with("NOW=2026-06-05T09:00:00Z")
	s.caseDay(0, "names-held", 1)
	s.caseDay(3, "names-held", 2)
	s.exits(0, "hold", "add", "FAA00", "--field", "name", "--reason", "lease", "--actor", "jo")
	s.edit("FAA01", "name", "By Hand")
	s.edit("FAA02", "status", "closed")
	r := &transcript{t: t}
	r.says(s, 3, "runs", "approve", "2", "--code", "FAA00,FAA01", "--actor", "bob")
	r.says(s, 0, "runs", "approve", "2", "--code", "FAA01,FAA02,FAA03", "--actor", "bob")
	r.says(s, 0, "runs", "undo", "4", "--preview")
	s.exits(0, "runs", "undo", "4", "--yes", "--actor", "bob")
	r.says(s, 0, "runs", "show", "2", "--withheld", "--most", "5")
	r.says(s, 0, "runs", "show", "4")
	r.says(s, 0, "runs", "undo", "1", "--preview", "--format", "json")
	r.is("left-out.golden")
}

// Whoever asked for the run that withheld a change first does not approve it, nor
// anything else beside it.
func TestNobodyApprovesWhatTheyAskedForFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("APPROVAL_BY_ANOTHER=true")
	ask := func(code int, day, actor string) {
		s.exits(code, "reconcile", "--files", realdata.Path(t, "cases", "names-held", "edispensary_"+day+".csv"), "--as-of", "2026-06-0"+day,
			"--actor", actor, "--wait")
	}
	ask(0, "1", "schedule")
	ask(3, "2", "ann")
	for _, code := range []string{"FAA00", "FAA01"} {
		s.edit(code, "name", "By Hand")
	}
	ask(3, "3", "schedule")
	s.write("update run set os_user = ''")
	for _, args := range []string{"approve 3", "approve --field name", "approve --all"} {
		o := s.exits(1, append(append([]string{"runs"}, strings.Fields(args)...), "--actor", "ann")...)
		require.Contains(t, o.err, "run 2 was asked for by ann")
	}
	require.Zero(t, s.count("select count(*) from run where kind = 'approve'"), "nothing is approved by half")
	s.exits(0, "runs", "approve", "--all", "--actor", "zoe")
}

// Services that wait are one kind, by their names, and show what differs.
func TestServicesThatWaitAreReadable(t *testing.T) {
	t.Parallel()
	e := newERSSite(t, 2, 12)
	e.pulls(0, "2026-11-02")
	for _, service := range e.at(0)[:6] {
		require.NoError(t, e.world.Remove(service.ID))
	}
	for _, day := range []string{"2026-11-03", "2026-11-04"} {
		e.on(day).do("reconcile", "--source", "ers", "--wait")
	}
	out := e.exits(0, "runs", "waiting").out
	require.NotContains(t, out, "{", "no raw values")
	require.Equal(t, 1, strings.Count(out, "ers-services, too-many-removals"), "one kind: %s", out)
}
