//nolint:bodyclose // the answers are made up in memory, and errors have none
package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// answers is a transport that gives one answer after the other, and repeats the
// last one.
type answers struct {
	play []func(*http.Request) (*http.Response, error)
	seen []*http.Request
}

func (a *answers) RoundTrip(req *http.Request) (*http.Response, error) {
	step := a.play[min(len(a.seen), len(a.play)-1)]
	a.seen = append(a.seen, req)
	return step(req)
}

func status(code int, headers ...string) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		header := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			header.Set(headers[i], headers[i+1])
		}
		body := io.NopCloser(strings.NewReader("body with a secret"))
		return &http.Response{StatusCode: code, Header: header, Request: req, Body: body}, nil
	}
}

func broken(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

type transport = func(*http.Request) (*http.Response, error)

func play(steps ...transport) *answers { return &answers{play: steps} }

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	return req
}

func TestDoRetriesTemporaryFailures(t *testing.T) {
	t.Parallel()
	for _, first := range []transport{
		status(408), status(425), status(429), status(500), status(502), status(503), status(504),
		broken(io.ErrUnexpectedEOF), broken(context.DeadlineExceeded),
	} {
		synctest.Test(t, func(t *testing.T) {
			server := play(first, status(200))
			resp, err := New(Options{Transport: server}).Do(get(t, "http://ods.test/x"))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Len(t, server.seen, 2)
		})
	}
}

func TestDoDoesNotRetryPermanentFailures(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 401, 403, 404, 405, 406, 409, 410, 412, 422} {
		server := play(status(code, "X-Request-Id", "r-1"))
		_, err := New(Options{Transport: server}).Do(get(t, "http://ods.test/x?apikey=hush&q=1"))
		refused, ok := errors.AsType[*StatusError](err)
		require.True(t, ok, "status %d: %v", code, err)
		require.Equal(t, code, refused.Status)
		require.Equal(t, "r-1", refused.RequestID)
		require.Equal(t, code == 401 || code == 403, refused.Unauthorized())
		require.Equal(t, !refused.Unauthorized(), refused.Permanent())
		require.Len(t, server.seen, 1)
		require.NotContains(t, fmt.Sprintf("%+v", err), "hush")
		require.NotContains(t, fmt.Sprintf("%+v", *refused), "secret")
	}
}

func TestDoGivesUpAfterItsAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(status(503))
		_, err := New(Options{Transport: server, Limits: Limits{Attempts: 3}}).Do(get(t, "http://ods.test/x"))
		refused, ok := errors.AsType[*StatusError](err)
		require.True(t, ok)
		require.True(t, refused.Retryable())
		require.Len(t, server.seen, 3)
	})
}

func TestDoHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func() string{
		"seconds": func() string { return "7" },
		"date":    func() string { return time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				server := play(status(429, "Retry-After", header()), status(200))
				resp, err := New(Options{Transport: server, Limits: Limits{Backoff: time.Millisecond}}).Do(get(t, "http://ods.test/x"))
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.GreaterOrEqual(t, time.Since(start), 6*time.Second)
			})
		})
	}
}

func TestDoLeavesLongWaitsToTheCaller(t *testing.T) {
	t.Parallel()
	server := play(status(429, "Retry-After", "300"))
	_, err := New(Options{Transport: server}).Do(get(t, "http://ods.test/x"))
	refused, ok := errors.AsType[*StatusError](err)
	require.True(t, ok)
	require.Equal(t, 5*time.Minute, refused.RetryAfter)
	require.Len(t, server.seen, 1)
}

func TestDoTimesOutEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(hang, status(200))
		resp, err := New(Options{Transport: server, Limits: Limits{Timeout: time.Second}}).Do(get(t, "http://ods.test/x"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	})
}

func TestDoKeepsTheLastAnswerWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		server := play(status(503))
		client := New(Options{Transport: server, BackoffCap: time.Hour, Limits: Limits{Attempts: 100, Backoff: time.Minute, Trip: 1000}})
		_, err := client.Do(get(t, "http://ods.test/x").WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, ok := errors.AsType[*StatusError](err)
		require.True(t, ok, "%v", err)
	})
}

func TestPostIsRetriedOnlyWithAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]int{"": 1, "k1": 2} {
		synctest.Test(t, func(t *testing.T) {
			var bodies []string
			record := func(next transport) transport {
				return func(req *http.Request) (*http.Response, error) {
					text, err := io.ReadAll(req.Body)
					bodies = append(bodies, string(text))
					require.NoError(t, err)
					return next(req)
				}
			}
			server := play(record(status(503)), record(status(201)))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://dos.test/", strings.NewReader("payload"))
			require.NoError(t, err)
			if key != "" {
				req.Header.Set("Idempotency-Key", key)
			}
			resp, err := New(Options{Transport: server}).Do(req)
			if err == nil {
				require.NoError(t, resp.Body.Close())
			}
			require.Len(t, bodies, want)
			for _, body := range bodies {
				require.Equal(t, "payload", body)
			}
		})
	}
}

func TestPassedStatusesAreResponses(t *testing.T) {
	t.Parallel()
	client := New(Options{Transport: play(status(404)), Pass: func(s int) bool { return s == 404 }})
	resp, err := client.Do(get(t, "http://ods.test/x"))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 404, resp.StatusCode)
}

func TestBreakerOpensAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(status(500), status(500), status(200))
		var opened []string
		client := New(Options{Name: "ods", Transport: server, Limits: Limits{
			Attempts: 1, Trip: 2, Cooldown: time.Minute, Opened: func(system string) { opened = append(opened, system) },
		}})
		for range 2 {
			_, err := client.Do(get(t, "http://ods.test/x"))
			require.Error(t, err)
		}
		_, err := client.Do(get(t, "http://ods.test/x"))
		require.ErrorIs(t, err, ErrOpen)
		require.Equal(t, []string{"ods"}, opened, "told once")
		require.Len(t, server.seen, 2)
		<-time.After(time.Minute + time.Second) // virtual
		resp, err := client.Do(get(t, "http://ods.test/x"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	})
}

func TestOurOwnMistakesDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(status(404))
		client := New(Options{Transport: server, Limits: Limits{Trip: 2}})
		for range 10 {
			_, err := client.Do(get(t, "http://ods.test/x"))
			require.NotErrorIs(t, err, ErrOpen)
		}
	})
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := New(Options{Transport: play(status(200)), Limits: Limits{PerSecond: 5}})
		start := time.Now()
		for range 11 {
			resp, err := client.Do(get(t, "http://ods.test/x"))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
		}
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestRateLimitDoesNotOutwaitTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := New(Options{Transport: play(status(200)), Limits: Limits{PerSecond: 0.1}})
		resp, err := client.Do(get(t, "http://ods.test/x").WithContext(ctx))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		_, err = client.Do(get(t, "http://ods.test/x").WithContext(ctx))
		require.ErrorIs(t, err, errNoTurn)
	})
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int64]error{17: ErrTooLarge, 18: nil, 19: nil} {
		resp, err := New(Options{Transport: play(status(200)), Limits: Limits{MaxBytes: limit}}).Do(get(t, "http://ods.test/x"))
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, resp.Body.Close())
		require.ErrorIs(t, err, want)
		require.LessOrEqual(t, len(text), int(limit))
	}
}

func TestCorrelationIDIsSharedByRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(status(503), status(404))
		client := New(Options{Transport: server, CorrelationHeader: "X-Correlation-Id"})
		_, err := client.Do(get(t, "http://ods.test/x"))
		id := server.seen[0].Header.Get("X-Correlation-ID")
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
		require.Equal(t, id, server.seen[1].Header.Get("X-Correlation-ID"))
		require.ErrorContains(t, err, id)
	})
	server := play(status(200))
	client := New(Options{Transport: server, CorrelationHeader: "X-Correlation-Id"})
	resp, err := client.Do(get(t, "http://ods.test/x").WithContext(WithCorrelationID(t.Context(), "run-1")))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "run-1", server.seen[0].Header.Get("X-Correlation-ID"))
}
