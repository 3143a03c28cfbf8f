package e2e

import (
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
)

// entrances are the pages where Ada begins to look around, besides what they lead to.
var entrances = []string{
	"/", "/?all=1", "/now", "/runs", "/reconcile", "/profiles", "/profiles?q=trust", "/pushes", "/drift", "/accounts", "/reports",
	"/listings", "/tokens", "/actions", "/jobs/",
}

// rivers are the rules of axe-core that River's own pages break: they are served as they are.
var rivers = []string{"label-content-name-mismatch", "page-has-heading-one", "landmark-unique"}

// every is at least one address of each page.
var every = []string{
	"/", "/cases/#", "/now", "/runs", "/runs/#", "/runs/#/undo", "/reconcile", "/plans/#", "/profiles",
	"/profiles/#",
	"/profiles/#/why", "/profiles/#/history", "/pushes", "/drift", "/accounts", "/accounts/#", "/reports",
	"/reports/#", "/reports/#/page", "/listings", "/tokens", "/actions", "/jobs/",
}

// Ada looks at every page that she can reach, at one address of each kind, after what people
// have decided on a run.
func TestEveryPageOfTheConsole(t *testing.T) {
	if os.Getenv("PROFILESYNC_SOAK") == "" {
		t.Skip("it takes many minutes: make soak")
	}
	t.Parallel()
	before, after := worldOfTrusts(t)
	s, _ := newSite(t).withSinks()
	s.playing("2026-04-08T08:00:00Z").exits(0, "report", "make")
	s.exits(0, "reconcile", "--files", before, "--wait")
	plan := s.asJSON(3, "plan", "--files", after)
	run := s.asJSON(3, "reconcile", "--plan", plan.Plan, "--wait")
	s.exits(0, "runs", "approve", run.Run, "--code", one[string](s, "select min(code) from plan_row where withheld <> ''"))
	s.nextReport()
	c := s.serveConsole(true)
	c.signIn(c.ada, "ada", "/now")
	c.write("insert into account (name, email, kind, state) values ('Mary Major', 'mary@example.org', 'member', 'active')")
	c.exits(0, "cases", "look")
	seen, next := make(map[string]string), slices.Clone(entrances)
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		kind := kindOf(path)
		if seen[kind] != "" {
			continue
		}
		seen[kind] = path
		c.ada.Go(c.url + path)
		var known []string
		if path == "/jobs/" {
			c.ada.Shows("Available")
			known = rivers
		}
		c.ada.Inspect("page "+strings.ReplaceAll(strings.Trim(kind, "/"), "/", "-"), known...)
		for _, link := range pagetest.Ask[[]string](t, c.ada.Tab, `[...document.querySelectorAll("a[href]")].map(a => a.href)`) {
			if to, ours := strings.CutPrefix(link, c.url); ours && !strings.HasPrefix(to, "/api/") && !strings.HasPrefix(to, "/jobs/") {
				to, _, _ = strings.Cut(to, "#")
				next = append(next, to)
			}
		}
	}
	require.Subset(t, slices.Collect(maps.Values(kindsOnly(seen))), every)
}

// ident matches a part of an address that names a thing: a number, a code, a day.
var ident = regexp.MustCompile(`^(P?\d+|[A-Z0-9]{3,}|u-\d+|\d{4}-\d{2}-\d{2})$`)

// kindOf is what addresses of one kind have in common: their path without what names a
// thing, and the names of their parameters.
func kindOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	parts := strings.Split(u.Path, "/")
	for i := range parts {
		parts[i] = ident.ReplaceAllString(parts[i], "#")
	}
	kind := strings.Join(parts, "/")
	if names := slices.Sorted(maps.Keys(u.Query())); len(names) > 0 {
		kind += "?" + strings.Join(names, "&")
	}
	return kind
}

// kindsOnly are kinds of pages without the parameters.
func kindsOnly(seen map[string]string) map[string]string {
	only := make(map[string]string)
	for kind := range seen {
		path, _, _ := strings.Cut(kind, "?")
		only[kind] = path
	}
	return only
}
