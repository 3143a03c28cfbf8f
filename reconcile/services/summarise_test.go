package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

func TestIDsAreDigits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"7", "11002", "000123"} {
		id, err := services.ParseID(" " + text + " ")
		require.NoError(t, err)
		require.Equal(t, services.ID(text), id)
	}
	for _, text := range []string{"", " ", "11 002", "-7", "x11002", "1.5", "1234567890123456789"} {
		_, err := services.ParseID(text)
		require.ErrorContains(t, err, "want digits", text)
	}
}

// Removals are counted out of the services of the sites that lose some, all other
// changes out of all services.
func TestWithheldServicesAreSummedUp(t *testing.T) {
	t.Parallel()
	losses := []services.SiteLosses{{Code: "RR801", Losses: 3, Of: 5}, {Code: "RR802", Losses: 4, Of: 7}}
	row := func(reason runs.WithheldReason, of profile.OrgType, count, all int) runs.Withheld {
		return runs.Withheld{Reason: reason, Type: of, Field: "ers-services", Count: count, Of: all}
	}
	require.Empty(t, services.Summarise(nil, losses, 100))
	require.Equal(t, []runs.Withheld{
		row(runs.TooManyRemovals, profile.Trust, 2, 5),
		row(runs.TooManyRemovals, profile.TrustSite, 5, 12),
		row(runs.WasUndone, profile.TrustSite, 6, 100),
	}, services.Summarise([]services.WithheldCount{
		{Reason: runs.TooManyRemovals, Type: profile.Trust, Leaves: "RR801", Count: 2},
		{Reason: runs.TooManyRemovals, Type: profile.TrustSite, Leaves: "RR801", Count: 1},
		{Reason: runs.TooManyRemovals, Type: profile.TrustSite, Leaves: "RR802", Count: 4},
		{Reason: runs.WasUndone, Type: profile.TrustSite, Count: 4},
		{Reason: runs.WasUndone, Type: profile.TrustSite, Leaves: "RR802", Count: 2},
	}, losses, 100))
}
