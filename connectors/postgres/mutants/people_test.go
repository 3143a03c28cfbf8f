package mutants

const (
	peoples   = store + "peoplestore/"
	reports   = store + "reportstore/"
	peopleSQL = peoples + "peoplesql/people.sql.go"
	mailSQL   = peoples + "peoplesql/mail.sql.go"
	reportSQL = reports + "reportsql/report.sql.go"
	reports8  = store + "migrations/00008_report.sql"
)

var (
	// unnamed makes references of letters no longer unique.
	unnamed = []edit{
		{file: people7, find: "    constraint letter_once unique (reference),\n", put: ""},
		{file: peopleSQL, find: "\non conflict on constraint letter_once do nothing", put: ""},
		{file: peopleSQL, find: "where reference = any($1::text[])", put: "where reference = any($1::text[]) and false"},
	}
	// anyClaim begins letters, and records their outcomes, whoever claimed them.
	anyClaim = []edit{
		{file: mailSQL, find: " and l.state = 'claimed' and l.claimed_at = $2 and l.untouched", put: " and $2::timestamptz is not null"},
		{
			file: mailSQL,
			find: "where id = $8 and state = 'claimed' and claimed_at = $9",
			put:  "where id = $8 and $9::timestamptz is not null",
		},
	}
)

// namedAgain lets several reports name an event.
var namedAgain = edit{
	file: trust26,
	find: "    report_id bigint not null,\n    constraint report_event_pkey primary key (event)\n",
	put:  "    report_id bigint not null\n",
}

var peopleMutants = []mutant{
	{"letter: due", "its reference", unnamed, peoples, "^TestALostAnswerAboutPeople$/^reminders$"},
	{
		"letter: due", "its reference, and that one was warned", append([]edit{
			{
				file: peopleSQL,
				find: "kind in ('inactive-30-days', 'inactive-7-days') and state <> 'cancelled' order by id",
				put:  "kind in ('inactive-30-days', 'inactive-7-days') and state <> 'cancelled' and state <> 'due' order by id",
			},
		}, unnamed...), peoples, "^TestALostAnswerAboutPeople$/^warning$",
	},
	{
		"letter: claimed", "that it was untouched",
		[]edit{
			{file: mailSQL, find: "where state = 'claimed' and untouched", put: "where state = 'claimed' and untouched and false"},
		},
		peoples, "^TestALostAnswerAboutLetters$/^ClaimLetters$",
	},
	{
		"letter: claimed", "the outbox's lock",
		[]edit{
			{
				file: mailSQL,
				find: "select pg_try_advisory_lock(hashtextextended('profilesync mail', 0)) as locked",
				put:  "select true as locked",
			},
		},
		peoples, "^TestALetterThatAProcessLeftIsLookedUp$",
	},
	{
		"letter: begun", "that it was certainly not sent",
		[]edit{
			{file: "jobs/peoplejobs/send_mail.go", find: "		r.unsent = append(r.unsent, due)\n", put: "		_ = r.unsent\n"},
		},
		peoples, "^TestALostAnswerAboutLetters$/^BeginLetter$",
	},
	{"letter: begun", "the claim", anyClaim[:1], peoples, "^TestALetterThatWasNeverBegunGoesOutWithoutAQuestion$"},
	{"letter: outcome", "the claim", anyClaim[1:], peoples, "^TestAnOutcomeOfALetterIsRecordedOnlyForItsClaim$"},
	{
		"letter: outcome", "the claim, and that its outcome is recorded", append([]edit{
			{
				file: mailSQL,
				find: "from letter where state = 'claimed' order by id",
				put:  "from letter where state in ('claimed', 'accepted') order by id",
			},
		}, anyClaim[1:]...),
		peoples, "^TestALostAnswerAboutLetters$/^RecordLetterOutcome,_and_one_can_ask$",
	},
	{
		"letter: final status", "that it is accepted",
		[]edit{
			{file: mailSQL, find: "where l.state in ('accepted', 'claimed') and (l.provider_id", put: "where (l.provider_id"},
		},
		peoples, "^TestALostAnswerAboutPeople$/^the_status_of_a_letter$",
	},
	{
		"account: ended", "its state",
		[]edit{
			{
				file: "jobs/peoplejobs/deactivate.go",
				find: "{people.AccountInvited, people.AccountActive}",
				put:  "{people.AccountInvited, people.AccountActive, people.AccountDeactivated}",
			},
			{file: "reconcile/people/idle.go", find: "p.State != AccountActive || p.onLeave(today)", put: "p.onLeave(today)"},
			{file: peopleSQL, find: "else a.state = 'active'", put: "else true"},
		},
		peoples, "^TestALostAnswerAboutPeople$/^ending_accounts$",
	},
	{
		"account: ended", "last_active_at",
		[]edit{
			{
				file: peopleSQL,
				find: "where a.id = x.id and a.last_active_at = x.last_active_at",
				put:  "where a.id = x.id and x.last_active_at is not null",
			},
		},
		peoples, "^TestASignInInBetweenWins$",
	},
	{
		"account: reactivated, on leave", "that it is so already",
		[]edit{
			{file: trust26, find: "    where x.old <> x.new;", put: "    ;"},
			{file: peopleSQL, find: "where id = $1 and state in ('deactivated', 'expired')", put: "where id = $1"},
		},
		peoples, "^TestALostAnswerToAPerson$/^reactivating$",
	},
	{
		"account: reactivated, on leave", "that it is so already",
		[]edit{
			{file: trust26, find: "    where x.old <> x.new;", put: "    ;"},
		},
		peoples, "^TestALostAnswerToAPerson$/^a_leave$",
	},
	{
		"endings of accounts: withheld", "that the newest takes its place",
		[]edit{
			{
				file: peopleSQL,
				find: "(select id from idle_run where state = 'withheld')",
				put:  "(select id from idle_run where state = 'withheld' and false)",
			},
			{
				file: peopleSQL,
				find: "delete from idle_run where state = 'withheld'",
				put:  "delete from idle_run where state = 'withheld' and false",
			},
		},
		peoples, "^TestALostAnswerAboutPeople$/^too_many_to_be_ended$",
	},
	{
		"endings of accounts: withheld", "that it waits",
		[]edit{
			{file: peopleSQL, find: "where e.run_id = $1 and r.state = 'withheld'", put: "where e.run_id = $1"},
			{file: peopleSQL, find: "where id = $2 and state = 'withheld'", put: "where id = $2"},
		},
		peoples, "^TestALostAnswerAboutPeople$/^approving_the_endings$",
	},
	{
		"membership ended, account kept", "ended_at",
		[]edit{
			{
				file: peopleSQL,
				find: "m.ended_at is null and p.status = 'closed' and m.closed_since",
				put:  "p.status = 'closed' and m.closed_since",
			},
		},
		peoples, "^TestALostAnswerAboutPeople$/^ending_memberships$",
	},
	{
		"membership ended, account kept", "the primary key",
		[]edit{
			{file: people7, find: "    constraint idle_kept_pkey primary key (account_id, since, step),\n", put: ""},
			{file: peopleSQL, find: "\non conflict on constraint idle_kept_pkey do nothing", put: ""},
		},
		peoples, "^TestALostAnswerAboutPeople$/^keeping$",
	},
	{
		"calendar", "the primary key",
		[]edit{
			{
				file: people7,
				find: "vanished_at timestamptz,\n    constraint holiday_pkey primary key (date)\n",
				put:  "vanished_at timestamptz\n",
			},
			{
				file: peopleSQL,
				find: "\non conflict on constraint holiday_pkey do update set title = excluded.title, last_seen = clock(), vanished_at = null",
				put:  "",
			},
		},
		peoples, "^TestALostAnswerAboutPeople$/^the_calendar$",
	},
	{
		"calendar", "the time it vanished",
		[]edit{
			{file: peopleSQL, find: "where date = any($1::date[]) and vanished_at is null", put: "where date = any($1::date[])"},
		},
		peoples, "^TestALostAnswerAboutPeople$/^the_calendar$",
	},
	{
		"report: frozen, delivered", "the day of the newest",
		[]edit{
			{file: "jobs/peoplejobs/report.go", find: "if last.IsZero() {", put: "if last.IsZero() || true {"},
			{file: reports + "freeze.go", find: "if err != nil || !last.Day.Before(day) {", put: "if err != nil {"},
			{
				file: reports8,
				find: "    constraint report_once_a_day unique (day),\n    constraint report_window unique (from_at),\n" +
					"    constraint report_window_is_one check (from_at < until_at)\n",
				put: "    constraint report_window_is_one check (from_at <= until_at)\n",
			},
			{
				file: reports8,
				find: "    change_id bigint not null,\n    report_id bigint not null,\n" +
					"    constraint report_change_pkey primary key (change_id),\n",
				put: "    change_id bigint not null,\n    report_id bigint not null,\n",
			},
			{file: reportSQL, find: "\n    and not exists (select from report_change r where r.change_id = c.id)\n`", put: "\n`"},
		},
		reports, "^TestALostAnswerAboutReports$/^freezing$",
	},
	{
		"report: frozen, delivered", "the delivery",
		[]edit{
			{file: reports8, find: "    constraint report_delivery_pkey primary key (report_id, list, channel),\n", put: ""},
			{file: reportSQL, find: " on conflict on constraint report_delivery_pkey do nothing", put: ""},
			{
				file: reportSQL,
				find: "where report_id = $1 and list = $2 and channel = $3)",
				put:  "where report_id = $1 and list = $2 and channel = $3 and false)",
			},
		},
		reports, "^TestALostAnswerAboutReports$/^delivering$",
	},
	{
		"report: named an event", "that a report has named it, of accounts",
		append([]edit{
			{file: reportSQL, find: "\n        and not exists (select from report_event r where r.event = a.event)", put: ""},
		}, namedAgain),
		reports, "^TestAnAccountThatEndsLateIsInTheNextReport$",
	},
	{
		"report: named an event", "that a report has named it, of what was overwritten",
		append([]edit{
			{file: reportSQL, find: " and not exists (select from report_event r where r.event = overwrite_event(o))", put: ""},
		}, namedAgain),
		reports, "^TestWhatWasOverwrittenLateIsInTheNextReport$",
	},
}
