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
