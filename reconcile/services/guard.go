package services

import (
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Guard withholds changes that take away too many services at once: the cause is
// more often a fault in e-RS than a hospital that really ended half its services.
type Guard struct {
	SiteShare float64 // share of a site's services that one run may take away or mark missing
	SiteFloor int     // number that is always allowed at a site
	Share     float64 // share of all services
	Floor     int     // number that is always allowed over all sites
}

// DefaultGuard allows 2 or 30 % of a site's services, whichever is more, and 10
// or 2 % of all.
func DefaultGuard() Guard {
	return Guard{SiteShare: 0.30, SiteFloor: 2, Share: 0.02, Floor: 10}
}

// SiteLosses says how many of its services a site loses by a plan.
type SiteLosses struct {
	Code   profile.ODSCode
	Type   profile.OrgType
	Losses int
	Of     int // services of the site before the run
}

// Judge returns the sites whose losses are withheld: all of them if the losses of
// all sites together are too many. More losses never release a site.
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

// WithheldCount is the number of changes withheld for one reason at profiles of
// one type, counted by the site that the services leave.
type WithheldCount struct {
	Reason runs.WithheldReason
	Type   profile.OrgType
	Leaves profile.ODSCode // the site that the services leave; empty for none
	Count  int
}

// Summarise turns sorted counts into the rows that people see, one for each
// reason and type of profile. Removals are measured against the services of the
// sites that would lose some, all else against all services.
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
