package cases_test

import (
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
		require.NotEmpty(t, kind.About(), kind)
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
	}
	pages, err := os.ReadDir("runbook")
	require.NoError(t, err)
	require.Len(t, pages, len(cases.Kinds()))
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
