package oracle

import (
	"cmp"
	"slices"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// referrals are the services of e-RS that the extract named.
type referrals map[services.ID]*referral

// referral is one of them as the last pull found it.
type referral struct {
	placement

	last    string       // the site where it was last seen; empty if it never was
	missing profile.Date // the day since which e-RS has not shown it; zero while it does
	gone    bool
}

// placement is the site whose profile has a service, and the name it has there;
// empty if no profile has it.
type placement struct{ site, name string }

// Import predicts the import of an extract. Of the services that ended long ago the
// extract has those with an even number.
func (o *Oracle) Import(world *erstest.World) Imported {
	o.services = referrals{}
	for _, s := range world.Services() {
		if !s.Removed || s.ID[len(s.ID)-1]%2 == 0 {
			o.services[s.ID] = &referral{}
		}
	}
	return Imported{Rows: len(o.services), Added: len(o.services)}
}

// Imported is what `ers register import` prints.
type Imported struct {
	Rows     int `json:"rows"`
	Rejected int `json:"rejected"`
	Added    int `json:"added"`
	Changed  int `json:"changed"`
}

// Pull predicts the run of a pull from e-RS on a day, and names the sites whose
// services change. A service is at one site only; a move is one change, at the new
// site.
func (o *Oracle) Pull(world *erstest.World, day profile.Date) (want runs.Summary, touched map[string]bool) {
	want = runs.Summary{
		Source: profile.SourceERS, Report: services.ReportServices, AsOf: day, State: runs.RunDone,
		Fields: map[string]int{}, Withheld: []runs.Withheld{},
	}
	profiles := map[string]bool{}
	touched = map[string]bool{}
	for id, r := range o.services {
		if r.gone && !services.AsksForGone(id, day) {
			continue
		}
		want.Records++
		before := r.placement
		service, _ := world.Service(id)
		o.place(r, service, day)
		if r.placement == before {
			continue
		}
		want.Fields[profile.FieldERSServices.String()]++
		profiles[cmp.Or(r.site, before.site)] = true
		touched[cmp.Or(before.site, r.site)], touched[cmp.Or(r.site, before.site)] = true, true
	}
	want.Changes.Update, want.Population = len(profiles), o.openSites()
	return want, touched
}

// place takes what e-RS says of a service on a day. Absent on two days, it is gone.
func (o *Oracle) place(r *referral, s erstest.Service, day profile.Date) {
	switch {
	case !s.Removed:
		*r = referral{last: string(s.Sites[0])}
		if o.reports["ets"][r.last] != nil {
			r.placement = placement{r.last, s.Name}
		}
	case r.missing.IsZero():
		r.missing = day
	case r.missing.Before(day):
		r.gone, r.placement = true, placement{}
	}
}

// SiteOf is the site whose profile must have a service; empty if none must.
func (o *Oracle) SiteOf(id services.ID) string {
	if r := o.services[id]; r != nil {
		return r.site
	}
	return ""
}

// openSites counts the open sites that have or had a service.
func (o *Oracle) openSites() int {
	sites := map[string]bool{}
	for _, r := range o.services {
		if p := o.reports["ets"][r.last]; p != nil && p.status != profile.StatusClosed {
			sites[r.last] = true
		}
	}
	return len(sites)
}

// ServicesShown are the services that the website must show, by site, each sorted by
// id as text.
func (o *Oracle) ServicesShown() map[string][]outside.ShownService {
	at := map[string][]outside.ShownService{}
	for id, r := range o.services {
		if r.site != "" {
			at[r.site] = append(at[r.site], outside.ShownService{ID: string(id), Name: r.name})
		}
	}
	for _, list := range at {
		slices.SortFunc(list, func(a, b outside.ShownService) int { return cmp.Compare(a.ID, b.ID) })
	}
	return at
}
