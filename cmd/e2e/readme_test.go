package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const readmePath = "../../README.md"

// Every command of the README is run in its order, in one shell that begins in an
// empty folder, and prints what the README shows.
func TestTheReadmeCanBeFollowed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(readmePath)
	require.NoError(t, err)
	blocks := readBlocks(string(text))
	require.Equal(t, []string{"make demo", "make run", "make test"}, withoutComments(blocks[0].commands), "the three commands stand on top")
	r := newReader(t)
	for _, b := range blocks {
		r.follows(b)
	}
	require.Empty(t, r.story, "these commands are not in the README any more")
	r.requireProfiles(string(text))
}

// block is a fenced block of commands, and what the text block below it says
// that they print.
type block struct {
	commands []command
	printed  string // empty: not shown
}

// command is a line of a block.
type command struct {
	line int // of the README
	text string
}

// follows runs the commands of a block. The daemon ends with its block.
func (r *reader) follows(b block) {
	r.t.Helper()
	var printed strings.Builder
	for _, c := range b.commands {
		printed.WriteString(r.runs(c))
	}
	r.shell.stopDaemon()
	if b.printed != "" {
		requirePrinted(r.t, b, printed.String())
	}
}

// withoutComments are the commands alone.
func withoutComments(commands []command) (texts []string) {
	for _, c := range commands {
		texts = append(texts, c.bare())
	}
	return texts
}

var comment = regexp.MustCompile(`\s+#.*`)

// bare is the command without the comment.
func (c command) bare() string { return comment.ReplaceAllString(c.text, "") }

var exitCode = regexp.MustCompile(`exit code (\d)`)

// exits is the code that the comment of the command states; 0 without one.
func (c command) exits() string {
	if stated := exitCode.FindStringSubmatch(comment.FindString(c.text)); stated != nil {
		return stated[1]
	}
	return "0"
}

// readBlocks finds the blocks of commands. A text block belongs to the block of
// commands that ends just above it.
func readBlocks(text string) (blocks []block) {
	fence, above := "", -2 // the line at which the last block of commands ended
	for i, line := range strings.Split(text, "\n") {
		language, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && fence != "":
			if fence == "sh" {
				above = i
			}
			fence = ""
		case isFence:
			if fence = language; fence == "sh" {
				blocks = append(blocks, block{})
			}
			if fence == "text" && i > above+2 {
				fence = "drawing"
			}
		case fence == "sh" && line != "":
			b := &blocks[len(blocks)-1]
			b.commands = append(b.commands, command{i + 1, line})
		case fence == "text":
			blocks[len(blocks)-1].printed += line + "\n"
		}
	}
	return blocks
}

// requirePrinted compares what commands printed with what the README shows, where
// … stands for anything within a line, and a line of … alone for any lines.
// Blank lines at the end count for nothing.
func requirePrinted(t *testing.T, b block, printed string) {
	t.Helper()
	shown := regexp.QuoteMeta(strings.TrimSpace(b.printed) + "\n")
	shown = regexp.MustCompile(`(?m)^…\n`).ReplaceAllLiteralString(shown, `(?:.*\n)*`)
	shown = strings.ReplaceAll(shown, "…", ".*")
	if !regexp.MustCompile("^" + shown + "$").MatchString(strings.TrimSpace(printed) + "\n") {
		require.Equal(t, b.printed, printed, "README.md:%d, where … stands for anything", b.commands[0].line)
	}
}
