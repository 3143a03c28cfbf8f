package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// saying is a record of a standing and a name, and others of a board.
func saying(s profile.Standing, name, icb string) profile.Record {
	r := profile.Record{Code: "FA001", Standing: s}
	if s == profile.Inactive {
		r.Closed = today.AddDays(-30)
	}
	r.Values.Set(profile.FieldName, name)
	r.Values.Set(profile.FieldICB, icb)
	return r
}

func TestLatest(t *testing.T) {
	t.Parallel()
	const active, alive, dormant, inactive = profile.Active, profile.Alive, profile.Dormant, profile.Inactive
	for name, c := range map[string]struct {
		records   []profile.Record // the latest first
		want      profile.Standing
		says, icb string
	}{
		"one": {[]profile.Record{saying(active, "WELL", "QWO")}, active, "WELL", "QWO"},
		"the latest of two": {
			[]profile.Record{saying(active, "WELL", "QWO"), saying(inactive, "BOOTS", "QOQ")}, active, "WELL", "QWO",
		},
		"ended by the latest": {
			[]profile.Record{saying(inactive, "WELL", "QWO"), saying(active, "BOOTS", "QOQ")}, inactive, "WELL", "QWO",
		},
		"what the latest does not state": {[]profile.Record{saying(active, "WELL", ""), saying(active, "BOOTS", "QOQ")}, active, "WELL", "QOQ"},
		"what nobody states":             {[]profile.Record{saying(active, "", ""), saying(active, "BOOTS", "")}, active, "BOOTS", ""},
		"alive, and dormant before": {
			[]profile.Record{saying(alive, "WELL", ""), saying(dormant, "BOOTS", "QOQ")}, dormant, "WELL", "QOQ",
		},
		"alive, and ended before": {[]profile.Record{saying(alive, "WELL", ""), saying(inactive, "BOOTS", "QOQ")}, alive, "WELL", "QOQ"},
		"alive twice, then active": {
			[]profile.Record{saying(alive, "A", ""), saying(alive, "B", ""), saying(active, "C", "")}, active, "A", "",
		},
		"never more than alive": {[]profile.Record{saying(alive, "WELL", "")}, alive, "WELL", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			latest := runs.Latest(today, c.records)
			require.Equal(t, profile.ODSCode("FA001"), latest.Code)
			require.Equal(t, c.want, latest.Standing)
			require.Equal(t, c.want == inactive, !latest.Closed.IsZero(), "with the dates of its status")
			require.Equal(t, c.says, latest.Values.Get(profile.FieldName))
			require.Equal(t, c.icb, latest.Values.Get(profile.FieldICB))
		})
	}
}

func TestBaseOf(t *testing.T) {
	t.Parallel()
	listing, api := saying(profile.Active, "BOOTS", "QOQ"), saying(profile.Alive, "WELL", "")
	listing.NotCompared = []string{"icb"}
	records := []profile.Record{api, listing}

	base := runs.BaseOf(today, records, 0)
	require.Equal(t, "WELL", base.Values.Get(profile.FieldName))
	require.Equal(t, "QOQ", base.Values.Get(profile.FieldICB), "the API does not state it")
	require.Equal(t, profile.Alive, base.Standing)
	base = runs.BaseOf(today, records, 1)
	require.Equal(t, listing, base, "its own, though another is later")
	base = runs.BaseOf(today, records, -1)
	require.Equal(t, runs.Latest(today, records), base, "new to the report")
	require.Empty(t, api.Values.Get(profile.FieldICB), "the records stay as they are")
}
