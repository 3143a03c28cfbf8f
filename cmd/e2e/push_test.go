package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// listedPush is a row of `push list` and of `profile show`, spelt out here so
// that a renamed key in the code is noticed.
type listedPush struct {
	Code     string    `json:"code"`
	Name     string    `json:"name"`
	Sink     string    `json:"sink"`
	Route    string    `json:"route"`
	State    string    `json:"state"`
	Reason   string    `json:"reason"`
	Unclear  bool      `json:"unclear"`
	Failures int       `json:"failures"`
	Sequence int64     `json:"sequence"`
	Wanted   time.Time `json:"wanted_at"`
	Sent     time.Time `json:"sent_at"`
	Accepted time.Time `json:"accepted_at"`
	Seen     time.Time `json:"seen_at"`
	Due      time.Time `json:"due_at"`
	Took     int64     `json:"accepted_sequence"`

	Overwritten []overwritten   `json:"overwritten"`
	LeftOut     []listedLeftOut `json:"left_out"`
}

// pushes lists pushes by the command.
func (s *site) pushes(filter ...string) []listedPush {
	s.t.Helper()
	return objects[listedPush](s.t, s.exits(0, append([]string{"push", "list", "--format", "json"}, filter...)...).out)
}

func TestEveryPharmacyArrivesAtBothSinksOnce(t *testing.T) {
	t.Parallel()
	file := pharmacies(t)
	s, x := newSite(t).withSinks()
	s.reconcile(0, file, pharmaciesDay)
	codes := s.codes()
	x.dos.Seed(codes...)
	d := s.serve()
	began := time.Now()
	s.arrived(len(codes))
	t.Logf("%d pushes in %s", 2*len(codes), time.Since(began).Round(time.Millisecond))
	x.requireOnce(len(codes))
	before := s.count("select count(*) from push_attempt")
	require.Equal(t, 2*len(codes), before, "one attempt each")

	s.reconcile(0, file, pharmaciesDay)
	s.waitUntilPushed()
	require.Equal(t, before, s.count("select count(*) from push_attempt"), "a second run pushes nothing")
	x.requireOnce(len(codes))
	require.Zero(t, s.count("select count(*) from river.river_job where state not in ('completed') and kind like 'push%'"))
	requireShownToPeople(t, s, x, len(codes))
	d.stop()

	// All pushes are settled: the same load is used to test drift.
	driftIsFoundAndRepaired(t, s, x)
}

// requireShownToPeople compares what the commands show with the ledgers.
func requireShownToPeople(t *testing.T, s *site, x sinks, codes int) {
	t.Helper()
	const code = "FA002"
	require.Len(t, s.pushes("--state", "accepted", "--sink", "dos", "--most", "7"), 7)
	require.Empty(t, s.pushes("--state", "wanted"))
	table := s.exits(0, "push", "list", "--most", "1").out
	require.Regexp(t, `dos +accepted +change-event +`+strconv.Itoa(codes), table)
	require.Regexp(t, `website +accepted +profile +`+strconv.Itoa(codes), table)

	shown := objects[shownProfile](t, s.exits(0, "profile", "show", code, "--format", "json").out)[0]
	require.Len(t, shown.Pushes, 2)
	dos, website := x.dos.Effects(code), x.website.Effects(code)
	for i, sequence := range []int64{dos[0].Sequence, website[0].Sequence} {
		p := shown.Pushes[i]
		require.Equal(t, []string{"dos", "website"}[i], p.Sink)
		require.Equal(t, []string{"change-event", "profile"}[i], p.Route)
		require.Equal(t, "accepted", p.State)
		require.Equal(t, sequence, p.Sequence, "as in the ledger of %s", p.Sink)
		require.Equal(t, sequence, p.Took)
		require.False(t, p.Sent.Before(p.Wanted), "sent %s, wanted %s", p.Sent, p.Wanted)
		require.False(t, p.Accepted.Before(p.Sent), "accepted %s, sent %s", p.Accepted, p.Sent)
		require.True(t, p.Seen.IsZero(), "accepted is not yet seen")
		require.Empty(t, p.Reason)
	}
	table = s.exits(0, "profile", "show", code).out
	for _, what := range []string{"wanted", "sent", "accepted"} {
		require.Regexp(t, "dos "+what+` +\| +\d{4}-\d\d-\d\d|dos `+what+` +\d{4}-\d\d-\d\d`, table)
	}
	require.Contains(t, table, fmt.Sprintf("(sequence %d)", dos[0].Sequence))
}

// sinks are both directories, simulated in the test's own process.
type sinks struct {
	t       *testing.T
	dos     *dostest.Server
	website *websitetest.Server
}

const (
	dosKey      = "the-key-of-dos"
	dosPassword = "the-password-of-the-dos-reader"
	websiteKey  = "the-key-of-the-website"
)

// withSinks returns the site with both directories configured, edits pushed at
// once, and rate limits that are never reached.
func (s *site) withSinks() (*site, sinks) {
	s.t.Helper()
	dosServer, dosURL := dostest.Start(s.t, dostest.Options{APIKey: dosKey, User: "reader", Password: dosPassword})
	websiteServer, websiteURL := websitetest.Start(s.t, websitetest.Options{APIKey: websiteKey})
	configured := s.with(
		"DOS_URL="+dosURL, "DOS_API_KEY="+dosKey, "DOS_READ_URL="+dosURL, "DOS_READ_USER=reader", "DOS_READ_PASSWORD="+dosPassword,
		"DOS_FHIR_URL="+dosURL+dostest.FHIRPath, "DOS_FHIR_REQUESTS_PER_SECOND=100000",
		"DOS_REQUESTS_PER_SECOND=100000", "DOS_READ_REQUESTS_PER_SECOND=100000", "WEBSITE_URL="+websiteURL, "WEBSITE_API_KEY="+websiteKey,
		"WEBSITE_SEARCH_URL="+websiteURL+websitetest.SearchPath, "WEBSITE_REQUESTS_PER_SECOND=100000",
		"PUSH_SETTLE=0s", "PROBE_EVERY=200ms", "PUSH_BACKOFF=50ms",
	)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			open := configured.start(context.WithoutCancel(s.t.Context()), "push", "list", "--state", "wanted", "--most", "5", "--format", "json")
			s.t.Logf("pushes: %s\nDoS: %+v\nwebsite: %+v", open.wait(s.t).out, dosServer.Summary(), websiteServer.Summary())
		}
	})
	return configured, sinks{s.t, dosServer, websiteServer}
}

// awaitDoS waits until DoS has processed everything it was sent.
func (x sinks) awaitDoS() {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), patience)
	defer cancel()
	require.NoError(x.t, x.dos.AwaitEmptyQueue(ctx))
}

// requireOnce requires that the given number of profiles arrived at both sinks,
// none twice and none out of order.
func (x sinks) requireOnce(codes int) {
	x.t.Helper()
	x.awaitDoS()
	x.requireOnceInDoS(codes)
	x.requireOnceOnWebsite(codes)
}

func (x sinks) requireOnceInDoS(codes int) {
	x.t.Helper()
	sum := x.dos.Summary()
	require.Equal(x.t, codes, sum.Codes, "profiles in DoS")
	require.Equal(x.t, codes, sum.Effects[dostest.Applied], "effects in DoS: %v", sum.Effects)
	require.Zero(x.t, sum.Twice, "applied twice in DoS")
	require.Zero(x.t, sum.Backwards, "a lower number after a higher one in DoS")
	for _, lost := range []dostest.Outcome{dostest.Stale, dostest.Rejected, dostest.Crashed, dostest.Unmatched, dostest.Hidden} {
		require.Zero(x.t, sum.Effects[lost], "lost in DoS: %v", sum.Effects)
	}
}

func (x sinks) requireOnceOnWebsite(codes int) {
	x.t.Helper()
	sum := x.website.Summary()
	require.Equal(x.t, codes, sum.Codes, "profiles on the website")
	require.Equal(x.t, codes, sum.Effects[websitetest.Stored], "effects on the website: %v", sum.Effects)
	require.Zero(x.t, sum.Twice, "stored twice on the website")
	require.Zero(x.t, sum.Backwards, "a lower number after a higher one on the website")
}

// requireRising requires that all effects of a profile are in order, and that
// no number is in both sinks.
func (x sinks) requireRising(code string) {
	x.t.Helper()
	x.awaitDoS()
	seen := map[int64]bool{}
	var dos, website []int64
	for _, e := range x.dos.Effects(code) {
		require.Equal(x.t, dostest.Applied, e.Outcome, "number %d: %s", e.Sequence, e.Detail)
		dos = append(dos, e.Sequence)
	}
	for _, e := range x.website.Effects(code) {
		website = append(website, e.Sequence)
	}
	require.IsIncreasing(x.t, dos)
	require.IsIncreasing(x.t, website)
	for _, number := range append(dos, website...) {
		require.False(x.t, seen[number], "number %d was used twice", number)
		seen[number] = true
	}
}

// document is the part of an organisation's entry on the website that tests
// use.
type document struct {
	Name     string `json:"OrganisationName"`
	Status   string `json:"OrganisationStatus"`
	Contacts []struct {
		Method string `json:"ContactMethodType"`
		Value  string `json:"ContactValue"`
	} `json:"Contacts"`
}

// onWebsite returns what the website shows; the zero value if nothing.
func (x sinks) onWebsite(code string) (shown document) {
	for _, state := range x.website.States(code) {
		if err := json.Unmarshal(state.Document, &shown); err != nil {
			x.t.Errorf("document of %s: %v", code, err)
		}
	}
	return shown
}

func (d document) contact(method string) string {
	for _, c := range d.Contacts {
		if c.Method == method {
			return c.Value
		}
	}
	return ""
}

// inDoS returns the community pharmacy among the services of a pharmacy; the zero value if none.
func (x sinks) inDoS(code string) (main dostest.Service) {
	for _, service := range x.dos.Services(code) {
		if service.Type == dostest.TypePharmacy {
			return service
		}
	}
	return main
}

// until waits for something to become true.
func (x sinks) until(what string, ok func() bool) {
	x.t.Helper()
	require.Eventually(x.t, ok, patience, 5*time.Millisecond, what)
}

// waitUntilPushed waits until every push is settled.
func (s *site) waitUntilPushed() {
	s.t.Helper()
	s.dispatched()
	s.eventually(0, countUnsettled)
}

// requireAllPushed requires that every push is settled.
func (s *site) requireAllPushed() {
	s.t.Helper()
	require.Zero(s.t, s.count(countUnsettled))
}

const countUnsettled = `select count(*) from push
	where state = 'wanted' or due_at is not null or job_id is not null or forced and state <> 'waits'`

// dispatched waits until every change has been dispatched to the sinks.
func (s *site) dispatched() {
	s.t.Helper()
	s.eventually(0, `select count(*) from dispatch d, change c
		where c.xid >= d.horizon and not exists (select from dispatched_early e where e.change_id = c.id)`)
}

// codes returns the codes of all profiles.
func (s *site) codes() []string {
	s.t.Helper()
	return one[[]string](s, "select array_agg(code order by code) from profile")
}
