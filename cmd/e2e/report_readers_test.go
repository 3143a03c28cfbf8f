package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/report"
)

// longReport freezes a report whose changes are about 100 MB as CSV.
func (s *site) longReport() (path string) {
	s.t.Helper()
	const day = "2026-03-02"
	s.write(`with made as (
			insert into report (day, from_at, until_at, floor, rows, digest)
			values ($1::date, $1::date - interval '1 day', $1::date, '0', 0, '') returning id
		)
		insert into report_row (report_id, section, icb, position, cells)
		select made.id, 'changes', 'QOX', n, array_fill(repeat('x', 4000), array[$2::integer])
		from made, generate_series(1, 1000) n`, day, len(report.ChangeColumns()))
	return "/reports/report-" + day + ".csv"
}

// countBusyConnections counts the program's connections that are not idle.
const countBusyConnections = `select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
	and application_name like 'profilesync%' and state <> 'idle'`

// neverReading requests a page, reads only the status line of the answer,
// counts successes, and keeps the connection open for the given time; then it
// starts again, until ctx ends.
func (d daemon) neverReading(ctx context.Context, path string, stay time.Duration, begun *atomic.Int32) {
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.address())
		if err != nil { // the daemon is gone, perhaps for good
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", path, reportToken)
		status := make([]byte, len("HTTP/1.1 200 OK"))
		if _, err := io.ReadFull(conn, status); err == nil && string(status) == "HTTP/1.1 200 OK" {
			begun.Add(1)
		}
		held, release := context.WithTimeout(ctx, stay)
		<-held.Done()
		release()
		_ = conn.Close()
	}
}

// crowd starts readers that never read, half of which stay connected. It
// returns when each has begun; leave disconnects them.
func (d daemon) crowd(path string, readers int) (leave func()) {
	d.site.t.Helper()
	ctx, cancel := context.WithCancel(d.site.t.Context())
	var all sync.WaitGroup
	leave = func() {
		cancel()
		all.Wait()
	}
	d.site.t.Cleanup(leave)
	begun := make([]atomic.Int32, readers)
	for n := range begun {
		stay := []time.Duration{time.Hour, time.Second}[n%2]
		all.Go(func() { d.neverReading(ctx, path, stay, &begun[n]) })
	}
	for n := range begun {
		require.Eventually(d.site.t, func() bool { return begun[n].Load() > 0 }, patience, 10*time.Millisecond, "reader %d has begun", n)
	}
	return leave
}

// experience is how long an editor and an operator wait.
type experience struct{ arrivals, answers []time.Duration }

// edit edits a profile repeatedly. It requires that each edit arrives at both
// sinks, and that the daemon is ready throughout.
func (e *experience) edit(d daemon, x sinks, code string, edits int) {
	d.site.t.Helper()
	for range edits {
		phone := fmt.Sprintf("0113 496 %04d", d.site.audit())
		began := time.Now()
		d.site.edit(code, "phone", phone)
		x.showPhone(code, phone)
		arrived := time.Now()
		status, why := d.get("/readyz")
		e.arrivals, e.answers = append(e.arrivals, arrived.Sub(began)), append(e.answers, time.Since(arrived))
		require.Equal(d.site.t, http.StatusOK, status, why)
	}
}

// p99 returns the 99th percentile.
func p99(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)*99+99)/100-1]
}

// TestReadersThatNeverReadDoNotSlowPushes measures with and without readers in
// turn, since the machine may be busy with other things.
func TestReadersThatNeverReadDoNotSlowPushes(t *testing.T) {
	t.Parallel()
	const readers, turns, edits = 16, 4, 25
	s, x := newStockedSite(t, 20)
	path := s.longReport()
	d := s.serve()
	s.waitUntilPushed()
	code := s.codes()[0]
	var alone, among experience
	for range turns {
		alone.edit(d, x, code, edits)
		leave := d.crowd(path, readers)
		among.edit(d, x, code, edits)
		leave()
	}
	for what, times := range map[string][2][]time.Duration{
		"edit to arrival": {alone.arrivals, among.arrivals}, "readyz": {alone.answers, among.answers},
	} {
		without, with := p99(times[0]), p99(times[1])
		t.Logf("%s, p99: %s without readers, %s with %d", what, without, with, readers)
		require.Less(t, with, 2*without+time.Second, what)
	}

	leave := d.crowd(path, readers)
	defer leave()
	status, page := d.get(path)
	require.Equal(t, http.StatusOK, status)
	require.Greater(t, len(page), 100_000_000, "a reader that reads gets everything")
	s.eventually(0, countBusyConnections)
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGTERM))
	o := d.wait(t)
	require.Zero(t, o.code, "readers do not prevent a clean stop: %s", o.err)
}

// However slowly a report is written, no database connection is held meanwhile. Files are written as standard output is.
func TestASlowPipeHoldsNoDatabaseConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.longReport()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	command := s.command(ctx, "report", "--format", "csv")
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	taken := make(chan error, 1) // it reads one byte and no more
	go func() { _, err := out.Read(make([]byte, 1)); taken <- err }()
	require.NoError(t, command.Start())
	select {
	case err := <-taken:
		require.NoError(t, err)
	case <-time.After(patience):
		require.Fail(t, "nothing was written")
	}
	s.eventually(0, countBusyConnections)
	kill()
	require.Error(t, command.Wait(), "it was still writing")
}
