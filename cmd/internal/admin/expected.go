package admin

import (
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Expected names what the process will count.
type Expected struct {
	Jobs     []string // kinds
	Outcomes []string // of attempts at jobs
	Reports  map[profile.Source][]string
	Systems  []string // outside systems with a breaker
}

// Expect creates at 0 the counters whose increase alerts and dashboards show: of a series that
// begins with 1, Prometheus does not see the first increase.
func (m *Metrics) Expect(e Expected) {
	for _, kind := range e.Jobs {
		m.recovered.WithLabelValues(kind)
		for _, outcome := range e.Outcomes {
			m.jobs.WithLabelValues(kind, outcome)
		}
	}
	for source, reports := range e.Reports {
		for _, report := range reports {
			m.expectRuns(string(source), report)
		}
	}
	for _, system := range e.Systems {
		m.breakers.WithLabelValues(system)
	}
	for _, sink := range push.Sinks() {
		m.overwritten.WithLabelValues(string(sink))
	}
	for _, kind := range people.LetterKinds() {
		for _, state := range []people.LetterState{
			people.LetterIsAccepted, people.LetterIsDelivered, people.LetterIsDue, people.LetterIsRefused, people.LetterIsCancelled,
			people.LetterIsUnclear,
		} {
			m.letters.WithLabelValues(string(kind), string(state))
		}
	}
}

func (m *Metrics) expectRuns(source, report string) {
	m.noopRuns.WithLabelValues(source, report)
	for _, state := range []runs.State{runs.RunDone, runs.RunWithheld, runs.RunRefused, runs.RunFailed} {
		m.runs.WithLabelValues(source, report, string(state))
	}
	for _, verb := range []runs.Verb{runs.Create, runs.Close, runs.Reopen, runs.MakeDormant, runs.Update} {
		m.changes.WithLabelValues(source, report, string(verb))
	}
}
