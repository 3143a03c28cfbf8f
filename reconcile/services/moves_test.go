package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// When services change sites, the sites that lose and those that gain are paired in
// the order of their codes. A site left over is a loss or a gain without a move.
func TestSitesThatLoseAndGainArePaired(t *testing.T) {
	t.Parallel()
	shown := ersService("1", "Clinic").Shown("")
	withdrawn := shown
	withdrawn.Withdrawn = true
	shows := func(code profile.ODSCode) services.Site { return services.Site{Code: code, Row: &shown} }
	once := func(code profile.ODSCode) services.Site { return services.Site{Code: code, Row: &withdrawn} }
	empty := func(code profile.ODSCode) services.Site { return services.Site{Code: code} }
	held := func(site services.Site) services.Site { site.Held = true; return site }
	for name, c := range map[string]struct {
		at    []profile.ODSCode
		sites []services.Site
		want  []string
	}{
		"two moves": {
			[]profile.ODSCode{"C", "D"},
			[]services.Site{shows("B"), empty("D"), shows("A"), empty("C")},
			[]string{`C 1 update "Clinic">"Clinic" from A`, `D 1 update "Clinic">"Clinic" from B`},
		},
		"more lose than gain": {
			[]profile.ODSCode{"C"},
			[]services.Site{shows("A"), shows("B"), empty("C")},
			[]string{`B 1 update "Clinic">"Clinic" withdrawn`, `C 1 update "Clinic">"Clinic" from A`},
		},
		"more gain than lose": {
			[]profile.ODSCode{"B", "C"},
			[]services.Site{shows("A"), empty("B"), empty("C")},
			[]string{`B 1 update "Clinic">"Clinic" from A`, `C 1 update "">"Clinic"`},
		},
		"to a site that had it once": {
			[]profile.ODSCode{"A"},
			[]services.Site{once("A"), shows("B")},
			[]string{`A 1 update "Clinic">"Clinic" from B`},
		},
		"from a site that lost it long ago": {
			[]profile.ODSCode{"B"},
			[]services.Site{once("A"), empty("B")},
			[]string{`B 1 update "">"Clinic"`},
		},
		"one stays, one moves": {
			[]profile.ODSCode{"A", "C"},
			[]services.Site{shows("A"), shows("B"), empty("C")},
			[]string{`C 1 update "Clinic">"Clinic" from B`},
		},
		"to a site without a profile": {
			[]profile.ODSCode{"Z"},
			[]services.Site{shows("A"), shows("B")},
			[]string{`A 1 update "Clinic">"Clinic" withdrawn`, `B 1 update "Clinic">"Clinic" withdrawn`},
		},
		"a frozen gain also stops its loss": {
			[]profile.ODSCode{"C", "D"},
			[]services.Site{shows("A"), shows("B"), held(empty("C")), empty("D")},
			[]string{`D 1 update "Clinic">"Clinic" from B`},
		},
		"a frozen loss that nobody gains": {[]profile.ODSCode{"Z"}, []services.Site{held(shows("A"))}, nil},
	} {
		service := ersService("1", "Clinic", c.at...)
		item := services.Item{ID: "1", Previous: services.Active, State: services.Active, Service: &service, Sites: c.sites}
		require.Equal(t, c.want, changeLines(planned(ersDay(1), []services.Item{item})), name)
	}
}

// A change names the site that loses the service, because the guard counts losses.
func TestLossesNameTheirSite(t *testing.T) {
	t.Parallel()
	shown := ersService("1", "Clinic").Shown("")
	plan := func(state services.State, at ...profile.ODSCode) services.Change {
		service := ersService("1", "Clinic", at...)
		sites := []services.Site{{Code: "A", Type: profile.Trust, Row: &shown}}
		if at[0] == "B" {
			sites = append(sites, services.Site{Code: "B", Type: profile.TrustSite})
		}
		changes := planned(ersDay(3), []services.Item{{
			ID: "1", Previous: services.Active, State: state, Service: &service, News: true, Sites: sites,
		}})
		require.Len(t, changes, 1)
		require.Equal(t, runs.BecauseUpstream, changes[0].Reason)
		changes[0].Old, changes[0].Reason = "", ""
		if changes[0].Verb == runs.Update {
			changes[0].New = ""
		}
		return changes[0]
	}
	moved := services.Change{Code: "B", Type: profile.TrustSite, Service: "1", Verb: runs.Update, Leaves: "A"}
	withdrawn := services.Change{Code: "A", Type: profile.Trust, Service: "1", Verb: runs.Update, Leaves: "A"}
	require.Equal(t, moved, plan(services.Active, "B"))
	require.Equal(t, withdrawn, plan(services.Active, "Z"))
	require.Equal(t, withdrawn, plan(services.Gone, "A"))
	require.Equal(t, services.Change{
		Code: "A", Type: profile.Trust, Service: "1", Verb: runs.Missing, New: "2026-11-03", Leaves: "A",
	}, plan(services.Missing, "A"))
}

// With a new fact the reason is upstream, without one the profile has drifted.
func TestWhyAServiceChanges(t *testing.T) {
	t.Parallel()
	service, old := ersService("1", "Clinic", "A"), ersService("1", "By hand").Shown("")
	for news, want := range map[bool]runs.Reason{true: runs.BecauseUpstream, false: runs.BecauseDrift} {
		changes := planned(ersDay(1), []services.Item{{
			ID: "1", State: services.Active, Service: &service, News: news, Sites: []services.Site{{Code: "A", Row: &old}},
		}})
		require.Len(t, changes, 1)
		require.Equal(t, want, changes[0].Reason)
		require.Empty(t, changes[0].Leaves, "nothing is taken away")
	}
}

// A mark is for one service at one site. A mark at another site does not suppress
// the change.
func TestARejectedMoveLeavesTheServiceWhereItIs(t *testing.T) {
	t.Parallel()
	shown, service := ersService("1", "Clinic").Shown(""), ersService("1", "Clinic", "B")
	sites := []services.Site{{Code: "A", Row: &shown}, {Code: "B"}}
	plan := func() []services.Change {
		return planned(ersDay(1), []services.Item{{ID: "1", State: services.Active, Service: &service, Sites: sites}})
	}
	move := plan()
	require.Len(t, move, 1)
	code, value := move[0].Decision()
	require.Equal(t, profile.ODSCode("B"), code)
	rejected := services.Mark{Verdict: runs.VerdictRejected, Value: value}
	sites[0].Marks = []services.Mark{rejected}
	require.Equal(t, move, plan(), "the mark is at another site")
	sites[0].Marks, sites[1].Marks = nil, []services.Mark{{Verdict: runs.VerdictUndone, Value: "{}"}, rejected}
	require.Empty(t, plan())
	sites[1].Marks = []services.Mark{{Verdict: runs.VerdictUndone, Value: value}, {Verdict: runs.VerdictRejected, Value: "{}"}}
	undone := plan()
	require.Len(t, undone, 1)
	require.True(t, undone[0].Undone)
}

// Changes are sorted by site, then by the number of the service.
func TestChangesAreSorted(t *testing.T) {
	t.Parallel()
	shown := ersService("9", "Clinic").Shown("")
	var items []services.Item
	for _, id := range []services.ID{"100", "9", "20"} {
		service := ersService(string(id), "Clinic", "Z")
		items = append(items, services.Item{
			ID: id, Previous: services.Active, State: services.Missing, Service: &service,
			Sites: []services.Site{{Code: "B", Row: &shown}, {Code: "A", Row: &shown}},
		})
	}
	var order []string
	for _, c := range planned(ersDay(1), items) {
		order = append(order, string(c.Code)+" "+string(c.Service)+" "+string(c.Verb))
	}
	require.Equal(t, []string{
		"A 9 missing", "A 9 update", "A 20 missing", "A 20 update", "A 100 missing", "A 100 update",
		"B 9 missing", "B 9 update", "B 20 missing", "B 20 update", "B 100 missing", "B 100 update",
	}, order)
}
