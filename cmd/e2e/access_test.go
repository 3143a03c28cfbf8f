package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var servingTheAPI = regexp.MustCompile(`"msg":"serving the API","address":"([^"]+)"`)

// api is the address of the daemon's API.
func (d daemon) api() string {
	d.site.t.Helper()
	found := servingTheAPI.FindStringSubmatch(d.log())
	require.NotNil(d.site.t, found)
	return "http://" + found[1]
}

// asks asks the API for a page, with a token unless that is empty.
func (d daemon) asks(path, token string) (status int, body string) {
	d.site.t.Helper()
	request, err := http.NewRequestWithContext(d.site.t.Context(), http.MethodGet, d.api()+path, nil)
	require.NoError(d.site.t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(d.site.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(d.site.t, err)
	return answer.StatusCode, string(text)
}

// requests is how many requests to the API had a result.
func (d daemon) requests(result string) int {
	d.site.t.Helper()
	_, metrics := d.get("/metrics")
	found := regexp.MustCompile(`profilesync_api_requests_total\{result="` + result + `"\} (\S+)`).FindStringSubmatch(metrics)
	require.NotNil(d.site.t, found, result)
	n, err := strconv.ParseFloat(found[1], 64)
	require.NoError(d.site.t, err)
	return int(n)
}

// token makes a token.
func (s *site) token(name, verbs string) string {
	s.t.Helper()
	var made struct {
		Token string `json:"token"`
	}
	o := s.exits(0, "tokens", "add", name, "--verbs", verbs, "--actor", "ann", "--format", "json")
	require.NoError(s.t, json.Unmarshal([]byte(o.out), &made))
	require.Regexp(s.t, `^psync_[\w-]{43}$`, made.Token)
	return made.Token
}

func TestTheAPIIsForWhoHasAToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, other := s.serve(), s.serve()
	nowhere := "/api/v1/nowhere"
	status, body := d.asks(nowhere, "")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, body, `"title":"Unauthorized"`)
	token := s.token("nightly", "read,reconcile")
	for _, daemon := range []daemon{d, other} {
		status, _ = daemon.asks(nowhere, token)
		require.Equal(t, http.StatusNotFound, status, "let in")
		status, body = daemon.asks(nowhere, token[:len(token)-1]+"_")
		require.Equal(t, http.StatusUnauthorized, status)
		require.NotContains(t, body, token[:20])
	}
	require.Regexp(t, `nightly +read,reconcile +valid +.* ann +- +\d{4}-`, s.exits(0, "tokens", "list").out)
	require.Contains(t, s.exits(1, "tokens", "add", "nightly", "--verbs", "read").err, "there is a token nightly already")
	require.Contains(t, s.exits(2, "tokens", "add", "Nightly job", "--verbs", "read").err, "is no name of a token")
	require.Contains(t, s.exits(2, "tokens", "add", "x", "--verbs", "write").err, `--verbs: "write" is no verb`)
	require.Contains(t, s.exits(2, "tokens", "add", "x", "--verbs", "read", "--until", "2020-01-01").err, "--until: 2020-01-01 is over")
	require.Contains(t, s.exits(0, "tokens", "add", "x", "--verbs", "read", "--until", "2999-12-31").out, "2999-12-31")

	s.exits(0, "tokens", "revoke", "nightly", "--actor", "bob")
	for _, daemon := range []daemon{d, other} {
		require.Eventually(t, func() bool {
			status, _ := daemon.asks(nowhere, token)
			return status == http.StatusUnauthorized
		}, 10*time.Second, 100*time.Millisecond)
	}
	require.Contains(t, s.exits(1, "tokens", "revoke", "nightly").err, "token nightly that is not revoked: not found")
	require.Contains(t, s.exits(0, "tokens", "list", "--all").out, "revoked by bob")
	const audited = "select count(*) from action where actor = $1 and operation = $2 and subject = 'nightly' and outcome = 'done'"
	require.Equal(t, 1, s.count(audited, "ann", "add-token"))
	require.Equal(t, 1, s.count(audited, "bob", "revoke-token"))
	remote := s.through(d, s.token("keeper", "read,administer"))
	remote.exits(0, "tokens", "add", "other", "--verbs", "read")
	remote.exits(0, "tokens", "revoke", "other")
	require.Equal(t, "add-token revoke-token", one[string](s, "select string_agg(operation, ' ' order by id) from action where actor = $1",
		"token:keeper"), "what is done through the API is audited once, too")
	require.NotContains(t, d.log()+other.log(), token)
	require.Positive(t, d.requests("unauthenticated"))
	require.Positive(t, d.requests("served"))
}

// 100,000 requests without a good token, as fast as they come: all are refused and counted,
// and edits arrive meanwhile as if there were none.
func TestAFloodDelaysNoEdit(t *testing.T) { //nolint:paralleltest // it measures times
	if testing.Short() {
		t.Skip("100,000 requests take a while")
	}
	const requests, callers = 100_000, 16
	s, x := newStockedSite(t, 20)
	s = s.with("PUSH_SETTLE=0s")
	d := s.serve()
	s.waitUntilPushed()
	token := s.token("known", "read")
	status, _ := d.asks("/api/v1/nowhere", token)
	require.Equal(t, http.StatusNotFound, status)

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	var refused, odd atomic.Int64
	var flood sync.WaitGroup
	address := d.api() + "/api/v1/nowhere"
	for caller := range callers {
		flood.Go(func() {
			for n := range requests / callers {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if n%2 == 0 {
					request.Header.Set("Authorization", fmt.Sprintf("Bearer psync_%043d", caller*requests+n))
				}
				answer, err := client.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusUnauthorized {
					refused.Add(1)
				} else {
					odd.Add(1)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { flood.Wait(); close(ended) }()
	code, edits, slowest := s.codes()[0], 0, time.Duration(0)
	for flooding := true; flooding; {
		select {
		case <-ended:
			flooding = false
		default:
			began := time.Now()
			edits++
			phone := fmt.Sprintf("0113 496 %04d", edits%10000)
			s.edit(code, "phone", phone)
			x.showPhone(code, phone)
			slowest = max(slowest, time.Since(began))
		}
	}
	require.EqualValues(t, requests, refused.Load())
	require.Zero(t, odd.Load())
	require.Equal(t, requests, d.requests("limited")+d.requests("unauthenticated"))
	require.Positive(t, edits)
	t.Logf("%d edits arrived during %d requests, the slowest within %s", edits, requests, slowest.Round(time.Millisecond))
	require.Less(t, slowest, 2*time.Second)
	status, _ = d.asks("/api/v1/nowhere", token)
	require.Equal(t, http.StatusNotFound, status, "whoever was known is let in")
	require.NotContains(t, strings.ToLower(d.log()), "psync_")
}
