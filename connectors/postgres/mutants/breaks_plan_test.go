package mutants

// planBreaks are faults in the statements of plans, what is approved ahead, and histories.
var planBreaks = []sqlBreak{
	{
		file: "planstore/ahead.sql", statement: "LoadOpen",
		fault: "an approval has ended on its last day",
		find:  "h.last_day >= @as_of::date",
		put:   "h.last_day > @as_of::date",
		dir:   "connectors/postgres/runstore/", test: "^TestWhatIsAppliedOfWhatWasApprovedAhead$",
	},
	{
		file: "planstore/ahead.sql", statement: "LoadOpen",
		fault: "what a run is about to use can be withdrawn",
		find:  "\nfor share of o",
		put:   "",
		dir:   "connectors/postgres/runstore/", test: "^TestNothingIsWithdrawnThatARunIsAboutToUse$",
	},
	{
		file: "planstore/ahead.sql", statement: "UseUp",
		fault: "what was withdrawn counts as used",
		find:  "r.ahead_id is not null and o.state = 'open'",
		put:   "r.ahead_id is not null",
		dir:   "connectors/postgres/runstore/", test: "^TestWhatWasWithdrawnIsNotUsed$",
	},
	{
		file: "planstore/ahead.sql", statement: "EndRejected",
		fault: "another value is rejected too",
		find:  " and o.new = r.new",
		put:   "",
		dir:   "connectors/postgres/runstore/", test: "^TestRejectingAValueLeavesWhatWasApprovedOfAnother$",
	},
	{
		file: "planstore/plans.sql", statement: "ShowPlan",
		fault: "one profile fewer is shown of each kind",
		find:  "s.rank <= @most::bigint",
		put:   "s.rank < @most::bigint",
		dir:   "connectors/postgres/runstore/", test: "^TestChangesAreShownKindByKind$",
	},
	{
		file: "historystore/history.sql", statement: "Changes",
		fault: "the newest change comes first",
		find:  "\norder by c.id",
		put:   "\norder by c.id desc",
		test:  "^TestAnInstantIsWhatStood$",
	},
	{
		file: "historystore/history.sql", statement: "DriftOf",
		fault: "what a later check saw right is shown as drift",
		find:  "c.started_at > p.seen_at",
		put:   "c.started_at <= p.seen_at",
		test:  "^TestDriftThatALaterCheckSawRightIsOver$",
	},
	{
		file: "historystore/undo.sql", statement: "RemovePart",
		fault: "any opening time is removed",
		find:  "@field::text = 'opening-times' and o.code = @code and part_of(to_jsonb(o)) = @part::jsonb",
		put:   "@field::text = 'opening-times' and o.code = @code",
		test:  "^TestAnUndoGivesWhatStoodBefore$",
	},
	{
		file: "historystore/undo.sql", statement: "LookAgain",
		fault: "records are not compared again",
		find:  "set settled = false",
		put:   "set settled = u.settled",
		same:  "the marks written just before, without which nobody looks again, unsettle every record of the profile (trigger mark_decided)",
	},
	{
		file: "historystore/undo.sql", statement: "LookAgain",
		fault: "a listing that is the same is not read again",
		find:  "set etag = ''",
		put:   "set etag = l.etag",
		test:  "^TestWhatARunWroteIsMarkedAndLookedAtAgain$",
	},
}
