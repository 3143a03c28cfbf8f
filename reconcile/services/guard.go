package services

import "github.com/profilesync/profilesync/reconcile/profile"

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
