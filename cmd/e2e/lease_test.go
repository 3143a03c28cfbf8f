package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
)

// announced counts the announced daemons.
const announced = `select count(*) from process
	where ended_at is null and not pg_try_advisory_xact_lock(hashtextextended('profilesync.process.' || name, 0))`

// working counts the daemons whose workers fetch jobs.
const working = `select count(distinct application_name) from pg_stat_activity
	where datname = current_database() and application_name like 'profilesync/%' and query like '-- name: JobGetAvailable%'`

// cleared counts whether a process was presumed dead and its work given away.
const cleared = "select count(*) from process where name = $1 and cleared_at is not null"

// within waits for a count, and returns how long that took.
func (s *site) within(limit time.Duration, want int, query string, args ...any) time.Duration {
	s.t.Helper()
	began := time.Now()
	require.Eventually(s.t, func() bool { return s.count(query, args...) == want }, limit, 20*time.Millisecond, query)
	return time.Since(began)
}

// cutOffAfter is how long the others may take to replace a daemon whose
// connection fell silent.
const cutOffAfter = 30 * time.Second

func TestADaemonCutOffWhileDispatchingBlocksNobody(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	line, silenced, lost := s.behindSilence("TryLockDispatch")
	healthy := s.serve()
	took := s.within(cutOffAfter, 2*len(s.codes()), "select count(*) from push where state = 'accepted' and job_id is null")
	t.Logf("pushed %s after the start of another daemon", took.Round(time.Millisecond))
	require.Equal(t, 1, silenced.Happened())
	require.Positive(t, line.Silenced())
	x.requireOnce(len(s.codes()))
	s.comesBack(line, lost, x)
	healthy.stop()
}

func TestADaemonCutOffWhileHoldingARunBlocksNobody(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsBefore)
	s, x := newSite(t).withSinks()
	line, silenced, lost := s.behindSilence("LockRunsOf")
	s.exits(0, "reconcile", "--files", file, "--as-of", "2025-12-29")
	require.Eventually(t, func() bool { return silenced.Happened() == 1 }, patience, 10*time.Millisecond)
	healthy := s.serve()
	took := s.within(cutOffAfter, 1, "select count(*) from run where state = 'done'")
	t.Logf("run %s after the start of another daemon", took.Round(time.Millisecond))
	require.Equal(t, 205, s.audit())
	require.Positive(t, line.Silenced())
	s.comesBack(line, lost, x)
	require.Equal(t, 205, s.count("select count(*) from change where field = 'profile'"), "nothing is done twice")
	require.Equal(t, 1, s.count("select count(*) from run"))
	healthy.stop()
}

func TestADaemonCutOffDuringATickBlocksNobody(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 3)
	line, silenced, lost := s.behindSilence("LockSchedules")
	require.Eventually(t, func() bool { return silenced.Happened() == 1 }, patience, 10*time.Millisecond)
	began := one[time.Time](s, "select clock_timestamp()")
	healthy := s.serve()
	took := s.within(cutOffAfter, 1, "select count(*) from forward_progress where activity = 'tick' and at > $1", began)
	t.Logf("ticked %s after the start of another daemon", took.Round(time.Millisecond))
	require.Positive(t, line.Silenced())
	s.comesBack(line, lost, x)
	healthy.stop()
}

// behindSilence starts a daemon whose connections fall silent, without FIN or
// RST, as soon as the server has executed a statement.
func (s *site) behindSilence(statement string) (*pgproxy.Proxy, *pgproxy.Fault, daemon) {
	s.t.Helper()
	line := pgproxy.New(s.t, s.setting("DATABASE_URL"))
	silenced := line.SilenceWhen(statement)
	return line, silenced, s.with("DATABASE_URL=" + line.URL()).serve()
}

// comesBack restores the connections: the daemon that was cut off finds that
// others have its work, begins again, and does no harm.
func (s *site) comesBack(line *pgproxy.Proxy, lost daemon, x sinks) {
	s.t.Helper()
	s.within(patience, 1, cleared, lost.process())
	s.waitUntilPushed()
	before := s.count("select count(*) from push_attempt")
	line.Restore()
	s.within(patience, 2, announced)
	s.waitUntilPushed()
	require.Equal(s.t, before, s.count("select count(*) from push_attempt"), "it sends nothing again")
	code := s.codes()[0]
	s.edit(code, "phone", "0113 4960123")
	s.waitUntilPushed()
	x.requireRising(code)
}

func TestADaemonThatWasSuspendedForLongBeginsAgain(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	stopped := s.serve()
	s.within(patience, 1, "select count(*) from forward_progress where activity = 'tick'")
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGSTOP))
	healthy := s.serve()
	took := s.within(cutOffAfter, 1, cleared, stopped.process())
	t.Logf("done without %s after the start of another daemon", took.Round(time.Millisecond))
	s.waitUntilPushed()
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGCONT))
	s.within(patience, 2, announced)
	stopped.untilItSays("it begins again")
	s.edit(s.codes()[0], "phone", "0113 4960123")
	s.waitUntilPushed()
	x.requireRising(s.codes()[0])
	stopped.stop()
	healthy.stop()
}

// announcedWithin is how soon a daemon must be announced again after its
// connections broke.
const announcedWithin = 10 * time.Second

func TestDaemonsAreAnnouncedAgain(t *testing.T) {
	t.Parallel()
	s, restart := ownServer(t)
	first, second := s.serve(), s.serve()
	s.within(patience, 2, announced)
	s.within(patience, 2, working) // a daemon that loses the database before it began exits
	for name, breaks := range map[string]func(){
		"restarted fast":    func() { restart(syscall.SIGINT) },
		"restarted at once": func() { restart(syscall.SIGQUIT) },
		"all connections ended": func() {
			s.count("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name <> ''")
		},
		"one connection ended": func() {
			require.Equal(t, 1, s.count(`select count(pg_terminate_backend(l.pid)) from (select pid from pg_locks
				where locktype = 'advisory' and mode = 'ShareLock' and granted limit 1) l`))
		},
	} {
		before := s.sessions()
		breaks()
		began := time.Now()
		require.Eventually(t, func() bool { return s.announcedAnew(before) }, announcedWithin, 20*time.Millisecond, name)
		t.Logf("%s: announced again after %s", name, time.Since(began).Round(time.Millisecond))
		file := realData(t, trustsBefore)
		require.NotContains(t, s.exits(0, "reconcile", "--files", file, "--as-of", "2025-12-29").err, "none is running")
		s.within(patience, 0, "select count(*) from run where state not in ('done')")
	}
	require.Zero(t, s.count("select count(*) from process where ended_at is not null"), "no process was presumed dead")
	first.stop()
	second.stop()
}

// sessions returns the sessions by which daemons are announced; none while the
// server is down.
func (s *site) sessions() map[string]bool {
	found := map[string]bool{}
	conn, err := s.tryConnect()
	if err != nil {
		return found
	}
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	rows, err := conn.Query(s.t.Context(), `select a.pid || ' ' || a.backend_start from pg_locks l join pg_stat_activity a using (pid)
		where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.granted`)
	if err != nil {
		return found
	}
	defer rows.Close()
	for rows.Next() {
		var session string
		if rows.Scan(&session) == nil {
			found[session] = true
		}
	}
	return found
}

// announcedAnew reports whether two daemons are announced, at least one of them
// by a new session.
func (s *site) announcedAnew(before map[string]bool) bool {
	now := s.sessions()
	anew := false
	for session := range now {
		anew = anew || !before[session]
	}
	return len(now) == 2 && anew
}

// ownServer returns a site with its own Postgres, and a function that ends it
// with a signal: it restarts automatically.
func ownServer(t *testing.T) (s *site, restart func(syscall.Signal)) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postgres, which -short does without")
	}
	dir, err := os.MkdirTemp("", "profilesync-e2e-") //nolint:usetesting // as root, Postgres runs as another user, who cannot enter t.TempDir
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	home := filepath.Join(dir, "postgres")
	cluster, err := local.Open(t.Context(), local.Options{Dir: home})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, cluster.Close())
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, local.Wait(ctx, home))
		require.NoError(t, os.RemoveAll(dir))
	})
	s = bareSite(t)
	s.url = cluster.URL()
	s.env = []string{"DATABASE_URL=" + s.url}
	s.exits(0, "migrate")
	return s, func(sig syscall.Signal) {
		text, err := os.ReadFile(filepath.Join(home, "data", "postmaster.pid"))
		require.NoError(t, err)
		first, _, _ := strings.Cut(string(text), "\n")
		pid, err := strconv.Atoi(first)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid, sig))
	}
}

// The queue assigns jobs to a daemon, but the reply never arrives: the jobs are
// marked running, and the daemon knows nothing about them.
func TestJobsWhoseFetchWasLostAreWorkedWithinSeconds(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 30)
	line := pgproxy.New(t, s.setting("DATABASE_URL"))
	fetches := line.SwallowCommitAfter("JobGetAvailable", 40)
	d := s.with("DATABASE_URL=" + line.URL()).serve()
	require.Eventually(t, func() bool { return fetches.Happened() == 40 }, patience, 10*time.Millisecond)
	require.Positive(t, s.count("select count(*) from river.river_job where state = 'running' and kind like 'push%'"),
		"their fetches were lost")
	began := time.Now()
	s.within(recoveredWithin, 2*len(s.codes()), "select count(*) from push where state = 'accepted' and job_id is null")
	t.Logf("worked %s after the last reply was lost", time.Since(began).Round(time.Millisecond))
	d.untilItSays("the reply to fetching them was lost")
	x.requireOnce(len(s.codes()))
	s.within(recoveredWithin, 0, "select count(*) from river.river_job where state = 'running'")
	d.stop()
}

// A command works several runs under one name, which ends with it.
func TestOneCommandWorksSeveralRuns(t *testing.T) {
	t.Parallel()
	before, after := realData(t, trustsBefore), realData(t, trustsAfterApril)
	s := newSite(t)
	o := s.exits(3, "reconcile", "--files", before, "--files", after, "--wait", "--format", "json")
	require.Len(t, objects[summary](t, o.out), 2)
	require.Equal(t, 1, s.count("select count(*) from process where ended_at is not null"))
}
