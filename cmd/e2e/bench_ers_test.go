package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	benchERSSites   = 3000
	benchServicesOf = 10 // services per site
	benchERSRate    = 10 // requests per second
	// benchERSMargin is how much slower a first pull may be than the rate limit
	// requires, including planning and applying (must hold 3).
	benchERSMargin = 1.05
	// benchERSMemory is how many KiB more a pull may use than one a tenth its
	// size.
	benchERSMemory = 16 << 10
)

// BenchmarkServices pulls 30,000 services of 3,000 sites twice, at the
// platform's 10 requests per second, two and a half minutes per pull: the limit
// must be the only bound of the first pull, and the second must write nothing.
// PROFILESYNC_BENCH_ERS_SITES makes the register smaller; then only the
// requests are judged, since a process takes half a second to start.
func BenchmarkServices(b *testing.B) {
	sites := benchSitesOr(b, benchERSSites)
	for b.Loop() {
		small := benchServices(b, max(sites/10, 1), 10*benchERSRate)
		pulls := benchServices(b, sites, benchERSRate)
		b.ReportMetric(pulls[0].share, "first-of-limit")
		b.ReportMetric(pulls[0].asking, "asking-of-limit")
		b.ReportMetric(pulls[0].took.Seconds(), "first-s")
		b.ReportMetric(pulls[1].took.Seconds(), "second-s")
		b.ReportMetric(float64(pulls[0].calls), "calls")
		b.ReportMetric(float64(pulls[0].peak)/1024, "MiB")
		require.Less(b, pulls[0].asking, benchERSMargin, "the rate limit is the only bound of the requests")
		require.True(b, sites < benchERSSites || pulls[0].share < benchERSMargin, "the rate limit is the only bound")
		require.Less(b, pulls[0].peak-small[0].peak, benchERSMemory, "KiB more than for a tenth: memory is flat")
	}
}

func benchSitesOr(b *testing.B, sites int) int {
	b.Helper()
	text, set := os.LookupEnv("PROFILESYNC_BENCH_ERS_SITES")
	if !set {
		return sites
	}
	sites, err := strconv.Atoi(text)
	require.NoError(b, err)
	return sites
}

// pulled is one pull, seen from outside.
type pulled struct {
	took   time.Duration
	share  float64 // time taken, relative to the time that the limit requires
	asking float64 // the same, from the first to the last request
	calls  int
	peak   int // KiB; 0 if the system does not report it
}

func benchServices(b *testing.B, sites int, rate float64) (pulls []pulled) {
	b.Helper()
	places := make([]erstest.Site, sites)
	for i := range places {
		places[i].Code = profile.ODSCode(fmt.Sprintf("R%04d", i))
	}
	world := erstest.NewWorld(1, places, benchServicesOf)
	require.NoError(b, world.Return(world.IDs()...)) // every service of the extract exists, so batches are full
	server, base := erstest.Start(b, erstest.Options{World: world})
	x := newEmptyBench(b)
	x.exec(fmt.Sprintf("insert into profilesync.profile (code, name, type) "+
		"select 'R' || to_char(n, 'FM0000'), 'Site', 'trust-site' from generate_series(0, %d) n", sites-1))
	path := filepath.Join(x.dir, "EBSX05.zip")
	require.NoError(b, os.WriteFile(path, world.Extract(profile.NewDate(2026, time.October, 1)), 0o600))
	for name, value := range map[string]string{"URL": base, "AUTH": "none", "REQUESTS_PER_SECOND": fmt.Sprint(rate)} {
		b.Setenv("PROFILESYNC_ERS_"+name, value)
	}
	x.command("ers", "register", "import", path)
	ids := int(x.number("select count(*) from profilesync.ers_service"))
	written := 0.0
	for range 2 {
		server.Forget()
		took, peak, _ := x.command("reconcile", "--source", "ers", "--wait")
		calls := server.Summary().Requests[erstest.Search]["200"]
		require.Equal(b, (ids+runjobs.ServiceBatch-1)/runjobs.ServiceBatch, calls)
		require.Equal(b, calls, server.Summary().All.Requests, "no other requests were made")
		pace := server.Summary().All
		b.Logf("%d calls in %s: %s asking, %s between the first two on average", calls, took, pace.Last.Sub(pace.First),
			pace.Last.Sub(pace.First)/time.Duration(max(calls-1, 1)))
		pulls = append(pulls, pulled{
			took: took, calls: calls, peak: peak, share: took.Seconds() * rate / float64(calls), asking: rate / pace.PerSecond,
		})
		before := written
		written = x.number("select (select count(*) from profilesync.change) + (select count(*) from profilesync.plan_row)")
		require.True(b, before == 0 || before == written, "the second pull writes nothing")
	}
	return pulls
}
