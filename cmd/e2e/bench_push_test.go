package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

const (
	edits      = 1000                  // one per profile
	editEvery  = 50 * time.Millisecond // 20 a second
	backlog    = 10_000                // pushes: half of them to each sink
	aimArrival = time.Second           // for 99 of 100 edits
	aimPushes  = 0.6                   // relative to the jobs per second that River works by itself
)

// BenchmarkPush measures the daemon in a separate process, with both sinks
// simulated in this one, on the same processors.
//
//	arrival  from the commit of a plain SQL edit to its effect in each sink
//	backlog  pushes per second, relative to River working as many jobs that do
//	         one UPDATE and complete in its transaction
func BenchmarkPush(b *testing.B) {
	for range b.N {
		before := busy(b)
		x := newPushBench(b)
		x.arrival()
		x.backlog()
		fmt.Println(before.until(busy(b)))
	}
}

type pushBench struct {
	*bench

	dos     *dostest.Server
	website *websitetest.Server
	env     []string
}

func newPushBench(b *testing.B) *pushBench {
	b.Helper()
	x := &pushBench{bench: newEmptyBench(b)}
	var dosURL, websiteURL string
	x.dos, dosURL = dostest.Start(b, dostest.Options{})
	x.website, websiteURL = websitetest.Start(b, websitetest.Options{})
	x.env = append(os.Environ(), "PROFILESYNC_DATABASE_URL="+x.url, "PROFILESYNC_HTTP_ADDRESS=127.0.0.1:0", "PROFILESYNC_API_ADDRESS=off",
		"PROFILESYNC_DOS_URL="+dosURL, "PROFILESYNC_DOS_API_KEY=key", "PROFILESYNC_DOS_READ_URL="+dosURL,
		"PROFILESYNC_DOS_READ_USER=reader", "PROFILESYNC_DOS_READ_PASSWORD=secret",
		"PROFILESYNC_DOS_REQUESTS_PER_SECOND=100000", "PROFILESYNC_DOS_READ_REQUESTS_PER_SECOND=100000",
		"PROFILESYNC_WEBSITE_URL="+websiteURL, "PROFILESYNC_WEBSITE_API_KEY=key", "PROFILESYNC_WEBSITE_REQUESTS_PER_SECOND=100000",
		"PROFILESYNC_PUSH_SETTLE=0s")
	x.exec(`insert into profilesync.profile (code, name, type, icb, address, postcode, phone, website)
		select 'F' || to_char(n, 'FM0000'), 'Pharmacy ' || n, 'pharmacy', 'QOX', array['1 High Street', 'Leeds'], 'LS1 1AA', '0113 496 0000',
			'https://www.example.org' from generate_series(1, ` + strconv.Itoa(backlog/2) + `) n`)
	for _, part := range []string{ // people have stated every section, as they are asked to every quarter
		`opening_period (code, day, opens, closes) select code, d, '09:00', '17:30'
			from profilesync.profile, unnest(array['mon', 'tue', 'wed', 'thu', 'fri']) d`,
		`dated_opening_period (code, date) select code, current_date + 30 from profilesync.profile`,
		`service (code, source, nhs_code, name) select code, 'editor', 'SRV0560', 'Blood pressure check' from profilesync.profile`,
		`facility (code, name, value) select code, 'Wheelchair access', 'Yes' from profilesync.profile`,
	} {
		x.exec("insert into profilesync." + part)
	}
	for n := range backlog / 2 {
		x.dos.Seed(fmt.Sprintf("F%04d", n+1))
	}
	return x
}

// serve runs the daemon until stop is called.
func (x *pushBench) serve() (stop func()) {
	x.Helper()
	cmd := exec.CommandContext(x.Context(), binary, "serve")
	cmd.Dir, cmd.Env = x.dir, x.env
	require.NoError(x, cmd.Start())
	return func() {
		require.NoError(x, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(x, cmd.Wait())
	}
}

// waitForPushes waits until the given number of pushes were accepted.
func (x *pushBench) waitForPushes(accepted int) {
	x.Helper()
	require.Eventually(x, func() bool {
		return x.number("select count(*) from profilesync.push_attempt where answer = 'accepted'") >= float64(accepted)
	}, 5*time.Minute, 50*time.Millisecond)
}

func (x *bench) number(query string) (n float64) {
	x.Helper()
	conn, err := pgx.Connect(x.Context(), x.url)
	require.NoError(x, err)
	defer conn.Close(x.Context())
	require.NoError(x, conn.QueryRow(x.Context(), query).Scan(&n))
	return n
}

// arrival edits profiles one by one and looks up in the ledgers when each edit
// took effect.
func (x *pushBench) arrival() {
	x.Helper()
	stop := x.serve()
	x.waitForPushes(backlog)
	conn, err := pgx.Connect(x.Context(), x.url)
	require.NoError(x, err)
	defer conn.Close(x.Context())
	committed := make(map[string]time.Time, edits)
	ticker := time.NewTicker(editEvery)
	defer ticker.Stop()
	for n := range edits {
		<-ticker.C
		code := fmt.Sprintf("F%04d", n+1)
		_, err := conn.Exec(x.Context(), "update profilesync.profile set phone = $2 where code = $1", code, fmt.Sprintf("0113 496 %04d", n+1))
		require.NoError(x, err)
		committed[code] = time.Now()
	}
	x.waitForPushes(backlog + 2*edits)
	require.NoError(x, x.dos.AwaitEmptyQueue(x.Context()))
	stop()
	var inDoS, onWebsite []time.Duration
	for code, at := range committed {
		effects := x.dos.Effects(code)
		inDoS = append(inDoS, effects[len(effects)-1].At.Sub(at))
		stored := x.website.Effects(code)
		onWebsite = append(onWebsite, stored[len(stored)-1].At.Sub(at))
	}
	fmt.Printf("\n%-28s %9s %9s %9s %8s\n", "edit to arrival", "median ms", "99 % ms", "worst ms", "aim")
	x.percentiles("DoS", inDoS)
	x.percentiles("website", onWebsite)
}

func (x *pushBench) percentiles(name string, took []time.Duration) {
	x.Helper()
	slices.Sort(took)
	at := func(share float64) time.Duration { return took[int(share*float64(len(took)-1))] }
	fmt.Printf("%-28s %9d %9d %9d %8s\n", name, at(0.5).Milliseconds(), at(0.99).Milliseconds(), at(1).Milliseconds(),
		fmt.Sprintf("<= %d", aimArrival.Milliseconds()))
	x.ReportMetric(float64(at(0.99).Milliseconds()), name+"-p99-ms")
}

// backlog changes every profile while no daemon runs, and times the pushes from
// the first to the last.
func (x *pushBench) backlog() {
	x.Helper()
	x.exec("update profilesync.profile set phone = '0113 496 9999'")
	x.exec("checkpoint")
	before := x.number("select coalesce(max(id), 0) from profilesync.push_attempt")
	stop := x.serve()
	x.waitForPushes(2*backlog + 2*edits)
	stop()
	pushes := x.number(fmt.Sprintf(
		"select count(*) / extract(epoch from max(at) - min(at))::float8 from profilesync.push_attempt where id > %.0f", before))
	jobs := x.riverAlone()
	fmt.Printf("%-28s %9s %9s %9s %8s\n", "backlog of "+strconv.Itoa(backlog), "pushes/s", "jobs/s", "ratio", "aim")
	fmt.Printf("%-28s %9.0f %9.0f %9.2f %8s\n", "", pushes, jobs, pushes/jobs, fmt.Sprintf(">= %.1f", aimPushes))
	x.ReportMetric(pushes/jobs, "x-river")
}

// plainJob does the least that a transactional job can do.
type plainJob struct {
	N int `json:"n"`
}

func (plainJob) Kind() string { return "plain" }

type plainWorker struct {
	river.WorkerDefaults[plainJob]
	pool *pgxpool.Pool
}

func (w *plainWorker) Work(ctx context.Context, job *river.Job[plainJob]) error {
	return pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "update public.plain set at = clock_timestamp() where n = $1", job.Args.N); err != nil {
			return err
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

// riverAlone returns how many plain jobs per second River works, with as many
// workers.
func (x *pushBench) riverAlone() float64 {
	x.Helper()
	x.exec("create table public.plain (n int primary key, at timestamptz)")
	x.exec(fmt.Sprintf("insert into public.plain select n from generate_series(0, %d) n", backlog-1))
	pool, err := postgres.RiverPool(x.Context(), x.url, postgres.NewProcess())
	require.NoError(x, err)
	defer pool.Close()
	workers := river.NewWorkers()
	river.AddWorker(workers, &plainWorker{pool: pool})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: postgres.RiverSchema, Workers: workers,
		Queues: map[string]river.QueueConfig{
			"plain1": {MaxWorkers: 16, FetchCooldown: 10 * time.Millisecond}, "plain2": {MaxWorkers: 16, FetchCooldown: 10 * time.Millisecond},
		},
	})
	require.NoError(x, err)
	inserts := make([]river.InsertManyParams, backlog)
	for n := range inserts {
		inserts[n] = river.InsertManyParams{Args: plainJob{n}, InsertOpts: &river.InsertOpts{Queue: "plain" + strconv.Itoa(n%2+1)}}
	}
	_, err = client.InsertManyFast(x.Context(), inserts)
	require.NoError(x, err)
	x.exec("checkpoint")
	require.NoError(x, client.Start(x.Context()))
	require.Eventually(x, func() bool {
		return x.number("select count(*) from public.plain where at is null") == 0
	}, 5*time.Minute, 50*time.Millisecond)
	require.NoError(x, client.Stop(x.Context()))
	return x.number("select count(*) / extract(epoch from max(at) - min(at))::float8 from public.plain")
}
