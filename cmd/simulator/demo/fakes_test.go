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

// actor plays profilesync and both sinks: it answers as a second oracle
// foretells, unless it is told to spoil the answers of one command.
type actor struct {
	t      *testing.T
	story  *story
	oracle *oracle.Oracle
	shelf  *shelf
	runs   int

	letters map[people.LetterKind]int // that were ever sent

	command string // "first", "approve" and so on: the step whose answers are spoilt
	spoil   func(*runs.Summary)
	rows    func(rows []any) []any // of push list and drift
	sinks   func(*shelf)           // what arrives there
	code    int                    // added to the exit code of that step
	fails   error
	gone    bool  // the daemon ends by itself
	badly   error // its end
}

// spoils reports whether it is the step whose answers are spoilt.
func (a *actor) spoils() bool {
	return len(a.story.steps) < len(chapters()) && chapters()[len(a.story.steps)].name == a.command
}

func (a *actor) Runs(_ context.Context, at time.Time, each func(runs.Summary), args ...string) (int, error) {
	if a.spoils() && a.fails != nil {
		return 1, a.fails
	}
	code := 0
	for _, s := range a.answers(at, args) {
		a.runs++
		s.Run = runs.ID(a.runs).String()
		if len(s.Withheld) > 0 {
			code = program.ExitWithheld
		}
		if a.spoils() && a.spoil != nil && (s.Report == "etr" || s.Source == profile.SourceERS || a.command == "ask") {
			a.spoil(&s)
		}
		each(s)
	}
	if a.spoils() {
		code += a.code
	}
	return code, nil
}

func (a *actor) answers(at time.Time, args []string) []runs.Summary {
	switch {
	case args[0] == "runs" && args[1] == "approve":
		return []runs.Summary{a.oracle.Approval("etr")}
	case args[0] == "runs" && args[1] == "undo":
		return []runs.Summary{a.oracle.Undo("etr")}
	case slices.Contains(args, string(profile.SourceERS)):
		run, touched := a.oracle.Pull(a.story.referrals, dayOf(at))
		a.shelf.t.Website.Stored += len(touched)
		a.shelf.services = a.oracle.ServicesShown()
		a.arrived()
		return []runs.Summary{run}
	case strings.Contains(strings.Join(args, " "), "--ods"):
		return []runs.Summary{a.oracle.Question(args[4], "NEW LEAF PHARMACY")}
	}
	var all []runs.Summary
	for report := range outside.Reports {
		facts, err := a.story.world.Facts(report)
		require.NoError(a.t, err)
		all = append(all, a.oracle.Listing(report, facts, dayOf(at)))
	}
	return all
}

func (a *actor) Rows(_ context.Context, _ time.Time, each func(json.RawMessage) error, args ...string) (int, error) {
	if a.spoils() && a.fails != nil {
		return 1, a.fails
	}
	var rows []any
	code := 0
	switch {
	case args[0] == "drift":
		rows, code = a.shelf.drift(slices.Contains(args, "--repair"))
	case args[0] == "accounts" || args[0] == "mail" || args[0] == "remind" || args[0] == "report":
		rows = a.morning(args)
	case args[0] == "ers":
		rows = append(rows, a.oracle.Import(a.story.referrals))
	case !slices.Contains(args, "--state"):
		for row, n := range a.oracle.PushStates(a.shelf.without) {
			rows = append(rows, slices.Repeat([]any{row}, n)...)
		}
	}
	if a.spoils() && !slices.Contains(args, "--state") {
		code += a.code
		if a.rows != nil {
			rows = a.rows(rows)
		}
	}
	for _, row := range rows {
		text, err := json.Marshal(row)
		require.NoError(a.t, err)
		if err := each(text); err != nil {
			return code, err
		}
	}
	return code, nil
}

// morning answers the commands of a morning.
func (a *actor) morning(args []string) (rows []any) {
	name := chapters()[len(a.story.steps)].name
	is := foretold(len(a.story.peopled()))[name]
	switch strings.Join(args[:2], " ") {
	case "report make":
		return []any{[]any{map[string]any{"day": dayOf(chapters()[len(a.story.steps)].at), "audit_rows": 7}}}
	case "report verify":
		return []any{map[string]any{"rows_as_frozen": true, "audit_rows": 7, "audit_rows_that_differ": 0}}
	case "mail send":
		for kind, letters := range is.letters {
			a.letters[kind] += letters
		}
	case "mail list":
		for kind, letters := range a.letters {
			rows = append(rows, slices.Repeat([]any{map[string]any{"kind": kind}}, letters)...)
		}
	case "accounts list":
		rows = slices.Repeat([]any{map[string]any{}}, is.ended)
	}
	return []any{rows}
}

func (a *actor) WriteReport(context.Context, time.Time, string) error { return nil }

func (a *actor) Serve(context.Context, time.Time) (program.Daemon, error) {
	a.shelf.t = a.oracle.Pushes(nil)
	a.arrived()
	if a.gone {
		a.shelf.t = outside.Tally{} // before anything was pushed
	}
	return a, nil
}

// arrived lets the sinks be spoilt.
func (a *actor) arrived() {
	if a.spoils() && a.sinks != nil {
		a.sinks(a.shelf)
	}
}

// edit plays the editor, and the push that follows at once.
func (a *actor) edit(_ context.Context, _ string, e edit) error {
	a.shelf.t.DoS.Applied++
	a.shelf.t.Website.Stored++
	a.shelf.is = outside.Entries{
		DoSSequence: 1, WebsiteSequence: 2,
		Phone: strings.ReplaceAll(e.phone, " ", ""), Weekly: e.weekly, Dated: e.closed + " closed",
	}
	a.arrived()
	return nil
}

func (a *actor) Ended() <-chan struct{} {
	if !a.gone {
		return nil
	}
	ended := make(chan struct{})
	close(ended)
	return ended
}

func (a *actor) Stop() error { return a.badly }

// shelf plays both sinks.
type shelf struct {
	t       outside.Tally
	is      outside.Entries
	altered []shown
	without []string // the practices that DoS refuses
	checked int      // profiles of a drift check

	services map[string][]outside.ShownService // of e-RS, by site
}

func (*shelf) SeedDoS() error                   { return nil }
func (s *shelf) Tally() outside.Tally           { return s.t }
func (s *shelf) RefusedPractices() []string     { return s.without }
func (s *shelf) Entries(string) outside.Entries { return s.is }

func (s *shelf) ServicesShown(code string) ([]outside.ShownService, error) {
	return s.services[code], nil
}

func (s *shelf) Alter(code, field, value string) error {
	s.checked = s.t.Website.Stored - 1 // Cara's pharmacy was pushed twice
	s.altered = append(s.altered, shown{code, field, value})
	return nil
}

// drift finds what was altered, with what it prints and the exit code.
func (s *shelf) drift(repair bool) (rows []any, code int) {
	result := push.DriftResult{Check: 7, State: push.DriftDone, Checked: s.checked, Drifted: len(s.altered)}
	for _, a := range s.altered {
		rows = append(rows, a)
	}
	if repair {
		result.Repaired = len(s.altered)
		s.t.Website.Stored += len(s.altered)
		s.t.Website.Refused += len(s.altered)
		s.altered = nil
	} else if len(rows) > 0 {
		code = program.ExitWithheld
	}
	return slices.Concat([]any{result}, rows), code
}

// told plays the story with the actor and returns what was shown. Its clock runs
// fast, so that nobody waits for what never comes.
func (a *actor) told(t *testing.T) (shown string, err error) {
	t.Helper()
	var out bytes.Buffer
	show := screen.New(&out)
	clock := time.Unix(0, 0)
	a.t, a.oracle, a.shelf = t, oracle.New(), &shelf{}
	world, err := outside.NewRegister(7, 2000, FirstDay(), outside.Key)
	require.NoError(t, err)
	referrals, err := outside.NewReferrals(7, world)
	require.NoError(t, err)
	a.story = &story{
		world: world, referrals: referrals, extract: filepath.Join(t.TempDir(), "EBSX05.zip"),
		program: a, sinks: a.shelf, editor: a.edit, oracle: oracle.New(), screen: show,
		people: func(context.Context, time.Time, string, []string) error { return nil }, letters: map[people.LetterKind]int{},
		now: func() time.Time {
			clock = clock.Add(patience / 4)
			return clock
		},
	}
	a.letters = map[people.LetterKind]int{}
	a.story.board, err = outside.LargestBoard(world)
	require.NoError(t, err)
	err = a.story.tell(t.Context())
	return out.String(), err
}
