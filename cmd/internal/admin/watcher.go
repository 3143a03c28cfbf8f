package admin

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/push"
)

const (
	// watchEvery is the shortest time between two reads of the database,
	// however many scrapes there are.
	watchEvery = 15 * time.Second
	// watchTimeout bounds a scrape's wait for the database; Prometheus waits 10
	// seconds.
	watchTimeout = 5 * time.Second
)

// Watcher reads the gauges from the database on a scrape. While the database
// does not answer, its gauges are absent, and failures are counted and logged.
type Watcher struct {
	read     func(context.Context) (watchstore.Watched, error)
	now      func() time.Time
	log      *slog.Logger
	failures prometheus.Counter

	mutex sync.Mutex // one scrape reads at a time; the others wait for its result
	asked time.Time  // time of the last read; zero if there was none
	gauge []prometheus.Metric
}

// NewWatcher registers the gauges. It panics if they are registered already.
func NewWatcher(reg prometheus.Registerer, read func(context.Context) (watchstore.Watched, error),
	now func() time.Time, log *slog.Logger,
) *Watcher {
	failures := watchFailuresTotal.counter()
	w := &Watcher{read: read, now: now, log: log, failures: failures.WithLabelValues()}
	reg.MustRegister(failures, w)
	return w
}

// Describe names the gauges, for the registry.
func (w *Watcher) Describe(to chan<- *prometheus.Desc) {
	for m := range metric(len(declared)) {
		if declared[m].form == gauge && !declared[m].process {
			to <- m.desc()
		}
	}
}

// Collect gives the gauges, for the registry.
func (w *Watcher) Collect(to chan<- prometheus.Metric) {
	for _, g := range w.gauges() {
		to <- g
	}
}

func (w *Watcher) gauges() []prometheus.Metric {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	now := w.now()
	if !w.asked.IsZero() && now.Sub(w.asked) < watchEvery {
		return w.gauge
	}
	w.asked, w.gauge = now, nil
	ctx, cancel := context.WithTimeout(context.Background(), watchTimeout) // a registry passes no context
	defer cancel()
	watched, err := w.read(ctx)
	if err != nil {
		w.failures.Inc()
		w.log.WarnContext(ctx, "gauges are absent", slog.Any("error", err))
		return nil
	}
	w.gauge = gaugesOf(watched)
	return w.gauge
}

func gaugesOf(watched watchstore.Watched) (all []prometheus.Metric) {
	set := func(m metric, value float64, labels ...string) {
		all = append(all, prometheus.MustNewConstMetric(m.desc(), prometheus.GaugeValue, value, labels...))
	}
	for _, q := range watched.Queues {
		set(queueJobs, float64(q.Jobs), q.Queue, q.State)
		if q.State == "available" {
			set(queueOldestSeconds, q.Oldest.Seconds(), q.Queue)
		}
	}
	for _, h := range watched.Withheld {
		set(withheldRows, float64(h.Rows), string(h.Source), h.Report, string(h.Reason))
		set(lateWithheldRows, float64(h.Late), string(h.Source), h.Report, string(h.Reason))
	}
	for _, m := range watched.Watermarks {
		set(watermarkAgeSeconds, m.Age.Seconds(), string(m.Source), m.Stream)
	}
	for _, l := range watched.Listings {
		set(listingAgeSeconds, l.Age.Seconds(), string(l.Source), l.Report)
	}
	for _, p := range watched.Pulls {
		set(pullAgeSeconds, p.Age.Seconds(), string(p.Source), p.Report)
		set(refusedRuns, float64(p.Refused), string(p.Source), p.Report)
	}
	for _, q := range watched.Quarantine {
		set(quarantineRecords, float64(q.Records), string(q.Source), q.Report)
	}
	for _, p := range watched.Profiles {
		set(openProfiles, float64(p.Profiles), string(p.Type))
	}
	sinkGauges(watched, set)
	for _, r := range watched.Runs {
		set(unfinishedRuns, float64(r.Runs), string(r.Source), string(r.State))
	}
	for _, s := range watched.Schedules {
		set(scheduleAgeSeconds, s.Age.Seconds(), s.Name)
	}
	for _, r := range watched.Services {
		set(registeredServices, float64(r.Services), string(r.State))
	}
	caseGauges(watched.Cases, set)
	peopleGauges(watched.People, set)
	progressGauges(watched.Progress, set)
	databaseGauges(watched.Database, set)
	return all
}

// databaseGauges sets the gauges of the database's server and its processes.
func databaseGauges(d watchstore.DatabaseState, set func(m metric, value float64, labels ...string)) {
	set(liveDaemons, float64(d.Daemons))
	set(lostProcesses, float64(d.Lost))
	set(databaseBytes, float64(d.Bytes))
	set(databaseConnections, float64(d.Used), "used")
	set(databaseConnections, float64(d.Allowed), "allowed")
}

// caseGauges sets the gauges of cases.
func caseGauges(standing []watchstore.StandingCases, set func(m metric, value float64, labels ...string)) {
	for _, c := range standing {
		set(standingCases, float64(c.Cases), string(c.Kind), string(c.State))
		set(caseOldestSeconds, c.Oldest.Seconds(), string(c.Kind), string(c.State))
		if c.State == cases.Open {
			set(overdueCases, float64(c.Overdue), string(c.Kind))
		}
	}
}

// peopleGauges sets the gauges of people and mail.
func peopleGauges(p watchstore.WatchedPeople, set func(m metric, value float64, labels ...string)) {
	for _, a := range p.Accounts {
		set(openAccounts, float64(a.Accounts), a.State)
	}
	for _, l := range p.Letters {
		set(openLetters, float64(l.Letters), l.Kind, l.State)
	}
	if p.MailPaused != "" {
		set(mailPausedSeconds, p.MailPausedFor.Seconds(), p.MailPaused)
	}
	if p.CalendarAge >= 0 {
		set(calendarAgeSeconds, p.CalendarAge.Seconds())
	}
	set(calendarVanishedRecords, float64(p.Vanished))
}

// progressGauges sets the gauges of activities that must never stop.
func progressGauges(p watchstore.ForwardProgress, set func(m metric, value float64, labels ...string)) {
	for activity, since := range p.Since {
		set(progressAgeSeconds, since.Seconds(), activity)
	}
	for _, r := range p.Routes {
		set(pushDueSeconds, r.Due.Seconds(), string(r.Sink), r.Route)
		set(pushTriedSeconds, r.Tried.Seconds(), string(r.Sink), r.Route)
	}
	set(abandonedJobs, float64(p.Abandoned))
	set(abandonedOldestSeconds, p.Oldest.Seconds())
}

// sinkGauges sets the gauges of the sinks.
func sinkGauges(watched watchstore.Watched, set func(m metric, value float64, labels ...string)) {
	for _, p := range watched.Pushes {
		set(openPushes, float64(p.Pushes), string(p.Sink), p.Route, string(p.State))
		set(pushOldestSeconds, p.Oldest.Seconds(), string(p.Sink), p.Route, string(p.State))
	}
	for _, l := range watched.LeftOut {
		set(leftOutProfiles, float64(l.Pushes), string(l.Sink), l.Field)
	}
	for _, p := range watched.Paused {
		set(sinkPausedSeconds, p.Age.Seconds(), string(p.Sink), p.Route, p.Reason)
	}
	for _, d := range watched.Drift {
		set(driftCheckAgeSeconds, d.Age.Seconds(), string(d.Sink), string(d.State))
		if d.State == push.DriftFailed { // it says nothing of the profiles
			continue
		}
		set(driftProfiles, float64(d.Missing), string(d.Sink), "missing")
		set(driftProfiles, float64(d.Drifted), string(d.Sink), "drifted")
		for field, profiles := range d.NotVisible {
			set(driftNotVisibleProfiles, float64(profiles), string(d.Sink), field)
		}
	}
	for _, f := range watched.Findings {
		set(findingRecords, float64(f.Findings), string(f.Kind), string(f.Owner))
	}
	for _, q := range watched.Quality {
		set(qualityCheckAgeSeconds, q.Age.Seconds(), string(q.State))
		set(qualityUnreadableProfiles, float64(q.Unreadable))
	}
}
