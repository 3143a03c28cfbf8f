package ops

var ofSinks = []Alert{
	{
		Name: "PushOld", Severity: Critical, For: "5m",
		Expr: `max by (sink, route) (profilesync_push_oldest_seconds{state="wanted"}) > <30m>
unless on (sink, route) max by (sink, route) (profilesync_sink_paused_seconds)`,
		Summary: "A change has not reached {{ $labels.sink }} ({{ $labels.route }}) for {{ humanizeDuration $value }}",
		Means:   "Patients see the old state there, though pushing along this route is not paused.",
	},
	{
		Name: "PushesUntried", Severity: Critical, For: "2m",
		Expr: `min by (sink, route) (profilesync_push_due_seconds) > 120
and on (sink, route) min by (sink, route) (profilesync_push_tried_seconds) > 120`,
		Summary: "Pushes to {{ $labels.sink }} ({{ $labels.route }}) have been due for {{ humanizeDuration $value }} and none is attempted",
		Means:   "The route is open and nobody pushes: no daemon has this sink configured, or its workers stand still.",
	},
	{
		Name: "PushesLeftBehind", Expr: `sum(increase(profilesync_pushes_left_behind_total[1h])) > 0.5`, Severity: Warning,
		Summary: "Pushes were left behind, and queued again by a sweep",
		Means:   "A change was recorded and no push followed, until a sweep found it. That is a bug in the program.",
	},
	{
		Name: "SinkPaused", Severity: Critical,
		Expr: `max by (sink, route, reason) (
  profilesync_sink_paused_seconds{reason="unauthorized"} > <1m> or profilesync_sink_paused_seconds > <10m>
)`,
		Summary: "Pushing to {{ $labels.sink }} ({{ $labels.route }}) has been paused for {{ humanizeDuration $value }}: {{ $labels.reason }}",
		Means:   "unauthorized: the sink refuses our credentials, and a person must act. down: it does not answer.",
	},
	{
		Name: "BreakerOpen", Expr: `sum by (system) (increase(profilesync_breaker_opened_total[15m])) > 0.5`, Severity: Warning,
		Summary: "Requests to {{ $labels.system }} are suspended: many in a row failed",
		Means:   "The outside system is down, or out of our reach. One request is tried now and then.",
	},
	{
		Name: "DriftAlarm", Expr: `max by (sink) (profilesync_drift_check_age_seconds{state="alarm"}) >= 0`, For: "1m", Severity: Critical,
		Summary: "{{ $labels.sink }} shows so much wrongly that nothing was repaired",
		Means: "More than a tenth of the profiles differ, or are not shown: the sink itself is probably broken. Only a check that " +
			"ends well ends this alert; one that fails does not.",
	},
	{
		Name: "QualityAlarm", Severity: Warning, For: "1m",
		Expr:    `max by (state) (profilesync_quality_check_age_seconds{state=~"alarm|failed"}) >= 0`,
		Summary: "The last quality check ended as {{ $labels.state }}",
		Means:   "alarm: DoS shows so little that nothing was stored. failed: it broke off. Old findings stand.",
	},
}

var ofPeople = []Alert{
	{
		Name: "PullLate", Expr: `max by (source, report) (profilesync_pull_age_seconds) > <50h>`, For: "5m", Severity: Warning,
		Summary: "{{ $labels.report }} of {{ $labels.source }} was last read completely {{ humanizeDuration $value }} ago",
		Means:   "New, moved and closed organisations since then are not known here.",
	},
	{
		Name: "RunsRefused", Expr: `max by (source, report) (profilesync_refused_runs) > 0`, For: "5m", Severity: Warning,
		Summary: "{{ $value }} pulls of {{ $labels.report }} ({{ $labels.source }}) were refused or failed, and none has succeeded since",
		Means:   "Nothing was changed by them. The profiles stand as after the last good run.",
	},
	{
		Name: "WaitingLate", Severity: Warning, For: "5m",
		Expr:    `sum by (source, report) (max by (source, report, reason) (profilesync_late_withheld_rows)) > 0`,
		Summary: "{{ $value }} changes of {{ $labels.report }} have waited for a decision for more than a working day",
		Means:   "The register says something that patients do not see, because nobody has approved or rejected it.",
	},
	{
		Name: "CasesOverdue", Expr: `max by (kind) (profilesync_overdue_cases) > 0`, For: "10m", Severity: Warning,
		Summary: "{{ $value }} cases {{ $labels.kind }} are past their deadline",
		Means:   "Their owner was told and has not acted.",
	},
	{
		Name: "MailStopped", Expr: `max by (reason) (profilesync_mail_paused_seconds) >= 0`, For: "15m", Severity: Warning,
		Summary: "No letters are sent: {{ $labels.reason }}",
		Means:   "stopped: by a person. paused: the mail service accepts nothing. Reminders and letters about cases wait.",
	},
	{
		Name: "CalendarOld", Expr: `max(profilesync_calendar_age_seconds) > <8d>`, For: "5m", Severity: Warning,
		Summary: "The list of bank holidays was last read {{ humanizeDuration $value }} ago",
		Means:   "A bank holiday announced since then is not known; all others are.",
	},
}

var ofServer = []Alert{
	{
		Name: "DiskFull", Severity: Critical, For: "5m",
		Expr: `min by (instance, place) (
  profilesync_disk_bytes{state="free"} / ignoring (state) profilesync_disk_bytes{state="total"}
) < <disk>`,
		Summary: "{{ humanizePercentage $value }} of the disk under {{ $labels.place }} on {{ $labels.instance }} is free",
		Means:   "Reports, listings and letters cannot be written once it is full.",
	},
	{
		Name: "DatabaseLarge", Expr: `max(profilesync_database_bytes) > 0.8 * <database>`, For: "5m", Severity: Warning,
		Summary: "The database holds {{ humanize1024 $value }}B, more than four fifths of what it may",
		Means:   "When its disk is full, Postgres stops, and everything with it.",
	},
	{
		Name: "ConnectionsShort", Severity: Critical, For: "5m",
		Expr: `max(profilesync_database_connections{state="used"}) / max(profilesync_database_connections{state="allowed"})
  > <connections>`,
		Summary: "{{ humanizePercentage $value }} of the database's connections are in use",
		Means:   "With none left, commands, daemons and the editing application are turned away.",
	},
}
