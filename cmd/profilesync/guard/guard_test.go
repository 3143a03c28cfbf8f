package guard_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

var manyOfAll = guard.Limits{
	PrincipalRate: 1e6, PrincipalBurst: 1e6, AddressRate: 1e6, AddressBurst: 1e6, UnknownRate: 1e6, UnknownBurst: 1e6,
}

func TestWhoShowsNoGoodTokenIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	wrong, _ := guard.NewToken()
	revoked := w.token("revoked", guard.Read)
	delete(w.store.holders, hashOf(revoked))
	none := w.ask("GET", "/read", "")
	requireProblem(t, none, http.StatusUnauthorized)
	unknown := w.ask("GET", "/read", "", bearer(wrong))
	requireProblem(t, unknown, http.StatusUnauthorized, wrong)
	for name, headers := range map[string][]string{
		"revoked":        {bearer(revoked)},
		"short":          {bearer("x")},
		"empty":          {"Authorization: Bearer "},
		"no scheme":      {"Authorization: " + w.all},
		"another scheme": {"Authorization: Basic " + w.all},
		"cut":            {bearer(w.all[:len(w.all)-1])},
		"longer":         {bearer(w.all + "A")},
		"two":            {bearer(w.all), bearer(w.readOnly)},
	} {
		a := w.ask("GET", "/read", "", headers...)
		requireProblem(t, a, http.StatusUnauthorized, wrong, revoked, w.all)
		id := a.header.Get("X-Request-ID")
		require.Equal(t, strings.ReplaceAll(unknown.body, unknown.header.Get("X-Request-ID"), id), a.body, "%s: the same answer", name)
		require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
	}
	w.counted(10, guard.Unauthenticated)
	require.Equal(t, 2, w.store.asked(), "what no token of ours looks like is not looked up")
	require.NotContains(t, w.log.String(), wrong)
}

func TestATokenWithoutTheVerbIsRefusedAndAudited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	requireProblem(t, w.ask("POST", "/approve/7", "x", bearer(w.readOnly)), http.StatusForbidden, w.readOnly)
	w.counted(1, guard.Forbidden)
	require.Empty(t, w.done)
	require.Equal(t, []string{"token:reader approve approve-run 7 forbidden"}, w.store.audited())
	require.Equal(t, "token:reader", w.ask("GET", "/read", "", bearer(w.readOnly)).body)
}

func TestEveryActionIsAuditedWithItsOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	require.Equal(t, http.StatusCreated, w.ask("POST", "/approve/7", "x", bearer(w.all)).status)
	require.Equal(t, http.StatusConflict, w.ask("POST", "/approve/8", "late", bearer(w.all)).status)
	requireProblem(t, w.ask("POST", "/approve/9", "panic", bearer(w.all)), http.StatusInternalServerError)
	w.counted(2, guard.Served)
	w.counted(1, guard.Failed)
	require.Equal(t, []string{
		"token:all approve approve-run 7 done", "token:all approve approve-run 8 refused", "token:all approve approve-run 9 failed",
	}, w.store.audited())
	w.store.down = errors.New("away")
	requireProblem(t, w.ask("POST", "/approve/10", "x", bearer(w.all)), http.StatusServiceUnavailable)
	require.Equal(t, []string{"x"}, w.done, "nothing is done that cannot be audited")
}

func TestADatabaseThatIsAwayIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	w.store.down = errors.New("away")
	requireProblem(t, w.ask("GET", "/read", "", bearer(w.all)), http.StatusServiceUnavailable, "away")
	w.counted(1, guard.Failed)
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	for _, header := range []string{
		"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example", "Origin: null",
	} {
		requireProblem(t, w.ask("POST", "/approve/7", "x", bearer(w.all), header), http.StatusForbidden)
	}
	w.counted(4, guard.CrossOrigin)
	require.Empty(t, w.done)
	for _, header := range []string{"Sec-Fetch-Site: same-origin", "Origin: " + w.URL} {
		require.Equal(t, http.StatusCreated, w.ask("POST", "/approve/7", "x", bearer(w.all), header).status)
	}
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all), "Sec-Fetch-Site: cross-site").status)
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	at := func(bytes int) string { return strings.Repeat("x", bytes) }
	a := w.ask("POST", "/approve/7", at(1<<20+1), bearer(w.all))
	require.Equal(t, http.StatusRequestEntityTooLarge, a.status, "whatever the handler says")
	w.counted(1, guard.TooLarge)
	require.Equal(t, http.StatusCreated, w.ask("POST", "/approve/7", at(1<<20), bearer(w.all)).status)
	require.Equal(t, "3145728", w.ask("POST", "/upload", at(3<<20), bearer(w.all)).body)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.ask("POST", "/upload", at(3<<20+1), bearer(w.all)).status)
	w.counted(2, guard.TooLarge)
}

func TestAPrincipalIsLimitedByNameFromEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, guard.Limits{PrincipalRate: 1, PrincipalBurst: 3, AddressRate: 1e6, AddressBurst: 1e6})
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status, "not known yet")
	for range 3 {
		require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status)
	}
	limited := w.ask("GET", "/read", "", bearer(w.all))
	requireProblem(t, limited, http.StatusTooManyRequests)
	require.Equal(t, "1", limited.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.readOnly)).status, "others are not")
	w.now = w.now.Add(time.Second)
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status)
	w.counted(1, guard.Limited)
}

func TestARevokedTokenIsRefusedWithinThreeSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	for range 5 {
		require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status)
	}
	require.Equal(t, 1, w.store.asked(), "remembered")
	delete(w.store.holders, hashOf(w.all))
	w.now = w.now.Add(guard.TokenTrust)
	require.Equal(t, http.StatusUnauthorized, w.ask("GET", "/read", "", bearer(w.all)).status)
	require.Equal(t, 2, w.store.asked())
}

func TestATokenIsNotBelievedLongerThanItIsValid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	holder := w.store.holders[hashOf(w.all)]
	holder.Expires = w.now.Add(time.Second)
	w.store.holders[hashOf(w.all)] = holder
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status)
	delete(w.store.holders, hashOf(w.all)) // as the database has it from then on
	w.now = w.now.Add(time.Second)
	require.Equal(t, http.StatusUnauthorized, w.ask("GET", "/read", "", bearer(w.all)).status)
}

// No more than so many are answered at the same time, and half of them to one caller; the
// others learn it at once.
func TestNoMoreAreAnsweredAtOnceThanMayBe(t *testing.T) {
	t.Parallel()
	limits := manyOfAll
	limits.AtOnce, limits.Streams = 4, 1
	w := newWorld(t, limits)
	other := w.token("other", guard.Approve)
	for _, token := range []string{w.all, other, w.readOnly} {
		require.NotEqual(t, http.StatusUnauthorized, w.ask("GET", "/read", "", bearer(token)).status, "known from now on")
	}
	begin := func(token string) net.Conn { // a request whose body does not come
		begun := len(w.store.audited())
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "POST /approve/7 HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: 1\r\n\r\n", bearer(token))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(w.store.audited()) > begun }, 10*time.Second, time.Millisecond)
		return conn
	}
	waiting := []net.Conn{begin(w.all), begin(w.all)}
	busy := w.ask("GET", "/read", "", bearer(w.all))
	requireProblem(t, busy, http.StatusServiceUnavailable)
	require.Equal(t, "1", busy.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.readOnly)).status, "there are places for others")
	waiting = append(waiting, begin(other), begin(other))
	requireProblem(t, w.ask("GET", "/read", "", bearer(w.readOnly)), http.StatusServiceUnavailable)
	requireProblem(t, w.ask("GET", "/read", "", bearer(w.readOnly), "Accept: text/event-stream"), http.StatusServiceUnavailable)
	for _, conn := range waiting {
		_, err := conn.Write([]byte("x"))
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, response.StatusCode)
		require.NoError(t, errors.Join(response.Body.Close(), conn.Close()))
	}
	require.Eventually(t, func() bool {
		return w.ask("GET", "/read", "", bearer(w.all)).status == http.StatusOK
	}, 10*time.Second, time.Millisecond)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	require.GreaterOrEqual(t, w.results[guard.Limited], 2)
}

// A flood without a good token is refused before the database is asked anything.
func TestAFloodIsRefusedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	const requests = 100_000
	w := newWorld(t, guard.Limits{})
	handler := w.Config.Handler
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status, "known before the flood")
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for n := range requests / 8 {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/read", nil)
				if n%2 == 0 {
					token, _ := guard.NewToken()
					r.Header.Set("Authorization", "Bearer "+token)
				}
				r.RemoteAddr = fmt.Sprintf("[2001:db8::%x:%x]:4711", worker, n%65536) // one customer's network
				out := httptest.NewRecorder()
				handler.ServeHTTP(out, r)
				if out.Code != http.StatusTooManyRequests && out.Code != http.StatusUnauthorized {
					t.Error(out.Code)
				}
			}
		})
	}
	group.Wait()
	require.LessOrEqual(t, w.store.asked(), 102, "the burst, and nothing after it")
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status, "whoever was known gets through")
	w.mutex.Lock()
	defer w.mutex.Unlock()
	require.Equal(t, requests, w.results[guard.Limited]+w.results[guard.Unauthenticated])
	require.GreaterOrEqual(t, w.results[guard.Limited], requests-200)
}

// A flood from many addresses asks the database no more often than all unknown may together.
func TestAFloodFromEverywhereIsLimitedAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, guard.Limits{UnknownRate: 1, UnknownBurst: 20})
	handler := w.Config.Handler
	for n := range 20_000 {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/read", nil)
		token, _ := guard.NewToken()
		r.Header.Set("Authorization", "Bearer "+token)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.1:99", n/256, n%256)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	require.Equal(t, 20, w.store.asked())
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	for _, a := range []answer{w.ask("GET", "/read", "", bearer(w.all)), w.ask("GET", "/nowhere", "")} {
		csp := a.header.Get("Content-Security-Policy")
		require.True(t, strings.HasPrefix(csp, "default-src 'none'; "))
		require.Contains(t, csp, "frame-ancestors 'none'")
		require.NotContains(t, csp, "unsafe")
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"))
		require.Equal(t, "no-store", a.header.Get("Cache-Control"))
		require.Empty(t, a.header.Get("Strict-Transport-Security"), "without TLS")
	}
	g, err := guard.New(guard.Options{
		PublicURL: "https://console.example", Counted: func(guard.Result) {}, Now: time.Now, Tokens: w.store,
	})
	require.NoError(t, err)
	out := httptest.NewRecorder()
	g.Wrap(http.NotFoundHandler()).ServeHTTP(out, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	require.Equal(t, "max-age=31536000", out.Header().Get("Strict-Transport-Security"))
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	verbs, err := guard.ParseVerbs("read, approve,read")
	require.NoError(t, err)
	require.Equal(t, []guard.Verb{guard.Read, guard.Approve}, verbs)
	for _, bad := range []string{"", "write", "read,,approve", "Read"} {
		_, err := guard.ParseVerbs(bad)
		require.ErrorContains(t, err, "is no verb", bad)
	}
	require.False(t, guard.Principal{Verbs: verbs}.May(guard.People))
}
