package demo

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/simulator/oracle"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestTheStoryIsToldWhereEveryNumberIsRight(t *testing.T) {
	t.Parallel()
	f := &fakeProgram{}
	shown, err := f.play(t)
	require.NoError(t, err, shown)
	require.Contains(t, shown, "9. 3 April 2026, 05:00.")
	require.Contains(t, shown, "held back until a person says yes")
	require.Contains(t, shown, "12. 3 April 2026, 09:00.")
	require.Contains(t, shown, "Exactly those 3 fields found by name, and repaired")
	for line := range strings.Lines(shown) {
		require.LessOrEqual(t, len(line), 101, line)
	}
	require.Len(t, f.story.steps, 21)
	require.NotEmpty(t, f.story.recodeRun)
	require.Len(t, f.story.steps[3].Runs, 1)
	require.Equal(t, f.story.steps[3].Runs[0].Changes, f.story.steps[4].Runs[0].Changes, "exactly what was approved is undone")
}

func TestAWrongNumberEndsTheStory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		actor fakeProgram
		want  string
	}{
		"one profile too few": {
			fakeProgram{step: "first", spoil: func(s *runs.Summary) { s.Changes.Create-- }}, "step 1 (first): run",
		},
		"a row lost": {
			fakeProgram{step: "first", spoil: func(s *runs.Summary) { s.Records-- }}, "records         want 273, got 272",
		},
		"a row quarantined": {
			fakeProgram{step: "month", spoil: func(s *runs.Summary) { s.Rejected++ }}, "rejected        want 0, got 1",
		},
		"a profile lost": {
			fakeProgram{step: "month", spoil: func(s *runs.Summary) { s.Population-- }}, "population      want",
		},
		"a contradiction made up": {
			fakeProgram{step: "first", spoil: func(s *runs.Summary) { s.Contradictions++ }}, "contradictions  want 0, got 1",
		},
		"a closure too early": {
			fakeProgram{step: "recode", spoil: func(s *runs.Summary) { s.Changes.Close++ }}, "changes",
		},
		"a recode that goes through": {
			fakeProgram{step: "recode", spoil: func(s *runs.Summary) {
				s.State, s.Fields["icb"], s.Withheld = runs.RunDone, s.Withheld[0].Count, []runs.Withheld{}
			}}, "state           want withheld, got done",
		},
		"an approval of more": {
			fakeProgram{step: "approve", spoil: func(s *runs.Summary) { s.Changes.Update++ }}, "step 4 (approve)",
		},
		"an undo that leaves one": {
			fakeProgram{step: "undo", spoil: func(s *runs.Summary) {
				s.LeftOut = append(s.LeftOut, runs.LeftOut{Code: "R1A", Field: "icb"})
			}}, "left out",
		},
		"a recode that is forgotten": {
			fakeProgram{step: "again", spoil: func(s *runs.Summary) { s.Withheld = nil }}, "step 6 (again)",
		},
		"a recode held back in part": {
			fakeProgram{step: "again", spoil: func(s *runs.Summary) { s.Withheld[0].Count-- }}, "withheld        want [{mass-change trust icb",
		},
		"a question that changes more": {
			fakeProgram{step: "ask", spoil: func(s *runs.Summary) { s.Fields["icb"] = 1 }}, "fields",
		},
		"a restless last night": {
			fakeProgram{step: "last", spoil: func(s *runs.Summary) { s.PendingClose++ }}, "pending close",
		},
		"another report": {
			fakeProgram{step: "first", spoil: func(s *runs.Summary) { s.Report = "elephants" }}, `report "elephants"`,
		},
		"an exit code that says withheld": {fakeProgram{step: "first", code: program.ExitWithheld}, "exit code 3, want 0"},
		"an exit code that does not":      {fakeProgram{step: "recode", code: -program.ExitWithheld}, "exit code 0, want 3"},
		"a program that fails":            {fakeProgram{step: "undo", fails: errors.New("no such run")}, "step 5 (undo): no such run"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.actor.requireEnd(t, test.want)
		})
	}
}

// requireEnd checks that the story ends early with an error.
func (f *fakeProgram) requireEnd(t *testing.T, want string) {
	t.Helper()
	_, err := f.play(t)
	require.ErrorContains(t, err, want)
	sum := f.story.summarise(7, 1, err)
	require.False(t, sum.OK)
	require.Contains(t, sum.Error, want)
}

func TestAWrongPushEndsTheStory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		actor fakeProgram
		want  string
	}{
		"a push that never arrives": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.DoS.Applied-- }}, "step 10 (push): nothing arrived for 30s",
		},
		"a profile missing on the website": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.Website.Stored-- }}, "website stored",
		},
		"one too many": {fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.Website.Stored++ }}, "website stored"},
		"one applied twice": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.DoS.Twice++ }}, "DoS twice         want 0, got 1",
		},
		"one out of order": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.DoS.Backwards++ }}, "DoS backwards     want 0, got 1",
		},
		"one lost in DoS": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.DoS.Lost++ }}, "DoS lost          want 0, got 1",
		},
		"one stored twice": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.Website.Twice++ }}, "website twice     want 0, got 1",
		},
		"one stored too old": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) { s.counts.Website.Backwards++ }}, "website backwards want 0, got 1",
		},
		"a pharmacy refused": {
			fakeProgram{step: "push", sinks: func(s *fakeSinks) {
				s.counts.DoS.Refused, s.refused = 1, 1
			}, rows: func(rows []any) []any {
				return append(rows, oracle.PushState{Sink: push.SinkDoS, Route: "change-event", State: push.Refused})
			}}, "push list: want map",
		},
		"a type without a route that has one": {
			fakeProgram{step: "push", rows: func(rows []any) []any {
				if i := slices.Index(rows, any(oracle.PushState{Sink: push.SinkDoS, State: push.NoRoute})); i >= 0 {
					rows[i] = oracle.PushState{Sink: push.SinkDoS, Route: "fhir", State: push.Accepted}
				}
				return rows
			}}, "push list: want",
		},
		"an exit code":             {fakeProgram{step: "push", code: program.ExitWithheld}, "exit code 3, want 0"},
		"a daemon that is gone":    {fakeProgram{step: "push", gone: true}, "the daemon ended by itself"},
		"a daemon that ends badly": {fakeProgram{stopError: errors.New("killed")}, "step 15 (gone): killed"},
		"an edit that takes two": {
			fakeProgram{step: "edit", sinks: func(s *fakeSinks) { s.counts.DoS.Applied++ }}, "step 11 (edit): what arrived",
		},
		"an edit that arrives once": {
			fakeProgram{step: "edit", sinks: func(s *fakeSinks) { s.shows.WebsiteSequence = 0 }}, "has not arrived after 5s",
		},
		"an edit that loses a phone": {
			fakeProgram{step: "edit", sinks: func(s *fakeSinks) { s.shows.Phone = "" }}, `the phone number "", want "0113`,
		},
		"an edit without hours": {
			fakeProgram{step: "edit", sinks: func(s *fakeSinks) { s.shows.Weekly = "" }}, `the weekly hours "", want "mon`,
		},
		"a closure that is not seen": {
			fakeProgram{step: "edit", sinks: func(s *fakeSinks) { s.shows.Dated = "" }}, `the dated hours "", want "2026-04-03 closed"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.actor.requireEnd(t, test.want)
		})
	}
}

func TestAWrongDriftEndsTheStory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		actor fakeProgram
		want  string
	}{
		"drift that is not there": {
			fakeProgram{step: "drift", rows: func(rows []any) []any { return append(rows, shown{"X99", "phone", ""}) }},
			"step 12 (drift): drift: want [",
		},
		"drift that is not found": {fakeProgram{step: "drift", rows: func(rows []any) []any { return rows[:1] }}, "drift: want [{"},
		"an alarm": {
			fakeProgram{step: "drift", rows: func([]any) []any {
				return []any{push.DriftResult{Check: 1, State: push.DriftAlarm}}
			}}, "drift: want {Check:0 State:done",
		},
		"an exit code": {fakeProgram{step: "drift", code: -program.ExitWithheld}, "exit code 0, want 3"},
		"no program":   {fakeProgram{step: "drift", fails: errors.New("no such sink")}, "step 12 (drift): no such sink"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.actor.requireEnd(t, test.want)
		})
	}
}

func TestWrongServicesEndTheStory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		actor fakeProgram
		want  string
	}{
		"an extract that loses a row": {
			fakeProgram{step: "services", rows: func([]any) []any { return []any{oracle.Imported{Rows: 1, Added: 1}} }},
			"step 13 (services): ers register import: want {Rows:",
		},
		"a service too few":     {fakeProgram{step: "services", spoil: func(s *runs.Summary) { s.Records-- }}, "records"},
		"a site too few":        {fakeProgram{step: "services", spoil: func(s *runs.Summary) { s.Population-- }}, "population"},
		"a rename that is lost": {fakeProgram{step: "reshuffle", spoil: func(s *runs.Summary) { s.Fields["ers-services"]-- }}, "fields"},
		"gone on the first day": {fakeProgram{step: "reshuffle", spoil: func(s *runs.Summary) { s.Fields["ers-services"]++ }}, "fields"},
		"never gone": {
			fakeProgram{step: "gone", spoil: func(s *runs.Summary) { s.Changes.Update = 0 }}, "step 15 (gone): run",
		},
		"an exit code":      {fakeProgram{step: "services", code: program.ExitWithheld}, "exit code 3, want 0"},
		"no program":        {fakeProgram{step: "services", fails: errors.New("e-RS is down")}, "step 13 (services): e-RS is down"},
		"one push too many": {fakeProgram{step: "gone", sinks: func(s *fakeSinks) { s.counts.Website.Stored++ }}, "website stored"},
		"a service that stays": {
			fakeProgram{step: "gone", sinks: func(s *fakeSinks) {
				for code := range s.services {
					s.services[code] = append(s.services[code], outside.ShownService{ID: "99999", Name: "Gone"})
				}
			}}, "on the website: want [{",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.actor.requireEnd(t, test.want)
		})
	}
}

func TestTheSummaryIsWritten(t *testing.T) {
	t.Parallel()
	f := &fakeProgram{}
	_, err := f.play(t)
	require.NoError(t, err)
	path, err := f.story.summarise(7, 12.5, nil).write(t.TempDir())
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var read summary
	require.NoError(t, json.Unmarshal(text, &read))
	require.True(t, read.OK)
	require.Len(t, read.Steps, 21)
	require.Equal(t, 5*len(outside.Reports)+4+3, read.Totals.Runs)
	require.Equal(t, f.oracle.OpenProfiles(), read.Totals.Profiles)
	require.Greater(t, read.Totals.Changes.Create, read.Totals.Profiles/2)
	pushed := f.oracle.Pushes(0)
	require.Equal(t, pushed.ToDoS()+1, read.Totals.DoS, "and Cara's edit")
	sites := len(f.oracle.ServicesShown())
	require.Greater(t, sites, 12, "more than one at each trust that offers services")
	require.Equal(t, pushed.ToWebsite()+1+3+sites+2+1, read.Totals.Website, "and the repairs, and services of sites")
	require.Equal(t, len(slices.Concat(slices.Collect(maps.Values(f.oracle.ServicesShown()))...)), read.Totals.Services)
	require.Equal(t, 3, read.Totals.Drifted)
	require.Equal(t, 3, read.Totals.Repaired)
	f.story.table()
}
