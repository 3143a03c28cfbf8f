package admin

import (
	"flag"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

var update = flag.Bool("update", false, "write METRICS.md")

func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	const file = "METRICS.md"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(reference()), 0o600))
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, reference(), string(have), "run go test ./cmd/internal/admin -update")
}

// reference returns the text of METRICS.md.
func reference() string {
	var page strings.Builder
	page.WriteString("# Metrics\n\nGenerated from `declarations.go` by `go test ./cmd/internal/admin -update`; do not edit.\n\n" +
		"Names follow the rule `" + namespace + "_<noun>_<unit>`. Counters and histograms count from the start of the process;\n" +
		"gauges are read from the database, at most every " + watchEvery.String() +
		"; those of the build and of the pools are about the process.\n" +
		"There are also client_golang's " + runtimeNames + ".\n\n" +
		"| metric | form | labels | meaning |\n|---|---|---|---|\n")
	for m := range metric(len(declared)) {
		d := declared[m]
		page.WriteString("| `" + m.fullName() + "` | " + string(d.form) + " | " + strings.Join(d.labels, ", ") + " | " + d.help + " |\n")
	}
	return page.String()
}

func TestEveryNameKeepsTheRule(t *testing.T) {
	t.Parallel()
	unit := map[form]*regexp.Regexp{
		counter:   regexp.MustCompile(`^[a-z]+(_[a-z]+)*_total$`),
		histogram: regexp.MustCompile(`^[a-z]+(_[a-z]+)*_seconds$`),
		gauge: regexp.MustCompile(`^[a-z]+(_[a-z]+)*_(seconds|jobs|rows|records|profiles|pushes|runs|services|accounts|letters|` +
			`cases|connections|info)$`),
	}
	words := []string{
		"kind", "outcome", "source", "report", "state", "verb", "queue", "reason", "stream", "type", "schedule", "sink", "route", "answer",
		"endpoint", "status", "activity", "pool", "version", "go", "field", "owner", "result",
	}
	seen := map[string]bool{}
	for _, d := range declared {
		require.Contains(t, unit, d.form, d.name)
		require.Regexp(t, unit[d.form], d.name)
		require.False(t, seen[d.name], "%s is declared twice", d.name)
		seen[d.name] = true
		require.Subset(t, words, d.labels, "%s: labels come from a short list", d.name)
		require.True(t, strings.HasSuffix(d.help, "."), "%s: help is a sentence", d.name)
		require.NotContains(t, d.help, "|", "%s: help is a cell of a table", d.name)
		require.Equal(t, d.form == histogram, len(d.buckets) > 0, d.name)
		require.True(t, slices.IsSorted(d.buckets), d.name)
	}
}

// TestEveryDeclarationIsServed fills every metric and expects exactly those
// declared.
func TestEveryDeclarationIsServed(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	m := NewMetrics(reg)
	m.JobWorked("pull_ods", "done", 1, 0)
	m.JobRecovered("pull_ods")
	m.RunEnded(runs.Summary{Source: profile.SourceODS, Report: "etr", State: runs.RunDone})
	m.Pushed(push.SinkDoS, push.Outcome{Route: "fhir", Attempt: push.AttemptAccepted, Duration: 1, Lag: 1})
	m.ERSAnswered("A035", 200, 0.2)
	m.LetterWorked(people.LetterOpening, people.LetterIsAccepted)
	m.APIAnswered("served", 1)
	newWatched(reg, everything())
	RegisterProcess(reg, "v1.2.3")
	NewPools(reg).Watch("main", func() PoolStat { return stat{} })
	families, err := reg.Gather()
	require.NoError(t, err)
	served := map[string]string{}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "go_") || strings.HasPrefix(f.GetName(), "process_") { // runtimeNames
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		served[f.GetName()] = strings.ToLower(f.GetType().String()) + " " + strings.Join(labels, " ") + ": " + f.GetHelp()
	}
	want := map[string]string{}
	for i, d := range declared {
		labels := slices.Sorted(slices.Values(d.labels)) // as Prometheus sorts them
		want[metric(i).fullName()] = string(d.form) + " " + strings.Join(labels, " ") + ": " + d.help
	}
	require.Equal(t, want, served)

	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// stat is a pool with fixed numbers.
type stat struct{}

func (stat) AcquiredConns() int32                { return 3 }
func (stat) IdleConns() int32                    { return 1 }
func (stat) MaxConns() int32                     { return 4 }
func (stat) EmptyAcquireCount() int64            { return 7 }
func (stat) EmptyAcquireWaitTime() time.Duration { return 1500 * time.Millisecond }

func TestPoolMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	pools := NewPools(reg)
	requireMetrics(t, reg, "", poolConnections)
	pools.Watch("queue", func() PoolStat { t.Error("this one was replaced"); return stat{} })
	pools.Watch("queue", func() PoolStat { return stat{} })
	pools.Watch("main", func() PoolStat { return stat{} })
	requireMetrics(t, reg, `
# TYPE profilesync_pool_connections gauge
profilesync_pool_connections{pool="main",state="acquired"} 3
profilesync_pool_connections{pool="main",state="idle"} 1
profilesync_pool_connections{pool="queue",state="acquired"} 3
profilesync_pool_connections{pool="queue",state="idle"} 1
# TYPE profilesync_pool_max_connections gauge
profilesync_pool_max_connections{pool="main"} 4
profilesync_pool_max_connections{pool="queue"} 4
# TYPE profilesync_pool_waits_total counter
profilesync_pool_waits_total{pool="main"} 7
profilesync_pool_waits_total{pool="queue"} 7
# TYPE profilesync_pool_wait_seconds_total counter
profilesync_pool_wait_seconds_total{pool="main"} 1.5
profilesync_pool_wait_seconds_total{pool="queue"} 1.5
`, poolConnections, poolMaxConnections, poolWaitsTotal, poolWaitSecondsTotal)
}

func TestProcessMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	RegisterProcess(reg, "v1.2.3")
	requireMetrics(t, reg, `
# TYPE profilesync_build_info gauge
profilesync_build_info{go="`+runtime.Version()+`",version="v1.2.3"} 1
`, buildInfo)
	names := map[string]bool{}
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, name := range []string{"go_goroutines", "go_build_info", "process_open_fds", "process_resident_memory_bytes"} {
		require.True(t, names[name], name)
	}
}

func TestJobsAreCounted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	m := NewMetrics(reg)
	m.JobWorked("pull_ods", "done", 0.4, 0)
	m.JobWorked("pull_ods", "done", 20, 2)
	m.JobWorked("pull_ods", "failed", 0.1, 0)
	requireMetrics(t, reg, `
# TYPE profilesync_jobs_total counter
profilesync_jobs_total{kind="pull_ods",outcome="done"} 2
profilesync_jobs_total{kind="pull_ods",outcome="failed"} 1
# TYPE profilesync_job_wait_seconds histogram
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="0.01"} 2
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="0.05"} 2
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="0.1"} 2
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="0.5"} 2
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="1"} 2
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="5"} 3
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="15"} 3
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="60"} 3
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="300"} 3
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="900"} 3
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="1800"} 3
profilesync_job_wait_seconds_bucket{kind="pull_ods",le="+Inf"} 3
profilesync_job_wait_seconds_sum{kind="pull_ods"} 2
profilesync_job_wait_seconds_count{kind="pull_ods"} 3
`, jobsTotal, jobWaitSeconds)
}

func TestPushesLeftBehindAreCounted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	m := NewMetrics(reg)
	const none = "# TYPE profilesync_pushes_left_behind_total counter\nprofilesync_pushes_left_behind_total "
	requireMetrics(t, reg, none+"0\n", pushesLeftBehindTotal)
	m.PushesLeftBehind(2)
	requireMetrics(t, reg, none+"2\n", pushesLeftBehindTotal)
}

func TestRunsAreCounted(t *testing.T) {
	t.Parallel()
	changes := runs.ChangeCounts{Create: 5, Update: 4, Close: 3, Reopen: 2, Dormant: 1}
	cases := map[string]struct {
		state   runs.State
		changes runs.ChangeCounts
		noop    bool
		counted bool // the changes
	}{
		"done":                   {runs.RunDone, changes, false, true},
		"done, nothing to do":    {runs.RunDone, runs.ChangeCounts{}, true, true},
		"withheld, some applied": {runs.RunWithheld, changes, false, true},
		"withheld, none applied": {runs.RunWithheld, runs.ChangeCounts{}, false, true},
		"refused":                {runs.RunRefused, runs.ChangeCounts{}, false, false},
		"failed, with a plan":    {runs.RunFailed, changes, false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := NewMetrics(prometheus.NewPedanticRegistry())
			m.RunEnded(runs.Summary{Source: profile.SourceODS, Report: "etr", State: c.state, Changes: c.changes, ElapsedMS: 1500})
			require.InDelta(t, 1, testutil.ToFloat64(m.runs.WithLabelValues("ods", "etr", string(c.state))), 0)
			require.Equal(t, c.noop, testutil.CollectAndCount(m.noopRuns) == 1)
			require.Equal(t, c.counted, testutil.CollectAndCount(m.changes) == 5)
			if c.counted {
				for verb, want := range map[string]int{
					"create": c.changes.Create, "update": c.changes.Update, "close": c.changes.Close,
					"reopen": c.changes.Reopen, "dormant": c.changes.Dormant,
				} {
					require.InDelta(t, want, testutil.ToFloat64(m.changes.WithLabelValues("ods", "etr", verb)), 0, verb)
				}
			}
		})
	}
}

func TestRunSecondsAreSeconds(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	NewMetrics(reg).RunEnded(runs.Summary{State: runs.RunDone, ElapsedMS: 1500})
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == runSeconds.fullName() {
			require.InDelta(t, 1.5, f.GetMetric()[0].GetHistogram().GetSampleSum(), 1e-9)
			return
		}
	}
	require.Fail(t, "not served")
}

// requireMetrics compares the named metrics with the text, after adding the
// help lines to it.
func requireMetrics(t *testing.T, from prometheus.Gatherer, want string, which ...metric) {
	t.Helper()
	names := make([]string, len(which))
	for i, m := range which {
		names[i] = m.fullName()
		want = strings.Replace(want, "# TYPE "+names[i]+" ", "# HELP "+names[i]+" "+declared[m].help+"\n# TYPE "+names[i]+" ", 1)
	}
	require.NoError(t, testutil.GatherAndCompare(from, strings.NewReader(want), names...))
}
