package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
)

// The README is held against the code: nobody finds what is not in it.

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	return string(text)
}

func TestTheReadmeNamesEverySetting(t *testing.T) {
	t.Parallel()
	text := readme(t)
	settings := reflect.TypeFor[settings.Settings]()
	for field := range settings.Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		if tag != "" {
			require.Contains(t, text, "`PROFILESYNC_"+tag+"`")
		}
	}
}

func TestTheReadmeShowsTheNewestSchema(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../connectors/postgres/migrations/*.sql")
	require.NoError(t, err)
	newest, _, _ := strings.Cut(filepath.Base(slices.Max(files)), "_")
	require.Regexp(t, `(?m)^schema +`+strings.TrimLeft(newest, "0")+`, current$`, readme(t))
}

func TestTheReadmeNamesEveryCommand(t *testing.T) {
	t.Parallel()
	text := readme(t)
	for _, command := range allCommands(t) {
		words := strings.Fields(command)
		row := regexp.MustCompile("(?m)^\\| `" + words[0] + "[ `].*")
		require.Regexp(t, row, text)
		if len(words) > 1 {
			require.Contains(t, row.FindString(text), words[1])
		}
	}
	seen := map[string]bool{}
	for _, row := range readmeTable(t, "## Commands") {
		name := strings.Fields(strings.Trim(row[0], "`"))[0]
		require.False(t, seen[name], "%s stands twice", name)
		seen[name] = true
	}
}

// allCommands are the commands as people type them.
func allCommands(t *testing.T) (typed []string) {
	t.Helper()
	parser := testParser(t)
	for _, command := range parser.Model.Leaves(true) {
		typed = append(typed, command.Path())
	}
	return typed
}

func TestTheReadmeGivesEveryDependencyItsReason(t *testing.T) {
	t.Parallel()
	text := readme(t)
	mod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1)
	require.NotEmpty(t, direct)
	for _, match := range direct {
		name := strings.TrimPrefix(match[1], "github.com/")
		name = regexp.MustCompile(`^(riverqueue/river).*|^golang\.org/`).ReplaceAllString(name, "$1")
		require.Contains(t, text, name, match[1])
	}
}

// maxWords keeps the glossary short enough to be read.
const maxWords = 30

// Each word is a name in the code, or part of one; one word stands for one thing.
func TestTheWordsOfTheReadmeAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	code := readNames(t)
	rows := readmeTable(t, "## Words")
	require.LessOrEqual(t, len(rows), maxWords)
	words := map[string]bool{}
	for _, row := range rows {
		word, meaning, name := row[0], row[1], strings.ReplaceAll(row[2], "`", "")
		require.False(t, words[word], "%q stands twice", word)
		words[word] = true
		require.True(t, code[name], "%s: there is no %s in the code", word, name)
		allowed := append([]string{strings.ReplaceAll(word, " ", "")}, abbreviation.FindAllString(meaning, 1)...)
		require.Regexp(t, `(?i)[ ./_]\w*(`+strings.Join(allowed, "|")+")", name, "%s goes by another word in the code", word)
	}
}

// abbreviation is what a meaning gives beside the word: ICB.
var abbreviation = regexp.MustCompile(`\b[A-Z]{3}\b`)

func TestTheReadmeSaysWhereThingsAre(t *testing.T) {
	t.Parallel()
	rows := readmeTable(t, "## Where things are")
	require.LessOrEqual(t, len(rows), 12)
	for _, row := range rows {
		paths := inFolder.FindAllStringSubmatch(row[1], -1)
		require.NotEmpty(t, paths, row[0])
		for _, path := range paths {
			_, err := os.Stat("../../" + path[1])
			require.NoError(t, err, row[0])
		}
	}
}

var inFolder = regexp.MustCompile("`([^`]+/[^`]*)`")

// readmeTable is the table below a heading, without its header.
func readmeTable(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	_, below, found := strings.Cut(readme(t), "\n"+heading+"\n")
	require.True(t, found, heading)
	below, _, _ = strings.Cut(below, "\n## ")
	for line := range strings.Lines(below) {
		if cells, isRow := strings.CutPrefix(strings.TrimSpace(line), "| "); isRow {
			rows = append(rows, strings.Split(strings.TrimSuffix(cells, " |"), " | "))
		}
	}
	require.NotEmpty(t, rows, heading)
	return rows[1:]
}
