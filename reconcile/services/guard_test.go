package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// The limits max(2, 30 %) and max(10, 2 %), for all sizes that matter.
func TestFloorsAndSharesOfTheGuard(t *testing.T) {
	t.Parallel()
	guard := services.DefaultGuard()
	withheld := func(losses, of, all int) bool {
		return len(guard.Judge([]services.SiteLosses{{Code: "A", Losses: losses, Of: of}}, all)) == 1
	}
	const plenty = 1_000_000
	for of := range 500 {
		allowed := max(2, of*30/100)
		require.False(t, withheld(allowed, of, plenty), "%d of a site's %d", allowed, of)
		require.True(t, withheld(allowed+1, of, plenty), "%d of a site's %d", allowed+1, of)
	}
	for all := range 5000 {
		allowed := max(10, all*2/100)
		require.False(t, withheld(allowed, plenty, all), "%d of all %d", allowed, all)
		require.True(t, withheld(allowed+1, plenty, all), "%d of all %d", allowed+1, all)
	}
}

// Losses that are few at each site can be too many in total. Then every site is
// withheld, even one that loses nothing.
func TestManySmallLossesAreWithheldTogether(t *testing.T) {
	t.Parallel()
	guard := services.DefaultGuard()
	var sites []services.SiteLosses
	for _, code := range []profile.ODSCode{"A", "B", "C", "D", "E"} {
		sites = append(sites, services.SiteLosses{Code: code, Losses: 2, Of: 20})
	}
	sites = append(sites, services.SiteLosses{Code: "F", Of: 20})
	require.Empty(t, guard.Judge(sites, 120), "ten losses are always allowed")
	sites[5].Losses = 1
	require.Equal(t, sites, guard.Judge(sites, 120))
	require.Empty(t, guard.Judge(sites, 550), "eleven are 2 % of 550")
	require.Equal(t, sites, guard.Judge(sites, 549))
	sites[5].Losses = 0
	sites[0].Losses = 7
	require.Equal(t, sites[:1], guard.Judge(sites, 1000), "only one site loses too many")
	sites[0].Losses, sites[1].Losses, sites[2].Losses = 7, 0, 8
	require.Equal(t, []services.SiteLosses{sites[0], sites[2]}, guard.Judge(sites, 1000), "two sites lose too many")
	require.Empty(t, guard.Judge(nil, 0))
	require.Equal(t, sites[2:3], services.Guard{SiteFloor: 7, Floor: 100}.Judge(sites, 1000), "with shares of 0, only the floors count")
}

// A further site that loses services never releases another.
func TestAFurtherSiteReleasesNone(t *testing.T) {
	t.Parallel()
	site := rapid.Custom(func(t *rapid.T) services.SiteLosses {
		of := rapid.IntRange(0, 40).Draw(t, "services")
		losses := rapid.IntRange(0, of/2).Draw(t, "losses")
		return services.SiteLosses{Code: profile.ODSCode(rapid.StringMatching(`R[A-Z0-9]{4}`).Draw(t, "code")), Of: of, Losses: losses}
	})
	rapid.Check(t, func(t *rapid.T) {
		sites := rapid.SliceOfN(site, 0, 6).Draw(t, "sites")
		all := rapid.IntRange(0, 5000).Draw(t, "all")
		before := services.DefaultGuard().Judge(sites, all)
		after := services.DefaultGuard().Judge(append(sites, site.Draw(t, "another")), all)
		require.Subset(t, after, before)
		permuted := permuted(t, sites)
		require.ElementsMatch(t, before, services.DefaultGuard().Judge(permuted, all))
	})
}

// Every withheld change is counted in one row, and no two rows are of the same kind.
func TestASummaryLosesNoChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var counts []services.WithheldCount
		sum := 0
		for _, reason := range []runs.WithheldReason{runs.TooManyRemovals, runs.WasUndone} {
			for _, orgType := range []profile.OrgType{profile.Trust, profile.TrustSite} {
				for _, leaves := range []profile.ODSCode{"", "A", "B"} {
					if count := rapid.IntRange(0, 3).Draw(t, "count"); count > 0 {
						counts, sum = append(counts, services.WithheldCount{Reason: reason, Type: orgType, Leaves: leaves, Count: count}), sum+count
					}
				}
			}
		}
		kinds := map[runs.Withheld]bool{}
		for _, row := range services.Summarise(counts, []services.SiteLosses{{Code: "A", Of: 5}, {Code: "B", Of: 6}}, 100) {
			sum -= row.Count
			row.Count, row.Of = 0, 0
			require.False(t, kinds[row])
			kinds[row] = true
		}
		require.Zero(t, sum)
	})
}
