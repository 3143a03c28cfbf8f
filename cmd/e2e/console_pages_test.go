package e2e

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
)

// entrances are the pages where Ada begins to look around, besides what they lead to.
var entrances = []string{
	"/", "/?code=RA6", "/now", "/runs", "/reconcile", "/profiles", "/profiles?q=east", "/pushes", "/pushes?state=waits", "/drift",
	"/accounts", "/reports",
	"/listings", "/tokens", "/actions", "/rehearsals", "/closures", "/checks", "/records", "/accounts/inactive", "/reminders", "/letters",
}

// every is at least one address of each page.
var every = []string{
	"/", "/cases/#", "/now", "/runs", "/runs/#", "/runs/#/undo", "/reconcile", "/plans/#", "/profiles",
	"/profiles/#",
	"/profiles/#/why", "/profiles/#/history", "/pushes", "/drift", "/accounts", "/accounts/#", "/reports",
	"/reports/#", "/reports/#/page", "/listings", "/tokens", "/actions",
	"/rehearsals", "/rehearsals/#", "/profiles/#/undo", "/profiles/#/push", "/closures", "/closures/#", "/checks",
	"/records", "/records/contradictions", "/records/flags", "/records/owners", "/accounts/inactive", "/reminders", "/letters",
}

// Ada looks at every page that she can reach, at one address of each kind, after what people
// have decided on a run.
func TestEveryPageOfTheConsole(t *testing.T) {
	t.Parallel()
	start := time.Now()
	before, after := worldOfTrusts(t, 80)
	s, _ := newSite(t).withSinks()
	s.playing("2026-04-08T08:00:00Z").exits(0, "report", "make")
	s.exits(0, "reconcile", "--files", before, "--wait")
	s.asJSON(3, "plan", "--files", after, "--rehearse", "--as-of", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	plan := s.asJSON(3, "plan", "--files", after)
	run := s.asJSON(3, "reconcile", "--plan", plan.Plan, "--wait")
	s.exits(0, "runs", "approve", run.Run, "--code", one[string](s, "select min(code) from plan_row where withheld <> ''"))
	s.nextReport()
	s.write("insert into account (name, email, kind, state) values ('Mary Major', 'mary@example.org', 'member', 'active')")
	s.exits(0, "cases", "look")
	c := s.serveConsole(true)
	c.signIn(c.ada, "ada", "/now")
	seen, next := make(map[string]bool), append(slices.Clone(entrances), c.reportOfOneBoard())
	begun, looked, looking := len(next), 0, time.Duration(0)
	for i := 0; i < len(next); i++ {
		path, kind := next[i], kindOf(next[i])
		if seen[kind] && i >= begun {
			continue
		}
		seen[kind] = true
		c.ada.Go(c.url + path)
		at := time.Now()
		c.ada.Inspect("page " + strings.ReplaceAll(path, "/", "-"))
		looked, looking = looked+1, looking+time.Since(at)
		for _, link := range pagetest.Ask[[]string](t, c.ada.Tab, `[...document.querySelectorAll("a[href]")].map(a => a.href)`) {
			if to, ours := strings.CutPrefix(link, c.url); ours && !strings.HasPrefix(to, "/api/") && !strings.HasPrefix(to, "/jobs/") {
				to, _, _ = strings.Cut(to, "#")
				next = append(next, to)
			}
		}
	}
	c.lookAtJobs()
	t.Logf("%d pages, looked at in %s of %s", looked, looking.Round(time.Second), time.Since(start).Round(time.Second))
	require.Subset(t, slices.Collect(maps.Keys(seen)), every)
}

// reportOfOneBoard is the address of the newest report, in which one board has few changes.
func (c consoleSite) reportOfOneBoard() string {
	c.t.Helper()
	board := one[string](c.site, "select icb from profile where icb <> '' group by icb order by count(*), icb limit 1")
	return "/reports/" + one[string](c.site, "select max(day)::text from report") + "/page?region=" + board
}

// lookAtJobs looks at River's own pages, each once it shows what it is about.
func (c consoleSite) lookAtJobs() {
	c.t.Helper()
	job := one[string](c.site, "select max(id)::text from river.river_job where state = 'completed'")
	for _, page := range []struct{ path, name, shows string }{
		{"/jobs/", "running", "Available"},
		{"/jobs/jobs?state=completed", "list", "Completed"},
		{"/jobs/jobs/" + job, "one", "Priority"},
		{"/jobs/queues", "queues", "runs"},
		{"/jobs/queues/runs", "queue", "Concurrency"},
	} {
		c.ada.Go(c.url + page.path).Shows(page.shows).InspectForeign("page jobs-" + page.name)
	}
}

// ident matches a part of an address that names a thing: a number, a code, a day.
var ident = regexp.MustCompile(`^(P?\d+|[A-Z0-9]{3,}|u-\d+|\d{4}-\d{2}-\d{2})$`)

// kindOf is what addresses of one kind have in common: their path without what names a
// thing, and without parameters.
func kindOf(address string) string {
	path, _, _ := strings.Cut(address, "?")
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = ident.ReplaceAllString(parts[i], "#")
	}
	return strings.Join(parts, "/")
}
