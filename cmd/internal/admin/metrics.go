package admin

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Metrics counts what this process did.
type Metrics struct {
	jobs        *prometheus.CounterVec
	jobRun      *prometheus.HistogramVec
	jobWait     *prometheus.HistogramVec
	recovered   *prometheus.CounterVec
	runs        *prometheus.CounterVec
	noopRuns    *prometheus.CounterVec
	run         *prometheus.HistogramVec
	changes     *prometheus.CounterVec
	pushes      *prometheus.CounterVec
	push        *prometheus.HistogramVec
	pushLag     *prometheus.HistogramVec
	overwritten *prometheus.CounterVec
	leftBehind  *prometheus.CounterVec
	ersRequests *prometheus.CounterVec
	ersSeconds  *prometheus.HistogramVec
	letters     *prometheus.CounterVec
	apiRequests *prometheus.CounterVec
}

// NewMetrics registers the counters. It panics if they are registered already.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		jobs:        jobsTotal.counter(),
		jobRun:      jobRunSeconds.histogram(),
		jobWait:     jobWaitSeconds.histogram(),
		recovered:   jobsRecoveredTotal.counter(),
		runs:        runsTotal.counter(),
		noopRuns:    runsNoopTotal.counter(),
		run:         runSeconds.histogram(),
		changes:     changesTotal.counter(),
		pushes:      pushesTotal.counter(),
		push:        pushSeconds.histogram(),
		pushLag:     pushLagSeconds.histogram(),
		overwritten: overwrittenTotal.counter(),
		leftBehind:  pushesLeftBehindTotal.counter(),
		ersRequests: ersRequestsTotal.counter(),
		ersSeconds:  ersRequestSeconds.histogram(),
		letters:     lettersTotal.counter(),
		apiRequests: apiRequestsTotal.counter(),
	}
	reg.MustRegister(m.jobs, m.jobRun, m.jobWait, m.recovered, m.runs, m.noopRuns, m.run, m.changes, m.pushes, m.push, m.pushLag,
		m.overwritten, m.leftBehind, m.ersRequests, m.ersSeconds, m.letters, m.apiRequests)
	m.PushesLeftBehind(0) // an alert needs it to be present
	return m
}

// JobWorked counts an attempt at a job. The outcomes are those of package
// queue.
func (m *Metrics) JobWorked(kind, outcome string, seconds, queueWaitSeconds float64) {
	m.jobs.WithLabelValues(kind, outcome).Inc()
	m.jobRun.WithLabelValues(kind).Observe(seconds)
	m.jobWait.WithLabelValues(kind).Observe(queueWaitSeconds)
}

// JobRecovered counts a recovered job.
func (m *Metrics) JobRecovered(kind string) { m.recovered.WithLabelValues(kind).Inc() }

// ERSAnswered counts a request to the e-Referral Service.
func (m *Metrics) ERSAnswered(endpoint string, status int, seconds float64) {
	m.ersRequests.WithLabelValues(endpoint, strconv.Itoa(status)).Inc()
	m.ersSeconds.WithLabelValues(endpoint).Observe(seconds)
}

// LetterWorked counts the outcome of a letter.
func (m *Metrics) LetterWorked(kind people.LetterKind, state people.LetterState) {
	m.letters.WithLabelValues(string(kind), string(state)).Inc()
}

// APIAnswered counts requests to the API and the console. The results are those of package
// guard.
func (m *Metrics) APIAnswered(result string, requests int) {
	m.apiRequests.WithLabelValues(result).Add(float64(requests))
}

// RunEnded counts a run that ended, in any state.
func (m *Metrics) RunEnded(s runs.Summary) {
	scope := []string{string(s.Source), s.Report}
	m.runs.WithLabelValues(string(s.Source), s.Report, string(s.State)).Inc()
	m.run.WithLabelValues(scope...).Observe(float64(s.ElapsedMS) / 1000)
	if s.State == runs.RunDone && s.Changes == (runs.ChangeCounts{}) {
		m.noopRuns.WithLabelValues(scope...).Inc()
	}
	if s.State != runs.RunDone && s.State != runs.RunWithheld {
		return // a plan that was not applied completely counts no changes
	}
	for verb, profiles := range map[runs.Verb]int{
		runs.Create: s.Changes.Create, runs.Close: s.Changes.Close, runs.Reopen: s.Changes.Reopen,
		runs.MakeDormant: s.Changes.Dormant, runs.Update: s.Changes.Update,
	} {
		m.changes.WithLabelValues(string(s.Source), s.Report, string(verb)).Add(float64(profiles))
	}
}

// Pushed counts an attempt to push a profile to a sink.
func (m *Metrics) Pushed(sink push.Sink, o push.Outcome) {
	answer := o.Attempt
	if answer == "" {
		answer = "none"
	}
	m.pushes.WithLabelValues(string(sink), o.Route, answer).Inc()
	if o.Duration > 0 {
		m.push.WithLabelValues(string(sink)).Observe(o.Duration.Seconds())
	}
	m.overwritten.WithLabelValues(string(sink)).Add(float64(len(o.Overwrites)))
	if o.Lag > 0 {
		m.pushLag.WithLabelValues(string(sink)).Observe(o.Lag.Seconds())
	}
}

// PushesLeftBehind counts pushes that a sweep found left behind.
func (m *Metrics) PushesLeftBehind(n int) { m.leftBehind.WithLabelValues().Add(float64(n)) }
