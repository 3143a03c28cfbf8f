package admin

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Whatever is counted later adds to a series that stood at 0, and makes none of its own.
func TestWhatIsExpectedStandsAtZero(t *testing.T) {
	t.Parallel()
	m := NewMetrics(prometheus.NewPedanticRegistry())
	m.Expect(Expected{
		Jobs: []string{"report", "push_dos"}, Outcomes: []string{"done", "discarded"},
		Reports: map[profile.Source][]string{profile.SourceODS: {"etr"}}, Systems: []string{"website"},
	})
	count := func() []int {
		return []int{
			testutil.CollectAndCount(m.jobs), testutil.CollectAndCount(m.recovered), testutil.CollectAndCount(m.runs),
			testutil.CollectAndCount(m.noopRuns), testutil.CollectAndCount(m.changes), testutil.CollectAndCount(m.breakers),
			testutil.CollectAndCount(m.overwritten), testutil.CollectAndCount(m.letters),
		}
	}
	before := count()
	require.Equal(t, []int{4, 2, 4, 1, 5, 1, 2, 6 * len(people.LetterKinds())}, before)
	require.InDelta(t, 0, testutil.ToFloat64(m.jobs.WithLabelValues("report", "discarded")), 0)
	m.JobWorked("report", "discarded", 1, 1)
	m.JobRecovered("push_dos")
	for _, state := range []runs.State{runs.RunDone, runs.RunFailed} {
		m.RunEnded(runs.Summary{Source: profile.SourceODS, Report: "etr", State: state})
	}
	m.RunEnded(runs.Summary{Source: profile.SourceODS, Report: "etr", State: runs.RunDone, Changes: runs.ChangeCounts{Update: 1}})
	m.BreakerOpened("website")
	m.Pushed(push.SinkDoS, push.Outcome{Route: "fhir", Overwrites: make([]push.Overwrite, 2)})
	m.LetterWorked(people.LetterKinds()[0], people.LetterIsUnclear)
	require.Equal(t, before, count())
	require.InDelta(t, 1, testutil.ToFloat64(m.jobs.WithLabelValues("report", "discarded")), 0)
}
