// Package standing says how things stand now, for one screen: what was pulled and when
// it is pulled next, what waits for people, how the sinks are, whether letters go out
// and daemons live. Commands and pages show it.
package standing

import (
	"context"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Standing is how things stand. It holds no names of people and no texts by them. An
// instant or a day that there is not is zero, and not in the JSON.
type Standing struct {
	At      time.Time              `json:"at,omitzero"` // the present, or the one that a demo plays
	Sources []Source               `json:"sources"`
	Waits   Waits                  `json:"waits"`
	Sinks   []Sink                 `json:"sinks"`
	Letters Letters                `json:"letters"`
	Report  Report                 `json:"report"`
	Schema  postgres.SchemaVersion `json:"schema"`
	Current bool                   `json:"schema_current"` // whether the schema is as new as the program
	Daemons []Process              `json:"daemons"`        // those that are alive
	// Silent are processes that have not said that they end, and have not been seen for
	// a while: killed, or cut off. Their work is given away once a daemon is alive.
	Silent []Process `json:"silent"`
}

// Source is one report of an upstream register.
type Source struct {
	Source profile.Source `json:"source"`
	Report string         `json:"report"`
	// AsOf is the day that the last accepted listing speaks of, or the last day up to
	// which changes were pulled; zero if there is none. AgeDays is how long ago it was.
	AsOf    profile.Date `json:"as_of,omitzero"`
	AgeDays int          `json:"age_days"`
	// ReadAt is when it was last read completely, whether or not anything was new; zero if
	// nothing was accepted yet, or it was last asked for a month ago.
	ReadAt   time.Time `json:"read_at,omitzero"`
	Records  int       `json:"records"`            // of the listing; 0 for changes
	NextPull time.Time `json:"next_pull,omitzero"` // zero: the daemon does not pull it with these settings
}

// Waits is what waits for a person.
type Waits struct {
	Cases    watchstore.CasesNow    `json:"cases"`
	Withheld watchstore.WithheldNow `json:"withheld"`
	Closures watchstore.ClosuresNow `json:"closures"`
	Pushes   Pushes                 `json:"pushes"`
}

// Any reports whether anything waits for a person. Cases that wait for somebody, or were
// set aside, do not.
func (w Waits) Any() bool {
	return w.Cases.Open+w.Withheld.Rows+w.Closures.Said+w.Pushes.Waiting > 0
}

// Pushes are those that wait until a person says what to send, in all sinks.
type Pushes struct {
	Waiting int       `json:"waiting"`
	Since   time.Time `json:"since,omitzero"` // when the first of them was wanted
}

// Sink is a downstream directory.
type Sink struct {
	Name       push.Sink `json:"sink"`
	Configured bool      `json:"configured"` // whether these settings push to it
	Wanted     int       `json:"wanted"`     // pushes on their way
	Since      time.Time `json:"wanted_since,omitzero"`
	Refused    int       `json:"refused"`
	Waiting    int       `json:"waiting"` // pushes that wait for a person
	Held       int       `json:"held"`
	Paused     []Paused  `json:"paused"`
	Drift      *Drift    `json:"drift,omitempty"` // nil: it was never checked completely
}

// Paused is a route of a sink that gets nothing but a probe now and then.
type Paused struct {
	Route string    `json:"route"`
	Why   string    `json:"why"` // unauthorized (it refuses our key) or down (it does not answer)
	Since time.Time `json:"since,omitzero"`
}

// Drift is what the newest check of all profiles of a sink found.
type Drift struct {
	At       time.Time `json:"at,omitzero"`
	Checked  int       `json:"checked"`  // profiles
	Missing  int       `json:"missing"`  // profiles that it does not show
	Profiles int       `json:"profiles"` // profiles that it shows with differences
	Fields   int       `json:"fields"`   // fields that differ in them
	Alarm    bool      `json:"alarm"`    // so much differs that nothing was repaired
	Failed   bool      `json:"failed"`   // the check could not be finished
}

// Letters says whether letters go out.
type Letters struct {
	State   string    `json:"state"` // off (by the settings), sending, stopped (by a person) or paused (by the mail service)
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Waiting int       `json:"waiting"`
	Refused int       `json:"refused"` // that did not arrive, of the last week
}

// Report is the newest daily report.
type Report struct {
	Day       profile.Date `json:"day,omitzero"` // zero: there is none yet
	At        time.Time    `json:"at,omitzero"`  // when it was made
	Rows      int          `json:"rows"`
	Delivered int          `json:"delivered"` // to how many lists, by all ways together
	Next      time.Time    `json:"next,omitzero"`
}

// Process is a running profilesync.
type Process struct {
	Name      string    `json:"name"`
	StartedAt time.Time `json:"started_at,omitzero"`
	SeenAt    time.Time `json:"seen_at,omitzero"`
}

// Read reads how things stand from the open database. If its schema is older than this
// program needs, it returns postgres.ErrNotMigrated, and the version of the schema alone.
func Read(ctx context.Context, a *wiring.App) (s Standing, err error) {
	if s.Schema, err = a.Store.SchemaVersion(ctx); err != nil {
		return s, err
	}
	if s.Current = s.Schema.Current(); !s.Current {
		return s, postgres.ErrNotMigrated
	}
	sinks, err := a.Sinks()
	if err != nil {
		return s, err
	}
	schedules, err := a.Schedules(sinks)
	if err != nil {
		return s, err
	}
	now, err := a.Store.Watch.Standing(ctx)
	if err != nil {
		return s, err
	}
	s.At = now.At
	s.Sources = sourcesOf(now, schedules)
	s.Waits = Waits{Cases: now.Cases, Withheld: now.Withheld, Closures: now.Closures, Pushes: pushesOf(now)}
	for _, name := range push.Sinks() {
		s.Sinks = append(s.Sinks, sinkOf(name, sinks[name] != nil, now))
	}
	s.Letters = Letters(now.Letters)
	if a.Settings.Mail == settings.MailOff && s.Letters.State == "sending" {
		s.Letters.State = "off"
	}
	s.Report = Report{Day: now.Report.Day, At: now.Report.At, Rows: now.Report.Rows, Delivered: now.Report.Delivered}
	for _, schedule := range schedules {
		if schedule.Name == wiring.ScheduleOfReport {
			s.Report.Next = schedule.When.Next(now.At)
		}
	}
	s.Daemons, s.Silent = processesOf(now)
	return s, nil
}

// sourcesOf lists what is pulled, in the order of the schedules, and then what was
// accepted all the same.
func sourcesOf(now watchstore.Standing, schedules []jobs.Schedule) []Source {
	var all sources
	for _, schedule := range schedules {
		for _, job := range schedule.Jobs {
			if source, report, ok := pulledBy(job); ok {
				all.of(source, report).NextPull = schedule.When.Next(now.At)
			}
		}
	}
	for _, l := range now.Listings {
		s := all.of(l.Source, l.Report)
		s.AsOf, s.Records = l.AsOf, l.Records
	}
	for _, w := range now.Watermarks {
		report := w.Stream
		if w.Source == profile.SourceODS && w.Stream == wiring.StreamOfChanges {
			report = wiring.ReportOfAPI
		}
		all.of(w.Source, report).AsOf = w.Until
	}
	for _, p := range now.Pulls {
		if i := all.index(p.Source, p.Report); i >= 0 && !all[i].AsOf.IsZero() {
			all[i].ReadAt = now.At.Add(-p.Age)
		}
	}
	all.age(profile.DateIn(now.At, profile.London()))
	return all
}

// sources are the sources so far, each once.
type sources []Source

// age says how old each listing is.
func (all *sources) age(today profile.Date) {
	for i := range *all {
		if s := &(*all)[i]; !s.AsOf.IsZero() {
			s.AgeDays = s.AsOf.DaysUntil(today)
		}
	}
}

// of returns the source of a report, which is added if it is not there.
func (all *sources) of(source profile.Source, report string) *Source {
	if i := all.index(source, report); i >= 0 {
		return &(*all)[i]
	}
	*all = append(*all, Source{Source: source, Report: report})
	return &(*all)[len(*all)-1]
}

func (all *sources) index(source profile.Source, report string) int {
	return slices.IndexFunc(*all, func(s Source) bool { return s.Source == source && s.Report == report })
}

// LateAfter is from what age on the last reading of a source that is pulled every night is
// late. The alert PullLate has the same.
const LateAfter = 50 * time.Hour

// Late reports whether a source that the daemons pull was last read too long ago.
func (s Source) Late(now time.Time) bool {
	return !s.NextPull.IsZero() && !s.ReadAt.IsZero() && now.Sub(s.ReadAt) >= LateAfter
}

// pulledBy returns what a scheduled job pulls; ok is false if it pulls nothing shown here.
func pulledBy(job river.JobArgs) (source profile.Source, report string, ok bool) {
	switch pull := job.(type) {
	case runjobs.PullODS:
		return profile.SourceODS, pull.Report, true
	case runjobs.PullERS:
		return profile.SourceERS, services.ReportServices, pull.Part == runjobs.ERSServices
	}
	return "", "", false
}

func pushesOf(now watchstore.Standing) (p Pushes) {
	for _, n := range now.Pushes {
		if n.State != push.Waits {
			continue
		}
		p.Waiting += n.Pushes
		if p.Since.IsZero() || n.Since.Before(p.Since) {
			p.Since = n.Since
		}
	}
	return p
}

func sinkOf(name push.Sink, configured bool, now watchstore.Standing) Sink {
	s := Sink{Name: name, Configured: configured, Paused: []Paused{}}
	for _, n := range now.Pushes {
		if n.Sink != name {
			continue
		}
		switch n.State {
		case push.Wanted:
			s.Wanted, s.Since = n.Pushes, n.Since
		case push.Refused:
			s.Refused = n.Pushes
		case push.Waits:
			s.Waiting = n.Pushes
		case push.Held:
			s.Held = n.Pushes
		}
	}
	for _, p := range now.Paused {
		if p.Sink == name {
			s.Paused = append(s.Paused, Paused{p.Route, p.Reason, p.Since})
		}
	}
	if i := slices.IndexFunc(now.Drift, func(d watchstore.DriftNow) bool { return d.Sink == name }); i >= 0 {
		d := now.Drift[i]
		s.Drift = &Drift{
			At: d.At, Checked: d.Checked, Missing: d.Missing, Profiles: d.Profiles, Fields: d.Fields,
			Alarm: d.State == push.DriftAlarm, Failed: d.State == push.DriftFailed,
		}
	}
	return s
}

func processesOf(now watchstore.Standing) (daemons, silent []Process) {
	daemons, silent = []Process{}, []Process{}
	for _, p := range now.Processes {
		switch process := (Process{p.Name, p.StartedAt, p.SeenAt}); {
		case p.Daemon:
			daemons = append(daemons, process)
		case p.Silent:
			silent = append(silent, process)
		}
	}
	return daemons, silent
}
