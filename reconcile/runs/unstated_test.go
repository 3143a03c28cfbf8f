package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func typeless(r *profile.Record) { r.Values.Forget(profile.FieldType) }

func TestNoProfileSaysWhy(t *testing.T) {
	t.Parallel()
	ofNoType, optician := stating(profile.FieldType, ""), stating(profile.FieldType, "optical-site")
	for name, test := range map[string]struct {
		record profile.Record
		want   runs.NoProfile
		verbs  []string
	}{
		"active":                      {pharmacy(), "", []string{"create"}},
		"seen through the API alone":  {pharmacy(standing(profile.Alive)), runs.OnlyAlive, nil},
		"dormant":                     {pharmacy(standing(profile.Dormant)), runs.IsDormant, nil},
		"of a type that is not told":  {pharmacy(typeless), runs.TypeUnknown, nil},
		"dormant, and no type told":   {pharmacy(standing(profile.Dormant), typeless), "", nil},
		"inactive":                    {pharmacy(standing(profile.Inactive)), "", nil},
		"proposed":                    {pharmacy(standing(profile.Proposed)), "", nil},
		"alive, of no type":           {pharmacy(standing(profile.Alive), ofNoType), "", nil},
		"dormant, of a type not kept": {pharmacy(standing(profile.Dormant), optician), "", nil},
		"active, of no type":          {pharmacy(ofNoType), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, outcome := compute(runs.Item{Upstream: test.record})
			require.Equal(t, test.want, outcome.NoProfile)
			require.ElementsMatch(t, test.verbs, verbs(changes))
			require.True(t, outcome.Settled)
			_, outcome = compute(runs.Item{Upstream: test.record, Local: profiled(profile.StatusOpen)})
			require.Empty(t, outcome.NoProfile, "it has one")
		})
	}
}

// A record that does not tell the type says nothing of it: the profile has not
// left its type, and comes back as what it was.
func TestTypeThatIsNotStated(t *testing.T) {
	t.Parallel()
	changes, outcome := compute(runs.Item{Upstream: pharmacy(typeless), Local: profiled(profile.StatusOpen)})
	require.Empty(t, changes)
	require.Empty(t, outcome.Flag)
	require.True(t, outcome.Settled)
	changes, _ = compute(runs.Item{Upstream: pharmacy(typeless), Local: profiled(profile.StatusClosed)})
	require.Equal(t, []string{"reopen status"}, verbs(changes))
	optician := profiled(profile.StatusOpen, stating(profile.FieldType, "optical-site"))
	_, outcome = compute(runs.Item{Upstream: pharmacy(typeless), Local: optician})
	require.Equal(t, runs.LeftType, outcome.Flag, "the profile is of a type that is not kept")
}

// The form of an address is judged beside its postcode.
func TestAddressInAnotherForm(t *testing.T) {
	t.Parallel()
	shown := profiled(profile.StatusOpen, stating(profile.FieldAddress, "THE HEALTH CENTRE\n1 HIGH ST\nLEEDS"))
	changes, outcome := compute(runs.Item{Upstream: pharmacy(), Local: shown})
	require.Empty(t, changes, "the shown address stays")
	require.True(t, outcome.Settled)
	changes, _ = compute(runs.Item{Upstream: pharmacy(stating(profile.FieldPostcode, "LS2 2AA")), Local: shown})
	require.Equal(t, []string{"update address", "update postcode"}, verbs(changes), "it moved")
	changes, _ = compute(runs.Item{Upstream: pharmacy(stating(profile.FieldAddress, "2 HIGH STREET\nLEEDS")), Local: shown})
	require.Equal(t, []string{"update address"}, verbs(changes))
	changes, _ = compute(runs.Item{Upstream: pharmacy(stating(profile.FieldName, "WELL")), Local: shown})
	require.Equal(t, []string{"update name"}, verbs(changes))
	shown.Values.Set(profile.FieldAddress, "Boots\n1 High Street\nLeeds")
	changes, _ = compute(runs.Item{Upstream: pharmacy(stating(profile.FieldName, "WELL")), Local: shown})
	require.Equal(t, []string{"update name", "update address"}, verbs(changes), "a line with the old name goes with it")
}
