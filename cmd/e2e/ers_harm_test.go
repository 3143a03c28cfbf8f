package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/services"
)

// editors returns a hash of everything editors wrote, including the row
// versions.
func (e ersSite) editors() string {
	e.t.Helper()
	return one[string](e.site, `select md5((select string_agg(t::text || t.xmin, '' order by id) from service t where source = 'editor')
		|| (select string_agg(t::text || t.xmin, '' order by id) from service_text t))`)
}

// services returns a hash of the e-RS services of profiles, including the row
// versions.
func (e ersSite) services() string {
	e.t.Helper()
	return one[string](e.site, "select md5(string_agg(t::text || t.xmin, '' order by id)) from service t where source = 'ers'")
}

// withEditors returns a site with services of e-RS, services of editors, and
// editors' texts on services of e-RS.
func withEditors(t *testing.T, services int) ersSite {
	t.Helper()
	e := newERSSite(t, 2, services)
	e.pulls(0, "2026-11-02")
	e.write("insert into service (code, source, name, nhs_code) values " +
		"('R00A1', 'editor', 'Chapel', ''), ('R01A1', 'editor', 'Flu', 'SRV0560')")
	for _, s := range e.at(0) {
		e.write("insert into service_text (code, external_id, text) values ('R00A1', $1, 'Bring a friend')", s.ID)
	}
	return e
}

// isTokens reports whether a fault is at the token endpoint.
func isTokens(name erstest.FaultName) bool {
	return name == erstest.NoJWKS || name == erstest.JWKSUnreachable || name == erstest.NoProduct
}

// With every fault of e-RS, from the first request on, the services of profiles
// stay unchanged, down to the row version
// (connectors/ers/CONTRACT.md "Acceptance", items 10 to 12 and 17).
func TestNoFaultOfERSRemovesAnythingFromAProfile(t *testing.T) {
	t.Parallel()
	const groups = 5 // faults that are retried take seconds, so they run in parallel
	names := erstest.FaultNames()
	for n := range groups {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			e := withEditors(t, 12)
			editors, services := e.editors(), e.services()
			for i := n; i < len(names); i += groups {
				fault := erstest.Fault{Times: -1, Names: names[i : i+1]}
				if isTokens(names[i]) {
					fault.Kinds = []erstest.Kind{erstest.Token}
				}
				e.ers.Heal()
				e.ers.Fault(fault)
				o := e.on("2026-11-03").do("reconcile", "--source", "ers", "--wait")
				require.NotContains(t, o.out+o.err, "PRIVATE KEY", names[i])
				require.NotContains(t, o.out+o.err, "Bearer", names[i])
				require.Equal(t, editors, e.editors(), names[i])
				require.Equal(t, services, e.services(), names[i])
				require.Contains(t, []int{0, 1, 3}, o.code, names[i])
				if erstest.StatusOf(names[i]) >= 400 && names[i] != erstest.NoRelationship && names[i] != "error-400" {
					require.Equal(t, 1, o.code, names[i])
					require.Contains(t, o.err, "e-RS", names[i])
				}
			}
			e.ers.Heal()
			require.Zero(t, e.pulls(0, "2026-11-03").Changes)
			require.Zero(t, e.count("select count(*) from ers_service where state in ('missing', 'not-visible', 'gone') and facts is not null"))
		})
	}
}

// A valid answer of e-RS changes only services of e-RS, never those of editors.
func TestWhatEditorsWroteSurvivesERS(t *testing.T) {
	t.Parallel()
	everything := func(e ersSite) []services.ID {
		return append(ids(e.at(0)), ids(e.at(1))...)
	}
	for name, happens := range map[string]func(e ersSite){
		"every service missing": func(e ersSite) { require.NoError(e.t, e.world.Remove(everything(e)...)) },
		"every service moved": func(e ersSite) {
			for _, id := range everything(e) {
				require.NoError(e.t, e.world.Move(id, "R09A1"))
			}
		},
		"every service swapped": func(e ersSite) {
			first, second := ids(e.at(0)), ids(e.at(1))
			for _, id := range first {
				require.NoError(e.t, e.world.Move(id, "R01A1"))
			}
			for _, id := range second {
				require.NoError(e.t, e.world.Move(id, "R00A1"))
			}
		},
		"every service hidden": func(e ersSite) {
			for _, id := range everything(e) {
				require.NoError(e.t, e.world.Hide(id))
			}
		},
		"an empty register": func(e ersSite) { e.write("delete from ers_service") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := withEditors(t, 4)
			editors := e.editors()
			happens(e)
			for _, day := range []string{"2026-11-03", "2026-11-04"} {
				o := e.on(day).do("reconcile", "--source", "ers", "--wait")
				require.Contains(t, []int{0, 3}, o.code, o.err)
				require.Equal(t, editors, e.editors())
				run := strconv.Itoa(e.count("select max(id) from run"))
				if o.code == 3 { // a person approves it
					e.exits(0, "runs", "approve", run)
					require.Equal(t, editors, e.editors())
				}
				e.exits(0, "runs", "undo", run, "--confirm", run)
				require.Equal(t, editors, e.editors(), "undone")
			}
		})
	}
}

func ids(services []erstest.Service) (list []services.ID) {
	for _, s := range services {
		list = append(list, s.ID)
	}
	return list
}

// Each organisation sees a part of e-RS: what one may not see is requested with
// the credential of the other, which is then tried first.
func TestEachOrganisationIsAskedForWhatItSees(t *testing.T) {
	t.Parallel()
	e := newERSSiteOf(t, []string{"north", "south"}, 2, 12)
	only, nobody := ids(e.at(0)[:4]), e.at(1)[0].ID
	for _, id := range only {
		require.NoError(t, e.world.Hide(id, "client-north"))
	}
	require.NoError(t, e.world.Hide(nobody))
	run := e.pulls(0, "2026-11-02")
	require.Equal(t, 24, run.Records)
	require.Equal(t, 12, e.shown(0))
	require.Equal(t, 11, e.shown(1))
	require.Equal(t, "not-visible", e.state(nobody))
	require.Equal(t, 4, e.count("select count(*) from ers_service where credential = 'south'"))
	require.Equal(t, 19, e.count("select count(*) from ers_service where credential = 'north'"))

	e.ers.Forget()
	e.on("2026-11-02").exits(0, "reconcile", "--source", "ers", "--wait")
	for _, asked := range e.ers.Ledger(erstest.Search) {
		if slices.Contains(asked.IDs, string(only[0])) {
			require.Equal(t, "client-south", asked.Client, "it saw them last")
			require.Equal(t, 200, asked.Status)
		}
	}
	require.Len(t, e.ers.Summary().Clients, 2, "each has its own limit")

	require.NoError(t, e.world.Hide(only[0], "client-south"))
	require.Zero(t, e.pulls(0, "2026-11-03").Changes, "services that can no longer be seen stay")
	require.Equal(t, "not-visible", e.state(only[0]))
	require.Equal(t, 12, e.shown(0))
}
