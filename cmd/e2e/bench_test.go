package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/local"
)

// The sizes of the listings, and how often repeatable cases are repeated.
const (
	small   = 30_000
	big     = 300_000
	repeats = 3
)

// Aims, as multiples of the bound, and for the peak memory of the process.
const (
	aimFirst, aimChanged, aimSame = 4.0, 2.5, 1.5
	aimMiB                        = 128
)

// BenchmarkListing reconciles a generated listing in three cases, with the real
// binary in a separate process. It prints each time relative to what the same
// machine and database need, in the same minutes, for the least work possible.
// Absolute times say more about the machine than about the program.
//
//	first    nothing is known        bound: COPY of the rows it leaves into the indexed tables
//	changed  1 % of the rows differ  bound: as same
//	same     nothing is new          bound: split, hash, COPY of key and hash, one comparing statement
func BenchmarkListing(b *testing.B) {
	var table figures
	before := busy(b)
	for _, size := range []int{small, big} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			for range b.N {
				table = append(table, benchListing(b, size)...)
			}
		})
	}
	table.print(before.until(busy(b)))
}

func benchListing(b *testing.B, size int) []measured {
	b.Helper()
	bench := newBench(b, size)
	first := bench.reconcile(bench.listing)
	require.Positive(b, first.found.Changes.Create)
	cases := []measured{
		{name: "first", size: size, aim: aimFirst, runs: []ran{first}},
		{name: "changed", size: size, aim: aimChanged},
		{name: "same", size: size, aim: aimSame},
	}
	for range repeats {
		cases[0].bounds = append(cases[0].bounds, bench.boundOfFirst())
	}
	for nth := range repeats {
		changed := bench.change(nth)
		cases[1].add(bench.reconcile(changed), bench.boundOfSame(changed))
		require.Greater(b, cases[1].runs[nth].found.Changes.Update, size*9/1000) // a few active organisations are of types without profiles
		cases[2].add(bench.reconcile(changed), bench.boundOfSame(changed))
		require.Equal(b, changeCounts{}, cases[2].runs[nth].found.Changes)
	}
	for _, c := range cases {
		b.ReportMetric(c.ratio(), c.name+"-x-bound")
		b.ReportMetric(c.peak(), c.name+"-MiB")
	}
	return cases
}

// bench is a separate database, which flushes to disk like a real one, and a
// server of listings.
type bench struct {
	*testing.B

	dir     string
	url     string // the database
	listing string // the file that holds the first listing
	size    int
	served  atomic.Pointer[string] // the file that is downloaded next
	web     *httptest.Server
	day     time.Time // advances with every run, since each listing has a date
}

func newBench(b *testing.B, size int) *bench {
	b.Helper()
	x := newEmptyBench(b)
	x.size = size
	x.listing = x.generate()
	x.web = httptest.NewServer(http.HandlerFunc(x.serve))
	b.Cleanup(x.web.Close)
	return x
}

// newEmptyBench returns a bench with an empty database.
func newEmptyBench(b *testing.B) *bench {
	b.Helper()
	dir, err := os.MkdirTemp("", "profilesync-bench-") //nolint:usetesting // Postgres, run by another user, cannot enter b.TempDir
	require.NoError(b, err)
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(b, os.Chmod(dir, 0o755)) // Postgres may run as another user
	cluster, err := local.Open(context.Background(), local.Options{Dir: filepath.Join(dir, "postgres")})
	require.NoError(b, err)
	b.Cleanup(func() {
		_ = cluster.Close()
		_ = local.Wait(context.Background(), filepath.Join(dir, "postgres"))
	})
	x := &bench{B: b, dir: dir, url: cluster.URL(), day: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	x.command("migrate")
	return x
}

// serve answers without an ETag, so that 304 is never answered.
func (x *bench) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/csv")
	http.ServeFile(w, r, *x.served.Load())
}

// ran is one reconciliation, seen from outside.
type ran struct {
	took  time.Duration
	peak  int // KiB; 0 if the system does not report it
	found summary
}

// reconcile reconciles a listing of the next day.
func (x *bench) reconcile(path string) ran {
	x.Helper()
	x.served.Store(&path)
	x.day = x.day.AddDate(0, 0, 1)
	x.exec("checkpoint")
	took, peak, out := x.command("reconcile", "--source", "ods", "--report", reportBenched,
		"--actor", "benchmark", "--wait", "--format", "json")
	result := ran{took: took, peak: peak}
	require.NoError(x, json.Unmarshal(out, &result.found), "%s", out)
	require.Equal(x, "done", result.found.State)
	require.Equal(x, x.size, result.found.Records)
	return result
}

// command runs the program and measures it.
func (x *bench) command(args ...string) (took time.Duration, peak int, stdout []byte) {
	x.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(x.Context(), binary, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = x.dir, &out, &stderr
	cmd.Env = append(os.Environ(), "PROFILESYNC_DATABASE_URL="+x.url)
	if !x.day.IsZero() {
		cmd.Env = append(cmd.Env, "PROFILESYNC_MODE=test", "PROFILESYNC_NOW="+x.day.Format(time.RFC3339))
	}
	if x.web != nil {
		cmd.Env = append(cmd.Env, "PROFILESYNC_ODS_DOWNLOADS_URL="+x.web.URL)
	}
	began := time.Now()
	require.NoError(x, cmd.Start())
	watched := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	took = time.Since(began)
	if cmd.ProcessState.ExitCode() != 3 { // something waits for a person
		require.NoError(x, err, "%v: %s%s", args, &out, &stderr)
	}
	return took, watched(), out.Bytes()
}

// watchMemory watches the memory high-water mark of a process, in KiB, until
// stop returns it. wait4 would report the mark of this process if that is
// higher, since a child starts as a copy of it.
func watchMemory(pid int) (stop func() int) {
	ended, peak := make(chan struct{}), make(chan int)
	go func() {
		highest := 0
		for {
			highest = max(highest, statusOf(pid, "VmHWM:"))
			select {
			case <-ended:
				peak <- highest
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int { close(ended); return <-peak }
}

func statusOf(pid int, name string) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // other systems have none
	_, after, found := strings.Cut(string(status), name)
	if fields := strings.Fields(after); found && len(fields) > 0 {
		n, _ := strconv.Atoi(fields[0])
		return n
	}
	return 0
}

// exec runs one statement on a connection of its own.
func (x *bench) exec(statement string) {
	x.Helper()
	conn, err := pgx.Connect(x.Context(), x.url)
	require.NoError(x, err)
	defer conn.Close(x.Context())
	_, err = conn.Exec(x.Context(), statement)
	require.NoError(x, err)
}

// measured is one case with its bound.
type measured struct {
	name   string
	size   int
	aim    float64
	runs   []ran
	bounds []time.Duration
}

func (m *measured) add(r ran, bound time.Duration) {
	m.runs, m.bounds = append(m.runs, r), append(m.bounds, bound)
}

func (m *measured) took() time.Duration {
	return median(m.runs, func(r ran) time.Duration { return r.took })
}

func (m *measured) bound() time.Duration {
	return median(m.bounds, func(d time.Duration) time.Duration { return d })
}

func (m *measured) ratio() float64 { return m.took().Seconds() / m.bound().Seconds() }

// peak is the highest of all runs, in MiB.
func (m *measured) peak() float64 {
	highest := slices.MaxFunc(m.runs, func(a, b ran) int { return cmp.Compare(a.peak, b.peak) })
	return float64(highest.peak) / 1024
}

func median[T any](all []T, of func(T) time.Duration) time.Duration {
	taken := make([]time.Duration, len(all))
	for i, one := range all {
		taken[i] = of(one)
	}
	slices.Sort(taken)
	return taken[len(taken)/2]
}
