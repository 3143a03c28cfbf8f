package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	// referring is how many trusts offer services in e-RS, each at all its sites,
	// and fewest the sites that such a trust has.
	referring = 12
	fewest    = 2
	// offers is how many services a site has.
	offers = 8
)

// newReferrals makes up the services of e-RS at the sites of a register's
// largest trusts, the same for the same seed and register.
func newReferrals(seed uint64, register *odstest.World) (*erstest.World, error) {
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
	return erstest.NewWorld(seed, places, offers), nil
}

// largest are the trusts with the most sites, those first.
func largest(byTrust map[string][]erstest.Site) (trusts []string) {
	for trust, sites := range byTrust {
		if len(sites) >= fewest {
			trusts = append(trusts, trust)
		}
	}
	slices.SortFunc(trusts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(byTrust[b]), len(byTrust[a])), cmp.Compare(a, b))
	})
	return trusts[:min(referring, len(trusts))]
}

// clinic is a service that the website shows of a profile.
type clinic struct {
	ID   string `json:"ServiceCode"`
	Name string `json:"ServiceName"`
}

// clinics are the services that the website shows of a site, in the order of
// their ids as text.
func (o *outside) clinics(code string) (shown []clinic, err error) {
	for _, state := range o.website.States(code) {
		var document struct {
			Services []clinic `json:"Services"`
		}
		if err := json.Unmarshal(state.Document, &document); err != nil {
			return nil, fmt.Errorf("what the website shows of %s: %w", code, err)
		}
		shown = append(shown, document.Services...)
	}
	slices.SortFunc(shown, func(a, b clinic) int { return cmp.Compare(a.ID, b.ID) })
	return shown, nil
}
