package e2e

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// daemon is a running `profilesync serve`.
type daemon struct {
	started
	site *site
}

// serve starts a daemon and waits until it answers.
func (s *site) serve() daemon {
	s.t.Helper()
	return s.serveAt("127.0.0.1:0")
}

// serveAt starts a daemon that listens at an address.
func (s *site) serveAt(address string) daemon {
	s.t.Helper()
	d := daemon{site: s, started: s.with("HTTP_ADDRESS="+address, "API_ADDRESS=127.0.0.1:0").start(s.t.Context(), "serve")}
	s.t.Cleanup(func() {
		if text := d.log(); s.t.Failed() {
			s.t.Logf("the end of the daemon's log: %s", text[max(0, len(text)-4000):])
		}
	})
	require.Eventually(s.t, func() bool { return d.address() != "" }, patience, 10*time.Millisecond, "it serves")
	return d
}

var servingAt = regexp.MustCompile(`"msg":"serving","address":"([^"]+)"`)

func (d daemon) address() string {
	if found := servingAt.FindStringSubmatch(d.log()); found != nil {
		return found[1]
	}
	return ""
}

var servingAs = regexp.MustCompile(`"msg":"serving",.*"process":"([^"]+)"`)

// process returns the name under which the daemon started.
func (d daemon) process() string {
	d.site.t.Helper()
	found := servingAs.FindStringSubmatch(d.log())
	require.NotNil(d.site.t, found)
	return found[1]
}

// processNow returns the daemon's current name.
func (d daemon) processNow() string {
	d.site.t.Helper()
	found := servingAs.FindAllStringSubmatch(d.log(), -1)
	require.NotEmpty(d.site.t, found)
	return found[len(found)-1][1]
}

// get makes a request to the daemon's own address, with the token of reports.
func (d daemon) get(path string) (status int, body string) {
	d.site.t.Helper()
	return d.getAs(path, "Bearer "+reportToken)
}

// getAs makes a request with an Authorization header; none if it is empty.
func (d daemon) getAs(path, authorization string) (status int, body string) {
	d.site.t.Helper()
	req, err := http.NewRequestWithContext(d.site.t.Context(), http.MethodGet, "http://"+d.address()+path, nil)
	require.NoError(d.site.t, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.site.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(d.site.t, err)
	return resp.StatusCode, string(text)
}

// untilItSays waits for a text in the log, whose lines are written a moment after what they
// tell of: the database and the answers to requests know it before.
func (d daemon) untilItSays(text string) {
	d.site.t.Helper()
	says := func() bool { return strings.Contains(d.log(), text) }
	require.Eventually(d.site.t, says, patience, 10*time.Millisecond, "the log says %q", text)
}

// stop asks the daemon to stop, and requires exit code 0.
func (d daemon) stop() {
	d.site.t.Helper()
	require.NoError(d.site.t, d.cmd.Process.Signal(syscall.SIGTERM))
	o := d.wait(d.site.t)
	require.Zero(d.site.t, o.code, o.err)
}

// eventually waits for a count.
func (s *site) eventually(want int, query string, args ...any) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.count(query, args...) == want }, patience, 20*time.Millisecond, query)
}

// untilItSaysOnce waits for a text in the log, and requires that it is there once.
func (d daemon) untilItSaysOnce(text string) {
	d.site.t.Helper()
	d.untilItSays(text)
	require.Equal(d.site.t, 1, strings.Count(d.log(), text), "%s: it is logged once: %s", text, d.log())
}

func TestADaemonWorksTheRunsThatCommandsRequest(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsBefore)
	s := newSite(t)
	d := s.serve()
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": "profilesync_"} {
		status, body := d.get(path)
		require.Equal(t, http.StatusOK, status, path)
		require.Contains(t, body, want, path)
	}
	sum := s.reconcile(0, file, "2025-12-29")
	require.Equal(t, 205, sum.Changes.Create)
	require.Equal(t, 1, s.count("select count(*) from run where job_id is not null"), "the daemon's job worked it")
	_, metrics := d.get("/metrics")
	for _, pool := range []string{"main", "control", "pushing", "queue", "reports", "api"} {
		require.Regexp(t, `profilesync_pool_connections\{pool="`+pool+`",state="idle"\} \d`, metrics)
	}
	require.Contains(t, metrics, `profilesync_pool_max_connections{pool="reports"} 2`)
	require.Regexp(t, `profilesync_build_info\{go="go1[^"]+",version="`+builtVersion+`"\} 1`, metrics)
	require.Contains(t, metrics, "process_open_fds ")
	require.Contains(t, metrics, `profilesync_changes_total{report="etr",source="ods",verb="create"} 205`)
	d.stop()
	require.Contains(t, d.log(), `"msg":"run ended"`)
}

func TestARunOfAKilledDaemonContinuesWithinSeconds(t *testing.T) {
	t.Parallel()
	file := realData(t, pharmacies2025)
	s := newSite(t)
	d := s.serve()
	s.exits(0, "reconcile", "--files", file, "--as-of", pharmaciesDay)
	require.Eventually(t, func() bool { return s.audit() > 0 }, patience, 5*time.Millisecond, "it applies")
	require.NoError(t, d.cmd.Process.Kill())
	require.True(t, d.wait(t).killed)
	if s.count("select count(*) from run where state = 'done'") == 1 {
		t.Log("the run was over before the kill")
	}

	began := time.Now()
	next := s.serve()
	s.eventually(1, "select count(*) from run where state = 'done'")
	t.Logf("done %s after the next daemon's start", time.Since(began).Round(time.Millisecond))
	require.Less(t, time.Since(began), 30*time.Second, "not after the queue's default of an hour")
	require.Equal(t, 11161, s.audit(), "exactly one creation each")
	require.Equal(t, 11161, s.count("select count(*) from profile"))
	next.stop()
}
