package services

import (
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Guard holds back what takes too many services away at once: that is
// more often a fault at the other end than a hospital that ended half of what
// it does.
type Guard struct {
	SiteShare float64 // of a site's services that one run may take away or mark missing
	SiteFloor int     // so many are always allowed at a site
	Share     float64 // the same, of all services
	Floor     int
}

// DefaultGuard allows 2 or 30 % of a site's services, and 10 or 2 % of
// all.
func DefaultGuard() Guard {
	return Guard{SiteShare: 0.30, SiteFloor: 2, Share: 0.02, Floor: 10}
}

// SiteLosses is how many services a plan takes away from a site, of how many.
type SiteLosses struct {
	Code   profile.ODSCode
	Type   profile.OrgType
	Losses int
	Of     int // services of the site before the run
}

// Judge returns the sites whose losses are withheld. When losses of all sites
// together are too many, that is every one. More losses never make it fewer.
func (g Guard) Judge(sites []SiteLosses, all int) (withheld []SiteLosses) {
	total := 0
	for _, site := range sites {
		total += site.Losses
		if site.Losses > max(g.SiteFloor, int(g.SiteShare*float64(site.Of))) {
			withheld = append(withheld, site)
		}
	}
	if total > max(g.Floor, int(g.Share*float64(all))) {
		return sites
	}
	return withheld
}

// WithheldCount is how many changes of one reason wait at profiles of one type,
// those that leave the same site together.
type WithheldCount struct {
	Reason runs.WithheldReason
	Type   profile.OrgType
	Leaves profile.ODSCode // the site that a service leaves; empty where it leaves none
	Count  int
}

// Summarise turns sorted counts into the rows that people see: one a reason and
// type of profile, measured against the services of the sites that would lose
// some, or against all.
func Summarise(counts []WithheldCount, losses []SiteLosses, all int) []runs.Withheld {
	services := make(map[profile.ODSCode]int, len(losses))
	for _, site := range losses {
		services[site.Code] = site.Of
	}
	shown := []runs.Withheld{}
	for _, c := range counts {
		last := len(shown) - 1
		if last < 0 || shown[last].Reason != c.Reason || shown[last].Type != c.Type {
			shown = append(shown, runs.Withheld{Reason: c.Reason, Type: c.Type, Field: profile.FieldERSServices.String()})
			last++
		}
		shown[last].Count += c.Count
		if shown[last].Of += services[c.Leaves]; c.Reason != runs.TooManyRemovals {
			shown[last].Of = all
		}
	}
	return shown
}
