package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// These tests stage outages before a real Prometheus; those of alerts that are about the program's
// own pace, of minutes, are in alerts_stalls_test.go.

func TestAlertsOfSinks(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte(dosKey), 0o600))
	s = s.without("DOS_API_KEY=").with("DOS_API_KEY_FILE=" + key)
	d := s.serve()
	s.waitUntilPushed()
	p := s.watch([]string{d.address()})

	require.NoError(t, os.WriteFile(key, []byte("of yesterday"), 0o600))
	require.NoError(t, x.website.Stand(websitetest.Fault{Names: []websitetest.FaultName{"down"}}))
	for _, code := range s.codes() {
		s.edit(code, "phone", "01632 960222")
	}
	// As if a change had been lost on its way to the queue, and as a job that can never succeed.
	s.write("update push set state = 'wanted', due_at = null, job_id = null where sink = 'website' and code = $1", s.codes()[0])
	s.write(`insert into river.river_job (state, kind, queue, args, max_attempts)
		values ('available', 'reconcile', 'runs', '{"run": 999999, "source": "ods"}', 1)`)
	p.fires(
		"PushesLeftBehind",
		"JobsGivenUp kind=reconcile",
		"SinkPaused reason=unauthorized route=change-event sink=dos",
		"SinkPaused reason=down route=profile sink=website",
		"BreakerOpen system=website",
	)
	require.NoError(t, os.WriteFile(key, []byte(dosKey), 0o600))
	x.website.Heal()
	s.waitUntilPushed()
	p.resolves(
		"PushOld route=change-event sink=dos",
		"PushOld route=profile sink=website",
	) // their changes are old the moment that they are no longer paused
	d.stop()
}

// absentOfWaiting are metrics that TestAlertsOfWorkThatWaits gives no value: it has no accounts, letters, e-RS, collector of
// traces, checks of drift or quality; nothing is paused, left out, set aside or pulled by changes; and what is just queued,
// tried or running comes and goes.
var absentOfWaiting = []string{
	"profilesync_open_accounts", "profilesync_open_letters", "profilesync_ers_requests_total", "profilesync_ers_request_seconds",
	"profilesync_ers_services", "profilesync_trace_spans_total", "profilesync_drift_check_age_seconds", "profilesync_drift_profiles",
	"profilesync_drift_not_visible_profiles", "profilesync_finding_records", "profilesync_quality_check_age_seconds",
	"profilesync_sink_paused_seconds", "profilesync_left_out_profiles", "profilesync_quarantine_records",
	"profilesync_watermark_age_seconds", "profilesync_queue_oldest_seconds", "profilesync_push_due_seconds",
	"profilesync_push_tried_seconds", "profilesync_unfinished_runs",
}

func TestAlertsOfWorkThatWaits(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 60)
	s = s.with("MAIL=directory", "MAIL_DIRECTORY="+filepath.Join(s.dir, "mail"))
	trusts := madeUp(t, "etr", 20)
	s.reconcile(0, trusts, madeUpDay)
	d := s.serve()
	s.waitUntilPushed()
	p := s.watch([]string{d.address()})

	require.NoError(t, x.website.Stand(websitetest.Fault{Names: []websitetest.FaultName{"throttled"}, RetryAfter: 1}))
	s.edit(s.codes()[0], "phone", "01632 960222")
	s.exits(0, "mail", "stop", "--reason", "a wrong text")
	s.reconcile(1, writeFile(t, "ets_"+madeUpDay+".csv", "nonsense\n"), madeUpDay)
	s.reconcile(3, madeUp(t, "edispensary", 30), "2026-02-23")
	s.write("update run set created_at = created_at - interval '5 days' where waiting > 0")
	s.write("update run set created_at = created_at - interval '3 days', ended_at = ended_at - interval '3 days' where report = 'etr'")
	s.write("update run set actor = 'schedule' where report in ('etr', 'ets')") // what a person reads once is never late
	s.write("insert into holiday (date, title, last_seen) values ('2026-12-25', 'Christmas Day', now() - interval '9 days')")
	s.exits(0, "cases", "look")
	s.write("update cases set deadline = current_date - 7 where kind = 'short-listing'")
	p.fires("PushOld route=profile sink=website", "MailStopped reason=stopped", "RunsRefused report=ets source=ods",
		"WaitingLate report=edispensary source=ods", "PullLate report=etr source=ods", "CalendarOld", "CasesOverdue kind=short-listing")
	p.answersDashboards(absentOfWaiting...)

	x.website.Heal()
	s.exits(0, "mail", "resume")
	s.reconcile(0, madeUp(t, "ets", 20), madeUpDay)
	s.exits(0, "runs", "reject", "--all")
	s.exits(0, "cases", "look")
	s.reconcile(0, trusts, madeUpDay)
	s.write("update holiday set last_seen = now()")
	p.resolves()
	d.stop()
}

func TestAlertsOfDriftQueuesAndTheServer(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 12)
	d := s.serve()
	s.waitUntilPushed()
	s.exits(0, "drift", "--sink", "dos")
	p := s.watch([]string{d.address()})

	require.NoError(t, x.dos.Stand(dostest.Fault{Names: []dostest.FaultName{"error-500"}}))
	s.exits(1, "checks", "run")
	x.dos.Heal()
	x.website.Wipe()
	s.exits(1, "drift", "--sink", "website")
	s.write("update drift_check set ended_at = ended_at - interval '3 days' where sink = 'dos'")
	s.write(`insert into river.river_job (state, kind, queue, args, max_attempts) values ('available', 'unknown', 'nobody', '{}', 1)`)
	p.reload("--disk", "1", "--connections", "0", "--database-gib", "0.001")
	p.fires(
		"QualityAlarm state=failed",
		"DriftAlarm sink=website",
		"CheckLate sink=dos",
		"JobsWaiting queue=nobody",
		"DiskFull place=temporary",
		"DatabaseLarge",
		"ConnectionsShort",
	)

	for _, code := range s.codes() { // what a person names is repaired
		s.exits(0, "drift", "--sink", "website", "--repair", "--ods", code)
	}
	s.waitUntilPushed()
	s.exits(0, "drift")
	s.do("checks", "run")
	s.write("delete from river.river_job where queue = 'nobody'")
	p.reload()
	p.resolves()
	d.stop()
}

func TestAlertOfADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	line := pgproxy.New(t, s.setting("DATABASE_URL"))
	d := s.with("DATABASE_URL=" + line.URL()).serve()
	p := s.watch([]string{d.address()})
	line.Refuse()
	p.fires("DatabaseUnreadable")
	line.Restore()
	p.resolves()
	d.stop()
}

func TestAlertsOfDaemons(t *testing.T) {
	t.Parallel()
	s, first, second := newSite(t), freeAddress(t), freeAddress(t)
	d := s.serveAt(first)
	p := s.watch([]string{first})
	d.stop()
	p.fires("NoDaemon")
	d = s.serveAt(first)
	p.resolves()

	killed := s.serveAt(second)
	p = s.watch([]string{first, second})
	require.NoError(t, killed.cmd.Process.Kill())
	p.fires("DaemonDown", "DaemonLost")
	killed = s.serveAt(second)
	require.Eventually(
		t,
		func() bool { return slices.Equal([]string{"DaemonLost"}, p.firing()) },
		patience,
		200*time.Millisecond,
		"for an hour",
	)
	s.write("update process set ended_at = ended_at - interval '1 hour', seen_at = seen_at - interval '1 hour' where ended_at is not null")
	p.resolves()
	killed.stop()
	d.stop()
}
