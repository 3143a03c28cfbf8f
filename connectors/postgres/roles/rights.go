// Package roles says which database role may do what, and grants it.
//
//	rights.go   the table of rights, which the README shows
//	script.go   the SQL that makes it true, and applying it
//
// A test tries every right, and what is refused (roles_test.go); another, what an
// editor may try to write the audit wrongly (tricks_test.go).
package roles

// Names are the names of the roles in a database cluster.
type Names struct {
	Owner   string // owns the schemas, and migrates
	Daemon  string // the program at work
	Editor  string // editing applications
	Reader  string // dashboards
	Console string // sessions of the console
}

// DefaultNames are used where no settings name others.
func DefaultNames() Names {
	return Names{
		Owner: "profilesync_owner", Daemon: "profilesync_daemon", Editor: "profilesync_editor",
		Reader: "profilesync_reader", Console: "profilesync_console",
	}
}

// Right is what the roles may do with a table, in the words of GRANT: "select",
// "insert (code, name)", "delete", separated by commas. "but (a, b)" after a right
// means all other columns. The owner may do everything, and everybody else nothing.
type Right struct {
	Table                  string
	Daemon, Editor, Reader string
}

const (
	read  = "select"
	write = "select, insert, update, delete"
)

// Rights are the rights on every table of the schema profilesync, in alphabetical
// order. The audit is written by triggers with their owner's rights alone. Readers
// get no addresses, no names of people, and no texts that may hold one.
func Rights() []Right {
	return []Right{
		{"accepted_listing", "select, insert", "", "select but (actor, reason)"},
		{
			"account", "select, update",
			"select, insert (email, name, kind, region, state, leave_from, leave_until), " +
				"update (email, name, kind, region, state, leave_from, leave_until)", "select but (email, name)",
		},
		{"account_change", read, "", "select but (actor, reason)"},
		{"change", read, "", "select but (actor, reason, old, new)"},
		{"dated_opening_period", read, write, read},
		{"dispatch", "select, update", "", read},
		{"dispatched_early", write, "", read},
		{"drift", "select, insert", "", "select but (want, shown)"},
		{"drift_check", write, "", "select but (actor)"},
		{"ers_code", "select, insert, update", read, read},
		{"ers_service", "select, insert, update", "", "select but (added_by, extract, facts, shown)"},
		{"facility", read, write, "select but (value)"},
		{"field_owner", read, read, read},
		{"forward_progress", "select, insert, update", "", read},
		{
			"hold", "select, insert, update", "select, insert (code, field, sink, until, reason, actor), update (until, removed_at, removed_by)",
			"select but (reason, actor, removed_by)",
		},
		{"holiday", "select, insert, update", read, read},
		{"hours_turn", "", "", ""},
		{"idle_ending", write, "", read},
		{"idle_kept", "select, insert", "", read},
		{"idle_run", write, "", "select but (actor, decided_by)"},
		{"letter", "select, insert, update", "", "select but (reason)"},
		{"listing", "select, insert, update, delete", "", read},
		{"look", write, "", read},
		{"mail_canary", "select, insert, update", "", read},
		{"mail_gate", "select, update", "", "select but (stopped_by, reason)"},
		{"mark", write, "", "select but (actor, value)"},
		{
			"membership", "select, update", "select, insert (account_id, code, role), update (role, ended_at)", read,
		},
		{"opening_period", read, write, read},
		{"plan", "select, insert, update", "", "select but (actor, os_user, summary)"},
		{"plan_change", write, "", "select but (old, new)"},
		{"plan_row", write, "", "select but (old, new, decided_by, decided_os_user)"},
		{"process", write, "", read},
		{
			"profile", "select, insert, update",
			"select, insert but (version, kind, created_at, updated_at), update but (code, version, kind, created_at, updated_at)",
			"select but (email, description)",
		},
		{"push", "select, insert, update", "", "select but (sent)"},
		{"push_attempt", "select, insert, delete", "", read},
		{"push_overwrite", "select, insert, delete", "", "select but (before, after)"},
		{"push_sequence", "select, insert, update", "", read},
		{"quality_check", write, "", "select but (actor)"},
		{"quality_finding", write, "", "select but (detail)"},
		{"quarantine", "select, insert, update", "", "select but (value, raw)"},
		{"rate_turn", "select, insert, update", "", read},
		{"reference_report", "select, insert, update", "", "select but (content, actor)"},
		{"region_name", "select, insert, update", read, read},
		{"report", "select, insert, update", "", read},
		{"report_change", "select, insert", "", read},
		{"report_delivery", "select, insert", "", read},
		{"report_figure", "select, insert", "", read},
		{"report_pending", "select, insert, delete", "", read},
		{"report_region", "select, insert", "", read},
		{"report_row", "select, insert", "", ""},
		{"route", "select, insert, update", "", read},
		{"run", "select, insert, update", "", "select but (actor, os_user, rejected_by, rejected_os_user, summary, error)"},
		{"run_record", write, "", "select but (facts)"},
		{"run_service", write, "", "select but (facts, shown)"},
		{"schedule_run", write, "", read},
		{"schema_version", read, "", read},
		{"section_check", read, "select, insert (code, section, account_id)", read},
		{"section_checked", read, "", read},
		{"service", "select, insert, update", write, "select but (contacts, instructions)"},
		{"service_text", read, write, "select but (text)"},
		{"sign_in", read, "select, insert (account_id)", read},
		{"upload", "select, insert, delete", "", ""},
		{"upload_chunk", "select, insert", "", ""},
		{"upstream_record", "select, insert, update", "", "select but (facts)"},
		{"watermark", "select, insert, update", "", read},
	}
}

// JobRights are the rights on the tables of the job queue. Arguments of jobs and
// their errors are not for readers.
func JobRights() []Right {
	return []Right{
		{"river_job", write, "", "select but (args, errors, metadata, tags, unique_key)"},
		{"river_leader", write, "", read},
		{"river_migration", read, "", read},
		{"river_notification", write, "", ""},
		{"river_queue", write, "", read},
	}
}
