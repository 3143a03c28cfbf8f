package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// testParser is the parser of the program, which never exits.
func testParser(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := newParser(&cli{}, io.Discard, io.Discard, func(int) {})
	require.NoError(t, err)
	return parser
}

// typed runs the program, and returns its exit code and what it printed.
func typed(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

// each calls check with every command, and each of its flags and arguments.
func each(t *testing.T, check func(path string, node *kong.Node, v *kong.Value)) {
	t.Helper()
	for _, node := range testParser(t).Model.Leaves(true) {
		for _, v := range node.Positional {
			check(commandPath(node), node, v)
		}
		for _, flag := range node.Flags {
			check(commandPath(node), node, flag.Value)
		}
	}
}

// How every command is typed: alternatives as alternatives, and what must be given.
func TestHowEveryCommandIsTyped(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	for _, node := range testParser(t).Model.Leaves(true) {
		line := usageLine(node, helpWidth)
		page.WriteString(line)
		for l := range strings.Lines(line) {
			require.LessOrEqual(t, utf8.RuneCountInString(l), helpWidth+1)
		}
	}
	golden := filepath.Join("testdata", "usage.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(page.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), page.String(), "go test ./cmd/profilesync -update")
	require.Contains(t, page.String(), "plan [--files FILE ... | --report NAME | --ods CODE ... | --source NAME]")
	require.Contains(t, page.String(), "remind (--preview | --post | --send-now CODE)")
}

func TestEveryCommandAndFlagHasHelp(t *testing.T) {
	t.Parallel()
	for _, node := range testParser(t).Model.Leaves(true) {
		require.NotEmpty(t, node.Help, commandPath(node))
		require.True(t, strings.HasSuffix(node.Help, "."), commandPath(node))
	}
	each(t, func(path string, _ *kong.Node, v *kong.Value) {
		require.NotEmpty(t, v.Help, "%s: %s", path, v.Name)
		require.True(t, strings.HasSuffix(v.Help, "."), "%s: %s: %s", path, v.Name, v.Help)
	})
}

// Flags that mean one of a few things everywhere take exactly these.
func TestWhatCanBeListedIsListed(t *testing.T) {
	t.Parallel()
	closed := []string{"state", "sink", "field", "kind", "owner", "type", "source", "format", "section", "shell"}
	each(t, func(path string, _ *kong.Node, v *kong.Value) {
		for _, name := range closed {
			if v.Name == name {
				require.NotEmpty(t, choicesOf(v), "%s: %s takes anything", path, v.Name)
			}
		}
		if v.Enum != "" {
			require.NotEmpty(t, choicesOf(v), "%s: %s takes nothing", path, v.Name)
		}
	})
}

// Help, completion and the refusal of a wrong value list the same values.
func TestAWrongValueIsRefusedWithAllThatAreRightAndTheNearest(t *testing.T) {
	t.Parallel()
	parser := testParser(t)
	each(t, func(path string, node *kong.Node, v *kong.Value) {
		values := choicesOf(v)
		if len(values) == 0 {
			return
		}
		wrong := values[0] + "x"
		args := append(strings.Fields(path), argumentsWith(node, v, wrong)...)
		code, out, err := typed(args...)
		require.Equal(t, 2, code, args)
		require.Empty(t, out)
		require.Contains(t, err, `"`+wrong+`": want `, args)
		require.Contains(t, err, "did you mean "+values[0]+"?", args)
		var words bytes.Buffer
		if v.Flag != nil {
			complete(&words, parser.Model, append(strings.Fields(path), "--"+v.Name, ""))
		} else {
			complete(&words, parser.Model, append(before(args, wrong), ""))
		}
		for _, value := range values {
			require.Contains(t, err, value, args)
			require.Contains(t, helpOf(v), value, args)
			require.Contains(t, "\n"+words.String(), "\n"+value+"\t", "%v: completion", args)
		}
	})
}

// argumentsWith are the arguments of a command that are right but for one value.
func argumentsWith(node *kong.Node, wrong *kong.Value, value string) (args []string) {
	for _, v := range node.Positional {
		switch values := choicesOf(v); {
		case v == wrong:
			args = append(args, value)
		case len(values) > 0 && v.Required:
			args = append(args, values[0])
		case v.Required || v.Position < wrong.Position && wrong.Flag == nil:
			args = append(args, "1")
		}
	}
	for _, flag := range node.Flags {
		switch {
		case flag.Value == wrong:
			args = append(args, "--"+flag.Name+"="+value)
		case flag.Required && len(flag.Xor) == 0:
			args = append(args, "--"+flag.Name+"=x")
		}
	}
	return args
}

// before are the words before one of them.
func before(args []string, word string) []string {
	for i, a := range args {
		if a == word {
			return args[:i:i]
		}
	}
	return args
}
