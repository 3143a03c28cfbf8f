package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
)

// The cases that real listings open, one of each kind with how many there are, and with
// names and codes replaced: see connectors/realdata.
func TestCasesOfRealListings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, asOf, on   string
		after, now, digest string // digest is the next working day
		decision           string // the one of the two that is taken
	}{
		"practices":  {practices2024, "2024-08-24", "2024-08-24", practices2025, "2025-05-25", "2025-05-27", ""},
		"trusts":     {trustsBefore, "2025-12-29", "2025-12-29", trustsAfterApril, "2026-04-09", "2026-04-09", "runs approve"},
		"new_layout": {practices2025, "2025-05-25", "2025-12-29", practicesToday, "2026-02-22", "2026-02-23", "runs reject"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := realData(t, c.before), realData(t, c.after)
			s := newCaseSite(t).on(c.on)
			if c.on >= "2025-12-29" {
				s.loadCommissioners()
			}
			s.exits(0, "reconcile", "--files", before, "--as-of", c.asOf, "--wait")
			s.exits(0, "cases", "look")
			s = s.on(c.now)
			s.do("reconcile", "--files", after, "--as-of", c.now, "--wait")
			s.exits(0, "cases", "look")
			require.Contains(t, strings.Join(strings.Fields(s.exits(0, "cases", "look").out), " "),
				"opened 0 changed 0 open again 0 ended 0", "a second look finds nothing")

			found := objects[casestore.Listed](t, s.exits(3, "cases", "list", "--format", "json").out)
			text := summedUp(found)
			requireListFits(t, s, found)
			requireLettersSayEachOnce(t, s.on(c.digest), found)
			for _, first := range firstOfEach(found) {
				requireCommandsWork(t, s, first, c.decision)
			}
			s.exits(0, "cases", "look")
			require.Empty(t, objects[casestore.Listed](t, s.do("cases", "list", "--kind", "mass-change-withheld", "--format", "json").out))
			isGolden(t, filepath.Join("testdata", "cases_"+name+".golden"), text)
		})
	}
}

func firstOfEach(found []casestore.Listed) (first []casestore.Listed) {
	for i, c := range found {
		if i == 0 || found[i-1].Kind != c.Kind {
			first = append(first, c)
		}
	}
	return first
}

// summedUp says of each kind how many there are, and what the first says, without names
// and codes.
func summedUp(found []casestore.Listed) string {
	var text strings.Builder
	for _, c := range firstOfEach(found) {
		some := slices.DeleteFunc(slices.Clone(found), func(other casestore.Listed) bool { return other.Kind != c.Kind })
		owners, days := make(map[string]bool), make(map[string]bool)
		for _, other := range some {
			owners[string(other.Owner)], days[other.Deadline.String()] = true, true
		}
		pairs := []string{}
		for _, named := range [][2]string{{c.Facts["before"], "OLD NAME"}, {c.Facts["name"], "NAME"}, {string(c.Code), "CODE"}} {
			if named[0] != "" {
				pairs = append(pairs, named[0], named[1])
			}
		}
		says := strings.NewReplacer(pairs...).Replace(c.Title + "\n    " + c.Next)
		fmt.Fprintf(&text, "%d %s, %s, due %s\n    %s\n", len(some), c.Kind,
			strings.Join(slices.Sorted(maps.Keys(owners)), ", "), strings.Join(slices.Sorted(maps.Keys(days)), ", "), says)
	}
	return text.String()
}

// requireListFits requires that a list says the same each time, fits a page, and shows at
// most five of a kind and how many more there are.
func requireListFits(t *testing.T, s *site, found []casestore.Listed) {
	t.Helper()
	list := s.exits(3, "cases", "list").out
	require.Equal(t, list, s.exits(3, "cases", "list").out)
	for line := range strings.Lines(list) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 101, line)
	}
	count := make(map[cases.Kind]int)
	for _, c := range found {
		count[c.Kind]++
	}
	for kind, n := range count {
		rows := regexp.MustCompile(`(?m)^(\d+|…) +`+string(kind)+` .*$`).FindAllString(list, -1)
		require.Len(t, rows, min(n, 6), kind)
		if n > 5 {
			require.Contains(t, rows[5], fmt.Sprintf("and %d more (--kind %s)", n-5, kind))
		}
	}
}

// requireLettersSayEachOnce requires that each case that is not urgent, of which people
// know already, is told to somebody, and what to do once a kind and letter.
func requireLettersSayEachOnce(t *testing.T, s *site, found []casestore.Listed) {
	t.Helper()
	letters := objects[struct {
		To    string   `json:"to"`
		Kind  string   `json:"kind"`
		Cases []int64  `json:"cases"`
		Lines []string `json:"lines"`
	}](t, s.exits(0, "cases", "letters", "--preview", "--format", "json").out)
	told := make(map[int64]bool)
	for _, l := range letters {
		require.Len(t, l.Lines, len(l.Cases))
		text, next := strings.Join(l.Lines, "\n"), make(map[cases.Kind]int)
		for _, c := range found {
			if slices.Contains(l.Cases, c.ID) {
				require.Contains(t, text, c.Title)
				told[c.ID] = true
				next[c.Kind] += strings.Count(text, c.Next+".")
			}
		}
		for kind, n := range next {
			require.Equal(t, 1, n, "%s to %s", kind, l.To)
		}
	}
	for _, c := range found {
		require.Equal(t, c.Kind.Urgent(), !told[c.ID], c.Title)
	}
}

// commandIn finds the commands in a next step.
var commandIn = regexp.MustCompile(`profilesync ((?:[a-z]+ )(?:'[^']*'|[^\s'.,]+| )+)`)

// requireCommandsWork runs the commands of a case's next step, but for the decision that
// is not taken, and shows the case.
func requireCommandsWork(t *testing.T, s *site, c casestore.Listed, decision string) {
	t.Helper()
	shown := strings.Join(strings.Fields(s.exits(0, "cases", "show", strconv.FormatInt(c.ID, 10)).out), " ")
	require.Contains(t, shown, strings.Join(strings.Fields(c.Title), " "))
	commands := commandIn.FindAllStringSubmatch(c.Next, -1)
	require.NotEmpty(t, commands, c.Next)
	for _, command := range commands {
		args := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(command[1], -1)
		for i := range args {
			args[i] = strings.Trim(args[i], "'")
		}
		if decides := args[0] + " " + args[1]; (decides == "runs approve" || decides == "runs reject") && decides != decision {
			continue
		}
		s.exits(0, args...)
	}
}

func isGolden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "run go test ./cmd/e2e -run %s -update", t.Name())
}
