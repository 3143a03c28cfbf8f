package erstest_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
)

var twoClients = []erstest.Client{{ID: "c1", KeyID: "k"}, {ID: "c2", KeyID: "k", Provider: true}}

// TestTokens: each client has an endpoint of apimtest.
func TestTokens(t *testing.T) {
	t.Parallel()
	server, base := erstest.Start(t, erstest.Options{World: many(1), Clients: twoClients})
	_, err := tokenOf(t, base, "nobody")
	require.ErrorContains(t, err, "401")
	token, err := tokenOf(t, base, "c1")
	require.NoError(t, err)
	require.Equal(t, 2, server.TokenEndpoint("c1").Calls(), "the first client's endpoint answers unknown ones")
	require.Zero(t, server.TokenEndpoint("c2").Calls())
	require.Nil(t, server.TokenEndpoint("nobody"))

	c := get(servicesPath + "/1")
	for _, bad := range []string{"", "made-up"} {
		c.token = bad
		got := c.to(t, base)
		require.Equal(t, 401, got.status)
		require.Contains(t, got.header.Get("WWW-Authenticate"), `error="invalid_token"`)
		require.Equal(t, "login ACCESS_DENIED NHSD-API-ErrorOrWarningCode", got.code())
		stu3 := call{method: "GET", path: specials, token: bad}.to(t, base)
		require.Equal(t, 401, stu3.status)
		require.Empty(t, stu3.text)
	}
	c.token = token
	require.Equal(t, 200, c.to(t, base).status)
	server.TokenEndpoint("c1").ExpireAll()
	require.Equal(t, 401, c.to(t, base).status)

	c.token, err = tokenOf(t, base, "c2")
	require.NoError(t, err)
	require.Equal(t, "forbidden REC_FORBIDDEN http-error-codes", c.to(t, base).code(), "the provider context")
	c.path = specials
	require.Equal(t, 200, c.to(t, base).status)
	tokens := server.Ledger(erstest.Token)
	require.Len(t, tokens, 3)
	require.Equal(t, "c1", tokens[1].Client)
	require.Equal(t, 404, call{method: "POST", path: erstest.TokenPath}.to(t, erstest.Root(startUnauthenticated(t))).status,
		"without clients there is no endpoint")
}

func startUnauthenticated(t *testing.T) string {
	t.Helper()
	_, base := erstest.Start(t, erstest.Options{})
	return base
}

// TestHeadersNotAllowed covers the headers of CONTRACT.md "Headers".
func TestHeadersNotAllowed(t *testing.T) {
	t.Parallel()
	server, base := erstest.Start(t, erstest.Options{World: many(1), Clients: twoClients})
	token, err := tokenOf(t, base, "c1")
	require.NoError(t, err)
	for header, code := range map[string]string{
		"x-ers-ods-code": "", "x-ers-business-function": "", "x-ers-user-id": "",
		"NHSD-End-User-Organisation-ODS": "forbidden ACCESS_DENIED NHSD-API-ErrorOrWarningCode",
		"NHSD-eRS-Business-Function":     "forbidden ACCESS_DENIED NHSD-API-ErrorOrWarningCode",
	} {
		got := call{method: "GET", path: servicesPath + "/1", token: token, header: map[string]string{header: "x"}}.to(t, base)
		require.Equal(t, 403, got.status, header)
		require.Equal(t, code, got.code())
		require.Equal(t, code == "", got.text == "")
	}
	require.Equal(t, 5, server.Summary().NotAllowed)
	sandbox, base := erstest.Start(t, erstest.Options{World: many(1)})
	asUser := call{method: "GET", path: servicesPath + "/1", header: map[string]string{"NHSD-eRS-Business-Function": "REFERRING_CLINICIAN"}}
	require.Equal(t, 200, asUser.to(t, base).status)
	require.Equal(t, []string{"Nhsd-Ers-Business-Function"}, sandbox.Ledger()[0].NotAllowed)
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// TestLimits: each client has its own quota and spike arrest (CONTRACT.md "Limits").
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		limit erstest.Limit
		gap   time.Duration
		want  []int // statuses of requests with this gap
	}{
		"quota":         {erstest.Limit{PerMinute: 2}, 25 * time.Second, []int{200, 200, 429, 200, 200, 429}},
		"spike, slower": {erstest.Limit{SpikePerMin: 600}, 100 * time.Millisecond, []int{200, 200, 200, 200}},
		"spike, faster": {erstest.Limit{SpikePerMin: 600}, 60 * time.Millisecond, []int{200, 429, 200, 429, 200}},
		"burst":         {erstest.Limit{SpikePerMin: 600, Burst: 3}, 0, []int{200, 200, 200, 429}},
		"none":          {erstest.Limit{}, 0, []int{200, 200, 200}},
		"empty body":    {erstest.Limit{PerMinute: 1, EmptyBody: true}, 0, []int{200, 429}},
	} {
		c := &clock{now: time.Now()}
		server, base := erstest.Start(t, erstest.Options{
			World: many(1), Limit: row.limit, Now: c.Now, Clients: []erstest.Client{{ID: "c1", KeyID: "k", Life: time.Hour}},
		})
		token, err := tokenOf(t, base, "c1")
		require.NoError(t, err)
		limited := 0
		for _, want := range row.want {
			got := call{method: "GET", path: servicesPath + "/1", token: token}.to(t, base)
			require.Equal(t, want, got.status, name)
			if want == 429 {
				limited++
				require.Empty(t, got.header.Get("Retry-After"))
				require.Equal(t, row.limit.EmptyBody, got.text == "")
				require.Equal(t, !row.limit.EmptyBody, got.code() == "throttled TOO_MANY_REQUESTS NHSD-API-ErrorOrWarningCode")
			}
			c.advance(row.gap)
		}
		require.Equal(t, limited, server.Summary().Clients["c1"].Limited)
	}
}

// TestPace: the ledger shows the spacing and the peak, by client.
func TestPace(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	server, base := erstest.Start(t, erstest.Options{World: many(1), Now: c.Now, Clients: twoClients})
	one, err := tokenOf(t, base, "c1")
	require.NoError(t, err)
	two, err := tokenOf(t, base, "c2")
	require.NoError(t, err)
	for range 21 {
		call{method: "HEAD", path: servicesPath + "/1", token: one}.to(t, base)
		c.advance(100 * time.Millisecond)
	}
	call{method: "GET", path: specials, token: two}.to(t, base)
	c.advance(10 * time.Millisecond)
	call{method: "GET", path: specials, token: two}.to(t, base)
	sum := server.Summary()
	require.Equal(t, erstest.Pace{
		Requests: 21, PeakPerSecond: 10, PerSecond: 10, ShortestGapMS: 100, First: sum.Clients["c1"].First,
		Last: sum.Clients["c1"].First.Add(2 * time.Second),
	}, sum.Clients["c1"])
	require.Equal(t, 2, sum.Clients["c2"].PeakPerSecond)
	require.InDelta(t, 10, sum.Clients["c2"].ShortestGapMS, 0.001)
	require.Equal(t, 23, sum.All.Requests)
	require.Equal(t, 11, sum.All.PeakPerSecond)
	require.Equal(t, map[erstest.Kind]map[string]int{
		erstest.HeadService: {"200": 21}, erstest.CodeSystem: {"200": 2}, erstest.Token: {"200": 2},
	}, sum.Requests)
	require.Equal(t, 5, erstest.Peak(server.Ledger(erstest.HeadService), 500*time.Millisecond))
	server.Forget()
	require.Empty(t, server.Ledger())
	require.Empty(t, server.Summary().Clients)
}

// TestMeasuredUnderLoad: the ledger loses nothing if many requests come at once.
func TestMeasuredUnderLoad(t *testing.T) {
	t.Parallel()
	server, base := erstest.Start(t, erstest.Options{World: many(20), KeptEntries: 100})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 20 {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+servicesPath+"?_id="+upTo(20), http.NoBody)
				resp, err := http.DefaultClient.Do(req)
				if err == nil {
					_ = resp.Body.Close()
				}
			}
		})
	}
	all.Wait()
	sum := server.Summary()
	require.Equal(t, 200, sum.Requests[erstest.Search]["200"])
	require.Equal(t, 200, sum.All.Requests)
	require.Equal(t, 20, sum.MostIDs)
	entries := server.Ledger()
	require.LessOrEqual(t, len(entries), 100)
	for i := range entries[1:] {
		require.Less(t, entries[i].N, entries[i+1].N)
		require.False(t, entries[i+1].At.Before(entries[i].At))
	}
	require.Equal(t, strings.Split(upTo(20), ","), entries[0].IDs)
}
