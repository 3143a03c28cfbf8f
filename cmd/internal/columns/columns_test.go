package columns_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/internal/visible"
)

func TestNoCellSteersATerminal(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	columns.Write(&page, "CODE | BY", [][]string{
		{"FA001", "\x1b[2J\x1b[31mroot\x1b[0m"}, {"FA002", "an\u202een\r\u009b5n"}, {"FA003", "two\nlines"},
	})
	require.Equal(t, "CODE   BY\nFA001  �[2J�[31mroot�[0m\nFA002  an�en��5n\nFA003  two\n       lines\n", page.String())
	rapid.Check(t, func(t *rapid.T) {
		page.Reset()
		cell := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		columns.Write(&page, "", [][]string{{cell, "x"}})
		for _, r := range strings.ReplaceAll(page.String(), "\n", "") {
			require.True(t, visible.Is(r), "%U", r)
		}
	})
}

// A table is as wide as COLUMNS says, and has a line for each row where nobody says so.
func TestATableFitsItsPage(t *testing.T) { //nolint:paralleltest // it sets a variable
	rows := [][]string{{"FA001", strings.Repeat("a long name ", 20)}}
	var page bytes.Buffer
	columns.Write(&page, "CODE | NAME", rows)
	require.Equal(t, 2, strings.Count(page.String(), "\n"), "no terminal: a line for each row")
	for columnsOf, most := range map[string]int{"120": 120, "60": 60, "1": 40} {
		t.Setenv("COLUMNS", columnsOf)
		page.Reset()
		columns.Write(&page, "CODE | NAME", rows)
		widest := 0
		for line := range strings.Lines(page.String()) {
			widest = max(widest, len(strings.TrimRight(line, "\n")))
		}
		require.LessOrEqual(t, widest, most)
		require.Greater(t, widest, most/2)
	}
	for _, wrong := range []string{"", "0", "-3", "wide"} {
		t.Setenv("COLUMNS", wrong)
		require.Equal(t, columns.Unlimited, columns.Width(&page), wrong)
	}
}

func TestATableOfNothingIsTheWordNone(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	columns.Write(&page, "CODE | NAME", nil)
	require.Equal(t, "none\n", page.String())
	page.Reset()
	columns.Write(&page, "", nil)
	require.Empty(t, page.String())
}
