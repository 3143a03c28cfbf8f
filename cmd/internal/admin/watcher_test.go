package admin

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// everything has one of each thing that is watched.
func everything() watchstore.Watched {
	return watchstore.Watched{
		Queues: []watchstore.QueueDepth{
			{Queue: "runs", State: "available", Jobs: 3, Oldest: 90 * time.Second},
			{Queue: "runs", State: "scheduled", Jobs: 2, Oldest: -time.Hour},
		},
		Withheld:   []watchstore.WithheldWaiting{{Source: profile.SourceODS, Report: "etr", Reason: runs.MassChange, Rows: 55, Late: 54}},
		Watermarks: []watchstore.WatermarkAge{{Source: profile.SourceODS, Stream: "changes", Age: time.Hour}},
		Listings:   []watchstore.ListingAge{{Source: profile.SourceODS, Report: "etr", Age: 2 * time.Hour}},
		Pulls:      []watchstore.ReportPulled{{Source: profile.SourceODS, Report: "ets", Age: 3 * time.Hour, Refused: 2}},
		Quarantine: []watchstore.QuarantineSize{{Source: profile.SourceODS, Report: "etr", Records: 4}},
		Profiles:   []watchstore.OpenProfiles{{Type: profile.Trust, Profiles: 205}},
		Pushes:     []watchstore.OpenPushes{{Sink: push.SinkDoS, Route: "fhir", State: push.Refused, Pushes: 7, Oldest: time.Minute}},
		LeftOut:    []watchstore.FieldLeftOut{{Sink: push.SinkDoS, Field: "website", Pushes: 8}},
		Paused:     []watchstore.PausedSink{{Sink: push.SinkDoS, Route: "fhir", Reason: "unauthorized", Age: time.Minute}},
		Drift: []watchstore.DriftFoundLast{{
			Sink: push.SinkDoS, State: push.DriftAlarm, Missing: 1, Drifted: 2, Age: time.Hour, NotVisible: map[string]int{"phone": 3},
		}},
		Findings:  []watchstore.OpenFindings{{Kind: quality.OpenAllHours, Owner: quality.OwnerDoSLead, Findings: 4}},
		Quality:   []watchstore.QualityChecked{{State: quality.Done, Unreadable: 5, Age: time.Hour}},
		Runs:      []watchstore.OpenRuns{{Source: profile.SourceODS, State: runs.RunQueued, Runs: 1}},
		Schedules: []watchstore.ScheduleAge{{Name: "pull_ods", Age: 30 * time.Second}},
		Services:  []watchstore.ServiceCount{{State: services.Missing, Services: 6}},
		Cases:     []watchstore.StandingCases{{Kind: cases.SinkPaused, State: cases.Open, Cases: 3, Oldest: time.Hour, Overdue: 2}},
		People: watchstore.WatchedPeople{
			Accounts:   []watchstore.AccountCount{{State: "active", Accounts: 9}},
			Letters:    []watchstore.LetterCount{{Kind: "check-opening", State: "due", Letters: 5}},
			MailPaused: "stopped", MailPausedFor: time.Minute, CalendarAge: time.Hour, Vanished: 1,
		},
		Progress: watchstore.ForwardProgress{
			Since:     map[string]time.Duration{postgres.ActivityTick: 20 * time.Second},
			Routes:    []watchstore.RouteProgress{{Sink: push.SinkDoS, Route: "fhir", Due: time.Minute, Tried: 2 * time.Minute}},
			Abandoned: 2, Oldest: 5 * time.Second,
		},
		Database: watchstore.DatabaseState{Bytes: 1 << 30, Used: 12, Allowed: 97, Daemons: 3, Lost: 1},
	}
}

// newWatched registers a watcher that always reads the same.
func newWatched(reg prometheus.Registerer, found watchstore.Watched) {
	NewWatcher(reg, func(context.Context) (watchstore.Watched, error) { return found, nil }, time.Now, slog.New(slog.DiscardHandler))
}

func TestGauges(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	newWatched(reg, everything())
	requireMetrics(t, reg, `
# TYPE profilesync_queue_jobs gauge
profilesync_queue_jobs{queue="runs",state="available"} 3
profilesync_queue_jobs{queue="runs",state="scheduled"} 2
# TYPE profilesync_queue_oldest_seconds gauge
profilesync_queue_oldest_seconds{queue="runs"} 90
# TYPE profilesync_withheld_rows gauge
profilesync_withheld_rows{reason="mass-change",report="etr",source="ods"} 55
# TYPE profilesync_late_withheld_rows gauge
profilesync_late_withheld_rows{reason="mass-change",report="etr",source="ods"} 54
# TYPE profilesync_watermark_age_seconds gauge
profilesync_watermark_age_seconds{source="ods",stream="changes"} 3600
# TYPE profilesync_listing_age_seconds gauge
profilesync_listing_age_seconds{report="etr",source="ods"} 7200
# TYPE profilesync_pull_age_seconds gauge
profilesync_pull_age_seconds{report="ets",source="ods"} 10800
# TYPE profilesync_refused_runs gauge
profilesync_refused_runs{report="ets",source="ods"} 2
# TYPE profilesync_live_daemons gauge
profilesync_live_daemons 3
# TYPE profilesync_lost_processes gauge
profilesync_lost_processes 1
# TYPE profilesync_database_bytes gauge
profilesync_database_bytes 1.073741824e+09
# TYPE profilesync_database_connections gauge
profilesync_database_connections{state="allowed"} 97
profilesync_database_connections{state="used"} 12
# TYPE profilesync_quarantine_records gauge
profilesync_quarantine_records{report="etr",source="ods"} 4
# TYPE profilesync_open_profiles gauge
profilesync_open_profiles{type="trust"} 205
# TYPE profilesync_open_pushes gauge
profilesync_open_pushes{route="fhir",sink="dos",state="refused"} 7
# TYPE profilesync_push_oldest_seconds gauge
profilesync_push_oldest_seconds{route="fhir",sink="dos",state="refused"} 60
# TYPE profilesync_left_out_profiles gauge
profilesync_left_out_profiles{field="website",sink="dos"} 8
# TYPE profilesync_sink_paused_seconds gauge
profilesync_sink_paused_seconds{reason="unauthorized",route="fhir",sink="dos"} 60
# TYPE profilesync_drift_profiles gauge
profilesync_drift_profiles{sink="dos",state="drifted"} 2
profilesync_drift_profiles{sink="dos",state="missing"} 1
# TYPE profilesync_drift_not_visible_profiles gauge
profilesync_drift_not_visible_profiles{field="phone",sink="dos"} 3
# TYPE profilesync_drift_check_age_seconds gauge
profilesync_drift_check_age_seconds{sink="dos",state="alarm"} 3600
# TYPE profilesync_finding_records gauge
profilesync_finding_records{kind="open-all-hours",owner="dos-lead"} 4
# TYPE profilesync_quality_check_age_seconds gauge
profilesync_quality_check_age_seconds{state="done"} 3600
# TYPE profilesync_quality_unreadable_profiles gauge
profilesync_quality_unreadable_profiles 5
# TYPE profilesync_unfinished_runs gauge
profilesync_unfinished_runs{source="ods",state="queued"} 1
# TYPE profilesync_schedule_age_seconds gauge
profilesync_schedule_age_seconds{schedule="pull_ods"} 30
# TYPE profilesync_ers_services gauge
profilesync_ers_services{state="missing"} 6
# TYPE profilesync_open_accounts gauge
profilesync_open_accounts{state="active"} 9
# TYPE profilesync_open_letters gauge
profilesync_open_letters{kind="check-opening",state="due"} 5
# TYPE profilesync_mail_paused_seconds gauge
profilesync_mail_paused_seconds{reason="stopped"} 60
# TYPE profilesync_calendar_age_seconds gauge
profilesync_calendar_age_seconds 3600
# TYPE profilesync_calendar_vanished_records gauge
profilesync_calendar_vanished_records 1
# TYPE profilesync_progress_age_seconds gauge
profilesync_progress_age_seconds{activity="tick"} 20
# TYPE profilesync_standing_cases gauge
profilesync_standing_cases{kind="sink-paused",state="open"} 3
# TYPE profilesync_overdue_cases gauge
profilesync_overdue_cases{kind="sink-paused"} 2
# TYPE profilesync_case_oldest_seconds gauge
profilesync_case_oldest_seconds{kind="sink-paused",state="open"} 3600
# TYPE profilesync_push_due_seconds gauge
profilesync_push_due_seconds{route="fhir",sink="dos"} 60
# TYPE profilesync_push_tried_seconds gauge
profilesync_push_tried_seconds{route="fhir",sink="dos"} 120
# TYPE profilesync_abandoned_jobs gauge
profilesync_abandoned_jobs 2
# TYPE profilesync_abandoned_oldest_seconds gauge
profilesync_abandoned_oldest_seconds 5
`, queueJobs, queueOldestSeconds, withheldRows, watermarkAgeSeconds, listingAgeSeconds, quarantineRecords, openProfiles,
		unfinishedRuns, scheduleAgeSeconds, registeredServices, openAccounts, openLetters, mailPausedSeconds, calendarAgeSeconds,
		calendarVanishedRecords, standingCases, overdueCases, caseOldestSeconds, progressAgeSeconds, pushDueSeconds,
		pushTriedSeconds, abandonedJobs, abandonedOldestSeconds, lateWithheldRows, pullAgeSeconds, refusedRuns, liveDaemons,
		lostProcesses, databaseBytes, databaseConnections)
}

func TestTheDatabaseIsReadAtMostOncePerInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		reg := prometheus.NewPedanticRegistry()
		NewWatcher(reg, func(context.Context) (watchstore.Watched, error) {
			reads++
			return everything(), nil
		}, time.Now, slog.New(slog.DiscardHandler))
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{0, 1}, {watchEvery - 1, 1}, {1, 2}, {time.Hour, 3}} {
			<-time.After(step.wait)
			var scrapes sync.WaitGroup
			for range 4 {
				scrapes.Go(func() {
					families, err := reg.Gather()
					assert.NoError(t, err) //nolint:testifylint // require must not be called in another goroutine than the test's
					assert.Len(t, families, 41)
				})
			}
			scrapes.Wait()
			require.Equal(t, step.want, reads)
		}
	})
}

func TestInAnOutageOnlyTheGaugesAreMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			log  bytes.Buffer
			down = true
			reg  = prometheus.NewPedanticRegistry()
		)
		w := NewWatcher(reg, func(ctx context.Context) (watchstore.Watched, error) {
			if !down {
				return everything(), nil
			}
			<-ctx.Done()
			return everything(), errors.Join(errors.New("no answer"), ctx.Err())
		}, time.Now, slog.New(slog.NewJSONHandler(&log, nil)))
		began := time.Now()
		for range 3 {
			families, err := reg.Gather()
			require.NoError(t, err)
			require.Len(t, families, 1, "only the failures counter is left")
		}
		require.Equal(t, watchTimeout, time.Since(began), "only the first scrape waits")
		require.InDelta(t, 1, testutil.ToFloat64(w.failures), 0)
		require.Contains(t, log.String(), "no answer")

		down = false
		<-time.After(watchEvery)
		families, err := reg.Gather()
		require.NoError(t, err)
		require.Len(t, families, 41)
	})
}
