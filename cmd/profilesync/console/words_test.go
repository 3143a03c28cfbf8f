package console_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

func texts[T ~string](codes []T) []string {
	all := make([]string, len(codes))
	for i, code := range codes {
		all[i] = string(code)
	}
	return all
}

// codes are those that settings, commands and the API know things by, where they are no words.
func codes() []string {
	all := slices.Concat(
		texts(runs.WithheldReasons()), texts(quality.Kinds()), texts(quality.Owners()), texts(cases.Kinds()), texts(cases.Owners()),
		texts(people.LetterKinds()), texts(people.LetterStates()), texts(people.Sections()), texts(services.States()),
		texts(casestore.ClosureStates()), texts(push.States()),
		texts([]cases.State{cases.SetAside}), texts([]runs.Flag{runs.LeftType, runs.NoEndDate, runs.StillAbsent, runs.EndInFuture}),
		texts([]people.MemberRole{people.RoleManager}), []string{"change-event", "make-plan", "start-run", "add-hold", "add-token"},
	)
	for _, f := range profile.Fields() {
		all = append(all, f.String())
	}
	return slices.DeleteFunc(all, func(code string) bool { return !strings.ContainsAny(code, "-_") })
}

var (
	snake = regexp.MustCompile(`\b[a-z]+(?:_[a-z][a-z0-9]*)+\b`)
	// aCheck is the word without which of the things that were called so it is.
	aCheck = regexp.MustCompile(`(?i)(\w+) (check(?:s|ed)?)\b`)
)

// read is what people read of a page: not what stands as code, and no addresses.
func read(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data + " "
	}
	if n.Data == "code" || n.Data == "script" || n.Data == "style" {
		return ""
	}
	text := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		text += read(c)
	}
	return text
}

// wrongWords are the words of a text that are codes, and checks that do not say which.
func wrongWords(text string, known *regexp.Regexp) []string {
	wrong := slices.Concat(snake.FindAllString(text, -1), known.FindAllString(text, -1))
	for _, found := range aCheck.FindAllStringSubmatch(text, -1) {
		if !slices.Contains([]string{"quality", "drift", "inactivity"}, strings.ToLower(found[1])) {
			wrong = append(wrong, found[0])
		}
	}
	return wrong
}

// Pages say words where people read: no codes, and of checks always which.
func TestPagesSayWords(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	escaped := codes()
	for i, one := range escaped {
		escaped[i] = regexp.QuoteMeta(one)
	}
	known := regexp.MustCompile(`(?:^|[\s"'(;:,])(` + strings.Join(escaped, "|") + `)(?:$|[\s"');:,.])`)
	require.Len(t, wrongWords(`it is "set-aside" by pull_ods after a check; no quality check`, known), 3, "the test finds what it looks for")
	found, cid := make(map[string]string), w.as("cid")
	pages := cid.crawl(200, func(path string) {
		for _, wrong := range wrongWords(strings.Join(strings.Fields(read(cid.root)), " "), known) {
			found[wrong] = path
		}
	}, entrances(code)...)
	require.Greater(t, pages, 60)
	require.Empty(t, found)
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from section_check"))
	cid.open("/profiles/"+code).shows(200, "Confirmed by people", "u-1")
	require.Contains(t, w.as("dot").open("/api/v1/profiles/"+code).raw, `"section":"contact"`)
}
