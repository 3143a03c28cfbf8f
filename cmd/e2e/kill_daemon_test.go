package e2e

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// daemonKills is how often a daemon is killed in each of these tests;
// PROFILESYNC_KILLS sets another number.
func daemonKills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("PROFILESYNC_KILLS")
	if text == "" {
		return 2
	}
	kills, err := strconv.Atoi(text)
	require.NoError(t, err)
	return kills
}

func TestTheJobsOfTheOnlyDaemonContinueInTheNext(t *testing.T) {
	t.Parallel()
	f := newFrozenSite(t)
	daemons := []daemon{f.serve()}
	for range daemonKills(t) {
		killed := f.freeze(daemons)
		daemons[killed.index] = f.serve()
		f.requireRecovered(killed)
	}
}

func TestTheJobsOfOneOfThreeDaemonsContinueInTheOthers(t *testing.T) {
	t.Parallel()
	f := newFrozenSite(t)
	daemons := []daemon{f.serve(), f.serve(), f.serve()}
	for range daemonKills(t) {
		killed := f.freeze(daemons)
		f.requireRecovered(killed)
		daemons[killed.index] = f.serve()
	}
}

// frozenSite is a site whose jobs can be stopped in the middle of their work.
type frozenSite struct {
	*site

	sinks  sinks
	gate   *gate
	random *rand.Rand
	client *queue.Client
	round  int
}

func newFrozenSite(t *testing.T) *frozenSite {
	t.Helper()
	s, x := newStockedSite(t, 60)
	p, _ := peopleSite{s}.withNotify()
	f := &frozenSite{site: p.site, sinks: x, gate: newGate(t), random: rand.New(rand.NewPCG(killSeed(t), 10))}
	for _, setting := range []string{"DOS_URL", "WEBSITE_URL"} {
		f.site = f.with(setting + "=" + f.gate.before(setting, s.setting(setting)))
	}
	nonsense := s.setting("WEBSITE_URL") // runs that read from it are refused
	f.site = f.with("CALENDAR_URL="+f.gate.before("CALENDAR_URL", nonsense), "ODS_REPORTS=etr", "ODS_DOWNLOADS_URL="+nonsense)
	pool, err := postgres.RiverPool(t.Context(), s.url, postgres.NewProcess())
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	f.client, err = queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
	require.NoError(t, err)
	return f
}

// killedDaemon is a daemon that was killed with jobs in flight.
type killedDaemon struct {
	index int
	name  string
	jobs  map[string][]int64 // in flight, by kind
	at    time.Time
	held  pgx.Tx
}

// freeze gets a job of every kind in flight, and kills one of the daemons at a
// random moment.
func (f *frozenSite) freeze(daemons []daemon) (killed killedDaemon) {
	f.t.Helper()
	f.gate.open()
	f.waitUntilPushed()
	f.within(patience, 0, "select count(*) from river.river_job where state in ('running', 'available')")
	f.write("delete from river.river_job where state in ('retryable', 'scheduled')") // failed ones would prevent new ones
	f.within(patience, 1, "select least(count(*), 1) from schedule_run where name = 'housekeeping'")
	f.gate.close()
	f.write("update profile set phone = '0113 49' || lpad($1::text, 5, '0') where status = 'open'", strconv.Itoa(f.round))
	f.round++
	f.within(patience, 2, "select count(distinct kind) from river.river_job where state = 'running' and kind like 'push%'")
	killed.held = f.hold()
	f.write("delete from schedule_run s where s.due_at < (select max(n.due_at) from schedule_run n where n.name = s.name)")
	f.write("update schedule_run set due_at = due_at - interval '1 day'")
	require.Eventually(f.t, func() bool {
		f.ask() // repeated, since a tick may just have ended
		return f.count("select count(distinct kind) from river.river_job where state = 'running'") == len(everyKind)-1
	}, patience, 100*time.Millisecond)

	moment := time.NewTimer(time.Duration(f.random.Int64N(int64(time.Second))))
	<-moment.C
	killed.index = f.random.IntN(len(daemons))
	killed.name = daemons[killed.index].processNow()
	killed.jobs = f.inFlight(killed.name)
	require.NotEmpty(f.t, killed.jobs)
	require.NoError(f.t, daemons[killed.index].cmd.Process.Kill())
	require.True(f.t, daemons[killed.index].wait(f.t).killed)
	killed.at = time.Now()
	f.gate.open() // retries need a free worker
	if f.random.IntN(2) == 0 {
		f.release(&killed)
	}
	return killed
}

// everyKind lists every kind of job.
var everyKind = []string{
	"check_drift", "deactivate", "housekeeping", "pull_ers", "pull_ods", "push_dos", "push_website", "reconcile", "refresh_calendar",
	"remind", "report", "send_mail", "tick", "watch_mail",
}

// hold locks the tables that jobs read first, so that each stops in the middle
// of its work.
func (f *frozenSite) hold() pgx.Tx {
	f.t.Helper()
	tx, err := f.connect().Begin(f.t.Context())
	require.NoError(f.t, err)
	_, err = tx.Exec(f.t.Context(), `lock table run, drift_check, holiday, mail_gate, letter, account in access exclusive mode`)
	require.NoError(f.t, err)
	return tx
}

func (f *frozenSite) release(killed *killedDaemon) {
	f.t.Helper()
	if killed.held != nil {
		require.NoError(f.t, killed.held.Rollback(f.t.Context()))
	}
	killed.held = nil
}

// ask queues a job of every kind except pushes, which edits cause. Of the kinds
// in the people queue it leaves out one, in turn, since that queue has one
// worker too few for all of them.
func (f *frozenSite) ask() {
	f.t.Helper()
	people := []river.JobArgs{
		peoplejobs.Remind{}, peoplejobs.Deactivate{}, peoplejobs.WatchMail{}, peoplejobs.Report{}, peoplejobs.RefreshCalendar{},
	}
	left := f.round % len(people)
	args := append([]river.JobArgs{
		jobs.Tick{},
		runjobs.PullODS{Report: "etr", Pull: runs.RunListing},
		runjobs.PullERS{Part: runjobs.ERSServices},
		runjobs.Reconcile{Run: 999_999, Source: profile.SourceODS},
		jobs.Housekeeping{},
		pushjobs.CheckDrift{Sink: push.SinkDoS},
		peoplejobs.SendMail{After: "test"},
	}, slices.Delete(people, left, left+1)...)
	for _, one := range args {
		_, err := f.client.Insert(f.t.Context(), one, nil)
		require.NoError(f.t, err)
	}
}

func (f *frozenSite) inFlight(process string) map[string][]int64 {
	f.t.Helper()
	conn := f.connect()
	rows, err := conn.Query(f.t.Context(), `select kind, array_agg(id) from river.river_job
		where state = 'running' and attempted_by[cardinality(attempted_by)] = $1 group by kind`, process)
	require.NoError(f.t, err)
	found := map[string][]int64{}
	var kind string
	var ids []int64
	_, err = pgx.ForEachRow(rows, []any{&kind, &ids}, func() error {
		found[kind] = ids
		return nil
	})
	require.NoError(f.t, err)
	return found
}

// How soon the jobs of a killed daemon must be worked again if there is a
// healthy one.
const (
	recoveredWithin = 30 * time.Second
	pushedWithin    = 10 * time.Second
)

// requireRecovered requires that every job that the killed daemon had in flight
// is worked again in time, that every schedule is kept once, and that every
// edit arrives once.
func (f *frozenSite) requireRecovered(killed killedDaemon) {
	f.t.Helper()
	began := time.Now()
	var pushes, others []int64
	for kind, ids := range killed.jobs {
		if strings.HasPrefix(kind, "push_") {
			pushes = append(pushes, ids...)
		} else {
			others = append(others, ids...)
		}
	}
	const left = `select count(*) from river.river_job where id = any($1::bigint[]) and attempted_by[cardinality(attempted_by)] = $2
		and state in ('running', 'available')`
	pushed := f.within(pushedWithin, 0, left, pushes, killed.name)
	f.release(&killed) // retried jobs need a free worker
	f.within(recoveredWithin-time.Since(began), 0, left, others, killed.name)
	f.t.Logf("killed with %d kinds, %d pushes, %d other jobs in flight: pushes worked again after %s, the others after %s",
		len(killed.jobs), len(pushes), len(others), pushed.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	f.within(recoveredWithin-time.Since(began), 0, `select count(*) from (select name from schedule_run group by name
		having max(due_at) < $1::timestamptz - interval '23 hours 59 minutes') late`, killed.at)
	require.Zero(f.t, f.count(`select count(*) from (select name, due_at from schedule_run
		where job_id is not null and name not in ('send_mail', 'watch_mail') group by name, due_at having count(*) > 1) twice`))
	f.waitUntilPushed()
	f.requireOnceAndNewest()
}

// requireOnceAndNewest requires that both sinks show the newest edit, and
// accepted nothing twice or out of order.
func (f *frozenSite) requireOnceAndNewest() {
	f.t.Helper()
	newest := fmt.Sprintf("011349%05d", f.round-1)
	for _, code := range f.codes() {
		f.sinks.showPhone(code, newest)
	}
	dos, website := f.sinks.dos.Summary(), f.sinks.website.Summary()
	require.Zero(f.t, dos.Twice+dos.Backwards, "DoS: %+v", dos)
	require.Zero(f.t, website.Twice+website.Backwards, "website: %+v", website)
}

// gate is a proxy for outside systems: while it is closed, requests wait.
type gate struct {
	t       *testing.T
	waiting chan chan struct{} // holds the channel that closes when it opens
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{t: t, waiting: make(chan chan struct{}, 1)}
	opened := make(chan struct{})
	close(opened)
	g.waiting <- opened
	t.Cleanup(g.open)
	return g
}

// before returns the address of the gate in front of an outside system.
func (g *gate) before(name, address string) string {
	g.t.Helper()
	target, err := url.Parse(address)
	require.NoError(g.t, err, name)
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.ErrorLog = log.New(io.Discard, "", 0) // the client was killed
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		opened := <-g.waiting
		g.waiting <- opened
		select {
		case <-opened:
			forward.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	g.t.Cleanup(func() {
		g.open()
		server.Close()
	})
	return server.URL
}

func (g *gate) open() {
	opened := <-g.waiting
	select {
	case <-opened:
	default:
		close(opened)
	}
	g.waiting <- opened
}

func (g *gate) close() {
	<-g.waiting
	g.waiting <- make(chan struct{})
}
