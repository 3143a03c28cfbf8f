package casestore_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// recorded is the register's record of FA001 as the stores write it, with the day on which
// it ended, if any, and what is special about it.
func recorded(closed profile.Date, column, value string) string {
	facts, err := json.Marshal(profile.Record{Closed: closed})
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled, %s)
		values ('ods', 'edispensary', 'FA001', '', '%s', '', 1, true, %s);`, column, facts, value)
}

var endsInMay, endsNever = profile.NewDate(2026, time.May, 31), profile.Date{}

const (
	forgotten = "update upstream_record set flag = '', missing_since = null, pending_since = null, contradiction = false"
	checks    = "insert into section_check (code, section, account_id) values "
	// loaded is the first load of a report, and the run that writes from now on.
	loaded = `insert into run (kind, source, report, as_of, actor, state, started_at, ended_at) values
		('listing', 'ods', 'etr', current_date, 'schedule', 'done', now(), now()),
		('listing', 'ods', 'etr', current_date, 'schedule', 'done', now(), now());
		set local profilesync.run = '2'; set local profilesync.actor = 'schedule';`
)

func plantedProfiles() map[cases.Kind]planted {
	const ofReport = "FA001 | edispensary"
	return map[cases.Kind]planted{
		cases.ClosurePending: {recorded(endsInMay, "pending_since", "current_date"), forgotten, ofReport},
		cases.ClosedWithHours: {
			closes + "insert into dated_opening_period (code, date, opens, closes) values ('FA001', current_date + 30, '09:00', '12:00')",
			"delete from dated_opening_period", "",
		},
		cases.Missing:            {recorded(endsNever, "flag, missing_since", "'missing-twice', current_date - 3"), forgotten, ofReport},
		cases.LeftType:           {recorded(endsNever, "flag", "'left-type'"), forgotten, ofReport},
		cases.Deleted:            {recorded(endsNever, "flag", "'deleted'"), forgotten, ofReport},
		cases.InactiveWithoutEnd: {recorded(endsNever, "flag", "'no-end-date'"), forgotten, ofReport},
		cases.Contradiction:      {recorded(endsInMay, "contradiction", "true"), forgotten, ofReport},
		cases.SuccessorNamed: {
			`insert into profile (code, name, type, icb) values ('FA009', 'Other Pharmacy', 'pharmacy', 'QAA');
			update profile set status = 'closed', successor = 'FA009' where code = 'FA001';`,
			checks + "('FA009', 'opening-times', 1)", "",
		},
		cases.Renamed: {
			loaded + "update profile set name = 'New Pharmacy' where code = 'FA001'", checks + "('FA001', 'contact', 1)", "",
		},
		cases.ProbableDuplicate: {
			"insert into profile (code, name, type, icb, postcode) values ('FA009', 'Example Chemist Ltd', 'pharmacy', 'QAA', 'AB1 2CD')",
			"update profile set status = 'closed' where code = 'FA009'", "FA001 | FA009",
		},
		cases.ClosedInReality: {
			"insert into closure (code, said_by, reason) values ('FA001', 'lara', 'the shop is empty')",
			"update closure set taken_back_by = 'lara', taken_back_at = now()", "",
		},
		cases.ClosureConfirmed: {
			`insert into profile (code, name, type, icb, postcode) values ('FA009', 'Other Pharmacy', 'pharmacy', 'QAA', 'AB1 9ZZ');
			insert into closure (code, said_by, reason, confirmed_by, confirmed_at) values ('FA001', 'lara', 'it is empty', 'rita', now())`,
			"update profile set status = 'closed' where code = 'FA001'", "",
		},
	}
}
