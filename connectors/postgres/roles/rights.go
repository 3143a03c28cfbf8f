// Package roles says which database role may do what, and grants it.
//
//	rights.go   the table of rights, which the README shows
//	script.go   the SQL that makes it true, and applying it
//
// A test tries every right and every refusal (rights_test.go); another tries what an
// editor could do to falsify the audit (tricks_test.go).
package roles

import "slices"

// Names are the names of the roles in a database cluster.
type Names struct {
	Owner   string // owns the schemas, and migrates
	Daemon  string // the program at work
	Editor  string // editing applications
	Reader  string // dashboards
	Console string // sessions of the console
}

// Right is what the roles may do with a table, in plain words: read (select),
// add (insert), change (update) and remove (delete): "add (code, name)" for some
// columns, "read but (a, b)" for all but some. The owner may do everything, and
// everybody else nothing.
type Right struct {
	Table                  string
	Daemon, Editor, Reader string
}

const (
	read  = "read"
	write = "read, add, change, remove"
)

// Rights are the rights on every table, in alphabetical order. The audit is written by
// triggers with their owner's rights alone. Readers get no addresses, no names of
// people or logins, and no texts that may hold one, such as the arguments and errors
// of jobs.
func Rights() []Right { return slices.Clone(rights) }

var rights = []Right{
	{"accepted_listing", "read, add", "", "read but (actor, reason)"},
	{
		"access_token", "read, add (name, hash, verbs, created_by, expires_at), change (revoked_by, revoked_at, last_used)", "",
		"read but (hash, created_by, revoked_by)",
	},
	{
		"account", "read, change",
		"read, add (email, name, kind, region, state, leave_from, leave_until), " +
			"change (email, name, kind, region, state, leave_from, leave_until)", "read but (email, name)",
	},
	{"account_change", read, "", "read but (actor, database_role, reason)"},
	{
		"action", "read, add (actor, person, verb, operation, subject, request, outcome, ended_at), change (outcome, ended_at), remove", "",
		"read but (actor, subject)",
	},
	{"approval_ahead", "read, add", "", "read but (actor, os_user)"},
	{"approved_ahead", "read, add, change", "", "read but (old, new, ended_by)"},
	{"case_step", read, "", "read but (facts, waits_for, reason, actor, database_role)"},
	{"case_told", "read, add, change (left_out)", "", read},
	{"cases", "read, add, change", "", "read but (facts, waits_for, reason, decided_by)"},
	{"change", read, "", "read but (actor, database_role, reason, old, new)"},
	{
		"closure", "read, add (code, said_by, reason), " +
			"change (reason, confirmed_by, confirmed_at, successor, hid_by, taken_back_by, taken_back_at)", "",
		"read but (said_by, reason, confirmed_by, taken_back_by)",
	},
	{"dated_opening_period", "read, add, remove", write, read},
	{"decision_change", read, "", "read but (actor, database_role, reason, old, new)"},
	{"dispatch", "read, change", "", read},
	{"dispatched_early", write, "", read},
	{"drift", "read, add", "", "read but (want, shown)"},
	{"drift_check", write, "", "read but (actor)"},
	{"ers_code", "read, add, change", read, read},
	{"ers_service", "read, add, change", "", "read but (added_by, extract, facts, shown)"},
	{"facility", "read, add, remove", write, "read but (value)"},
	{"field_owner", read, read, read},
	{"forward_progress", "read, add, change", "", read},
	{
		"hold", "read, add, change (until, removed_at, removed_by, followed)",
		"read, add (code, field, sink, until, reason, actor), change (until, removed_at, removed_by)",
		"read but (reason, actor, removed_by)",
	},
	{"holiday", "read, add, change", read, read},
	{"idempotency_key", write, "", ""},
	{"idle_ending", write, "", read},
	{"idle_kept", "read, add", "", read},
	{"idle_run", write, "", "read but (actor, decided_by)"},
	{"letter", "read, add, change", "", "read but (reason)"},
	{"listing", "read, add, change, remove", "", read},
	{"look", write, "", read},
	{"mail_canary", "read, add, change", "", read},
	{"mail_gate", "read, change", "", "read but (stopped_by, reason)"},
	{"mark", write, "", "read but (actor, value)"},
	{
		"membership", "read, change", "read, add (account_id, code, role), change (role, ended_at)", read,
	},
	{"opening_period", "read, add, remove", write, read},
	{"part_turn", "", "", ""},
	{"plan", "read, add, change", "", "read but (actor, os_user, summary)"},
	{"plan_change", write, "", "read but (old, new)"},
	{"plan_row", write, "", "read but (old, new, decided_by, decided_os_user)"},
	{"process", write, "", read},
	{
		"profile", "read, add, change",
		"read, add but (version, kind, created_at, updated_at), change but (code, version, kind, created_at, updated_at)",
		"read but (email, description)",
	},
	{"push", "read, add, change", "", "read but (sent, left_out)"},
	{"push_attempt", "read, add, remove", "", read},
	{"push_overwrite", "read, add, remove", "", "read but (before, after)"},
	{"push_sequence", "read, add, change", "", read},
	{"quality_check", write, "", "read but (actor)"},
	{"quality_finding", write, "", "read but (detail)"},
	{"quarantine", "read, add, change", "", "read but (value, raw)"},
	{"rate_turn", "read, add, change", "", read},
	{"reference_report", "read, add, change", "", "read but (name, content, actor)"},
	{"region_name", "read, add, change", read, read},
	{"report", "read, add, change", "", read},
	{"report_change", "read, add", "", read},
	{"report_delivery", "read, add", "", read},
	{"report_event", "read, add", "", read},
	{"report_figure", "read, add", "", read},
	{"report_pending", "read, add, remove", "", read},
	{"report_region", "read, add", "", read},
	{"report_row", "read, add", "", ""},
	{"river_job", write, "", "read but (args, errors, metadata, tags, unique_key)"},
	{"river_leader", write, "", read},
	{"river_migration", read, "", read},
	{"river_notification", write, "", ""},
	{"river_queue", write, "", read},
	{"route", "read, add, change", "", read},
	{"run", "read, add, change", "", "read but (actor, os_user, rejected_by, rejected_os_user, summary, error)"},
	{"run_record", write, "", "read but (facts)"},
	{"run_service", write, "", "read but (facts, shown)"},
	{"schedule_run", write, "", read},
	{"schema_version", read, "", read},
	{"section_check", read, "read, add (code, section, account_id)", read},
	{"section_checked", read, "", read},
	{"service", write, write, "read but (hours, instructions, booking, contacts)"},
	{"service_text", "read, add, remove", write, "read but (text)"},
	{"session", write, "", ""},
	{"sign_in", read, "read, add (account_id)", read},
	{"taken_back", "read, add (change_id)", "", "read but (actor, reason)"},
	{"upload", "read, add, remove", "", ""},
	{"upload_chunk", "read, add", "", ""},
	{"upstream_record", "read, add, change", "", "read but (facts)"},
	{"watermark", "read, add, change", "", read},
}
