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

// referrals are what the oracle holds of e-RS: the ids that the extract named.
type referrals map[services.ID]*referral

// referral is one of them, and what the last pull made of it.
type referral struct {
	placed

	last    string       // the site where it was seen last; empty before it was
	missing profile.Date // since when; zero while it is there
	gone    bool
}

// placed is a service on a profile; empty where it is on none.
type placed struct{ site, name string }

// extract foretells the import of an extract. Of the services that were removed
// long ago it holds those with an even number.
func (o *Oracle) Import(world *erstest.World) Imported {
	o.referrals = referrals{}
	for _, s := range world.Services() {
		if !s.Removed || s.ID[len(s.ID)-1]%2 == 0 {
			o.referrals[s.ID] = &referral{}
		}
	}
	return Imported{Rows: len(o.referrals), Added: len(o.referrals)}
}

// imported is what `ers register import` prints.
type Imported struct {
	Rows     int `json:"rows"`
	Rejected int `json:"rejected"`
	Added    int `json:"added"`
	Changed  int `json:"changed"`
}

// pull foretells a pull on a day, takes it as having happened, and names the
// sites whose services change. A service is at one site only; one that moves is
// one change, where it arrives.
func (o *Oracle) Pull(world *erstest.World, day profile.Date) (want runs.Summary, touched map[string]bool) {
	want = runs.Summary{
		Source: profile.SourceERS, Report: services.ReportServices, AsOf: day, State: runs.RunDone,
		Fields: map[string]int{}, Withheld: []runs.Withheld{},
	}
	profiles := map[string]bool{}
	touched = map[string]bool{}
	for id, r := range o.referrals {
		if r.gone && !services.AsksForGone(id, day) {
			continue
		}
		want.Records++
		before := r.placed
		service, _ := world.Service(id)
		o.look(r, service, day)
		if r.placed == before {
			continue
		}
		want.Fields[profile.FieldERSServices.String()]++
		profiles[cmp.Or(r.site, before.site)] = true
		touched[cmp.Or(before.site, r.site)], touched[cmp.Or(r.site, before.site)] = true, true
	}
	want.Changes.Update, want.Population = len(profiles), o.served()
	return want, touched
}

// look takes what e-RS says of a service on a day: absent on two days, it is
// gone.
func (o *Oracle) look(r *referral, s erstest.Service, day profile.Date) {
	switch {
	case !s.Removed:
		*r = referral{last: string(s.Sites[0])}
		if o.reports["ets"][r.last] != nil {
			r.placed = placed{r.last, s.Name}
		}
	case r.missing.IsZero():
		r.missing = day
	case r.missing.Before(day):
		r.gone, r.placed = true, placed{}
	}
}

// siteOf is the site on whose profile a service must be shown; empty, if on none.
func (o *Oracle) SiteOf(id services.ID) string {
	if r := o.referrals[id]; r != nil {
		return r.site
	}
	return ""
}

// served counts the open sites that have, or had, a service.
func (o *Oracle) served() int {
	sites := map[string]bool{}
	for _, r := range o.referrals {
		if p := o.reports["ets"][r.last]; p != nil && p.status != profile.StatusClosed {
			sites[r.last] = true
		}
	}
	return len(sites)
}

// clinics are the services of every site as profiles must show them.
func (o *Oracle) ServicesShown() map[string][]outside.ShownService {
	at := map[string][]outside.ShownService{}
	for id, r := range o.referrals {
		if r.site != "" {
			at[r.site] = append(at[r.site], outside.ShownService{ID: string(id), Name: r.name})
		}
	}
	for _, list := range at {
		slices.SortFunc(list, func(a, b outside.ShownService) int { return cmp.Compare(a.ID, b.ID) })
	}
	return at
}
