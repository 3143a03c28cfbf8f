package ers

import (
	"context"
	"errors"
	"maps"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/reconcile/services"
)

func TestAcceptance09OneNewTokenOneRetry(t *testing.T) {
	t.Parallel()
	tokens := &fixedTokens{token: "t"}
	with := func(o *Options) { o.Credentials[0].Tokens = tokens }
	api, there := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
		if bearer(r) == "t" {
			respond(w, http.StatusUnauthorized, "")
			return
		}
		respond(w, http.StatusOK, service("1", "1"))
	}, with)
	_, err := api.Service(t.Context(), "1")
	require.NoError(t, err)
	require.Len(t, there.requests, 2)

	api, there = apiOf(t, func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusUnauthorized, outcome("ACCESS_DENIED"))
	}, with)
	_, err = api.Service(t.Context(), "1")
	require.Len(t, there.requests, 2)
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.Unauthorized())
	require.False(t, failure.Retryable())
	require.Equal(t, "ers-1", failure.RequestID)
	require.ErrorContains(t, err, "credential R1A")
	require.ErrorContains(t, err, "check that the application is subscribed to this API in this environment")

	api, there = apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusUnauthorized, "") })
	_, err = api.Service(t.Context(), "1")
	require.Len(t, there.requests, 1)
	require.ErrorContains(t, err, "this credential has none: configure its application")
}

// failures are the answers that are retried, with the seconds between the attempts.
var failures = []struct {
	name   string
	status int
	header http.Header
	body   string
	waits  []time.Duration
	reason string
}{
	{"429 with body", 429, nil, outcome("TOO_MANY_REQUESTS"), []time.Duration{1, 2, 4}, "too many requests"},
	{"429 without body", 429, nil, "", []time.Duration{1, 2, 4}, "too many requests"},
	{"503 without Retry-After", 503, nil, outcome("REC_UNAVAILABLE"), []time.Duration{1, 2, 4}, "has a fault"},
	{"503 with Retry-After", 503, http.Header{"Retry-After": {"3"}}, "", []time.Duration{3, 3, 4}, "has a fault"},
	{"503 with a long Retry-After", 503, http.Header{"Retry-After": {"120"}}, "", nil, "retry after 2m0s"},
	{"500 with FHIR", 500, nil, outcome("REC_SERVER_ERROR"), []time.Duration{1, 2, 4}, "REC_SERVER_ERROR: e-RS or the platform has a fault"},
	{
		"500 with a fault of the gateway", 500, nil,
		`{"fault":{"faultstring":"Unresolved variable : app.app-restricted-ods-code","detail":{"errorcode":"entities.UnresolvedVariable"}}}`,
		[]time.Duration{1, 2, 4},
		"ask NHS England to set its ODS code",
	},
	{"500 with HTML", 500, nil, "<html><body>secret words</body></html>", []time.Duration{1, 2, 4}, "status 500: e-RS or the"},
	{"500 without body", 500, nil, "", []time.Duration{1, 2, 4}, "status 500: e-RS or the platform has a fault"},
}

// askWhileFailing asks for services while e-RS fails, and notes the time of each request.
func askWhileFailing(t *testing.T, n int, until int) (waits []time.Duration, found Found, err error) {
	t.Helper()
	failure := failures[n]
	var before time.Time
	asked := 0
	api, _ := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > 1 {
			waits = append(waits, time.Since(before))
		}
		if before = time.Now(); asked > until {
			respond(w, http.StatusOK, searchset(idsOf(r), func(string) bool { return true }))
			return
		}
		maps.Copy(w.Header(), failure.header)
		respond(w, failure.status, failure.body)
	})
	found, err = api.Services(t.Context(), []services.ID{"1", "2"})
	return waits, found, err
}

func requireBackoff(t *testing.T, status int) {
	t.Helper()
	for n, test := range failures {
		if test.status != status {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				waits, found, err := askWhileFailing(t, n, math.MaxInt)
				var seconds []time.Duration
				for _, wait := range waits {
					seconds = append(seconds, wait/time.Second)
				}
				require.Equal(t, test.waits, seconds)
				require.Equal(t, Found{}, found, "nothing is known")
				var failure *Error
				require.ErrorAs(t, err, &failure)
				require.True(t, failure.Retryable())
				require.False(t, failure.Unauthorized())
				require.ErrorContains(t, err, test.reason)
				require.NotContains(t, err.Error(), "secret")

				if len(test.waits) > 0 {
					_, found, err = askWhileFailing(t, n, 2)
					require.NoError(t, err)
					require.Len(t, found.Services, 2)
				}
			})
		})
	}
}

func TestAcceptance10TooManyRequests(t *testing.T) {
	t.Parallel()
	requireBackoff(t, http.StatusTooManyRequests)
	t.Run("from the token endpoint", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			refusing := &fake{answer: func(w http.ResponseWriter, _ *http.Request) {
				at = append(at, time.Now())
				respond(w, http.StatusTooManyRequests, "")
			}}
			tokens, err := apim.New(apim.Options{
				TokenURL: "https://example.test/oauth2/token", ClientID: "c", KeyID: "k", Key: apimtest.Key(), Transport: refusing,
			})
			require.NoError(t, err)
			api, there := apiOf(t, nil, func(o *Options) { o.Credentials[0].Tokens = tokens })
			_, err = api.Service(t.Context(), "1")
			var failure *Error
			require.ErrorAs(t, err, &failure)
			require.True(t, failure.Retryable())
			require.Empty(t, there.requests)
			require.Len(t, at, 4)
			for n, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
				require.InDelta(t, float64(want), float64(at[n+1].Sub(at[n])), 0.2*float64(want))
			}
		})
	})
}

func TestAcceptance11ServerErrors(t *testing.T) {
	t.Parallel()
	requireBackoff(t, http.StatusServiceUnavailable)
	requireBackoff(t, http.StatusInternalServerError)
}

// TestAcceptance16: many workers, two client ids, each with its own ten.
func TestAcceptance16TenRequestsASecondForEachClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const each = 60
		at := make(map[string][]time.Time)
		var mu sync.Mutex
		api, _ := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			at[bearer(r)] = append(at[bearer(r)], time.Now())
			respond(w, http.StatusOK, searchset(idsOf(r), func(string) bool { return true }))
		}, credentials("A", "B"), func(o *Options) { o.Turn = nil })
		var workers sync.WaitGroup
		for n := range 2 * each {
			workers.Go(func() {
				_, err := api.Batch(t.Context(), []string{"A", "B"}[n%2], []services.ID{"1"})
				assert.NoError(t, err)
			})
		}
		workers.Wait()
		for _, name := range []string{"A", "B"} {
			require.Len(t, at[name], each)
			for n := range each - 10 {
				require.GreaterOrEqual(t, at[name][n+10].Sub(at[name][n]), time.Second, "eleven in a second")
			}
			require.Equal(t, (each-1)*100*time.Millisecond, at[name][each-1].Sub(at[name][0]), "and not slower")
		}
	})
}

// TestAcceptance16Spacing: the exact interval, on synctest's clock, including
// retries.
func TestAcceptance16Spacing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		api, _ := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if at = append(at, time.Now()); len(at)%7 == 0 {
				respond(w, http.StatusTooManyRequests, "")
				return
			}
			respond(w, http.StatusOK, searchset(idsOf(r), func(string) bool { return true }))
		}, func(o *Options) { o.Turn = nil })
		var workers sync.WaitGroup
		for range 50 {
			workers.Go(func() {
				_, err := api.Services(t.Context(), []services.ID{"1"})
				assert.NoError(t, err)
			})
		}
		workers.Wait()
		require.Greater(t, len(at), 50)
		for n := range at[1:] {
			require.GreaterOrEqual(t, at[n+1].Sub(at[n]), 100*time.Millisecond)
		}
		require.LessOrEqual(t, at[len(at)-1].Sub(at[0]), time.Duration(len(at))*100*time.Millisecond+4*time.Second)
	})
}

func TestTurnThatEnds(t *testing.T) {
	t.Parallel()
	broken := errors.New("no database")
	api, there := apiOf(t, nil, func(o *Options) { o.Turn = func(context.Context, string) error { return broken } })
	_, err := api.Service(t.Context(), "1")
	require.ErrorIs(t, err, broken)
	require.Empty(t, there.requests)

	synctest.Test(t, func(t *testing.T) {
		p := newPace(10)
		require.NoError(t, p.wait(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, p.wait(ctx), context.DeadlineExceeded)
		require.ErrorIs(t, p.wait(ctx), context.DeadlineExceeded)
		start := time.Now()
		require.NoError(t, p.wait(t.Context()))
		require.Equal(t, 70*time.Millisecond, time.Since(start), "requests that left have not delayed the others")
	})
}
