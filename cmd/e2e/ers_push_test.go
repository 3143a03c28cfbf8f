package e2e

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// A service that moves is pushed to the website with both sites; without
// authentication, as in the official sandbox.
func TestServicesReachTheWebsiteAndMoveThere(t *testing.T) {
	t.Parallel()
	world := erstest.NewWorld(7, ersSites(2), 4)
	_, base := erstest.Start(t, erstest.Options{World: world})
	s, x := newSite(t).withSinks()
	e := ersSite{s.with("ERS_URL="+base, "ERS_AUTH=none", "ERS_REQUESTS_PER_SECOND=200"), nil, world}
	for _, place := range ersSites(2) {
		e.write("insert into profile (code, name, type, address, postcode) values ($1, $2, 'trust-site', '{1 High Street,Leeds}', 'LS1 1AA')",
			place.Code, place.Name)
	}
	e.imports()
	shown := func(code string) (codes []string) {
		for _, state := range x.website.States(code) {
			var document struct {
				Services []struct {
					Code string `json:"ServiceCode"`
				} `json:"Services"`
			}
			require.NoError(t, json.Unmarshal(state.Document, &document))
			for _, service := range document.Services {
				codes = append(codes, service.Code)
			}
		}
		return codes
	}
	d := e.serve()
	run := e.on("2026-11-02").asJSON(0, "reconcile", "--source", "ers", "--wait")
	require.Equal(t, 8, run.Fields["ers-services"])
	moved := e.at(0)[1].ID
	arrives := func(count int, site string) {
		require.Eventually(t, func() bool {
			return len(shown("R00A1")) == count && slices.Contains(shown(site), string(moved))
		}, patience, 20*time.Millisecond)
	}
	arrives(4, "R00A1")
	require.NoError(t, world.Move(moved, profile.ODSCode("R01A1")))
	e.on("2026-11-03").asJSON(0, "reconcile", "--source", "ers", "--wait")
	arrives(3, "R01A1")
	_, metrics := d.get("/metrics")
	require.Contains(t, metrics, `profilesync_ers_requests_total{endpoint="A035",status="200"}`)
	require.Contains(t, metrics, `profilesync_ers_services{state="active"} 8`)
	d.stop()
	drift := e.exits(0, "drift", "--sink", "website", "--format", "json")
	require.NotContains(t, drift.out, "ers-services")
}

// A run that a killed daemon left is taken over, and requests only the rest.
func TestAKilledPullOfServicesContinues(t *testing.T) {
	t.Parallel()
	e := newERSSite(t, 4, 50, "ERS_REQUESTS_PER_SECOND=10")
	d := e.serve()
	e.exits(0, "reconcile", "--source", "ers")
	require.Eventually(t, func() bool { return e.count("select max(asked) from run") >= 40 }, patience, 20*time.Millisecond)
	require.NoError(t, d.cmd.Process.Kill())
	d.wait(t)
	// What the daemon sent before its end, Postgres still commits.
	e.eventually(0, "select count(*) from pg_stat_activity where application_name like 'profilesync/%' and datname = current_database()")
	asked := e.count("select max(asked) from run")
	require.Less(t, asked, 200)
	e.ers.Forget()
	next := e.serve()
	e.eventually(1, "select count(*) from run where state = 'done'")
	require.Len(t, e.ers.Ledger(erstest.Search), (200-asked)/20)
	require.Equal(t, len(e.at(0)), e.shown(0))
	next.stop()
}
