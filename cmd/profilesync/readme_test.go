package main

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
)

// The README is held against the code: what is not in it, nobody finds.

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

func TestTheReadmeNamesEveryCommand(t *testing.T) {
	t.Parallel()
	text := readme(t)
	parser, err := kong.New(&cli{})
	require.NoError(t, err)
	for _, command := range parser.Model.Leaves(true) {
		words := strings.Fields(command.Path())
		row := regexp.MustCompile("(?m)^\\| `" + words[0] + "[ `].*")
		require.Regexp(t, row, text)
		if len(words) > 1 {
			require.Contains(t, row.FindString(text), words[1])
		}
	}
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
