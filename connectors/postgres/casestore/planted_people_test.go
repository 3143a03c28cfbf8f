package casestore_test

import "github.com/profilesync/profilesync/reconcile/cases"

const (
	letters = "insert into letter (reference, kind, account_id, state, accepted_at) values "
	bounced = letters + `
		('a', 'check-opening', 1, 'bounced', now() - interval '2 days'), ('b', 'check-opening', 1, 'bounced', now() - interval '1 day');`
	// practice is a GP practice with a manager of its own.
	practice = `insert into account (email, name, state) values ('p@example.org', 'P', 'active');
		insert into profile (code, name, type, icb) values ('A81001', 'Example Practice', 'gp-practice', 'QAA');
		insert into membership (account_id, code, role) values (4, 'A81001', 'account-manager');`
)

func plantedPeople() map[cases.Kind]planted {
	return map[cases.Kind]planted{
		cases.AccountsWithheld: {
			"insert into idle_run (state, actor, ending, accounts) values ('withheld', 'schedule', 30, 400)",
			"update idle_run set state = 'approved', decided_by = 'rita', decided_at = now()", "all",
		},
		cases.NoAccountManager: {
			loaded + "insert into profile (code, name, type, icb) values ('FA002', 'New Pharmacy', 'pharmacy', 'QAA')",
			"insert into membership (account_id, code, role) values (1, 'FA002', 'account-manager')", "FA002",
		},
		cases.NoRecipient: {
			practice + "update account set state = 'deactivated' where id = 4", "update account set state = 'active' where id = 4", "A81001",
		},
		cases.LastManagerIdle: {
			`update account set last_active_at = now() - interval '100 days' where id = 1;
			insert into idle_kept (account_id, since, step, codes) values (1, current_date - 99, 'keep', '{FA001}')`,
			"insert into sign_in (account_id) values (1)", "FA001 | u-1",
		},
		cases.CheckOverdue: {
			practice + `insert into letter (reference, kind, account_id, stage, quarter, state) values
				('check/a', 'check-overdue', 4, 'overdue', date_trunc('quarter', now() - interval '3 months'), 'delivered')`,
			checks + "('A81001', 'contact', 4), ('A81001', 'opening-times', 4), ('A81001', 'services', 4)", "A81001",
		},
		cases.LetterBounced: {bounced, letters + "('c', 'x', 1, 'delivered', now())", "u-1"},
		cases.HolidayVanished: {
			"insert into holiday (date, title, vanished_at) values ('2090-12-25', 'Christmas Day', now())",
			"update holiday set vanished_at = null", "2090-12-25",
		},
	}
}
