package admin

// namespace is the prefix of every metric's name.
const namespace = "profilesync"

// form is the type of a metric.
type form string

const (
	counter   form = "counter"   // counts from the start of the process
	histogram form = "histogram" // counts from the start of the process, in buckets
	gauge     form = "gauge"     // the current state: of the database, or of this process
)

// declaration is one metric.
type declaration struct {
	name    string // <noun>_<unit>
	form    form
	labels  []string
	help    string
	buckets []float64 // of a histogram, in its unit
	process bool      // about this process rather than the database
}

// metric is an index into declared.
type metric int

// The metrics, in the order of METRICS.md.
const (
	jobsTotal metric = iota
	jobRunSeconds
	jobWaitSeconds
	jobsRecoveredTotal
	runsTotal
	runsNoopTotal
	runSeconds
	changesTotal
	pushesTotal
	pushSeconds
	pushLagSeconds
	overwrittenTotal
	pushesLeftBehindTotal
	ersRequestsTotal
	ersRequestSeconds
	lettersTotal
	apiRequestsTotal
	breakerOpenedTotal
	traceSpansTotal
	watchFailuresTotal
	queueJobs
	queueOldestSeconds
	withheldRows
	lateWithheldRows
	watermarkAgeSeconds
	listingAgeSeconds
	pullAgeSeconds
	refusedRuns
	quarantineRecords
	openProfiles
	openPushes
	pushOldestSeconds
	leftOutProfiles
	sinkPausedSeconds
	driftProfiles
	driftNotVisibleProfiles
	driftCheckAgeSeconds
	findingRecords
	qualityCheckAgeSeconds
	qualityUnreadableProfiles
	unfinishedRuns
	scheduleAgeSeconds
	registeredServices
	openAccounts
	openLetters
	mailPausedSeconds
	calendarAgeSeconds
	calendarVanishedRecords
	standingCases
	overdueCases
	caseOldestSeconds
	progressAgeSeconds
	pushDueSeconds
	pushTriedSeconds
	abandonedJobs
	abandonedOldestSeconds
	liveDaemons
	lostProcesses
	databaseBytes
	databaseConnections
	buildInfo
	scheduleIntervalSeconds
	diskBytes
	poolConnections
	poolMaxConnections
	poolWaitsTotal
	poolWaitSecondsTotal
)

// declared lists every metric. METRICS.md is generated from it (go test
// ./cmd/internal/admin -update).
var declared = [...]declaration{
	jobsTotal: {
		name: "jobs_total", form: counter, labels: []string{"kind", "outcome"},
		help: "Attempts at jobs; outcome is done, failed (retried), discarded (given up), cancelled, snoozed or interrupted (by a stop).",
	},
	jobRunSeconds: {
		name: "job_run_seconds", form: histogram, labels: []string{"kind"}, buckets: jobBuckets(),
		help: "How long attempts at jobs ran.",
	},
	jobWaitSeconds: {
		name: "job_wait_seconds", form: histogram, labels: []string{"kind"}, buckets: jobBuckets(),
		help: "How long jobs waited in the queue after they could have started.",
	},
	jobsRecoveredTotal: {
		name: "jobs_recovered_total", form: counter, labels: []string{"kind"},
		help: "Jobs that were marked running but not being worked, and were made available again, or completed if their work was done: " +
			"their process was gone, or a reply of the database to the queue was lost.",
	},
	runsTotal: {
		name: "runs_total", form: counter, labels: []string{"source", "report", "state"},
		help: "Runs that ended; state is done, withheld (something awaits a person), refused (nothing changed) or failed.",
	},
	runsNoopTotal: {
		name: "runs_noop_total", form: counter, labels: []string{"source", "report"},
		help: "Runs that ended done and changed nothing, as a second run on the same facts must.",
	},
	runSeconds: {
		name: "run_seconds", form: histogram, labels: []string{"source", "report"},
		buckets: []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800},
		help:    "How long runs took.",
	},
	changesTotal: {
		name: "changes_total", form: counter, labels: []string{"source", "report", "verb"},
		help: "Profiles that runs changed, each counted once per run; verb is create, close, reopen, dormant or update.",
	},
	pushesTotal: {
		name: "pushes_total", form: counter, labels: []string{"sink", "route", "answer"},
		help: "Attempts to push a profile to a sink; answer is accepted, unchanged (the sink showed it already), seen (found there on " +
			"reading back), refused (stopped), unauthorized, conflict, later (429), unclear (5xx, timeouts), down, unread (not sent: the sink " +
			"cannot be read now), or none (nothing to send).",
	},
	pushSeconds: {
		name: "push_seconds", form: histogram, labels: []string{"sink"},
		buckets: []float64{0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		help:    "How long sinks took to answer.",
	},
	pushLagSeconds: {
		name: "push_lag_seconds", form: histogram, labels: []string{"sink"},
		buckets: []float64{0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400},
		help:    "Time from recording a change to the sink's acceptance, including the settle time of edits.",
	},
	overwrittenTotal: {
		name: "overwritten_fields_total", form: counter, labels: []string{"sink"},
		help: "Values of a sink's entries that pushes overwrote although nobody stated them; push list and the report name them.",
	},
	pushesLeftBehindTotal: {
		name: "pushes_left_behind_total", form: counter,
		help: "Pushes that changes had asked for and that no job would have delivered, found by a sweep and queued again. It must stay 0: " +
			"anything else is a bug in this program.",
	},
	ersRequestsTotal: {
		name: "ers_requests_total", form: counter, labels: []string{"endpoint", "status"},
		help: "Requests to the e-Referral Service; endpoint is A033, A035, A037 or A004; status is the HTTP status, 0 for no answer.",
	},
	ersRequestSeconds: {
		name: "ers_request_seconds", form: histogram, labels: []string{"endpoint"}, buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		help: "How long the e-Referral Service took to answer.",
	},
	lettersTotal: {
		name: "letters_total", form: counter, labels: []string{"kind", "state"},
		help: "Outcomes of processed letters: accepted, delivered, due (will be retried), refused, cancelled (no longer applies) " +
			"or unclear.",
	},
	apiRequestsTotal: {
		name: "api_requests_total", form: counter, labels: []string{"result"},
		help: "Requests to the API and the console; result is served (also with an error that the caller can mend), unauthenticated (no " +
			"token or session, or one that is not accepted), forbidden (without the verb), limited (too many), too-large, cross-origin " +
			"(from a page of another site) or failed.",
	},
	breakerOpenedTotal: {
		name: "breaker_opened_total", form: counter, labels: []string{"system"},
		help: "How often requests to an outside system were suspended, because many in a row had failed; again after each cool-down for " +
			"as long as it fails.",
	},
	traceSpansTotal: {
		name: "trace_spans_total", form: counter, labels: []string{"outcome"},
		help: "Spans of traces; outcome is sent, failed (the collector did not take them) or dropped (too many waited for it).",
	},
	watchFailuresTotal: {
		name: "watch_failures_total", form: counter,
		help: "Failed reads of the database for the gauges; while it does not answer, the gauges are absent.",
	},
	queueJobs: {
		name: "queue_jobs", form: gauge, labels: []string{"queue", "state"},
		help: "Jobs that are not finished; state is available, pending, retryable, running or scheduled.",
	},
	queueOldestSeconds: {
		name: "queue_oldest_seconds", form: gauge, labels: []string{"queue"},
		help: "How long the oldest available job has waited; absent if none waits.",
	},
	withheldRows: {
		name: "withheld_rows", form: gauge, labels: []string{"source", "report", "reason"},
		help: "Withheld changes that await a person: changes of fields, new profiles and flags.",
	},
	lateWithheldRows: {
		name: "late_withheld_rows", form: gauge, labels: []string{"source", "report", "reason"},
		help: "Those of them that have waited for more than a working day.",
	},
	watermarkAgeSeconds: {
		name: "watermark_age_seconds", form: gauge, labels: []string{"source", "stream"},
		help: "Time since the start of the last day that was pulled completely.",
	},
	listingAgeSeconds: {
		name: "listing_age_seconds", form: gauge, labels: []string{"source", "report"},
		help: "Time since the start of the day that the last accepted listing speaks of; an unchanged one is not accepted again.",
	},
	pullAgeSeconds: {
		name: "pull_age_seconds", form: gauge, labels: []string{"source", "report"},
		help: "Time since the report was last read completely, whether or not anything was new; of reports that a " +
			"schedule pulled in the last 30 days.",
	},
	refusedRuns: {
		name: "refused_runs", form: gauge, labels: []string{"source", "report"},
		help: "Pulls of the report by a schedule that were refused or failed since it was last read completely.",
	},
	quarantineRecords: {
		name: "quarantine_records", form: gauge, labels: []string{"source", "report"},
		help: "Upstream records that could not be read when they were last seen.",
	},
	openProfiles: {
		name: "open_profiles", form: gauge, labels: []string{"type"},
		help: "Profiles that are not closed.",
	},
	openPushes: {
		name: "open_pushes", form: gauge, labels: []string{"sink", "route", "state"},
		help: "Pushes that are not settled; state is wanted, refused or waits (a person is needed), or held (by a person).",
	},
	pushOldestSeconds: {
		name: "push_oldest_seconds", form: gauge, labels: []string{"sink", "route", "state"},
		help: "How long the oldest of them has been open.",
	},
	leftOutProfiles: {
		name: "left_out_profiles", form: gauge, labels: []string{"sink", "field"},
		help: "Profiles with a field that the sink does not take, and that their pushes leave out; push list and the report say why.",
	},
	sinkPausedSeconds: {
		name: "sink_paused_seconds", form: gauge, labels: []string{"sink", "route", "reason"},
		help: "How long the route has been paused; reason is unauthorized (check the credentials: a person is needed) or down; " +
			"absent while it works.",
	},
	driftProfiles: {
		name: "drift_profiles", form: gauge, labels: []string{"sink", "state"},
		help: "Profiles that the sink did not show correctly at the last check of all profiles; state is missing or drifted.",
	},
	driftNotVisibleProfiles: {
		name: "drift_not_visible_profiles", form: gauge, labels: []string{"sink", "field"},
		help: "Profiles that state a field that the sink does not show, at the same check: whether it is right is not known.",
	},
	driftCheckAgeSeconds: {
		name: "drift_check_age_seconds", form: gauge, labels: []string{"sink", "state"},
		help: "Time since that check ended; state is done, or alarm (so much differed that nothing was repaired: a person is needed). " +
			"Checks that failed do not count; while every one has, state is failed, and it is the time since the first began.",
	},
	findingRecords: {
		name: "finding_records", form: gauge, labels: []string{"kind", "owner"},
		help: "Findings of quality checks that last; owner is who must act: pharmacy, dos-lead or service-desk.",
	},
	qualityCheckAgeSeconds: {
		name: "quality_check_age_seconds", form: gauge, labels: []string{"state"},
		help: "Time since the last quality check of all pharmacies ended; state is done, alarm (DoS shows so little that nothing was " +
			"stored: a person is needed) or failed; absent if there was none.",
	},
	qualityUnreadableProfiles: {
		name: "quality_unreadable_profiles", form: gauge,
		help: "Pharmacies that DoS could not be read for in that check.",
	},
	unfinishedRuns: {
		name: "unfinished_runs", form: gauge, labels: []string{"source", "state"},
		help: "Runs that have not ended; state is queued or running.",
	},
	scheduleAgeSeconds: {
		name: "schedule_age_seconds", form: gauge, labels: []string{"schedule"},
		help: "Time since the schedule was last due: more than its interval means that it is not being queued.",
	},
	registeredServices: {
		name: "ers_services", form: gauge, labels: []string{"state"},
		help: "Services of the register; state is known (never seen), active, not-visible, missing or gone.",
	},
	openAccounts: {
		name: "open_accounts", form: gauge, labels: []string{"state"},
		help: "People's accounts; state is invited, active, deactivated, expired, withheld (too many would end at once: a person is " +
			"needed), kept (the only account manager, idle) or held (no warning could be delivered).",
	},
	openLetters: {
		name: "open_letters", form: gauge, labels: []string{"kind", "state"},
		help: "Letters that are due, claimed or unclear, and in every state all letters of the last day.",
	},
	mailPausedSeconds: {
		name: "mail_paused_seconds", form: gauge, labels: []string{"reason"},
		help: "Why no letters are sent: stopped (by a person; time since) or paused (the mail service accepts nothing; time left); " +
			"absent otherwise.",
	},
	calendarAgeSeconds: {
		name: "calendar_age_seconds", form: gauge,
		help: "Time since the official list of bank holidays was read; absent if it never was.",
	},
	standingCases: {
		name: "standing_cases", form: gauge, labels: []string{"kind", "state"},
		help: "What waits for people; state is open, waiting (for somebody, until a day) or set-aside.",
	},
	overdueCases: {
		name: "overdue_cases", form: gauge, labels: []string{"kind"},
		help: "Open cases past their deadline.",
	},
	caseOldestSeconds: {
		name: "case_oldest_seconds", form: gauge, labels: []string{"kind", "state"},
		help: "How long ago the oldest of these opened.",
	},
	calendarVanishedRecords: {
		name: "calendar_vanished_records", form: gauge,
		help: "Future bank holidays that the official list no longer names: a person should check.",
	},
	progressAgeSeconds: {
		name: "progress_age_seconds", form: gauge, labels: []string{"activity"},
		help: "Time since an activity that must never stop last succeeded, in any process; activity is dispatch (at least every " +
			"5 s), tick (every 30 s) or cases (every minute).",
	},
	pushDueSeconds: {
		name: "push_due_seconds", form: gauge, labels: []string{"sink", "route"},
		help: "How long the oldest push that is due but not queued has been due; absent if there is none, and while the route is paused.",
	},
	pushTriedSeconds: {
		name: "push_tried_seconds", form: gauge, labels: []string{"sink", "route"},
		help: "Time since the last attempt along the route, at most 600; absent whenever push_due_seconds is.",
	},
	abandonedJobs: {
		name: "abandoned_jobs", form: gauge,
		help: "Running jobs whose process has ended; they are made available again within seconds.",
	},
	abandonedOldestSeconds: {
		name: "abandoned_oldest_seconds", form: gauge,
		help: "How long ago the oldest of them was fetched.",
	},
	liveDaemons: {
		name: "live_daemons", form: gauge,
		help: "Daemons that work on the database now, whichever machine they run on.",
	},
	lostProcesses: {
		name: "lost_processes", form: gauge,
		help: "Daemons and commands that were found gone in the last hour, instead of stopping; others continued their work.",
	},
	databaseBytes: {
		name: "database_bytes", form: gauge,
		help: "Size of the database.",
	},
	databaseConnections: {
		name: "database_connections", form: gauge, labels: []string{"state"},
		help: "Connections of the database's server; state is used (by whomever) or allowed (to all but superusers).",
	},
	buildInfo: {
		name: "build_info", form: gauge, labels: []string{"version", "go"}, process: true,
		help: "Always 1; the labels are the versions of this program and of Go.",
	},
	scheduleIntervalSeconds: {
		name: "schedule_interval_seconds", form: gauge, labels: []string{"schedule"}, process: true,
		help: "The longest time between two moments at which a schedule of this process is due.",
	},
	diskBytes: {
		name: "disk_bytes", form: gauge, labels: []string{"place", "state"}, process: true,
		help: "Disk under a folder of this process; place is temporary, reports, mail or database (a private one); state is free or total.",
	},
	poolConnections: {
		name: "pool_connections", form: gauge, labels: []string{"pool", "state"}, process: true,
		help: "Connections of this process to the database; pool is main, control, pushing, queue or reports; state is acquired or idle.",
	},
	poolMaxConnections: {
		name: "pool_max_connections", form: gauge, labels: []string{"pool"}, process: true,
		help: "How many connections the pool may have.",
	},
	poolWaitsTotal: {
		name: "pool_waits_total", form: counter, labels: []string{"pool"},
		help: "How often a connection of the pool had to be waited for.",
	},
	poolWaitSecondsTotal: {
		name: "pool_wait_seconds_total", form: counter, labels: []string{"pool"},
		help: "Total time spent on these waits.",
	},
}
