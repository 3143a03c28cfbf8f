package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/simulator/oracle"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// fakeProgram plays profilesync and the daemon. It answers as an oracle of its own
// predicts, but can spoil the answers of one step.
type fakeProgram struct {
	t       *testing.T
	story   *story
	oracle  *oracle.Oracle
	outside *fakeSinks
	runs    int

	letters map[people.LetterKind]int // sent so far

	step      string // "first", "approve" and so on: the step to spoil
	spoil     func(*runs.Summary)
	rows      func(rows []any) []any // of what push list and drift print
	sinks     func(*fakeSinks)       // at what arrives there
	code      int                    // added to the exit code of that step
	fails     error
	gone      bool  // the daemon ends by itself
	stopError error // its end
}

// spoils reports whether this is the step to spoil.
func (f *fakeProgram) spoils() bool {
	return len(f.story.steps) < len(chapters()) && chapters()[len(f.story.steps)].name == f.step
}

func (f *fakeProgram) Runs(_ context.Context, at time.Time, each func(runs.Summary), args ...string) (int, error) {
	if f.spoils() && f.fails != nil {
		return 1, f.fails
	}
	code := 0
	for _, s := range f.answers(at, args) {
		f.runs++
		s.Run = runs.ID(f.runs).String()
		if len(s.Withheld) > 0 {
			code = program.ExitWithheld
		}
		if f.spoils() && f.spoil != nil && (s.Report == "etr" || s.Source == profile.SourceERS || f.step == "ask") {
			f.spoil(&s)
		}
		each(s)
	}
	if f.spoils() {
		code += f.code
	}
	return code, nil
}

func (f *fakeProgram) answers(at time.Time, args []string) []runs.Summary {
	switch {
	case args[0] == "runs" && args[1] == "approve":
		return []runs.Summary{f.oracle.Approval("etr")}
	case args[0] == "runs" && args[1] == "undo":
		return []runs.Summary{f.oracle.Undo("etr")}
	case slices.Contains(args, string(profile.SourceERS)):
		run, touched := f.oracle.Pull(f.story.referrals, dayOf(at))
		f.outside.counts.Website.Stored += len(touched)
		f.outside.services = f.oracle.ServicesShown()
		f.arrived()
		return []runs.Summary{run}
	case strings.Contains(strings.Join(args, " "), "--ods"):
		return []runs.Summary{f.oracle.Rename(args[4], "NEW LEAF PHARMACY")}
	}
	var all []runs.Summary
	for report := range outside.Reports {
		facts, err := f.story.register.Facts(report)
		require.NoError(f.t, err)
		all = append(all, f.oracle.Listing(report, facts, dayOf(at)))
	}
	return all
}

func (f *fakeProgram) Rows(_ context.Context, _ time.Time, each func(json.RawMessage) error, args ...string) (int, error) {
	if f.spoils() && f.fails != nil {
		return 1, f.fails
	}
	var rows []any
	code := 0
	switch {
	case args[0] == "drift":
		rows, code = f.outside.drift(slices.Contains(args, "--repair"))
	case args[0] == "accounts" || args[0] == "mail" || args[0] == "remind" || args[0] == "report":
		rows = f.morning(args)
	case args[0] == "ers":
		rows = append(rows, f.oracle.Import(f.story.referrals))
	case !slices.Contains(args, "--state"):
		for row, n := range f.oracle.PushStates() {
			rows = append(rows, slices.Repeat([]any{row}, n)...)
		}
	}
	if f.spoils() && !slices.Contains(args, "--state") {
		code += f.code
		if f.rows != nil {
			rows = f.rows(rows)
		}
	}
	for _, row := range rows {
		text, err := json.Marshal(row)
		require.NoError(f.t, err)
		if err := each(text); err != nil {
			return code, err
		}
	}
	return code, nil
}

// morning answers the commands of a morning.
func (f *fakeProgram) morning(args []string) (rows []any) {
	name := chapters()[len(f.story.steps)].name
	is := expectedMornings(len(f.story.pharmaciesWithPeople()))[name]
	switch strings.Join(args[:2], " ") {
	case "report make":
		return []any{map[string]any{"day": dayOf(chapters()[len(f.story.steps)].at), "audit_rows": 7}}
	case "report verify":
		return []any{map[string]any{"rows_as_frozen": true, "audit_rows": 7, "audit_rows_that_differ": 0}}
	case "mail send":
		for kind, letters := range is.letters {
			f.letters[kind] += letters
		}
	case "mail list":
		for kind, letters := range f.letters {
			rows = append(rows, slices.Repeat([]any{map[string]any{"kind": kind}}, letters)...)
		}
	case "accounts list":
		rows = slices.Repeat([]any{map[string]any{}}, is.ended)
	}
	return rows
}

func (f *fakeProgram) WriteReport(context.Context, time.Time, string) error { return nil }

func (f *fakeProgram) Serve(context.Context, time.Time) (program.Daemon, error) {
	f.outside.counts = f.oracle.Pushes(0)
	f.arrived()
	if f.gone {
		f.outside.counts = outside.Tally{} // before anything was pushed
	}
	return f, nil
}

// arrived spoils the sinks.
func (f *fakeProgram) arrived() {
	if f.spoils() && f.sinks != nil {
		f.sinks(f.outside)
	}
}

// edit plays the editor, and the push that follows at once.
func (f *fakeProgram) edit(_ context.Context, _ string, e edit) error {
	f.outside.counts.DoS.Applied++
	f.outside.counts.Website.Stored++
	f.outside.shows = outside.Entries{
		DoSSequence: 1, WebsiteSequence: 2,
		Phone: strings.ReplaceAll(e.phone, " ", ""), Weekly: e.weekly, Dated: e.closed + " closed",
	}
	f.arrived()
	return nil
}

func (f *fakeProgram) Ended() <-chan struct{} {
	if !f.gone {
		return nil
	}
	ended := make(chan struct{})
	close(ended)
	return ended
}

func (f *fakeProgram) Stop() error { return f.stopError }

// fakeSinks plays both sinks.
type fakeSinks struct {
	counts  outside.Tally
	shows   outside.Entries
	altered []shown
	refused int // updates of practices of which DoS refuses a field
	checked int // profiles of a drift check

	services map[string][]outside.ShownService // of e-RS, by site
}

func (*fakeSinks) SeedDoS() error                   { return nil }
func (s *fakeSinks) Tally() outside.Tally           { return s.counts }
func (s *fakeSinks) RefusedPractices() int          { return s.refused }
func (s *fakeSinks) Entries(string) outside.Entries { return s.shows }

func (s *fakeSinks) ServicesShown(code string) ([]outside.ShownService, error) {
	return s.services[code], nil
}

func (s *fakeSinks) Alter(code, field, value string) error {
	s.checked = s.counts.Website.Stored - 1 // Cara's pharmacy was pushed twice
	s.altered = append(s.altered, shown{code, field, value})
	return nil
}

// drift answers a drift check: the rows printed and the exit code.
func (s *fakeSinks) drift(repair bool) (rows []any, code int) {
	result := push.DriftResult{Check: 7, State: push.DriftDone, Checked: s.checked, Drifted: len(s.altered)}
	for _, a := range s.altered {
		rows = append(rows, a)
	}
	if repair {
		result.Repaired = len(s.altered)
		s.counts.Website.Stored += len(s.altered)
		s.counts.Website.Refused += len(s.altered)
		s.altered = nil
	} else if len(rows) > 0 {
		code = program.ExitWithheld
	}
	return slices.Concat([]any{result}, rows), code
}

// play plays the story with the fakes and returns what was printed. Its clock runs
// fast, so that no test waits for what never arrives.
func (f *fakeProgram) play(t *testing.T) (shown string, err error) {
	t.Helper()
	var out bytes.Buffer
	show := screen.New(&out)
	clock := time.Unix(0, 0)
	f.t, f.oracle, f.outside = t, oracle.New(), &fakeSinks{}
	world, err := outside.NewRegister(7, 2000, FirstDay(), outside.Key)
	require.NoError(t, err)
	referrals, err := outside.NewReferrals(7, world)
	require.NoError(t, err)
	f.story = &story{
		register: world, referrals: referrals, extract: filepath.Join(t.TempDir(), "EBSX05.zip"),
		program: f, sinks: f.outside, editor: f.edit, oracle: oracle.New(), screen: show,
		runPeopleSQL: func(context.Context, time.Time, string, []string) error { return nil }, letters: map[people.LetterKind]int{},
		now: func() time.Time {
			clock = clock.Add(patience / 4)
			return clock
		},
	}
	f.letters = map[people.LetterKind]int{}
	f.story.board, err = outside.LargestBoard(world)
	require.NoError(t, err)
	err = f.story.playChapters(t.Context())
	return out.String(), err
}
