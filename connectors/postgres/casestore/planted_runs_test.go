package casestore_test

import (
	"fmt"

	"github.com/profilesync/profilesync/reconcile/cases"
)

// withholds is a run that withheld rows, given as SQL: code, verb, field, fact, old, new.
func withholds(reason, rows string) string {
	return fmt.Sprintf(`
with r as (
	insert into run (kind, source, report, as_of, actor, state, started_at, ended_at, waiting, summary)
	values ('listing', 'ods', 'etr', current_date, 'schedule', 'withheld', now(), now(), 1,
		'{"records": 40, "withheld": [{"reason": "%[1]s", "type": "pharmacy", "field": "%[3]s", "count": 2, "of": 40}]}') returning id
)
insert into plan_row (run_id, code, type, verb, field, fact, old, new, reason, withheld, waits, digest)
select r.id, x.code, 'pharmacy', x.verb, x.field, x.fact, x.old, x.new, 'upstream', '%[1]s', true, ''
from r cross join (values %[2]s) x (code, verb, field, fact, old, new);`,
		reason, rows, fieldOf[reason])
}

// fieldOf is the field that a run names of what it withheld for a reason.
var fieldOf = map[string]string{"mass-change": "icb", "undone": "icb", "meaning-changed": "address"}

const (
	newBoard = "('FA001', 'update', 'icb', 'icb', 'QAA', 'QBB'), ('FA002', 'update', 'icb', 'icb', 'QAA', 'QBB')"
	rejected = "update plan_row set waits = false, decision = 'rejected', decided_by = 'rita'"
)

// ranAt is a run that was begun and ended some hours ago.
func ranAt(kind, report, state string, hours int) string {
	return fmt.Sprintf(`insert into run (kind, source, report, as_of, actor, state, started_at, ended_at, summary) values
		('%s', 'ods', '%s', current_date, 'schedule', '%s', now() - interval '%d hours', now() - interval '%d hours', '{"records": 40}');`,
		kind, report, state, hours+1, hours)
}

const shortListing = `
insert into listing (source, report, as_of, records) values ('ods', 'etr', current_date - 1, 40);
insert into run (kind, source, report, as_of, actor, state, started_at, ended_at, summary) values
	('listing', 'ods', 'etr', current_date, 'schedule', 'withheld', now(), now(),
	'{"records": 30, "withheld": [{"reason": "short-listing", "type": "pharmacy", "field": "", "count": 0, "of": 40}]}');`

func plantedRuns() map[cases.Kind]planted {
	return map[cases.Kind]planted{
		cases.MassChangeWithheld: {withholds("mass-change", newBoard), rejected, "ods etr | pharmacy icb"},
		cases.RemovalsWithheld: {
			withholds("too-many-removals",
				"('FA001', 'close', 'status', 'status', 'open', 'closed'), ('FA002', 'missing', '', '', '', '2026-11-02')"),
			rejected, "ods etr | pharmacy status",
		},
		cases.ListingRefused: {
			ranAt("listing", "edispensary", "done", 4) + ranAt("listing", "edispensary", "refused", 2),
			ranAt("listing", "edispensary", "done", 1), "ods edispensary",
		},
		cases.ShortListing: {shortListing, "update run set rejected_by = 'rita', rejected_at = now()", "ods etr"},
		cases.MeaningChanged: {
			withholds("meaning-changed",
				"('FA001', 'update', 'postcode', 'address', 'AB1 2CD', 'AB1 3CD'), ('FA001', 'update', 'address', 'address', 'a', 'b')"),
			rejected, "ods etr | pharmacy address",
		},
		cases.UndoneWithheld: {withholds("undone", newBoard), rejected, "ods etr | pharmacy icb"},
		cases.SourceLate: {
			ranAt("listing", "edispensary", "done", 24*9), ranAt("delta", "edispensary", "done", 1), "ods edispensary",
		},
		cases.QuarantinedRecord: {
			ranAt("listing", "etr", "done", 5) + `
			insert into listing (source, report, as_of, records, accepted_at) values ('ods', 'etr', current_date, 40, now() - interval '5 hours');
			insert into quarantine (source, report, code, line, field, value, reason, raw, raw_hash, last_seen) values
				('ods', 'etr', 'FA001', 7, 'Postcode', 'AB', 'want a postcode', 'x', '\x07', now() - interval '330 minutes')`,
			ranAt("listing", "etr", "done", 1) + "update listing set accepted_at = now() - interval '1 hour'", "ods etr | 07",
		},
	}
}
