package ops_test

// outages has a story for each alert, or several. Values are one a minute; two hours are well.
func outages() map[string]outage {
	return map[string]outage{
		"NoDaemon": {
			world: world{
				`profilesync_build_info{instance="a",job="profilesync",version="v1",go="go1"}`: "1x120 stale _x60 1x500",
				`up{instance="a",job="profilesync"}`:                                           "1x120 0x60 1x500",
			},
			quiet: []string{"119m", "121m", "200m"}, fires: "125m", summary: "No daemon answers Prometheus",
		},
		"DaemonDown": {
			world: world{
				`profilesync_build_info{instance="b",job="profilesync",version="v1",go="go1"}`: "1x120 stale _x60 1x500",
				`up{instance="b",job="profilesync"}`:                                           "1x120 0x60 1x500",
			},
			quiet: []string{"119m", "122m", "200m"}, fires: "125m", labels: labels("instance", "b", "job", "profilesync"),
			summary: "The daemon at b does not answer, while others do",
		},
		"DaemonLost": {
			world: world{`profilesync_lost_processes`: "0x120 2x60 0x500"},
			quiet: []string{"119m", "200m"}, fires: "122m", summary: "2 daemons or commands were found gone in the last hour",
		},
		"DatabaseUnreadable": {
			world: world{`profilesync_watch_failures_total{instance="a"}`: "3x100 4x20 4+4x30 124x500"}, // once, and then for half an hour
			quiet: []string{
				"104m",
				"119m",
				"121m",
				"200m",
			}, fires: "130m", labels: labels("instance", "a"), summary: "a cannot read the database",
		},
		"NoProgress": {
			world: world{`profilesync_progress_age_seconds{activity="dispatch"}`: "4x120 60+60x30 4x500"},
			quiet: []string{"119m", "123m", "200m"}, fires: "130m", labels: labels("activity", "dispatch"),
			summary: "dispatch has not succeeded for 10m 0s",
		},
		"ScheduleLate": {
			world: world{`profilesync_schedule_age_seconds{schedule="report"}`: "87000x120 100000x30 60x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("schedule", "report"),
			summary: "Schedule report was last due 1d 3h 46m 40s ago",
		},
		"CheckLate": {
			world: world{`profilesync_drift_check_age_seconds{sink="dos",state="done"}`: "90000x120 200000x30 60x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("sink", "dos"),
			summary: "The nightly check of dos last came to its end 2d 7h 33m 20s ago",
		},
		"CheckLate, since none ever came to its end": {
			world: world{
				`profilesync_drift_check_age_seconds{sink="website",state="failed"}`: "90000x120 200000x30 stale _x500",
				`profilesync_drift_check_age_seconds{sink="website",state="done"}`:   "_x150 0+60x500",
			},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("sink", "website"),
			summary: "The nightly check of website last came to its end 2d 7h 33m 20s ago",
		},
		"JobsWithoutWorker": {
			world: world{`profilesync_abandoned_oldest_seconds`: "3x120 60+60x30 0x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m",
			summary: "Jobs are marked running and nobody works them, the oldest for 10m 0s",
		},
		"JobsWaiting": {
			world: world{`profilesync_queue_oldest_seconds{queue="runs"}`: "1800x120 4000x30 60x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("queue", "runs"),
			summary: "A job of queue runs has waited for 1h 6m 40s",
		},
		"JobsGivenUp": {
			world: world{`profilesync_jobs_total{instance="a",kind="reconcile",outcome="discarded"}`: "0x120 1x600"}, // the first ever
			quiet: []string{"119m", "250m"}, fires: "125m", labels: labels("kind", "reconcile"),
			summary: "Jobs of kind reconcile were given up in the last hour",
		},
		"PushOld": {
			world: world{`profilesync_push_oldest_seconds{sink="dos",route="fhir",state="wanted"}`: "600x120 2400x30 20x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("sink", "dos", "route", "fhir"),
			summary: "A change has not reached dos (fhir) for 40m 0s",
		},
		"PushOld, while the sink's other route is paused shortly": {
			world: world{
				`profilesync_sink_paused_seconds{sink="dos",route="fhir",reason="down"}`:          "_x110 30x50 _x500",
				`profilesync_push_oldest_seconds{sink="dos",route="fhir",state="wanted"}`:         "600x110 2400x50 20x500",
				`profilesync_push_oldest_seconds{sink="dos",route="change-event",state="wanted"}`: "600x120 2400x30 20x500",
			},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("sink", "dos", "route", "change-event"),
			summary: "A change has not reached dos (change-event) for 40m 0s",
		},
		"PushesUntried": {
			world: world{`profilesync_push_tried_seconds{sink="dos",route="fhir"}`: "1x120 60+60x9 600x30 1x500"},
			quiet: []string{"119m", "123m", "200m"}, fires: "140m", labels: labels("sink", "dos", "route", "fhir"),
			summary: "Pushes to dos (fhir) have been due for 50m 0s and none is attempted",
		},
		"PushesUntried, while the sink's other route is busy": {
			world: world{
				`profilesync_push_due_seconds{sink="dos",route="change-event"}`:   "_x120 600x30 _x500",
				`profilesync_push_tried_seconds{sink="dos",route="change-event"}`: "_x120 600x30 _x500",
			},
			quiet: []string{"119m", "121m", "200m"}, fires: "140m", labels: labels("sink", "dos", "route", "change-event"),
			summary: "Pushes to dos (change-event) have been due for 10m 0s and none is attempted",
		},
		"PushesLeftBehind": {
			world: world{`profilesync_pushes_left_behind_total{instance="a"}`: "0x120 1x600"},
			quiet: []string{"119m", "250m"}, fires: "125m", summary: "Pushes were left behind, and queued again by a sweep",
		},
		"SinkPaused": {
			world: world{
				`profilesync_sink_paused_seconds{sink="dos",route="fhir",reason="unauthorized"}`: "_x120 0+60x30 _x500",
				// Its changes wait, and are no second alert.
				`profilesync_push_oldest_seconds{sink="dos",route="fhir",state="wanted"}`: "600x120 2400x30 20x500",
			},
			quiet: []string{"119m", "121m", "200m"}, fires: "140m",
			labels:  labels("sink", "dos", "route", "fhir", "reason", "unauthorized"),
			summary: "Pushing to dos (fhir) has been paused for 20m 0s: unauthorized",
		},
		"BreakerOpen": {
			world: world{`profilesync_breaker_opened_total{instance="a",system="ODS API"}`: "0x120 1x600"}, // the first time
			quiet: []string{"119m", "200m"}, fires: "125m", labels: labels("system", "ODS API"),
			summary: "Requests to ODS API are suspended: many in a row failed",
		},
		"DriftAlarm": {
			world: world{
				`profilesync_drift_check_age_seconds{sink="dos",state="done"}`:  "90000x120 _x30 0+60x500",
				`profilesync_drift_check_age_seconds{sink="dos",state="alarm"}`: "_x120 0+60x30 stale _x500",
			},
			quiet: []string{"119m", "120m", "200m"}, fires: "130m", labels: labels("sink", "dos"),
			summary: "dos shows so much wrongly that nothing was repaired",
		},
		"QualityAlarm": {
			world: world{
				`profilesync_quality_check_age_seconds{state="done"}`:   "90000x120 stale _x30 0+60x500",
				`profilesync_quality_check_age_seconds{state="failed"}`: "_x120 0+60x30 stale _x500",
			},
			quiet: []string{"119m", "120m", "200m"}, fires: "130m", labels: labels("state", "failed"),
			summary: "The last quality check ended as failed",
		},
		"PullLate": {
			world: world{`profilesync_pull_age_seconds{source="ods",report="etr"}`: "90000x120 190000x30 60x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("source", "ods", "report", "etr"),
			summary: "etr of ods was last read completely 2d 4h 46m 40s ago",
		},
		"RunsRefused": {
			world: world{`profilesync_refused_runs{source="ods",report="etr"}`: "0x120 3x30 0x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("source", "ods", "report", "etr"),
			summary: "3 pulls of etr (ods) were refused or failed, and none has succeeded since",
		},
		"WaitingLate": {
			world: world{
				// Two daemons read the same rows.
				`profilesync_late_withheld_rows{source="ods",report="etr",reason="mass-change"}`:              "0x120 55x30 0x500",
				`profilesync_late_withheld_rows{source="ods",report="etr",reason="mass-change",instance="b"}`: "0x120 55x30 0x500",
			},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("source", "ods", "report", "etr"),
			summary: "55 changes of etr have waited for a decision for more than a working day",
		},
		"CasesOverdue": {
			world: world{`profilesync_overdue_cases{kind="renamed"}`: "0x120 2x30 0x500"},
			quiet: []string{"119m", "125m", "200m"}, fires: "135m", labels: labels("kind", "renamed"),
			summary: "2 cases renamed are past their deadline",
		},
		"MailStopped": {
			world: world{`profilesync_mail_paused_seconds{reason="stopped"}`: "_x120 0+60x60 stale _x500"},
			quiet: []string{"119m", "130m", "200m"}, fires: "140m", labels: labels("reason", "stopped"),
			summary: "No letters are sent: stopped",
		},
		"CalendarOld": {
			world: world{`profilesync_calendar_age_seconds`: "90000x120 800000x30 60x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m",
			summary: "The list of bank holidays was last read 9d 6h 13m 20s ago",
		},
		"DiskFull": {
			world: world{`profilesync_disk_bytes{instance="a",place="temporary",state="free"}`: "20x120 5x30 50x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", labels: labels("instance", "a", "place", "temporary"),
			summary: "5% of the disk under temporary on a is free",
		},
		"DatabaseLarge": {
			world: world{`profilesync_database_bytes`: "9000000000x120 48318382080x30 9000000000x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m",
			summary: "The database holds 45GiB, more than four fifths of what it may",
		},
		"ConnectionsShort": {
			world: world{`profilesync_database_connections{state="used"}`: "70x120 97x30 12x500"},
			quiet: []string{"119m", "122m", "200m"}, fires: "130m", summary: "100% of the database's connections are in use",
		},
	}
}
