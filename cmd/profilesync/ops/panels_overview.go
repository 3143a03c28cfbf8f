package ops

var overview = Board{
	Name: "profilesync-overview", Title: "profilesync: overview", Means: "Whether it works, and what waits for people.",
	Rows: []Row{
		{"Does it work?", []Panel{
			figure("Daemons", "", `max(profilesync_live_daemons)`),
			figure("Longest without progress", seconds, `max(min by (activity) (profilesync_progress_age_seconds))`),
			figure("Oldest change not pushed", seconds, orNone(`max(profilesync_push_oldest_seconds{state="wanted"})`)),
			figure("Routes paused", "", orNone(`count(max by (sink, route) (profilesync_sink_paused_seconds))`)),
			figure("Reports not read for two days", "", orNone(`count(max by (source, report) (profilesync_pull_age_seconds) > 180000)`)),
			figure("Processes lost in the last hour", "", `max(profilesync_lost_processes)`),
		}},
		{"What waits for people", []Panel{
			figure("Withheld changes", "", orNone(`sum(max by (source, report, reason) (profilesync_withheld_rows))`)),
			figure("... for more than a working day", "", orNone(`sum(max by (source, report, reason) (profilesync_late_withheld_rows))`)),
			figure("Cases open", "", orNone(`sum(max by (kind) (profilesync_standing_cases{state="open"}))`)),
			figure("Cases overdue", "", orNone(`sum(max by (kind) (profilesync_overdue_cases))`)),
			figure("Pushes that need a person", "", orNone(`sum(max by (sink, route, state) (profilesync_open_pushes{state=~"refused|waits"}))`)),
			figure("Findings", "", orNone(`sum(max by (kind, owner) (profilesync_finding_records))`)),
		}},
		{"Alerts", []Panel{
			table("Firing now", "", `sum by (alertname, severity) (ALERTS{alertstate="firing"})`),
			table("Versions", "", `max by (instance, version, go) (profilesync_build_info)`),
		}},
		{"Progress", []Panel{
			chart("Time since each activity last succeeded", seconds, `min by (activity) (profilesync_progress_age_seconds)`, "{{activity}}"),
			chart("Profiles open", "", `max by (type) (profilesync_open_profiles)`, "{{type}}"),
		}},
		{"Processes", []Panel{
			chart("Memory", bytes, `process_resident_memory_bytes{job="profilesync"}`, "{{instance}}"),
			chart("Processor", share, `rate(process_cpu_seconds_total{job="profilesync"}[$__rate_interval])`, "{{instance}}"),
			chart("Goroutines", "", `go_goroutines{job="profilesync"}`, "{{instance}}"),
		}},
	},
}

var sources = Board{
	Name: "profilesync-sources", Title: "profilesync: sources", Means: "What is pulled, what it changes, and what is withheld.",
	Rows: []Row{
		{"Pulls", []Panel{
			table("Time since each report was read completely", seconds, `max by (source, report) (profilesync_pull_age_seconds)`),
			table("Time since the day that the last accepted listing speaks of", seconds,
				`max by (source, report) (profilesync_listing_age_seconds)`),
			table("Time since the last day pulled completely", seconds, `max by (source, stream) (profilesync_watermark_age_seconds)`),
			table("Runs refused since", "", `max by (source, report) (profilesync_refused_runs) > 0`),
		}},
		{"Runs", []Panel{
			chart("Runs in an hour", "", `sum by (report, state) (increase(profilesync_runs_total[1h]))`, "{{report}} {{state}}"),
			chart("Runs in a day that changed nothing", "", `sum by (report) (increase(profilesync_runs_noop_total[1d]))`, "{{report}}"),
			quantiles("How long runs take", "profilesync_run_seconds", "report"),
			chart("Runs that have not ended", "", `max by (source, state) (profilesync_unfinished_runs)`, "{{source}} {{state}}"),
		}},
		{"Changes", []Panel{
			chart("Profiles changed in an hour", "", `sum by (report, verb) (increase(profilesync_changes_total[1h]))`, "{{report}} {{verb}}"),
			chart("Withheld", "", `max by (report, reason) (profilesync_withheld_rows)`, "{{report}} {{reason}}"),
			chart(
				"Withheld for more than a working day",
				"",
				`max by (report, reason) (profilesync_late_withheld_rows)`,
				"{{report}} {{reason}}",
			),
			chart("Records in quarantine", "", `max by (source, report) (profilesync_quarantine_records)`, "{{source}} {{report}}"),
		}},
		{"e-Referral Service", []Panel{
			chart("Requests", perSecond, `sum by (endpoint, status) (rate(profilesync_ers_requests_total[$__rate_interval]))`,
				"{{endpoint}} {{status}}"),
			quantiles("How long its answers take", "profilesync_ers_request_seconds", "endpoint"),
			chart("Services of the register", "", `max by (state) (profilesync_ers_services)`, "{{state}}"),
		}},
		{"Outside systems", []Panel{
			chart("Requests suspended after failures, in 15 minutes", "", `sum by (system) (increase(profilesync_breaker_opened_total[15m]))`,
				"{{system}}"),
		}},
	},
}
