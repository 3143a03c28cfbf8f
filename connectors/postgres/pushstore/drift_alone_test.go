package pushstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// One field that DoS never takes (an unknown postcode) does not end the repair of
// others. Each is repaired three times for one wanted value, and then left to people.
func TestOneFieldInVainDoesNotEndTheRepairOfOthers(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	night := func(want string, fields ...profile.Field) (repaired int, givenUp []string) {
		check := w.check()
		var found []push.Difference
		for _, f := range fields {
			found = append(found, push.Difference{Entry: "service 1", Field: f, Want: want, Shown: "2"})
		}
		require.NoError(t, check.Found(t.Context(), []push.Drifted{{Code: "FA0000", Differences: found}}, nil, nil))
		ended, err := check.End(t.Context(), push.DriftResult{Sink: push.SinkDoS, State: push.DriftDone, Checked: 1, Drifted: 1}, true)
		require.NoError(t, err)
		w.rest()
		for _, row := range w.driftOf(ended.Check) {
			if row.GivenUp {
				givenUp = append(givenUp, row.Field)
			}
		}
		return ended.Repaired, givenUp
	}
	expect := func(wantRepaired int, wantGivenUp []string, why, want string, fields ...profile.Field) {
		t.Helper()
		repaired, givenUp := night(want, fields...)
		require.Equal(t, wantRepaired, repaired, why)
		require.Equal(t, wantGivenUp, givenUp, why)
	}
	const postcode, hours = profile.FieldPostcode, profile.FieldOpeningTimes
	for range 3 {
		expect(1, nil, "tried", "1", postcode)
	}
	expect(0, []string{"postcode"}, "in vain", "1", postcode)
	for range 3 {
		expect(1, []string{"postcode"}, "somebody changed the hours in DoS", "1", postcode, hours)
	}
	expect(0, []string{"opening-times", "postcode"}, "both in vain", "1", postcode, hours)
	expect(1, nil, "another value is wanted", "3", postcode, hours)
	expect(1, nil, "the postcode was right in between", "3", hours)
	expect(1, nil, "counted from the beginning", "3", postcode, hours)
	expect(1, []string{"opening-times"}, "the hours never were", "3", postcode, hours)
}

// A NUL in what a sink shows of one profile does not end the check of all others.
func TestANulInWhatIsShownStopsNoOther(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy)
	check := w.check()
	require.NoError(t, check.Found(t.Context(), []push.Drifted{
		{Code: "FA0000", Differences: []push.Difference{{Field: profile.FieldPhone, Want: "1", Shown: "2\x00"}}},
		{Code: "FA0001", Differences: []push.Difference{{Field: profile.FieldPhone, Want: "1", Shown: "2"}}},
	}, nil, nil))
}

// A service that DoS lists twice does not end the check of all others.
func TestAServiceListedTwiceStopsNoOther(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	twice := push.Difference{Entry: "service 1 (type 13)", Field: profile.FieldPhone, Want: "1", Shown: "2"}
	require.NoError(t, w.check().Found(t.Context(), []push.Drifted{{Code: "FA0000", Differences: []push.Difference{twice, twice}}}, nil, nil))
}
