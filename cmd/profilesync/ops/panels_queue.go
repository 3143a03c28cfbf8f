package ops

var queueAndDatabase = Board{
	Name: "profilesync-queue", Title: "profilesync: queue and database", Means: "Background work, and what it stands on.",
	Rows: []Row{
		{"Jobs", []Panel{
			chart("Jobs in the queues", "", `max by (queue, state) (profilesync_queue_jobs)`, "{{queue}} {{state}}"),
			chart("How long the oldest has waited", seconds, `max by (queue) (profilesync_queue_oldest_seconds)`, "{{queue}}"),
			chart("Attempts", perSecond, `sum by (kind, outcome) (rate(profilesync_jobs_total[$__rate_interval]))`, "{{kind}} {{outcome}}"),
			quantiles("How long jobs run", "profilesync_job_run_seconds", "kind"),
			quantiles("How long jobs wait", "profilesync_job_wait_seconds", "kind"),
		}},
		{"Jobs of dead processes", []Panel{
			chart("Marked running without a process", "", `max(profilesync_abandoned_jobs)`, "jobs"),
			chart("The oldest of them", seconds, `max(profilesync_abandoned_oldest_seconds)`, "oldest"),
			chart("Made available again, in an hour", "", `sum by (kind) (increase(profilesync_jobs_recovered_total[1h]))`, "{{kind}}"),
		}},
		{"Schedules", []Panel{
			{"Time since each schedule was due, and the longest that may be", Table, seconds, []Query{
				{`max by (schedule) (profilesync_schedule_age_seconds)`, "since it was due"},
				{`max by (schedule) (profilesync_schedule_interval_seconds)`, "at most"},
			}},
		}},
		{"Daemons", []Panel{
			{"Daemons that live, and processes lost", Chart, "", []Query{
				{`max(profilesync_live_daemons)`, "daemons"}, {`max(profilesync_lost_processes)`, "lost in the last hour"},
			}},
			chart("Reads of the database for these gauges that failed", "", `sum by (instance) (increase(profilesync_watch_failures_total[15m]))`,
				"{{instance}}"),
		}},
		{"API, console and traces", []Panel{
			chart("Requests to the API and the console", perSecond,
				`sum by (result) (rate(profilesync_api_requests_total[$__rate_interval]))`, "{{result}}"),
			chart("Requests refused or failed, in an hour", "",
				`sum by (result) (increase(profilesync_api_requests_total{result!="served"}[1h]))`, "{{result}}"),
			chart("Spans of traces", perSecond, `sum by (outcome) (rate(profilesync_trace_spans_total[$__rate_interval]))`, "{{outcome}}"),
		}},
		{"Database", []Panel{
			chart("Size", bytes, `max(profilesync_database_bytes)`, "size"),
			chart("Connections of its server", "", `max by (state) (profilesync_database_connections)`, "{{state}}"),
			{"Connections of the daemons' pools", Chart, "", []Query{
				{`sum by (pool, state) (profilesync_pool_connections)`, "{{pool}} {{state}}"},
				{`sum by (pool) (profilesync_pool_max_connections)`, "{{pool}} at most"},
			}},
			chart("Connections waited for", perSecond, `sum by (pool) (rate(profilesync_pool_waits_total[$__rate_interval]))`, "{{pool}}"),
			chart(
				"Time waited for them, in a second",
				seconds,
				`sum by (pool) (rate(profilesync_pool_wait_seconds_total[$__rate_interval]))`,
				"{{pool}}",
			),
		}},
		{"Disks", []Panel{
			chart("Free part of the disk under each folder", share,
				`profilesync_disk_bytes{state="free"} / ignoring (state) profilesync_disk_bytes{state="total"}`, "{{instance}} {{place}}"),
		}},
	},
}
