package main

import (
	"maps"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// trusts is how many the real register lists: with fewer, the recode would stay
// below the guard's floor (connectors/ods/CONTRACT.md "Mass changes").
const trusts = 273

// shares of a register, by report; the trusts come on top.
var shares = []struct {
	report string
	share  float64
}{
	{"edispensary", 0.24}, {"epraccur", 0.22}, {"ets", 0.22}, {"egdpprac", 0.13}, {"eoptsite", 0.12}, {"ebranchs", 0.07},
}

// newRegister makes up a register of a size, as it is on a day. The same seed
// makes the same register. The FHIR API wants the key.
func newRegister(seed uint64, size int, day profile.Date, key string) (*odstest.World, error) {
	counts := map[string]int{"etr": trusts}
	for _, s := range shares {
		counts[s.report] = int(s.share * float64(size-trusts))
	}
	return odstest.NewWorld(odstest.WorldOptions{Seed: seed, Counts: counts, Day: day, APIKey: key})
}

// The reports of those who have a route to DoS.
const (
	pharmacies = "edispensary"
	practices  = "epraccur"
)

// covers is what each report is about.
var covers = map[string]struct {
	kind profile.OrgType
	many string
}{
	pharmacies: {profile.Pharmacy, "pharmacies"},
	practices:  {profile.GPPractice, "GP practices"},
	"ebranchs": {profile.GPBranch, "GP branches"},
	"egdpprac": {profile.DentalPractice, "dental practices"},
	"eoptsite": {profile.OpticalSite, "optical sites"},
	"etr":      {profile.Trust, "NHS trusts"},
	"ets":      {profile.TrustSite, "trust sites"},
}

// kept reports whether organisations with such roles have profiles: dispensing
// appliance contractors and most prescribing cost centres have none
// (connectors/ods/CONTRACT.md "Roles").
func kept(report, roles string) bool {
	switch report {
	case pharmacies:
		return roles == "RO182"
	case practices:
		return roles == "RO177|RO76"
	default:
		return true
	}
}

// board is the board with the most pharmacies, whose list gets letters.
func board(world *odstest.World) (string, error) {
	facts, err := world.Facts(pharmacies)
	if err != nil {
		return "", err
	}
	counts := map[string]int{}
	for _, fact := range facts {
		counts[fact.Fields["icb"]]++
	}
	delete(counts, "")
	best := ""
	for _, icb := range slices.Sorted(maps.Keys(counts)) {
		if counts[icb] > counts[best] {
			best = icb
		}
	}
	return best, nil
}

// worldClock is the register's day at the present time of day: DoS drops dated
// hours that are over, and over is a matter of the played day.
func worldClock(world *odstest.World) func() time.Time {
	return func() time.Time {
		now := time.Now().UTC()
		return world.Day().Time().Add(now.Sub(now.Truncate(24 * time.Hour)))
	}
}
