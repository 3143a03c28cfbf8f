package ops_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/ops"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// pages reads the runbook, by the names of its files.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range filesBelow(t, "runbook") {
		text, err := os.ReadFile(filepath.Join("runbook", name))
		require.NoError(t, err)
		all[name] = string(text)
	}
	return all
}

// TestEveryPageSaysFirst how the daemon's settings are had.
func TestEveryPageSaysFirst(t *testing.T) {
	t.Parallel()
	files, err := ops.Files(ops.DefaultParameters())
	require.NoError(t, err)
	for name := range pages(t) {
		at := slices.IndexFunc(files, func(f ops.File) bool { return f.Name == "runbook/"+name })
		require.GreaterOrEqual(t, at, 0, name)
		require.Regexp(t, `(?s)\n\n## Before you type\n.*profilesync status\n.*\n\n## Look\n`, string(files[at].Text), name)
	}
}

// TestEveryAlertHasAPage with the same parts, and every page an alert.
func TestEveryAlertHasAPage(t *testing.T) {
	t.Parallel()
	all, want := pages(t), []string{}
	for _, alert := range ops.Alerts() {
		want = append(want, alert.Page())
		page := all[alert.Page()]
		at := 0
		for _, part := range []string{"# " + alert.Name + "\n", "\n**What it means.** ", "\n## Look\n", "\n## Do\n", "\n## Whom to call\n"} {
			found := strings.Index(page[at:], part)
			require.GreaterOrEqual(t, found, 0, "%s: %q", alert.Page(), part)
			at += found
		}
		for line := range strings.Lines(page) {
			require.LessOrEqual(t, len(line), 141, "%s: %s", alert.Page(), line)
		}
		require.NotEmpty(t, alert.Summary)
		require.NotEmpty(t, alert.Means)
	}
	slices.Sort(want)
	require.Equal(t, want, filesBelow(t, "runbook"))
}

var link = regexp.MustCompile(`\]\(([^)]+)\)`)

// TestLinksOfTheRunbookLead somewhere: each to another page.
func TestLinksOfTheRunbookLead(t *testing.T) {
	t.Parallel()
	all, links := pages(t), 0
	for name, page := range all {
		for _, match := range link.FindAllStringSubmatch(page, -1) {
			links++
			to, err := url.Parse(match[1])
			require.NoError(t, err, name)
			require.Contains(t, all, to.Path, "%s: %s", name, match[1])
		}
	}
	require.Positive(t, links)
}

var statements = regexp.MustCompile("(?s)\n *```sql\n(.*?)```")

// TestTheSQLOfTheRunbookRuns in an empty database.
func TestTheSQLOfTheRunbookRuns(t *testing.T) {
	t.Parallel()
	db, ran := pgtest.Connect(t, pgtest.URL(t)), 0
	_, err := db.Exec(t.Context(), "reset search_path") // as psql begins
	require.NoError(t, err)
	for name, page := range pages(t) {
		for _, block := range statements.FindAllStringSubmatch(page, -1) {
			for statement := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(block[1]), ";"), ";\n") {
				require.Regexp(t, `^\s*select `, statement, "%s: it only looks", name)
				_, err := db.Exec(t.Context(), statement)
				require.NoError(t, err, "%s: %s", name, statement)
				ran++
			}
		}
	}
	require.Positive(t, ran)
}
