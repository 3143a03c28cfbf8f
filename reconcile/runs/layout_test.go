package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func board(icb, region string) func(*profile.Record) {
	return func(r *profile.Record) {
		r.Values.Set(profile.FieldICB, icb)
		r.Values.Set(profile.FieldRegion, region)
	}
}

// relaid compares an organisation in a listing whose layout gave the board another
// meaning.
func relaid(item runs.Item) ([]runs.Change, runs.Outcome) {
	item.Redefined = fields(profile.FieldICB, profile.FieldRegion)
	return compute(item)
}

func TestFieldsOfAnotherMeaningAreNotCompared(t *testing.T) {
	t.Parallel()
	shown := profiled(profile.StatusOpen, board("QWO", "Y63"))
	old, renewed := pharmacy(board("QWO", "Y63")), pharmacy(board("QHM", "Y60"), stating(profile.FieldName, "WELL"))
	changes, outcome := relaid(runs.Item{Upstream: renewed, Base: &old, Local: shown})
	require.Equal(t, []string{"update name"}, verbs(changes), "the rest is compared")
	require.Equal(t, []profile.Field{profile.FieldICB, profile.FieldRegion}, outcome.NotCompared)
	require.True(t, outcome.Settled)

	base := renewed
	base.NotCompared = []string{"icb", "region"}
	shown.Values.Set(profile.FieldName, "Well")
	changes, outcome = compute(runs.Item{Upstream: renewed, Base: &base, Local: shown})
	require.Empty(t, changes, "nor in the listings after it")
	require.Equal(t, []profile.Field{profile.FieldICB, profile.FieldRegion}, outcome.NotCompared)
	require.True(t, outcome.Settled)

	moved := renewed
	board("QT1", "Y60")(&moved)
	changes, outcome = compute(runs.Item{Upstream: moved, Base: &base, Local: shown})
	require.Equal(t, []string{"update icb", "update region"}, verbs(changes), "until the register says something else")
	require.Empty(t, outcome.NotCompared)

	changes, outcome = relaid(runs.Item{Upstream: renewed, Local: shown})
	require.Equal(t, []string{"update icb", "update region"}, verbs(changes), "it was in no listing before")
	require.Empty(t, outcome.NotCompared)

	changes, outcome = relaid(runs.Item{Upstream: old, Base: &base, Local: shown})
	require.Equal(t, []string{"update name"}, verbs(changes))
	require.Empty(t, outcome.NotCompared, "the profile says the same")
}

// Nor does a closed profile follow them once it opens, nor in the listings between.
func TestAClosedProfileDoesNotFollowAnotherMeaning(t *testing.T) {
	t.Parallel()
	old, renewed := pharmacy(board("QWO", "Y63")), pharmacy(board("QHM", "Y60"))
	ended := pharmacy(board("QHM", "Y60"), standing(profile.Inactive), closes(-9))
	shown := profiled(profile.StatusClosed, board("QWO", "Y63"), stating(profile.FieldAddress, "THE HEALTH CENTRE\n1 HIGH ST\nLEEDS"))
	changes, outcome := relaid(runs.Item{Upstream: ended, Base: &old, Local: shown})
	require.Empty(t, changes)
	require.Equal(t, fields(profile.FieldICB, profile.FieldRegion), outcome.NotCompared)
	require.False(t, outcome.OtherForm)

	ended.NotCompared = []string{"icb", "region"}
	changes, outcome = compute(runs.Item{Upstream: ended, Base: &ended, Local: shown})
	require.Empty(t, changes)
	require.Equal(t, fields(profile.FieldICB, profile.FieldRegion), outcome.NotCompared)

	changes, _ = compute(runs.Item{Upstream: renewed, Base: &ended, Local: shown})
	require.Equal(t, []string{"reopen status"}, verbs(changes))

	agreeing := profiled(profile.StatusClosed, board("QHM", "Y60"))
	_, outcome = relaid(runs.Item{Upstream: ended, Base: &old, Local: agreeing})
	require.Empty(t, outcome.NotCompared, "the profile says the same")
}

// Nothing that waits ends because a field is not compared.
func TestWhatWaitsOutlastsANewLayout(t *testing.T) {
	t.Parallel()
	old, renewed := pharmacy(board("QWO", "Y63")), pharmacy(board("QHM", "Y60"))
	plan := runs.Compute(runs.Input{
		AsOf: today, CountsAsLook: true, ProfileTypes: kept,
		Items: []runs.Item{{
			Redefined: fields(profile.FieldICB, profile.FieldRegion), Upstream: renewed, Base: &old,
			Local:   profiled(profile.StatusOpen, board("QWO", "Y63")),
			Waiting: []runs.Waiting{setting(profile.FieldICB, "QWO", "QT1")},
		}},
	})
	require.Empty(t, plan.Changes)
	require.Empty(t, plan.Ended)
}

func TestAnAddressInAnotherForm(t *testing.T) {
	t.Parallel()
	shown := profiled(profile.StatusOpen, stating(profile.FieldAddress, "THE HEALTH CENTRE\n1 HIGH ST\nLEEDS"))
	_, outcome := compute(runs.Item{Upstream: pharmacy(), Local: shown})
	require.True(t, outcome.OtherForm)
	for _, address := range []string{"1 HIGH STREET\nLEEDS", "1 High Street, Leeds", "2 HIGH STREET\nLEEDS"} {
		_, outcome = compute(runs.Item{Upstream: pharmacy(), Local: profiled(profile.StatusOpen, stating(profile.FieldAddress, address))})
		require.False(t, outcome.OtherForm, address)
	}
}

// A profile never shows a region that its board is not in, whatever the register
// leaves out.
func TestRegionFollowsTheBoard(t *testing.T) {
	t.Parallel()
	regions := map[string]string{"QWO": "Y63", "QT1": "Y60", "": ""}
	for name, test := range map[string]struct {
		icb, region string
		verbs       []string
	}{
		"both":             {"QT1", "Y60", []string{"update icb", "update region"}},
		"a board alone":    {"QT1", "", []string{}},
		"the same board":   {"QWO", "", []string{}},
		"neither":          {"", "", []string{}},
		"what it has":      {"QWO", "Y63", []string{}},
		"another region":   {"QWO", "Y60", []string{"update region"}},
		"the board it has": {"qwo", "Y63", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown := profiled(profile.StatusOpen, board("QWO", "Y63"))
			changes, _ := compute(runs.Item{Upstream: pharmacy(board(test.icb, test.region)), Local: shown})
			require.Equal(t, test.verbs, verbs(changes))
			for _, c := range changes {
				shown.Values.Set(c.Field, c.New)
			}
			if test.region == "" || regions[test.icb] == test.region {
				require.Equal(t, regions[shown.Values.Get(profile.FieldICB)], shown.Values.Get(profile.FieldRegion))
			}
		})
	}
	empty := profiled(profile.StatusOpen, board("", ""))
	changes, _ := compute(runs.Item{Upstream: pharmacy(board("QT1", "")), Local: empty})
	require.Equal(t, []string{"update icb"}, verbs(changes), "there is no region to contradict it")
}

// A board that changes while commissioner and address stay was redefined.
func TestGuardOfBoards(t *testing.T) {
	t.Parallel()
	groups := map[runs.Group]int{
		updating(profile.GPPractice, profile.FieldICB): 101, updating(profile.GPPractice, profile.FieldName): 101,
	}
	for alone, want := range map[int]runs.WithheldReason{0: runs.MassChange, 100: runs.MassChange, 101: runs.MeaningChanged} {
		at := open(profile.GPPractice, 1000)
		at.Unexplained = map[profile.OrgType]int{profile.GPPractice: alone}
		require.Equal(t, []runs.Withheld{
			{Reason: want, Type: profile.GPPractice, Field: "icb", Count: 101, Of: 1000},
			{Reason: runs.MassChange, Type: profile.GPPractice, Field: "name", Count: 101, Of: 1000},
		}, judged(groups, at), alone)
	}
}
