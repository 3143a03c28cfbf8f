package outside

import (
	"maps"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Trusts is the number of trusts in the real register. With fewer, the recode
// would stay below the guard's floor (connectors/ods/CONTRACT.md "Mass changes").
const Trusts = 273

// shares of a register, by report; the trusts come on top.
var shares = []struct {
	report string
	share  float64
}{
	{"edispensary", 0.24}, {"epraccur", 0.22}, {"ets", 0.22}, {"egdpprac", 0.13}, {"eoptsite", 0.12}, {"ebranchs", 0.07},
}

// NewRegister makes up a register of size organisations over all reports, as it is
// on a day. The same seed makes the same register. Its FHIR API requires the key,
// unless it is empty.
func NewRegister(seed uint64, size int, day profile.Date, key string) (*odstest.World, error) {
	counts := map[string]int{"etr": Trusts}
	for _, s := range shares {
		counts[s.report] = int(s.share * float64(size-Trusts))
	}
	return odstest.NewWorld(odstest.WorldOptions{Seed: seed, Counts: counts, Day: day, APIKey: key})
}

// The reports whose organisations have a route to DoS.
const (
	Pharmacies = "edispensary"
	Practices  = "epraccur"
)

// Report is what a report of the register is about.
type Report struct {
	Type   profile.OrgType
	Plural string // what its organisations are called
}

// Reports are all reports of the register, by name.
var Reports = map[string]Report{
	Pharmacies: {profile.Pharmacy, "pharmacies"},
	Practices:  {profile.GPPractice, "GP practices"},
	"ebranchs": {profile.GPBranch, "GP branches"},
	"egdpprac": {profile.DentalPractice, "dental practices"},
	"eoptsite": {profile.OpticalSite, "optical sites"},
	"etr":      {profile.Trust, "NHS trusts"},
	"ets":      {profile.TrustSite, "trust sites"},
}

// HasProfile reports whether organisations with such roles have profiles: dispensing
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

// LargestBoard is the code of the board with the most pharmacies.
func LargestBoard(register *odstest.World) (string, error) {
	facts, err := register.Facts(Pharmacies)
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

// Clock gives the present time of day on the register's day. DoS drops dated hours
// that are over, which depends on the day being played.
func Clock(register *odstest.World) func() time.Time {
	return func() time.Time {
		now := time.Now().UTC()
		return register.Day().Time().Add(now.Sub(now.Truncate(24 * time.Hour)))
	}
}
