package mutants

// peopleBreaks are faults in the statements of people and letters.
var peopleBreaks = []sqlBreak{
	{
		file: "peoplestore/people.sql", statement: "EndAccounts",
		fault: "one warning ends an account",
		find:  "count(distinct l.kind) = 2",
		put:   "count(distinct l.kind) >= 1",
		test:  "^TestOneWarningEndsNoAccount$",
	},
	{
		file: "peoplestore/people.sql", statement: "EndAccounts",
		fault: "two warnings of one kind end an account",
		find:  "count(distinct l.kind) = 2",
		put:   "count(l.kind) = 2",
		test:  "^TestOneWarningEndsNoAccount$",
	},
	{
		file: "peoplestore/people.sql", statement: "EndAccounts",
		fault: "warnings of an earlier absence count",
		find:  " and l.since = x.since",
		put:   "",
		test:  "^TestOneWarningEndsNoAccount$",
	},
	{
		file: "peoplestore/people.sql", statement: "EndAccounts",
		fault: "an account ends on the last day of its leave",
		find:  "a.leave_until < @today::date",
		put:   "a.leave_until <= @today::date",
		test:  "^TestOneWarningEndsNoAccount$",
	},
	{
		file: "peoplestore/people.sql", statement: "EndClosed",
		fault: "a membership ends at the first look",
		find:  "m.closed_since < @today::date",
		put:   "m.closed_since <= @today::date",
		test:  "^TestMembershipsOfClosedOrganisationsEndAtTheSecondLook$",
	},
	{
		file: "peoplestore/people.sql", statement: "ListUnreached",
		fault: "an address that does not exist reaches somebody",
		find:  " and a.dead_at is null",
		put:   "",
		test:  "^TestAnAddressThatDoesNotExistReachesNobody$",
	},
	{
		file: "peoplestore/people.sql", statement: "LoadConfirmed",
		fault: "the first of two who confirmed at once is named",
		find:  "order by k.id desc",
		put:   "order by k.id",
		test:  "^TestTheNewestCheckOfEachSectionSaysWhose$",
	},
	{
		file: "peoplestore/mail.sql", statement: "ClaimLetters",
		fault: "a letter more than the day's limit",
		find:  "< @cap::integer",
		put:   "<= @cap::integer",
		test:  "^TestNobodyGetsMoreThanTheirCap$",
	},
	{
		file: "peoplestore/mail.sql", statement: "ClaimLetters",
		fault: "urgent letters wait for the others",
		find:  "order by l.kind = any(@urgent::text[]) desc, m.id limit",
		put:   "order by m.id limit",
		test:  "^TestUrgentLettersAreClaimedFirst$",
	},
	{
		file: "peoplestore/mail.sql", statement: "Canaries",
		fault: "the first version of a text counts",
		find:  "order by kind, first_at desc",
		put:   "order by kind, first_at",
		test:  "^TestOfANewTextAFewGoOutFirst$",
	},
}
