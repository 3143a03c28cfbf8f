package cases_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/cases"
)

// Every kind has an owner, texts and a page of the runbook with its four parts; no
// page is of a kind that is no more.
func TestEveryKindIsWhole(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, kind := range cases.Kinds() {
		c := cases.Case{Kind: kind}
		require.Regexp(t, name, string(kind))
		require.NotEmpty(t, kind.Owners(), kind)
		require.Subset(t, cases.Owners(), kind.Owners(), kind)
		for _, text := range []string{c.Title(), c.Next()} {
			require.NotEmpty(t, text, kind)
			require.NotContains(t, text, "\n", kind)
			require.False(t, strings.HasSuffix(text, "."), "%s: letters add the full stop", kind)
		}
		page := kind.Page()
		require.True(t, strings.HasPrefix(page, "# "), "%s has no page", kind)
		for _, part := range []string{"What it means for patients", "First look", "What to do", "Whom to ask"} {
			require.Contains(t, page, "**"+part+".**", kind)
		}
		words := len(strings.Fields(page))
		require.True(t, 80 <= words && words <= 150, "%s: its page has %d words", kind, words)
	}
	pages, err := os.ReadDir("runbook")
	require.NoError(t, err)
	require.Len(t, pages, len(cases.Kinds()))
}

// The table of the rules names every kind once, as it is.
func TestTheRulesNameEveryKind(t *testing.T) {
	t.Parallel()
	file, heading, _ := strings.Cut(`../RULES.md "Cases"`, " ")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+strings.Trim(heading, `"`)+"\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	got := make(map[string]string)
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z-]+(?:, [a-z-]+)*) \| [^|]+ (\|.*)$`).FindAllStringSubmatch(section, -1) {
		for kind := range strings.SplitSeq(row[1], ", ") {
			require.Empty(t, got[kind], "%s stands twice", kind)
			got[kind] = row[2]
		}
	}
	delete(got, "kind")
	want := make(map[string]string)
	for _, kind := range cases.Kinds() {
		urgent := map[bool]string{true: "yes "}[kind.Urgent()]
		owners := strings.Trim(strings.ReplaceAll(fmt.Sprint(kind.Owners()), " ", ", "), "[]")
		want[string(kind)] = fmt.Sprintf("| %s | %d | %s|", owners, kind.Days(), urgent)
	}
	require.Equal(t, want, got)
}

func TestNoKindIsThereTwice(t *testing.T) {
	t.Parallel()
	seen := make(map[cases.Kind]bool)
	for _, kind := range cases.Kinds() {
		require.False(t, seen[kind], kind)
		seen[kind] = true
		parsed, err := cases.ParseKind(string(kind))
		require.NoError(t, err)
		require.Equal(t, kind, parsed)
	}
	_, err := cases.ParseKind("no-such-kind")
	require.ErrorContains(t, err, "sink-paused")
	require.Equal(t, []cases.Owner{cases.Operations}, cases.Kind("no-such-kind").Owners(), "a stored case of a kind that is no more")
}
