package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

func TestADeadSinkDoesNotSlowTheOther(t *testing.T) {
	t.Parallel()
	rows := 800
	if soaking() {
		rows = 3000
	}
	s, x := newStockedSite(t, rows)
	codes := len(s.codes())
	// Opening times do not wait for a reader: they show that pushes get no answer either.
	s.write("insert into opening_period (code, day, opens, closes) select code, 'mon', '09:00', '17:00' from profile order by code limit 100")
	require.NoError(t, x.dos.Stand(dostest.Fault{Names: []dostest.FaultName{"down"}}))
	began := time.Now()
	d := s.serve()
	s.eventually(codes, "select count(*) from push where sink = 'website' and state = 'accepted'")
	t.Logf("%d to the website in %s, DoS being down", codes, time.Since(began).Round(time.Millisecond))
	x.requireOnceOnWebsite(codes)
	require.Empty(t, x.dos.Summary().Effects)
	require.Equal(t, codes, s.count("select count(*) from push where sink = 'dos' and state = 'wanted'"), "nothing is dropped")
	s.eventually(1, "select count(*) from route where sink = 'dos' and route = 'change-event' and paused = 'down'")
	d.untilItSaysOnce(`"sink paused`)

	x.dos.Heal()
	began = time.Now()
	s.eventually(codes, "select count(*) from push where sink = 'dos' and state = 'accepted'")
	t.Logf("the rest in %s", time.Since(began).Round(time.Millisecond))
	s.waitUntilPushed()
	x.requireOnce(codes)
	d.stop()
}

// pausedSeconds is the metric that an alert uses.
var pausedSeconds = regexp.MustCompile(
	`(?m)^profilesync_sink_paused_seconds\{reason="unauthorized",route="change-event",sink="dos"\} [0-9.]+$`)

// untilMetrics waits until the metrics fulfil a condition: they lag a little.
func (d daemon) untilMetrics(ok func(metrics string) bool) {
	d.site.t.Helper()
	require.Eventually(d.site.t, func() bool {
		_, metrics := d.get("/metrics")
		return ok(metrics)
	}, patience, 50*time.Millisecond, "metrics")
}

// requirePaused requires that a sink is paused with one log line, however often
// it is probed, and that no job failed and no push was dropped.
func requirePaused(t *testing.T, s *site, d daemon, sink, route string, pushes int) {
	t.Helper()
	s.eventually(1, "select count(*) from route where sink = $1 and route = $2 and paused = 'unauthorized' and probes >= 3", sink, route)
	d.untilItSaysOnce(`"sink paused`)
	require.Equal(t, 1, strings.Count(d.log(), `"level":"ERROR"`), d.log())
	require.Equal(t, pushes, s.count("select count(*) from push where sink = $1 and state = 'wanted'", sink), "nothing is dropped")
	require.Zero(t, s.count("select count(*) from push where failures > 0"), "the failures are not counted for any profile")
	requireNoFailedJobs(t, s)
}

// requireNoFailedJobs requires that no push job failed.
func requireNoFailedJobs(t *testing.T, s *site) {
	t.Helper()
	require.Zero(t, s.count(`select count(*) from river.river_job
		where kind like 'push%' and (attempt > 1 or errors is not null or state in ('retryable', 'discarded', 'cancelled'))`))
}

func requireResumed(t *testing.T, s *site, d daemon, sink string) {
	t.Helper()
	s.waitUntilPushed()
	d.untilItSaysOnce(`"msg":"sink resumed","sink":"` + sink + `"`)
	require.Equal(t, 1, strings.Count(d.log(), `"sink paused`))
	requireNoFailedJobs(t, s)
}

func TestAWrongKeyPausesTheSinkUntilTheFileIsCorrected(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 60)
	codes := len(s.codes())
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte("wrong\n"), 0o600))
	s.env = slices.DeleteFunc(s.env, func(setting string) bool { return strings.HasPrefix(setting, "DOS_API_KEY=") })
	s = s.with("DOS_API_KEY_FILE=" + key)
	d := s.serve()
	s.eventually(codes, "select count(*) from push where sink = 'website' and state = 'accepted'")
	requirePaused(t, s, d, "dos", "change-event", codes)
	d.untilMetrics(func(metrics string) bool { return pausedSeconds.MatchString(metrics) })
	require.Empty(t, x.dos.Summary().Effects)
	require.Contains(t, s.exits(0, "push", "list", "--sink", "dos", "--most", "3").out, "wanted")

	require.NoError(t, os.WriteFile(key, []byte(dosKey+"\n"), 0o600))
	requireResumed(t, s, d, "dos")
	d.untilMetrics(func(metrics string) bool { return !pausedSeconds.MatchString(metrics) })
	x.requireOnce(codes)
	d.stop()
}

// TestAnEmptiedKeyPausesTheSink: nothing is sent with the key of before.
func TestAnEmptiedKeyPausesTheSink(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 10)
	code := s.codes()[0]
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte(dosKey+"\n"), 0o600))
	s.env = slices.DeleteFunc(s.env, func(setting string) bool { return strings.HasPrefix(setting, "DOS_API_KEY=") })
	s = s.with("DOS_API_KEY_FILE=" + key)
	d := s.serve()
	s.waitUntilPushed()
	before := x.dos.Summary().Kinds["change-event"]

	require.NoError(t, os.Truncate(key, 0))
	s.edit(code, "phone", "01632 960111")
	requirePaused(t, s, d, "dos", "change-event", 1)
	require.Contains(t, d.log(), "PROFILESYNC_DOS_API_KEY_FILE="+key+": it is empty")
	require.Equal(t, before, x.dos.Summary().Kinds["change-event"], "nothing was sent")

	require.NoError(t, os.WriteFile(key, []byte(dosKey+"\n"), 0o600))
	requireResumed(t, s, d, "dos")
	require.Equal(t, before+1, x.dos.Summary().Kinds["change-event"])
	d.stop()
}

func TestTheSinkResumesWhenItsKeyIsAcceptedAgain(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 60)
	codes := len(s.codes())
	x.website.Fault(websitetest.Fault{Names: []websitetest.FaultName{"unauthorized"}, Times: -1})
	d := s.serve()
	s.eventually(codes, "select count(*) from push where sink = 'dos' and state = 'accepted'")
	requirePaused(t, s, d, "website", "profile", codes)
	x.website.Heal()
	requireResumed(t, s, d, "website")
	x.requireOnce(codes)
	d.stop()
}

func TestAKilledDaemonLeavesNothingHalfPushed(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 1200)
	codes := len(s.codes())
	for _, after := range []int{1, codes / 3, codes} { // effects in both sinks
		d := s.serve()
		x.until("it pushes", func() bool {
			return x.website.Summary().Effects[websitetest.Stored]+x.dos.Summary().Effects[dostest.Applied] >= after
		})
		require.NoError(t, d.cmd.Process.Kill())
		require.True(t, d.wait(t).killed)
		t.Logf("killed with %d pushes accepted, %d unclear", s.count("select count(*) from push where state = 'accepted'"),
			s.count("select count(*) from push where unclear"))
	}
	require.Positive(t, s.count("select count(*) from push where state = 'wanted'"), "killed in the middle")
	d := s.serve()
	s.waitUntilPushed()
	require.Equal(t, 2*codes, s.count("select count(*) from push where state = 'accepted'"))
	x.requireOnce(codes)
	d.stop()
}
