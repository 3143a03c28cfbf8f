package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

// actor plays profilesync: it answers as a second oracle foretells, unless it
// is told to spoil the answers of one command.
type actor struct {
	t      *testing.T
	story  *story
	oracle *oracle
	runs   int

	command string // "first", "approve" and so on: the step whose answers are spoilt
	spoil   func(*reconcile.Summary)
	code    int // added to the exit code of that step
	fails   error
}

func (a *actor) run(_ context.Context, at time.Time, each func(reconcile.Summary), args ...string) (int, error) {
	spoilt := len(a.story.steps) < len(chapters()) && chapters()[len(a.story.steps)].name == a.command
	if spoilt && a.fails != nil {
		return 1, a.fails
	}
	code := 0
	for _, s := range a.answers(at, args) {
		a.runs++
		s.Run = reconcile.RunID(a.runs).String()
		if len(s.Withheld) > 0 {
			code = exitAwaits
		}
		if spoilt && a.spoil != nil && (s.Report == "etr" || a.command == "ask") {
			a.spoil(&s)
		}
		each(s)
	}
	if spoilt {
		code += a.code
	}
	return code, nil
}

func (a *actor) answers(at time.Time, args []string) []reconcile.Summary {
	switch {
	case args[0] == "runs" && args[1] == "approve":
		return []reconcile.Summary{a.oracle.approval("etr")}
	case args[0] == "runs" && args[1] == "undo":
		return []reconcile.Summary{a.oracle.undo("etr")}
	case strings.Contains(strings.Join(args, " "), "--ods"):
		code := args[4]
		a.oracle.reports["edispensary"][code].set("name", "NEW LEAF PHARMACY")
		want := a.oracle.decision("api")
		want.Population, want.Changes.Update, want.Fields["name"] = a.oracle.all(), 1, 1
		return []reconcile.Summary{want}
	}
	var all []reconcile.Summary
	for report := range covers {
		facts, err := a.story.world.Facts(report)
		require.NoError(a.t, err)
		all = append(all, a.oracle.listing(report, facts, dayOf(at)))
	}
	return all
}

// told plays the story with the actor and returns what was shown.
func (a *actor) told(t *testing.T) (shown string, err error) {
	t.Helper()
	var out bytes.Buffer
	show := newScreen(&out)
	a.t, a.oracle = t, newOracle()
	a.story = &story{world: smallWorld(t), oracle: newOracle(), screen: show, now: time.Now, runner: a.run}
	err = a.story.tell(t.Context())
	return out.String(), err
}

func TestTheStoryIsToldWhereEveryNumberIsRight(t *testing.T) {
	t.Parallel()
	a := &actor{}
	shown, err := a.told(t)
	require.NoError(t, err, shown)
	require.Contains(t, shown, "9. 3 April 2026, 05:00.")
	require.Contains(t, shown, "held back until a person says yes")
	for line := range strings.Lines(shown) {
		require.LessOrEqual(t, len(line), 101, line)
	}
	require.Len(t, a.story.steps, 9)
	require.NotEmpty(t, a.story.recoded)
	require.Len(t, a.story.steps[3].Runs, 1)
	require.Equal(t, a.story.steps[3].Runs[0].Changes, a.story.steps[4].Runs[0].Changes, "undone is what was approved")
}

func TestAWrongNumberEndsTheStory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		actor actor
		want  string
	}{
		"one profile too few": {
			actor{command: "first", spoil: func(s *reconcile.Summary) { s.Changes.Create-- }}, "step 1 (first): run",
		},
		"a row lost": {
			actor{command: "first", spoil: func(s *reconcile.Summary) { s.Records-- }}, "records         want 273, got 272",
		},
		"a row quarantined": {
			actor{command: "month", spoil: func(s *reconcile.Summary) { s.Rejected++ }}, "rejected        want 0, got 1",
		},
		"a profile lost": {
			actor{command: "month", spoil: func(s *reconcile.Summary) { s.Population-- }}, "population      want",
		},
		"a contradiction made up": {
			actor{command: "first", spoil: func(s *reconcile.Summary) { s.Contradictions++ }}, "contradictions  want 0, got 1",
		},
		"a closure too early": {
			actor{command: "recode", spoil: func(s *reconcile.Summary) { s.Changes.Close++ }}, "changes",
		},
		"a recode that goes through": {
			actor{command: "recode", spoil: func(s *reconcile.Summary) {
				s.State, s.Fields["icb"], s.Withheld = reconcile.RunDone, s.Withheld[0].Count, []reconcile.Withheld{}
			}}, "state           want withheld, got done",
		},
		"an approval of more": {
			actor{command: "approve", spoil: func(s *reconcile.Summary) { s.Changes.Update++ }}, "step 4 (approve)",
		},
		"an undo that leaves one": {
			actor{command: "undo", spoil: func(s *reconcile.Summary) {
				s.LeftOut = append(s.LeftOut, reconcile.LeftOut{Code: "R1A", Field: "icb"})
			}}, "left out",
		},
		"a recode that is forgotten": {
			actor{command: "again", spoil: func(s *reconcile.Summary) { s.Withheld = nil }}, "step 6 (again)",
		},
		"a recode held back in part": {
			actor{command: "again", spoil: func(s *reconcile.Summary) { s.Withheld[0].Count-- }}, "withheld        want [{mass-change trust icb",
		},
		"a question that changes more": {
			actor{command: "ask", spoil: func(s *reconcile.Summary) { s.Fields["icb"] = 1 }}, "fields",
		},
		"a restless last night": {
			actor{command: "last", spoil: func(s *reconcile.Summary) { s.PendingClose++ }}, "pending close",
		},
		"another report": {
			actor{command: "first", spoil: func(s *reconcile.Summary) { s.Report = "elephants" }}, `report "elephants"`,
		},
		"an exit code that says withheld": {actor{command: "first", code: exitAwaits}, "exit code 3, want 0"},
		"an exit code that does not":      {actor{command: "recode", code: -exitAwaits}, "exit code 0, want 3"},
		"a program that fails":            {actor{command: "undo", fails: errors.New("no such run")}, "step 5 (undo): no such run"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.actor.told(t)
			require.ErrorContains(t, err, test.want)
			sum := test.actor.story.summarise(7, 1, err)
			require.False(t, sum.OK)
			require.Contains(t, sum.Error, test.want)
		})
	}
}

func TestTheSummaryIsWritten(t *testing.T) {
	t.Parallel()
	a := &actor{}
	_, err := a.told(t)
	require.NoError(t, err)
	path, err := a.story.summarise(7, 12.5, nil).write(t.TempDir())
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var read summary
	require.NoError(t, json.Unmarshal(text, &read))
	require.True(t, read.OK)
	require.Len(t, read.Steps, 9)
	require.Equal(t, 5*len(covers)+4, read.Totals.Runs)
	require.Equal(t, a.oracle.all(), read.Totals.Profiles)
	require.Greater(t, read.Totals.Changes.Create, read.Totals.Profiles/2)
}
