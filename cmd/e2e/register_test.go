package e2e

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// register is a made-up register, served on loopback, and a site that pulls
// from it.
type register struct {
	*odstest.World
	site *site
}

const testKey = "key-of-a-test"

func newRegister(t *testing.T) register {
	t.Helper()
	world, err := odstest.NewWorld(odstest.WorldOptions{
		Seed: 7, APIKey: testKey, Day: profile.NewDate(2026, 3, 2),
		Counts: map[string]int{"epraccur": 400, "edispensary": 300, "etr": 120},
	})
	require.NoError(t, err)
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte(testKey+"\n"), 0o600))
	s := newSite(t).with("MODE=test", "ODS_DOWNLOADS_URL="+server.URL, "ODS_API_URL="+server.URL+odstest.FHIRPath,
		"ODS_API_KEY_FILE="+key, "ODS_REQUESTS_PER_SECOND=1000", "ODS_REPORTS=epraccur,edispensary,etr")
	return register{world, s}
}

// at returns the site at a given time.
func (r register) at(instant string) *site { return r.site.with("NOW=" + instant) }

func TestTheNightlyPullsAreCaughtUpOnce(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	first := r.at("2026-03-02T09:00:00Z").serve()
	r.site.eventually(3, "select count(*) from schedule_run where name like 'pull_ods%' or name = 'housekeeping'")
	require.Zero(t, r.site.count("select count(*) from run"), "a new schedule starts now")
	first.stop()

	require.NoError(t, r.Advance(profile.NewDate(2026, 3, 5)))
	second := r.at("2026-03-05T06:00:00Z").serve()
	r.site.eventually(4, "select count(*) from run where state = 'done'")
	require.Zero(t, r.site.count("select count(*) from run where state <> 'done'"))
	created := r.site.count("select count(*) from profile")
	require.Greater(t, created, 300)
	require.Equal(t, created, r.site.count("select count(*) from change where field = 'profile'"), "one creation each")
	require.Zero(t, r.site.count("select count(*) from change where field <> 'profile' and old <> ''"),
		"whichever came first, the second only adds what the first does not know")
	second.stop()

	_, err := r.Churn(profile.NewDate(2026, 3, 12))
	require.NoError(t, err)
	third := r.at("2026-03-12T06:00:00Z").serve()
	r.site.eventually(8, "select count(*) from run where state in ('done', 'withheld')")
	require.Equal(t, 1, r.site.count("select count(*) from watermark"))
	third.stop()
	fourth := r.at("2026-03-12T06:00:00Z").serve()
	require.Equal(t, 8, r.site.count("select count(*) from run"), "the ledger knows what was done")
	fourth.stop()
}

func TestAnUnchangedListingIsNotComparedAgain(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	first := r.at("2026-03-02T09:00:00Z").serve()
	r.site.eventually(3, "select count(*) from schedule_run where name like 'pull_ods%' or name = 'housekeeping'")
	first.stop()
	for _, day := range []string{"2026-03-03", "2026-03-04"} {
		d := r.at(day + "T06:00:00Z").serve()
		r.site.eventually(3, "select count(*) from run where state = 'done' and as_of = $1 and kind = 'listing'", day)
		d.stop()
	}
	require.Equal(t, 3, r.site.count("select count(*) from run where summary ->> 'note' like 'not modified%'"))
}

func TestOneOrganisationIsLookedUpByItsCode(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	s := r.at("2026-03-02T09:00:00Z")
	s.exits(0, "reconcile", "--report", "edispensary", "--wait")
	code := one[string](s, "select code from profile order by code limit 1")
	before := s.audit()
	sum := s.asJSON(0, "reconcile", "--ods", strings.ToLower(code), "--wait")
	require.Equal(t, 1, sum.Records)
	require.Zero(t, sum.Changes, "the API and the listing agree")
	require.Equal(t, before, s.audit())

	s.edit(code, "name", "Somebody's Own Name")
	sum = s.asJSON(0, "reconcile", "--ods", code, "ZZ99Z", "--wait")
	require.Equal(t, 1, sum.Changes.Update, "what ODS owns is corrected")
	require.NotEqual(t, "Somebody's Own Name", s.field(code, "name"))
}

func TestAPullThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	listing := odstest.Path("getReport")
	for name, fault := range map[string]odstest.Fault{
		"truncated": {Match: listing, Times: -1, Names: []odstest.FaultName{"truncated"}, CutAfter: 5000},
		"not found": {Match: listing, Times: -1, Names: []odstest.FaultName{"error-404"}},
		"forbidden": {Match: listing, Times: -1, Names: []odstest.FaultName{"error-403"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegister(t)
			s := r.at("2026-03-02T09:00:00Z")
			r.Fault(fault)
			o := s.do("reconcile", "--report", "etr", "--wait", "--format", "json")
			require.Equal(t, 1, o.code, o.err)
			require.NotEmpty(t, objects[summary](t, o.out)[0].Error)
			require.Zero(t, s.audit())
			r.Heal()
			s.exits(0, "reconcile", "--report", "etr", "--wait")
		})
	}
}

func TestASlowAnswerBlocksNobodyElse(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	s := r.at("2026-03-02T09:00:00Z")
	until := make(chan struct{})
	r.Fault(odstest.Fault{Match: odstest.Path("getReport"), Wait: until})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	slow := s.start(ctx, "reconcile", "--report", "etr", "--wait")
	require.Eventually(t, func() bool { return r.Count() > 0 }, patience, 5*time.Millisecond)
	s.exits(0, "runs", "list")
	close(until)
	o := slow.wait(t)
	require.Zero(t, o.code, o.err)
}

func TestADeltaThatBreaksOffMovesNoWatermark(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	first := r.at("2026-03-02T09:00:00Z").serve()
	r.site.eventually(3, "select count(*) from schedule_run where name like 'pull_ods%' or name = 'housekeeping'")
	first.stop()
	require.NoError(t, r.Advance(profile.NewDate(2026, 3, 3)))
	_, err := r.Churn(profile.NewDate(2026, 3, 5))
	require.NoError(t, err)
	broken := make(chan struct{})
	r.Fault(odstest.Fault{
		Match: odstest.Path("OrganizationAffiliation"), Times: 5, Names: []odstest.FaultName{"error-502"},
		Do: sync.OnceFunc(func() { close(broken) }),
	})
	d := r.at("2026-03-05T06:00:00Z").serve()
	<-broken
	require.Zero(t, r.site.count("select count(*) from watermark"), "half a pull does not count")
	r.site.eventually(1, "select count(*) from watermark")
	r.site.eventually(0, "select count(*) from run where kind = 'delta' and state <> 'done'")
	d.stop()
}
