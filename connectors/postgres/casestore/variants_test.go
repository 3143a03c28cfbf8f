package casestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What looks like a kind and is none, or is another one.
func TestWhatStands(t *testing.T) {
	t.Parallel()
	const (
		short     = "short-listing | ods etr | open"
		shortRows = `insert into plan_row (run_id, code, type, verb, field, fact, old, new, reason, withheld, waits, digest)
			values (1, 'FA001', 'pharmacy', 'close', 'status', 'status', 'open', 'closed', 'upstream', 'short-listing', true, '');`
		approval = `insert into run (kind, source, report, parent_id, as_of, actor, state, ended_at) values
			('approve', 'ods', 'etr', 1, current_date, 'rita', 'done', now());`
		later    = "insert into listing (source, report, as_of, records) values ('ods', 'epraccur', current_date, 40);"
		firstRun = `insert into run (kind, source, report, as_of, actor, state, started_at, ended_at) values
			('listing', 'ods', 'etr', current_date, 'schedule', 'done', now(), now()); set local profilesync.run = '1';`
		next = "insert into run (kind, source, report, as_of, actor, state, summary)" +
			" select kind, source, report, as_of, actor, state, summary from run"
		drifts = "drift-given-up | FA001 | dos phone service 123 (type 13) | open"
		rename = "update profile set name = 'X' where code = 'FA001';"
		undo   = `insert into run (kind, source, report, as_of, actor, state, started_at) values
			('undo', 'ods', 'etr', current_date, 'rita', 'done', now()); set local profilesync.run = '3';
			update profile set name = 'Example Pharmacy' where code = 'FA001'`
		hours  = "insert into dated_opening_period (code, date, opens, closes) values "
		nobody = `set local profilesync.run = '';`
		record = `insert into quarantine (source, report, code, line, field, value, reason, raw, raw_hash, last_seen)
			values ('ods', 'api', 'FA001', 7, 'Name', '', '', '', '\x07', now() - interval '2 hours');`
		plannedRun = `insert into plan (kind, source, report, as_of, digest, summary, actor, os_user) values
			('listing', 'ods', 'edispensary', current_date, '', '{}', 'rita', 'rita');`
		unnamed = "insert into profile (code, name, type, icb) values ('FA002', 'New Pharmacy', 'pharmacy', 'QAA');"
	)
	outdated := ranAt("listing", "edispensary", "refused", 2) + plannedRun + "update run set plan_id = 1 where id = 2"
	for name, c := range map[string]struct {
		sql  string
		want []string
	}{
		"a plan that was out of date": {ranAt("listing", "edispensary", "done", 4) + outdated, nil},
		"a listing that was refused, and a plan since": {
			ranAt("listing", "edispensary", "refused", 4) + outdated, []string{"listing-refused | ods edispensary | open"},
		},
		"short, and rows wait": {shortListing + shortRows, []string{short}},
		"short, of an earlier run rows wait": {
			shortListing + shortRows + ranAt("listing", "etr", "done", 0), []string{short},
		},
		"short, rows rejected": {shortListing + shortRows + rejected, nil},
		"short, approved, and the approval runs": {
			shortListing + approval + "update run set state = 'running' where id = 2", nil,
		},
		"short, and the approval failed": {
			shortListing + approval + "update run set state = 'failed' where id = 2", []string{short},
		},
		"short, and the approval was undone": {
			shortListing + approval + "update run set undone_by = 1 where id = 2", []string{short},
		},
		"short, and undone":                {shortListing + "update run set undone_by = id", nil},
		"short, and a whole listing came":  {shortListing + ranAt("listing", "etr", "done", 0), nil},
		"short, and the next is short too": {shortListing + next, []string{short}},
		"withheld, and approved": {
			withholds("mass-change", newBoard) + "update plan_row set decision = 'approved', decided_by = 'rita'", nil,
		},
		"a closure that was taken, refused since": {
			closes + refusedPush + "update push set accepted_sequence = 8000000000000", []string{"push-refused | FA001 | dos | open"},
		},
		"a closure after a push that was taken": {
			refusedPush + "update push set accepted_sequence = 5;" + closes, []string{"closure-refused | FA001 | dos | open"},
		},
		"a confirmed closure that was not taken": {
			refusedPush + `insert into closure (code, said_by, reason, confirmed_by, confirmed_at)
				values ('FA001', 'lara', 'x', 'rita', now());` +
				"update push set accepted_sequence = 5",
			[]string{"closure-confirmed | FA001 | open", "closure-refused | FA001 | dos | open"},
		},
		"drift, and the newest whole check failed": {
			givenUp + wholeCheck + "update drift_check set state = 'failed' where id = 2", []string{drifts},
		},
		"drift, and a check of a few came": {
			givenUp + wholeCheck + "update drift_check set whole = false where id = 2", []string{drifts},
		},
		"drift, which is repaired": {givenUp + "update drift set given_up = false", nil},
		"closed hours": {
			closes + "insert into dated_opening_period (code, date) values ('FA001', current_date + 30)", nil,
		},
		"hours that have passed": {
			closes + hours + "('FA001', current_date - 3, '09:00', '12:00')", nil,
		},
		"a successor that has no profile": {closes + "update profile set successor = 'FA009'", nil},
		"a successor of an open one": {
			unnamed + "update profile set successor = 'FA002' where code = 'FA001'", nil,
		},
		"created by the first load": {firstRun + unnamed, nil},
		"created by somebody":       {loaded + nobody + unnamed, nil},
		"created 91 days ago": {
			loaded + unnamed + "update run set started_at = now() - interval '92 days'", nil,
		},
		"created, of a type without a rule": {
			loaded + "insert into profile (code, name, type) values ('RA1', 'Trust', 'trust')", nil,
		},
		"renamed by somebody":         {loaded + nobody + rename, nil},
		"renamed, and the run undone": {loaded + rename + undo, nil},
		"one of two members can be written to": {
			practice + `insert into membership (account_id, code, role) values (1, 'A81001', 'editor');
				update account set state = 'deactivated' where id = 4`, nil,
		},
		"the address is dead": {
			"update account set dead_at = now() where id = 1", []string{"letter-bounced | u-1 | open", "no-recipient | FA001 | open"},
		},
		"bounced once": {bounced + "update letter set state = 'failed' where id = 1", nil},
		"bounced, and the address was corrected": {
			bounced + "update account set email = 'n@example.org' where id = 1", nil,
		},
		"bounced, delivered between": {
			bounced + letters + "('c', 'x', 1, 'delivered', now() - interval '30 hours')", nil,
		},
		"a vanished holiday that has passed": {
			"insert into holiday (date, title, vanished_at) values (current_date - 1, 'Christmas Day', now())", nil,
		},
		"two of one postcode": {
			"insert into profile (code, name, type, icb, postcode) values ('FA009', 'Well', 'pharmacy', 'QAA', 'AB1 2CD')", nil,
		},
		"a pending closure that is withheld": {
			recorded(endsInMay, "pending_since", "current_date") +
				withholds("too-many-removals", "('FA001', 'close', 'status', 'status', 'open', 'closed')"),
			[]string{"removals-withheld | ods etr | pharmacy status | open"},
		},
		"two sites of two trusts": {
			`insert into profile (code, name, type, parent, postcode) values
				('RA101', 'City Hospital', 'trust-site', 'RA1', 'AB1 2CD'), ('RB101', 'City Hospital', 'trust-site', 'RB1', 'AB1 2CD')`, nil,
		},
		"two sites of one trust": {
			`insert into profile (code, name, type, parent, postcode) values
				('RA101', 'City Hospital', 'trust-site', 'RA1', 'AB1 2CD'), ('RA102', 'City Hospital', 'trust-site', 'RA1', 'AB1 2CD')`,
			[]string{"probable-duplicate | RA101 | RA102 | open"},
		},
		"a record of a report without listings": {
			later + ranAt("delta", "api", "done", 1) + record, []string{"quarantined-record | ods api | 07 | open"},
		},
		"a record that was understood later": {
			ranAt("delta", "api", "done", 0) + record + recorded(endsInMay, "compared_in", "1") +
				"update upstream_record set report = 'api'; update run set started_at = now()", nil,
		},
		"flags of a closed profile": {recorded(endsNever, "flag", "'left-type'") + closes, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Exec(ordinary)
			w.Exec(c.sql)
			w.looks()
			require.ElementsMatch(t, c.want, w.stand())
		})
	}
}
