package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

func TestWhenARejectionOfAServiceIsLifted(t *testing.T) {
	t.Parallel()
	shown := ersService("1", "Clinic").Shown("")
	gone := shown
	gone.Withdrawn = true
	clinic, off := textOf(t, shown, ""), textOf(t, gone, "")
	for name, c := range map[string]struct {
		state   services.State
		at      profile.ODSCode
		verdict runs.Verdict
		value   string
		lifted  bool
	}{
		"a withdrawal, gone":              {state: services.Gone, at: "A", value: off},
		"a withdrawal, elsewhere":         {state: services.Active, at: "B", value: off},
		"a withdrawal, there again":       {state: services.Active, at: "A", value: off, lifted: true},
		"a withdrawal, not in the answer": {state: services.Missing, at: "A", value: off},
		"a withdrawal, not visible":       {state: services.NotVisible, at: "A", value: off},
		"a value, the same":               {state: services.Active, at: "A", value: clinic},
		"a value, another": {
			state: services.Active, at: "A", value: textOf(t, ersService("1", "Ward").Shown(""), ""), lifted: true,
		},
		"a value, gone":                    {state: services.Gone, at: "A", value: clinic, lifted: true},
		"a value, elsewhere":               {state: services.Active, at: "B", value: clinic, lifted: true},
		"an absence":                       {state: services.Active, at: "A", value: "missing"},
		"an undone withdrawal, back there": {state: services.Active, at: "A", value: off, verdict: runs.VerdictUndone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := ersService("1", "Clinic", c.at)
			mark := services.Mark{Verdict: runs.VerdictRejected, Value: c.value}
			if c.verdict != "" {
				mark.Verdict = c.verdict
			}
			lifted := services.Lifted([]services.Item{
				{ID: "1", State: c.state, Service: &service, Sites: []services.Site{{Code: "A", Row: &shown, Marks: []services.Mark{mark}}}},
				{ID: "2", State: services.Active},
			})
			require.Equal(t, c.lifted, len(lifted) == 1)
			for _, r := range lifted {
				require.Equal(t, services.ID("1"), r.Service)
				require.Equal(t, profile.ODSCode("A"), r.Site.Code)
			}
		})
	}
}

func TestWhyAnApprovalLeavesAServiceOut(t *testing.T) {
	t.Parallel()
	shown, edited := ersService("1", "Clinic").Shown(""), ersService("1", "By hand").Shown("")
	clinic := textOf(t, shown, "")
	update := services.Change{Code: "A", Service: "1", Verb: runs.Update, Old: clinic, New: "{}"}
	move := services.Change{Code: "B", Service: "1", Verb: runs.Update, Old: textOf(t, shown, "A"), New: clinic, Leaves: "A"}
	addition := services.Change{Code: "A", Service: "1", Verb: runs.Update, New: clinic}
	mark := services.Change{Code: "A", Service: "1", Verb: runs.Missing, New: "2026-11-01", Leaves: "A"}
	for name, c := range map[string]struct {
		change services.Change
		sites  []services.Site
		want   runs.LeftReason
	}{
		"as it was":               {update, []services.Site{{Code: "A", Row: &shown}}, runs.LeftTakenBack},
		"edited":                  {update, []services.Site{{Code: "A", Row: &edited}}, runs.LeftEdited},
		"held":                    {update, []services.Site{{Code: "A", Row: &edited, Held: true}}, runs.LeftHeld},
		"another site is edited":  {update, []services.Site{{Code: "A", Row: &shown}, {Code: "B", Row: &edited}}, runs.LeftTakenBack},
		"its row is gone":         {update, []services.Site{{Code: "A"}}, runs.LeftEdited},
		"somebody added it":       {addition, []services.Site{{Code: "A", Row: &shown}}, runs.LeftEdited},
		"nobody added it":         {addition, []services.Site{{Code: "A"}}, runs.LeftTakenBack},
		"a move, as it was":       {move, []services.Site{{Code: "A", Row: &shown}, {Code: "B"}}, runs.LeftTakenBack},
		"a move, edited":          {move, []services.Site{{Code: "A", Row: &edited}, {Code: "B"}}, runs.LeftEdited},
		"a move, its origin held": {move, []services.Site{{Code: "A", Row: &shown, Held: true}, {Code: "B"}}, runs.LeftHeld},
		"a mark":                  {mark, []services.Site{{Code: "A", Row: &edited}}, runs.LeftTakenBack},
		"nothing is known":        {update, nil, runs.LeftTakenBack},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := services.ExplainLeft([]services.Change{c.change}, []services.Item{{ID: "1", Sites: c.sites}})
			require.Len(t, left, 1)
			require.Equal(t, c.want, left[0].Left)
		})
	}
}
