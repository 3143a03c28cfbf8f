package runs_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// `go test ./reconcile -update` writes the golden plans anew.
var update = flag.Bool("update", false, "write the golden files anew")

// story is a scenario told in runs, written down as it goes.
type story struct {
	*world
	t     *testing.T
	guard runs.Guard
	brief bool // leaves out the records that are settled
	text  strings.Builder
}

// look plans a listing of a day, lets the guard judge it and applies the rest.
func (s *story) look(title string, day profile.Date) []runs.Change {
	s.day = day
	plan := s.compute()
	applied, held, rows := s.judgeAndApply(s.t, plan, s.guard, false)
	s.tell(title, runs.Plan{Changes: applied, Outcomes: plan.Outcomes, Ended: plan.Ended}, held, rows)
	return applied
}

func (s *story) tell(title string, plan runs.Plan, held []runs.Waiting, rows []runs.Withheld) {
	fmt.Fprintf(&s.text, "%s: %s\n", s.day, title)
	for _, c := range plan.Changes {
		fmt.Fprintf(&s.text, "  %s\n", line(c))
	}
	for _, w := range held {
		fmt.Fprintf(&s.text, "  (%s)\n", line(w.Change))
	}
	for _, w := range plan.Ended {
		words := "withdrawn"
		if w.Replaced {
			words = "replaced"
		}
		fmt.Fprintf(&s.text, "  %s, waited since run %s: %s\n", words, w.Run, line(w.Change))
	}
	for _, row := range rows {
		fmt.Fprintf(&s.text, "  withheld: %s, %s of %s, %d of %d\n", row.Reason, row.Field, row.Type, row.Count, row.Of)
	}
	if waiting := groupsIn(s.allWaiting()); len(waiting) > 0 {
		fmt.Fprintf(&s.text, "  waiting: %s\n", strings.Join(waitingWords(waiting), "; "))
	}
	for _, o := range plan.Outcomes {
		if words := standingWords(o); !s.brief || words != "settled" {
			fmt.Fprintf(&s.text, "  %s %s\n", o.Code, words)
		}
	}
	s.text.WriteString("\n")
}

func waitingWords(waiting map[runs.Group]int) (words []string) {
	kinds := make(map[string]int)
	for group, count := range waiting {
		kinds[fmt.Sprintf("%s %s", group.Verb, group.Fact)] += count
	}
	for kind, count := range kinds {
		words = append(words, fmt.Sprintf("%d %s", count, kind))
	}
	slices.Sort(words)
	return words
}

func line(c runs.Change) string {
	words := fmt.Sprintf("%s %s %s", c.Code, c.Verb, c.Field)
	if c.Verb == runs.Create {
		words = fmt.Sprintf("%s create %s", c.Code, c.New)
	} else {
		words += fmt.Sprintf(": %q -> %q, %s", c.Old, c.New, c.Reason)
	}
	if c.Undone {
		words += ", undone before"
	}
	return words
}

func standingWords(o runs.Outcome) string {
	words := []string{"settled"}
	if !o.Settled {
		words[0] = "not settled"
	}
	if !o.PendingSince.IsZero() {
		words = append(words, "closing since "+o.PendingSince.String())
	}
	if !o.Revisit.IsZero() {
		words = append(words, "again on "+o.Revisit.String())
	}
	if o.Contradiction {
		words = append(words, "contradiction")
	}
	if o.Flag != runs.NoFlag {
		words = append(words, string(o.Flag))
	}
	return strings.Join(words, ", ")
}

// undo takes changes back and tells it.
func (s *story) undo(applied []runs.Change) {
	plan, left := s.world.undo(s.t, applied)
	s.tell("undo", plan, nil, nil)
	for _, c := range left {
		fmt.Fprintf(&s.text, "  left: %s\n\n", line(c))
	}
}

// list puts records into the register.
func (s *story) list(records ...profile.Record) {
	for _, r := range records {
		s.register[r.Code] = r
	}
}

func coded(code profile.ODSCode) func(*profile.Record) {
	return func(r *profile.Record) { r.Code = code }
}

func TestGoldenPlans(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(s *story){
		"first-load":                 firstLoad,
		"icb-recode":                 icbRecode,
		"closure-in-two-looks":       closureInTwoLooks,
		"dormant-and-reopened":       dormantAndReopened,
		"contradiction":              contradiction,
		"drift-hold-and-rejection":   driftHoldAndRejection,
		"undo-is-proposed-and-waits": undoIsProposedAndWaits,
		"closures-held":              closuresHeld,
		"names-held":                 namesHeld,
		"moves-held":                 movesHeld,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &story{world: newWorld(), t: t, guard: runs.DefaultGuard()}
			tell(s)
			requireGolden(t, filepath.Join("testdata", name+".golden"), s.text.String())
		})
	}
}

func requireGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./reconcile -update writes it anew")
}

// Profiles for what is active and kept, cased for reading; nothing for the rest.
func firstLoad(s *story) {
	s.list(
		pharmacy(stating(profile.FieldPhone, "0113 4960000")),
		pharmacy(coded("FA002"), stating(profile.FieldName, "ST MARY'S PHARMACY"), stating(profile.FieldICB, "")),
		pharmacy(coded("FA003"), standing(profile.Inactive), closes(-100)),
		pharmacy(coded("FA004"), standing(profile.Dormant)),
		pharmacy(coded("FA005"), standing(profile.Proposed), opens(20)),
		pharmacy(coded("P81001"), stating(profile.FieldType, ""), stating(profile.FieldRoles, "RO177")),
	)
	s.look("first load", today)
	s.look("the same again", today.AddDays(1))
}

// A mass change of one field waits; a rename beside it passes, a creation too.
func icbRecode(s *story) {
	s.guard.Floor = 2
	for n := range 5 {
		s.list(pharmacy(coded(codeOf(n))))
	}
	s.look("first load", today)
	for n := range 3 {
		s.list(pharmacy(coded(codeOf(n)), stating(profile.FieldICB, "Z9B2Z")))
	}
	s.list(
		pharmacy(coded(codeOf(1)), stating(profile.FieldICB, "Z9B2Z"), stating(profile.FieldName, "WELL")),
		pharmacy(coded(codeOf(9)), stating(profile.FieldICB, "Z9B2Z")),
	)
	s.look("the recode", profile.NewDate(2026, time.April, 1))
	s.look("still waiting", profile.NewDate(2026, time.April, 2))
}

func closureInTwoLooks(s *story) {
	s.list(pharmacy(), pharmacy(coded("FA002")), pharmacy(coded("FA003")))
	s.look("first load", today)
	s.list(
		pharmacy(standing(profile.Inactive), closes(0)),
		pharmacy(coded("FA002"), standing(profile.Inactive), closes(9)),
		pharmacy(coded("FA003"), standing(profile.Inactive)),
	)
	s.look("first look", today.AddDays(1))
	s.look("the same day again", today.AddDays(1))
	s.look("second look", today.AddDays(2))
	s.look("nothing left", today.AddDays(3))
}

func dormantAndReopened(s *story) {
	s.list(pharmacy())
	s.look("first load", today)
	s.list(pharmacy(standing(profile.Dormant)))
	s.look("asleep", today.AddDays(1))
	s.list(pharmacy(standing(profile.Inactive), closes(0)))
	s.look("ended", today.AddDays(2))
	s.look("closed", today.AddDays(3))
	s.list(pharmacy(stating(profile.FieldName, "WELL")))
	s.look("back under a new name", today.AddDays(4))
}

// Active with a close date: status decides, and it is counted from that day on.
func contradiction(s *story) {
	s.list(pharmacy(closes(2)), pharmacy(coded("P81001"), closes(0), stating(profile.FieldType, "optical-site")))
	s.look("closes the day after tomorrow", today)
	s.look("that day", today.AddDays(2))
	s.list(pharmacy(standing(profile.Unstated), closes(2)))
	s.look("in a layout without status", today.AddDays(3))
}

// Edits of owned fields are put right, unless a person said otherwise.
func driftHoldAndRejection(s *story) {
	s.list(pharmacy(), pharmacy(coded("FA002")), pharmacy(coded("FA003")))
	s.look("first load", today)
	for _, code := range []profile.ODSCode{"FA001", "FA002", "FA003"} {
		s.edit(code, profile.FieldName, "Our Own Name")
		s.edit(code, profile.FieldPhone, "0113 4960001")
	}
	s.marks["FA002"] = []runs.Mark{held(profile.FieldName, today.AddDays(5))}
	s.marks["FA003"] = []runs.Mark{decided(runs.VerdictRejected, profile.FieldName, "Boots")}
	s.look("edited by people", today.AddDays(1))
	s.list(pharmacy(coded("FA003"), stating(profile.FieldName, "WELL")))
	s.look("the hold has ended, and upstream says something else", today.AddDays(6))
}

func undoIsProposedAndWaits(s *story) {
	s.list(pharmacy(), pharmacy(coded("FA002")))
	s.look("first load", today)
	s.list(
		pharmacy(stating(profile.FieldName, "WELL"), stating(profile.FieldPostcode, "YO1 7HH")),
		pharmacy(coded("FA003")),
	)
	applied := s.look("news", today.AddDays(1))
	s.edit("FA001", profile.FieldPostcode, "LS2 2BB")
	s.undo(applied)
	s.look("proposed again", today.AddDays(2))
	s.list(pharmacy(stating(profile.FieldName, "LLOYDS"), stating(profile.FieldPostcode, "YO1 7HH")))
	s.look("upstream says something else", today.AddDays(3))
}

// What a creation writes can be read back as values.
func TestGoldenCreationIsValues(t *testing.T) {
	t.Parallel()
	w := newWorld(pharmacy())
	var v profile.Values
	require.NoError(t, json.Unmarshal([]byte(w.compute().Changes[0].New), &v))
	require.Equal(t, profiled(profile.StatusOpen).Values, v)
	require.True(t, slices.Contains(profile.OrgTypes(), profile.OrgType(v.Get(profile.FieldType))))
}
