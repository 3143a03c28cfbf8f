package e2e

import (
	"net/url"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/calendar/calendartest"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/jobs/queue"
)

// These alerts are about the program's own pace: their limits are minutes, whatever the scale. What stands still does so
// for real; the minutes, and the days of a schedule, are put into its rows, and only into those that tell of them.

// slower is a scale at which the alerts that follow after half an hour or an hour of the same outage (PushOld, JobsWaiting)
// are still minutes away.
const slower = "10"

// queueClient pauses queues and queues jobs, like another program of the installation.
func (s *site) queueClient() *queue.Client {
	s.t.Helper()
	pool, err := postgres.RiverPool(s.t.Context(), s.url, postgres.NewProcess())
	require.NoError(s.t, err)
	s.t.Cleanup(pool.Close)
	client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
	require.NoError(s.t, err)
	return client
}

// Somebody builds an index on the table of pushes in a transaction that stays open, and the queue of ticks is paused.
func TestAlertOfStandstill(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 12)
	client := s.queueClient()
	d := s.serve()
	s.waitUntilPushed()
	s.within(patience, 3, "select count(*) from forward_progress")
	p := s.watch([]string{d.address()})
	p.reload("--scale", slower)

	forgotten, err := s.connect().Begin(t.Context())
	require.NoError(t, err)
	_, err = forgotten.Exec(t.Context(), "lock table push in share mode")
	require.NoError(t, err)
	require.NoError(t, client.QueuePause(t.Context(), queue.Control, nil))
	s.edit(s.codes()[0], "phone", "01632 960222")
	for _, waits := range []river.JobArgs{jobs.Tick{}, casejobs.LookAtCases{}} {
		_, err = client.Insert(t.Context(), waits, nil)
		require.NoError(t, err)
	}
	s.within(patience, 0, "select count(*) from river.river_job where queue = $1 and state = 'running'", queue.Control)
	const blocked = `select least(count(*), 1) from pg_stat_activity
		where cardinality(pg_blocking_pids(pid)) > 0 and datname = current_database()`
	s.within(patience, 1, blocked)
	s.write("update forward_progress set at = at - interval '3 minutes'")
	p.fires("NoProgress activity=dispatch", "NoProgress activity=tick", "NoProgress activity=cases")
	require.NotEqual(t, bare("01632 960222"), x.phones(s.codes()[0])[1], "it is not pushed")

	require.NoError(t, forgotten.Rollback(t.Context()))
	require.NoError(t, client.QueueResume(t.Context(), queue.Control, nil))
	p.resolves()
	x.showPhone(s.codes()[0], "01632 960222")
	d.stop()
}

// The daemon was started again without the settings of the website, and the workers of DoS stand still.
func TestAlertOfPushesThatNobodyTries(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 12)
	client := s.queueClient()
	d := s.serve()
	s.waitUntilPushed()
	d.stop()
	d = s.without("WEBSITE_").serve()
	p := s.watch([]string{d.address()})
	p.reload("--scale", slower)

	require.NoError(t, client.QueuePause(t.Context(), "dos", nil))
	code := s.codes()[0]
	s.edit(code, "phone", "01632 960222")
	s.within(patience, 1, "select count(*) from push where sink = 'website' and job_id is null and due_at <= now()")
	s.within(patience, 1, "select count(*) from river.river_job where queue = 'dos' and state = 'available'")
	const ago = " - interval '125 seconds'"
	s.write("update push_attempt set at = at" + ago)
	s.write("update push set due_at = due_at" + ago + " where sink = 'website' and due_at is not null")
	s.write("update river.river_job set scheduled_at = scheduled_at" + ago + " where queue = 'dos' and state = 'available'")
	p.fires("PushesUntried route=profile sink=website", "PushesUntried route=change-event sink=dos")

	require.NoError(t, client.QueueResume(t.Context(), "dos", nil))
	mended := s.serve()
	p.resolves()
	x.showPhone(code, "01632 960222")
	mended.stop()
	d.stop()
}

// A daemon stands still in the middle of a job, and the other one may not end its sessions, since it has another database role.
func TestAlertOfJobsWithoutWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate := newGate(t)
	_, holidays := calendartest.Start(t, calendartest.Options{})
	host, err := url.Parse(holidays)
	require.NoError(t, err)
	gate.close()
	root := gate.before("CALENDAR_URL", host.Scheme+"://"+host.Host)
	still := s.with("DATABASE_URL="+s.url, "CALENDAR_URL="+root+host.Path).serve()
	_, err = s.queueClient().Insert(t.Context(), peoplejobs.RefreshCalendar{}, nil)
	require.NoError(t, err)
	const running = "select count(*) from river.river_job where kind = 'refresh_calendar' and state = 'running'"
	s.within(patience, 1, running)
	require.NoError(t, still.cmd.Process.Signal(syscall.SIGSTOP))

	d := s.with("CALENDAR_URL=" + holidays).serve()
	s.within(patience, 1, "select count(*) from process where ended_at is not null and name = $1", still.process())
	d.untilItSays("clearing process " + still.process())
	// DaemonLost tells of it for an hour, which ends here.
	s.write("update process set ended_at = ended_at - interval '1 hour', seen_at = seen_at - interval '1 hour' where ended_at is not null")
	p := s.watch([]string{d.address()})
	s.write("update river.river_job set attempted_at = attempted_at - interval '2 minutes' where state = 'running'")
	p.fires("JobsWithoutWorker")
	require.Equal(t, 1, s.count(running))

	s.write(`select pg_terminate_backend(a.pid) from process p join pg_stat_activity a on a.application_name like '%' || p.name || '%'
		where p.ended_at is not null and p.cleared_at is null`) // as its page of the runbook says
	p.resolves()
	s.eventually(1, "select count(*) from river.river_job where kind = 'refresh_calendar' and state = 'completed'")
	require.NoError(t, still.cmd.Process.Kill())
	require.True(t, still.wait(t).killed)
	d.stop()
}

// Of two daemons one has the settings of the mail, and its role may not take jobs; the other one, which takes them all,
// lacks the settings.
func TestAlertOfALateSchedule(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.with("DATABASE_URL=" + s.url)
	mail := []string{"MAIL=directory", "MAIL_DIRECTORY=" + filepath.Join(s.dir, "mail")}
	lacks := owner.serve()
	s.within(patience, 1, "select count(*) from forward_progress where activity = 'tick'")
	role := pgtest.Roles(t).Daemon
	s.write("revoke update on river.river_job from " + role)
	idle := s.with(mail...).serve()
	s.write("insert into schedule_run (name, due_at) values ('send_mail', now() - interval '1 day')")
	p := s.watch([]string{idle.address()})
	p.fires("ScheduleLate schedule=send_mail")

	s.write("grant update on river.river_job to " + role)
	lacks.stop()
	given := owner.with(mail...).serve()
	p.resolves()
	require.Equal(t, 1, s.count("select least(count(*), 1) from schedule_run where name = 'send_mail' and job_id is not null"))
	given.stop()
	idle.stop()
}
