package runs_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestNumbersOfPlans(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"P12", "p12", "12", "P012"} {
		var id runs.PlanID
		require.NoError(t, id.UnmarshalText([]byte(text)), text)
		require.Equal(t, runs.PlanID(12), id, text)
		require.Equal(t, "P12", id.String())
	}
	for _, text := range []string{"", "P", "P0", "0", "-1", "P-1", "PP1", "1P", "P1.5", "9223372036854775808", "run 3"} {
		id := runs.PlanID(7)
		require.ErrorContains(t, id.UnmarshalText([]byte(text)), "is no number of a plan: want P12 or 12", text)
		require.Equal(t, runs.PlanID(7), id, text)
	}
}

func TestAPlanNamesItsNumberInJSON(t *testing.T) {
	t.Parallel()
	summary := runs.NewSummary(runs.Run{ID: 22, Plan: 12})
	text, err := json.Marshal(summary)
	require.NoError(t, err)
	require.Contains(t, string(text), `{"run":"22","plan":"P12","digest":`)
	var read runs.Summary
	require.NoError(t, json.Unmarshal(text, &read))
	require.Equal(t, summary, read)

	text, err = json.Marshal(runs.NewSummary(runs.Run{ID: 22}))
	require.NoError(t, err)
	require.NotContains(t, string(text), "plan")
}

func TestRefusalsOfPlans(t *testing.T) {
	t.Parallel()
	differs := func(fresh, gone, other int) error {
		return &runs.DiffersError{Plan: 12, Differs: runs.Differs{New: fresh, Gone: gone, Other: other}}
	}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"applied": {
			runs.AlreadyApplied(12, 22),
			"plan P12: refused, nothing changed: it was already applied in run 22; make a new plan",
		},
		"all kinds": {
			differs(3, 2, 1),
			"plan P12: refused, nothing changed: what would be done is no longer what it shows: 3 new, 2 gone, 1 other than planned; " +
				"make a new plan",
		},
		"one kind": {
			differs(0, 2, 0),
			"plan P12: refused, nothing changed: what would be done is no longer what it shows: 2 gone; make a new plan",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, test.err, test.want)
			refused := new(profile.RefusedError)
			require.ErrorAs(t, test.err, &refused, "the run is refused, not failed")
		})
	}
	require.EqualError(t, runs.NotKept(12), "plan P12 is no longer kept: plans are kept for a week; make a new one")
}

// Only one side of a difference may be there: it is left out, never null.
func TestDifferencesInJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(runs.Differs{New: 1, Rows: []runs.Difference{{
		Code: "FA001", Field: "name", Now: &runs.Intent{Verb: runs.Update, Old: "Old", New: "New", Withheld: runs.MassChange},
	}}})
	require.NoError(t, err)
	require.JSONEq(t, `{"new":1,"gone":0,"other":0,"rows":[
		{"code":"FA001","field":"name","now":{"verb":"update","old":"Old","new":"New","withheld":"mass-change"}}]}`, string(text))
}
