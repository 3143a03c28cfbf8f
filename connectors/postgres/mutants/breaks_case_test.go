package mutants

// caseBreaks are faults in the statements of cases.
var caseBreaks = []sqlBreak{
	{
		file: "casestore/cases.sql", statement: "OpenCases",
		fault: "a case that is back soon has more time",
		find:  "c.gone_at > clock() - interval '1 day' then c.deadline",
		put:   "c.gone_at < clock() - interval '1 day' then c.deadline",
		test:  "^TestACaseThatIsBackSoonKeepsItsDeadline$",
	},
	{
		file: "casestore/cases.sql", statement: "ResumeCases",
		fault: "a case resumes on the day until which it waits",
		find:  "until < @today::date",
		put:   "until <= @today::date",
		same:  "a look sees one moment (repeatable read), and the core names only cases whose day has passed then",
	},
	{
		file: "casestore/cases.sql", statement: "OpenCases",
		fault: "a case that opens again counts no opening",
		find:  "openings = c.openings + 1",
		put:   "openings = c.openings",
		test:  "^TestADecisionCountsForTheOpeningThatWasSeen$",
	},
	{
		file: "casestore/cases.sql", statement: "ToldOfCases",
		fault: "what a letter left out counts as told",
		find:  " and not t.left_out",
		put:   "",
		test:  "^TestWhatALetterDidNotTellIsToldByAnother$",
	},
	{
		file: "casestore/cases.sql", statement: "OrganisationsOverdue",
		fault: "the notices of the first quarter count",
		find:  "select max(n.quarter)",
		put:   "select min(n.quarter)",
		test:  "^TestChecksThatAreOverdueAreThoseThatANoticeNames$",
	},
	{
		file: "casestore/closures.sql", statement: "ShowAgain",
		fault: "a profile is shown that somebody hid again",
		find:  "\n    and c.hid_by = (select max(h.id) from change h where h.code = c.code and h.field = 'hidden')",
		put:   "",
		test:  "^TestTakingAClosureBackKeepsWhatOthersDid$",
	},
	{
		file: "casestore/signals/closures.sql", statement: "",
		fault: "one sign, found twice, is two",
		find:  "count(distinct sign) > 1",
		put:   "count(sign) > 1",
		test:  "^TestWhatIsNoSign$",
	},
	{
		file: "casestore/signals/duplicates.sql", statement: "",
		fault: "two profiles are two cases",
		find:  "p.code > a.code",
		put:   "p.code <> a.code",
		test:  "^TestEveryKind$",
	},
	{
		file: "casestore/signals/nobody.sql", statement: "",
		fault: "an address that does not exist reaches somebody",
		find:  " and w.dead_at is null",
		put:   "",
		test:  "^TestAPlaceThatOnlyADeadAddressBelongsToHasNoRecipient$",
	},
	{
		file: "casestore/signals/quarantine.sql", statement: "",
		fault: "records count that the newest listing has not",
		find:  "q.last_seen >= l.started_at",
		put:   "q.last_seen < l.started_at",
		test:  "^TestEveryKind$",
	},
	{
		file: "casestore/signals/withheld.sql", statement: "",
		fault: "a profile counts once a field",
		find:  "count(distinct (p.code, p.fact))",
		put:   "count(*)",
		test:  "^TestEveryKind$",
	},
}
