package odstest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func newWorld(t *testing.T) *odstest.World {
	t.Helper()
	w, err := odstest.NewWorld(odstest.WorldOptions{
		Seed: 3, Counts: map[string]int{"etr": 273, "edispensary": 2000}, Day: profile.NewDate(2026, 3, 1),
	})
	require.NoError(t, err)
	return w
}

// facts are the rows of a report by code.
func facts(t *testing.T, w *odstest.World, report string) map[string]odstest.Fact {
	t.Helper()
	list, err := w.Facts(report)
	require.NoError(t, err)
	byCode := make(map[string]odstest.Fact, len(list))
	for _, f := range list {
		byCode[f.Code] = f
	}
	return byCode
}

func TestAWorldPlaysForwardsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	played, err := w.Churn(profile.NewDate(2026, 3, 31))
	require.NoError(t, err)
	require.Equal(t, profile.NewDate(2026, 3, 31), played.Day)
	require.Positive(t, played.Events["restamped"])

	for _, play := range []func(profile.Date) error{
		w.Advance,
		func(day profile.Date) error { _, err := w.Churn(day); return err },
		func(day profile.Date) error { _, err := w.Recode(day); return err },
	} {
		require.ErrorContains(t, play(profile.NewDate(2026, 3, 30)), "2026-03-30 is over: the register speaks of 2026-03-31")
	}
	require.NoError(t, w.Advance(profile.NewDate(2026, 4, 2)))
	require.Equal(t, profile.NewDate(2026, 4, 2), w.Day())
}

func TestFactsAreWhatTheRecodeChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := facts(t, w, "etr")
	require.Len(t, before, 273)
	played, err := w.Recode(profile.NewDate(2026, 4, 1))
	require.NoError(t, err)
	moved := 0
	for code, after := range facts(t, w, "etr") {
		if was, known := before[code]; known && was.Fields["icb"] != after.Fields["icb"] {
			moved++
		}
	}
	require.Equal(t, played.Events["icb"], moved)
	require.Greater(t, moved, 40)
}

func TestARenamedOrganisationChangesItsNameOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := facts(t, w, "edispensary")
	for code, was := range before {
		require.NoError(t, w.Rename(code, "NEW LEAF PHARMACY"))
		is := facts(t, w, "edispensary")[code]
		require.Equal(t, "NEW LEAF PHARMACY", is.Fields["name"])
		for field, value := range was.Fields {
			if field != "name" {
				require.Equal(t, value, is.Fields[field], field)
			}
		}
		break
	}
	require.ErrorContains(t, w.Rename("NONE1", "X"), "NONE1")
}

func TestAWorldRefusesWhatIsNoReport(t *testing.T) {
	t.Parallel()
	_, err := odstest.NewWorld(odstest.WorldOptions{Counts: map[string]int{"elephants": 3}})
	require.ErrorContains(t, err, `report "elephants"`)
	_, err = odstest.NewWorld(odstest.WorldOptions{Counts: map[string]int{"etr": 0}})
	require.ErrorContains(t, err, "report etr: 0 organisations")
	_, err = newWorld(t).Facts("elephants")
	require.ErrorContains(t, err, `report "elephants"`)
}
