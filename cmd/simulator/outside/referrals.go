package outside

import (
	"cmp"
	"slices"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	// trustsInERS is how many trusts offer services in e-RS, each at all its sites.
	trustsInERS = 12
	// sitesAtLeast is how many sites such a trust has.
	sitesAtLeast = 2
	// servicesPerSite is how many services each of these sites has.
	servicesPerSite = 8
)

// NewReferrals makes up the services of e-RS at the sites of a register's
// largest trusts, the same for the same seed and register.
func NewReferrals(seed uint64, register *odstest.World) (*erstest.World, error) {
	sites, err := register.Facts("ets")
	if err != nil {
		return nil, err
	}
	byTrust := map[string][]erstest.Site{}
	for _, fact := range sites {
		if trust := fact.Fields["parent"]; trust != "" && fact.Standing == profile.Active && fact.Opened.Before(register.Day()) {
			byTrust[trust] = append(byTrust[trust], erstest.Site{
				Code: profile.ODSCode(fact.Code), Provider: profile.ODSCode(trust), Name: fact.Fields["name"],
			})
		}
	}
	var places []erstest.Site
	for _, trust := range largest(byTrust) {
		places = append(places, byTrust[trust]...)
	}
	return erstest.NewWorld(seed, places, servicesPerSite), nil
}

// largest are the trusts with the most sites, in that order.
func largest(byTrust map[string][]erstest.Site) (trusts []string) {
	for trust, sites := range byTrust {
		if len(sites) >= sitesAtLeast {
			trusts = append(trusts, trust)
		}
	}
	slices.SortFunc(trusts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(byTrust[b]), len(byTrust[a])), cmp.Compare(a, b))
	})
	return trusts[:min(trustsInERS, len(trusts))]
}
