package ops

var pushes = Board{
	Name: "profilesync-pushes", Title: "profilesync: pushes", Means: "How changes reach the sinks, and what the sinks show.",
	Rows: []Row{
		{"Now", []Panel{
			chart("Pushes open", "", `max by (sink, route, state) (profilesync_open_pushes)`, "{{sink}} {{route}} {{state}}"),
			chart("Oldest of them", seconds, `max by (sink, route, state) (profilesync_push_oldest_seconds)`,
				"{{sink}} {{route}} {{state}}"),
			chart("Routes paused, for how long", seconds, `max by (sink, route, reason) (profilesync_sink_paused_seconds)`,
				"{{sink}} {{route}} {{reason}}"),
			chart("Due and not queued, for how long", seconds, `min by (sink, route) (profilesync_push_due_seconds)`, "{{sink}} {{route}}"),
			chart(
				"Meanwhile nothing tried, for how long",
				seconds,
				`min by (sink, route) (profilesync_push_tried_seconds)`,
				"{{sink}} {{route}}",
			),
		}},
		{"Attempts", []Panel{
			chart("Answers", perSecond, `sum by (sink, answer) (rate(profilesync_pushes_total[$__rate_interval]))`, "{{sink}} {{answer}}"),
			quantiles("How long the sinks take to answer", "profilesync_push_seconds", "sink"),
			quantiles("From a change to its acceptance", "profilesync_push_lag_seconds", "sink"),
			figure("Left behind in a week (must stay 0)", "", `sum(increase(profilesync_pushes_left_behind_total[7d]))`),
		}},
		{"What people should know", []Panel{
			chart(
				"Fields overwritten that nobody stated, in a day",
				"",
				`sum by (sink) (increase(profilesync_overwritten_fields_total[1d]))`,
				"{{sink}}",
			),
			table("Profiles with a field that the sink does not take", "", `max by (sink, field) (profilesync_left_out_profiles)`),
		}},
		{"Drift", []Panel{
			chart("Profiles not shown correctly", "", `max by (sink, state) (profilesync_drift_profiles)`, "{{sink}} {{state}}"),
			table("Fields that a sink does not show", "", `max by (sink, field) (profilesync_drift_not_visible_profiles)`),
			table("Time since the check of all profiles", seconds, `max by (sink, state) (profilesync_drift_check_age_seconds)`),
		}},
		{"Quality checks", []Panel{
			chart("Findings", "", `max by (kind, owner) (profilesync_finding_records)`, "{{kind}} {{owner}}"),
			table("Time since the check of all pharmacies", seconds, `max by (state) (profilesync_quality_check_age_seconds)`),
			figure("Pharmacies that DoS could not be read for", "", orNone(`max(profilesync_quality_unreadable_profiles)`)),
		}},
	},
}

var people = Board{
	Name: "profilesync-people", Title: "profilesync: people", Means: "Cases, letters and accounts. It names nobody.",
	Rows: []Row{
		{"Cases", []Panel{
			chart("Cases that stand", "", `sum by (state) (max by (kind, state) (profilesync_standing_cases))`, "{{state}}"),
			table("Open cases, by kind", "", `max by (kind) (profilesync_standing_cases{state="open"})`),
			table("Cases past their deadline", "", `max by (kind) (profilesync_overdue_cases) > 0`),
			table("Since when the oldest stands", seconds, `max by (kind, state) (profilesync_case_oldest_seconds)`),
		}},
		{"Letters", []Panel{
			chart("Letters worked in an hour", "", `sum by (kind, state) (increase(profilesync_letters_total[1h]))`, "{{kind}} {{state}}"),
			chart("Letters that are due, claimed or unclear, and all of the last day", "", `max by (kind, state) (profilesync_open_letters)`,
				"{{kind}} {{state}}"),
			chart(
				"No letters are sent: since when, or for how long yet",
				seconds,
				`max by (reason) (profilesync_mail_paused_seconds)`,
				"{{reason}}",
			),
		}},
		{"Accounts", []Panel{
			chart("Accounts", "", `max by (state) (profilesync_open_accounts)`, "{{state}}"),
		}},
		{"Calendar", []Panel{
			figure("Time since the list of bank holidays was read", seconds, `max(profilesync_calendar_age_seconds)`),
			figure("Days to come that it no longer names", "", `max(profilesync_calendar_vanished_records)`),
		}},
	},
}
