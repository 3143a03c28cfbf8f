package statepages

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

var (
	at  = time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)
	day = profile.NewDate(2026, time.November, 18)
)

func trouble(t *testing.T) present {
	t.Helper()
	when, err := jobs.At("30 6 * * *")
	require.NoError(t, err)
	return present{
		mayStop: true,
		standing: standing.Standing{
			At: at, Sources: []standing.Source{
				{Source: profile.SourceODS, Report: "edispensary", AsOf: day, ReadAt: at, Records: 11161, NextPull: at.Add(19 * time.Hour)},
				{
					Source: profile.SourceODS, Report: "etr", AsOf: day.AddDays(-70), AgeDays: 70, ReadAt: at.Add(-4 * time.Hour), Records: 273,
					NextPull: at.Add(19 * time.Hour),
				},
				{
					Source: profile.SourceODS, Report: "epraccur", AsOf: day.AddDays(-3), AgeDays: 3, ReadAt: at.Add(-50 * time.Hour),
					NextPull: at.Add(19 * time.Hour),
				},
				{Source: profile.SourceODS, Report: "ecsite", AsOf: day.AddDays(-9), AgeDays: 9, ReadAt: at.Add(-90 * time.Hour)},
				{Source: profile.SourceERS, Report: "services"},
			},
			Waits: standing.Waits{Cases: watchstore.CasesNow{Open: 12}, Withheld: watchstore.WithheldNow{Rows: 55}},
			Sinks: []standing.Sink{
				{
					Name: push.SinkDoS, Configured: true, Wanted: 1024, Since: at.Add(-40 * time.Minute), Refused: 3, Waiting: 2,
					Paused: []standing.Paused{{Route: "change-event", Why: "unauthorized", Since: at}, {Route: "fhir", Why: "down", Since: at}},
					Drift:  &standing.Drift{At: at, Checked: 3000, Fields: 12, Profiles: 4, Alarm: true},
				},
				{Name: push.SinkWebsite, Configured: true, Drift: &standing.Drift{At: at, Checked: 3000}},
			},
			Letters: standing.Letters{State: "stopped", Since: at, Waiting: 412, Refused: 3},
			Report:  standing.Report{Day: day, At: at, Rows: 1204, Delivered: 3, Next: at},
			Daemons: []standing.Process{{Name: "sync-a-311-ABCDEFGH", StartedAt: at}},
			Silent:  []standing.Process{{Name: "sync-b-97-HGFEDCBA", SeenAt: at}},
		},
		work: actions.Work{
			At: at, Schedules: []jobs.Schedule{{Name: "report", When: when}, {Name: "unnamed", When: when}},
			Queues: []watchstore.QueueDepth{
				{Queue: "push", State: "available", Jobs: 1024, Oldest: 40 * time.Minute}, {Queue: "runs", State: "running", Jobs: 1},
			},
			Ran: []watchstore.ScheduleAge{{Name: "report", Age: 3 * time.Hour}},
		},
	}
}

func pages(t *testing.T) map[string]page.Page {
	t.Helper()
	pushes := pushed{
		buttons: []page.Button{
			{Text: "Push what is ticked again", Name: "do", Value: "retry"},
		}, filter: pushstore.PushFilter{State: push.Refused, Most: 2},
		found: []pushstore.ListedPush{
			{
				Code: "FA420", Name: "Jasons Pharmacy", Sink: push.SinkDoS, Route: "change-event", State: push.Refused,
				Reason: "DoS knows no such place", Wanted: at,
			},
			{Code: "FA421", Name: "Another Pharmacy", Sink: push.SinkWebsite, State: push.Refused, Unclear: true, Wanted: at},
		},
		counts: []pushstore.PushCount{
			{Sink: push.SinkDoS, State: push.Refused, Pushes: 2}, {Sink: push.SinkDoS, State: push.Accepted, Pushes: 11161},
		},
		holds: []pushstore.Hold{{ID: 1, Code: "FA420", Name: "Jasons Pharmacy", Sink: "dos", Reason: "A dispute", Actor: "cid"}},
	}
	check := pushstore.LastDriftCheck{Started: at, Actor: "daemon"}
	check.Sink, check.State, check.Checked, check.Drifted, check.Missing, check.Repaired = push.SinkDoS, push.DriftDone, 3000, 2, 1, 2
	drift := []sinkDrift{{check: check, rows: []pushstore.DriftRow{
		{
			Sink: push.SinkDoS, Code: "FA420", Name: "Jasons Pharmacy", Entry: "2000123", Field: "phone", Want: "0113 496 0000",
			Shown: "0113 496 0001",
		},
		{Sink: push.SinkDoS, Code: "FA421", Name: "Another Pharmacy", Field: "missing", GivenUp: true},
	}}}
	checked := actions.DriftFound{DriftResult: check.DriftResult, Differences: drift[0].rows[:1]}
	checked.State, checked.Checked, checked.Repaired = push.DriftAlarm, 1, 0
	again := asked{
		refused: []string{"NHS website: [FA421]: not pushed to any sink"}, back: "/pushes?state=refused", found: []pushstore.ListedPush{
			{Code: "FA420", Name: "Jasons Pharmacy", Sink: push.SinkDoS, Route: "change-event", State: push.Wanted},
			{Code: "FA421", Name: "Another Pharmacy", Sink: push.SinkDoS, State: push.Held},
		},
	}
	held := pushed{after: 1, filter: pushstore.PushFilter{Most: 2}}
	for id := range int64(mostHolds + 2) {
		held.holds = append(held.holds, pushstore.Hold{ID: id + 1, Code: "FA420", Field: "phone", Actor: "cid"})
	}
	return map[string]page.Page{
		"pushes-holds": held.page(),
		"checked":      checkedPage([]profile.ODSCode{"FA420", "FA421"}, []actions.DriftFound{checked}),
		"again":        again.page(),
		"now": trouble(
			t,
		).page(),
		"now-first": present{standing: standing.Standing{At: at, Letters: standing.Letters{State: "off"}}}.page(),
		"pushes":    pushes.page(), "pushes-none": pushed{}.page(),
		"drift": driftPage(drift, true, ""), "drift-none": driftPage(nil, false, ""),
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range pages(t) {
		pagetest.Golden(t, name, p)
	}
}

func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, pages(t))
}
