package outside

import (
	"maps"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// trusts is how many the real register lists: with fewer, the recode would stay
// below the guard's floor (connectors/ods/CONTRACT.md "Mass changes").
const Trusts = 273

// shares of a register, by report; the trusts come on top.
var shares = []struct {
	report string
	share  float64
}{
	{"edispensary", 0.24}, {"epraccur", 0.22}, {"ets", 0.22}, {"egdpprac", 0.13}, {"eoptsite", 0.12}, {"ebranchs", 0.07},
}

// newRegister makes up a register of a size, as it is on a day. The same seed
// makes the same register. The FHIR API wants the key.
func NewRegister(seed uint64, size int, day profile.Date, key string) (*odstest.World, error) {
	counts := map[string]int{"etr": Trusts}
	for _, s := range shares {
		counts[s.report] = int(s.share * float64(size-Trusts))
	}
	return odstest.NewWorld(odstest.WorldOptions{Seed: seed, Counts: counts, Day: day, APIKey: key})
}

// The reports of those who have a route to DoS.
const (
	Pharmacies = "edispensary"
	Practices  = "epraccur"
)

// Report is what a report of the register is about.
type Report struct {
	Type   profile.OrgType
	Plural string // what its organisations are called
}

// covers are all reports.
var Reports = map[string]Report{
	Pharmacies: {profile.Pharmacy, "pharmacies"},
	Practices:  {profile.GPPractice, "GP practices"},
	"ebranchs": {profile.GPBranch, "GP branches"},
	"egdpprac": {profile.DentalPractice, "dental practices"},
	"eoptsite": {profile.OpticalSite, "optical sites"},
	"etr":      {profile.Trust, "NHS trusts"},
	"ets":      {profile.TrustSite, "trust sites"},
}

// kept reports whether organisations with such roles have profiles: dispensing
// appliance contractors and most prescribing cost centres have none
// (connectors/ods/CONTRACT.md "Roles").
func HasProfile(report, roles string) bool {
	switch report {
	case Pharmacies:
		return roles == "RO182"
	case Practices:
		return roles == "RO177|RO76"
	default:
		return true
	}
}

// board is the board with the most pharmacies, whose list gets letters.
func LargestBoard(world *odstest.World) (string, error) {
	facts, err := world.Facts(Pharmacies)
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
func Clock(world *odstest.World) func() time.Time {
	return func() time.Time {
		now := time.Now().UTC()
		return world.Day().Time().Add(now.Sub(now.Truncate(24 * time.Hour)))
	}
}
