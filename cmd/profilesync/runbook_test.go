package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command that the runbook of alerts names can be typed so.
func TestTheCommandsOfTheRunbookExist(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile("`profilesync ([^`]+)`")
	inBlock := regexp.MustCompile(`(?m)^ *profilesync (.+)$`)
	words := regexp.MustCompile(`'[^']*'|\S+`)
	pages, err := filepath.Glob(filepath.Join("ops", "runbook", "*.md"))
	require.NoError(t, err)
	found := 0
	for _, page := range append(pages, "ops/before.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range append(inline.FindAllStringSubmatch(string(text), -1), inBlock.FindAllStringSubmatch(string(text), -1)...) {
			parser := testParser(t)
			line := strings.ReplaceAll(match[1], "\n   ", " ")
			_, err := parser.Parse(words.FindAllString(line, -1))
			require.NoError(t, err, "%s: profilesync %s", page, line)
			found++
		}
	}
	require.Greater(t, found, 50)
}
