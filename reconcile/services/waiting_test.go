package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

func TestWhatWaitsIsNotPlannedAgain(t *testing.T) {
	t.Parallel()
	shown := ersService("1", "Clinic").Shown("")
	itemOf := func(state services.State, name string, at ...profile.ODSCode) services.Item {
		service := ersService("1", name, at...)
		return services.Item{
			ID: "1", Previous: services.Active, State: state, Service: &service,
			Sites: []services.Site{{Code: "A", Row: &shown}},
		}
	}
	withdrawal := planned(ersDay(1), []services.Item{itemOf(services.Gone, "Clinic", "A")})
	missing := planned(ersDay(1), []services.Item{itemOf(services.Missing, "Clinic", "A")})
	require.Len(t, withdrawal, 1)
	require.Len(t, missing, 1)
	frozen := itemOf(services.Active, "Clinic", "A")
	frozen.Sites[0].Held = true
	edited := itemOf(services.Gone, "Clinic", "A")
	mine := shown
	mine.Name = "By hand"
	edited.Sites[0].Row = &mine
	for name, c := range map[string]struct {
		waits   services.Change
		item    services.Item
		planned int
		ended   int
	}{
		"the same":                      {waits: withdrawal[0], item: itemOf(services.Gone, "Clinic", "A")},
		"missing on another day":        {waits: missing[0], item: itemOf(services.Missing, "Clinic", "A")},
		"missing, and marked since":     {waits: missing[0], item: markedMissing(itemOf(services.Missing, "Clinic", "A"))},
		"back again":                    {waits: missing[0], item: itemOf(services.Active, "Clinic", "A"), ended: 1},
		"back, with another name":       {waits: withdrawal[0], item: itemOf(services.Active, "Other", "A"), planned: 1, ended: 1},
		"the services are held":         {waits: withdrawal[0], item: frozen},
		"no longer visible to anyone":   {waits: withdrawal[0], item: itemOf(services.NotVisible, "Clinic", "A")},
		"of a profile edited meanwhile": {waits: withdrawal[0], item: edited, planned: 1, ended: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.item.Waiting = []services.Waiting{{Change: c.waits, Run: 7, Withheld: runs.TooManyRemovals}}
			changes, ended := services.Plan(ersDay(2), []services.Item{c.item})
			require.Len(t, changes, c.planned)
			require.Len(t, ended, c.ended)
		})
	}
}

// markedMissing is a service that is missing since an earlier run.
func markedMissing(item services.Item) services.Item {
	item.Previous = services.Missing
	return item
}

// The same new value of a profile that was edited waits on, in the run that saw
// it: nothing is applied that nobody decided on.
func TestTheSameNewValueWaitsOn(t *testing.T) {
	t.Parallel()
	old, mine := ersService("1", "Clinic").Shown(""), ersService("1", "By hand").Shown("")
	service := ersService("1", "Renamed", "A")
	itemOf := func(row services.Shown) services.Item {
		return services.Item{
			ID: "1", Previous: services.Active, State: services.Active, Service: &service, Sites: []services.Site{{Code: "A", Row: &row}},
		}
	}
	first := planned(ersDay(1), []services.Item{itemOf(old)})
	require.Len(t, first, 1)
	first[0].Since = 3
	again := itemOf(mine)
	again.Waiting = []services.Waiting{{Change: first[0], Run: 7, Withheld: runs.WasUndone}}
	changes, ended := services.Plan(ersDay(2), []services.Item{again})
	require.Len(t, changes, 1)
	require.Equal(t, runs.WasUndone, changes[0].Waits)
	require.Equal(t, runs.ID(3), changes[0].Since)
	require.Len(t, ended, 1)
	require.True(t, ended[0].Replaced)
}
