package ops

// Several daemons read the same numbers from the database: max by (...) makes one of them.

var ofDaemons = []Alert{
	{
		Name: "NoDaemon", Expr: `absent(profilesync_build_info)`, For: "1m", Severity: Critical,
		Summary: "No daemon answers Prometheus",
		Means:   "Nothing is pulled, pushed, sent or reported, or Prometheus cannot reach any daemon.",
	},
	{
		Name: "DaemonDown", Expr: `up{job="profilesync"} == 0 and on () count(profilesync_build_info) > 0`, For: "2m", Severity: Warning,
		Summary: "The daemon at {{ $labels.instance }} does not answer, while others do",
		Means:   "The others do its work. With one more gone, there may be none.",
	},
	{
		Name: "DaemonLost", Expr: `max(profilesync_lost_processes) > 0`, Severity: Warning,
		Summary: "{{ $value }} daemons or commands were found gone in the last hour",
		Means:   "They were killed, or lost the database for seconds. Others continued their work; nothing was lost or done twice.",
	},
	{
		Name: "DatabaseUnreadable", Expr: `sum by (instance) (increase(profilesync_watch_failures_total[5m])) > 1.2`, For: "2m",
		Severity: Critical,
		Summary:  "{{ $labels.instance }} cannot read the database",
		Means:    "Nothing works without the database. Alerts about what stands in it are silent until it answers.",
	},
}

var ofProgress = []Alert{
	{
		Name: "NoProgress", Expr: `min by (activity) (profilesync_progress_age_seconds) > 180`, For: "1m", Severity: Critical,
		Summary: "{{ $labels.activity }} has not succeeded for {{ humanizeDuration $value }}",
		Means: "dispatch: changes are not queued for pushing. tick: schedules are not looked at. cases: nobody is told of what " +
			"begins to wait.",
	},
	{
		Name: "ScheduleLate", Severity: Warning, For: "5m",
		Expr: `max by (schedule) (profilesync_schedule_age_seconds)
  > on (schedule) max by (schedule) (profilesync_schedule_interval_seconds) + 7200`,
		Summary: "Schedule {{ $labels.schedule }} was last due {{ humanizeDuration $value }} ago",
		Means:   "What it does at its hour has not been queued.",
	},
	{
		Name: "CheckLate", Severity: Warning, For: "5m",
		Expr: `max by (sink) (profilesync_drift_check_age_seconds) > <50h>
or max(profilesync_quality_check_age_seconds) > <50h>`,
		Summary: `The nightly check{{ if $labels.sink }} of {{ $labels.sink }}{{ end }} last came to its end {{ humanizeDuration $value }} ago`,
		Means:   "What a sink shows has not been compared for two nights, or each check failed: drift goes unnoticed.",
	},
	{
		Name: "JobsWithoutWorker", Expr: `max(profilesync_abandoned_oldest_seconds) > 120`, For: "1m", Severity: Critical,
		Summary: "Jobs are marked running and nobody works them, the oldest for {{ humanizeDuration $value }}",
		Means:   "Jobs of a dead process should be worked again within seconds.",
	},
	{
		Name: "JobsWaiting", Expr: `max by (queue) (profilesync_queue_oldest_seconds) > <1h>`, For: "5m", Severity: Warning,
		Summary: "A job of queue {{ $labels.queue }} has waited for {{ humanizeDuration $value }}",
		Means:   "All workers of the queue are busy, or it is paused.",
	},
	{
		Name: "JobsGivenUp", Severity: Warning,
		Expr:    `sum by (kind) (increase(profilesync_jobs_total{outcome="discarded"}[1h])) > 0.5`,
		Summary: "Jobs of kind {{ $labels.kind }} were given up in the last hour",
		Means:   "Each failed as often as it may. What it was to do is done by the next one, if there is one, or by a person.",
	},
}
