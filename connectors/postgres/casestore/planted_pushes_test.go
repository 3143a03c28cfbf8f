package casestore_test

import (
	"fmt"

	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/quality"
)

const (
	closes      = "update profile set status = 'closed' where code = 'FA001';"
	refusedPush = "insert into push (code, sink, route, state, reason) values ('FA001', 'dos', 'change-event', 'refused', 'unknown');"
	tookPush    = "update push set state = 'accepted', accepted_sequence = 8000000000000, accepted_at = now(), left_out = '[]'"
	// wholeCheck is a check of a whole sink that has ended.
	wholeCheck = "insert into drift_check (sink, actor, whole, state, ended_at) values ('dos', 'schedule', true, 'done', now());"
	givenUp    = wholeCheck + `insert into drift (check_id, code, entry, field, want, shown, given_up)
		values (1, 'FA001', 'service 123 (type 13)', 'phone', '1', '2', true);`
)

func plantedPushes() map[cases.Kind]planted {
	all := map[cases.Kind]planted{
		cases.ClosureRefused: {closes + refusedPush, tookPush, "FA001 | dos"},
		cases.SinkPaused: {
			"insert into route (sink, route, paused, paused_at) values ('dos', 'change-event', 'unauthorized', now())",
			"update route set paused = '', paused_at = null", "dos change-event",
		},
		cases.PushRefused: {refusedPush, tookPush, "FA001 | dos"},
		cases.PushWaits: {
			refusedPush + "update push set state = 'waits'", tookPush, "FA001 | dos",
		},
		cases.FieldUnsent: {
			`insert into push (code, sink, route, state, left_out) values ('FA001', 'dos', 'change-event', 'accepted',
				'[{"field": "website", "reason": "it is too long", "since": "2026-11-02T05:00:00Z"}]')`, tookPush, "FA001 | dos website",
		},
		cases.DriftGivenUp: {givenUp, wholeCheck, "FA001 | dos phone service 123 (type 13)"},
	}
	for _, k := range quality.Kinds() {
		all[cases.OfCheck(k)] = planted{
			fmt.Sprintf(`insert into quality_finding (code, kind, service, about, detail, owner, first_check, last_check)
				values ('FA001', '%s', 'service 123 (type 13)', 'phone', 'one is shown, and another is stated', '%s', 1, 1)`, k, k.Owner()),
			"update quality_finding set gone_at = clock()", "FA001 | service 123 (type 13) phone",
		}
	}
	return all
}
