package mutants

// serviceBreaks are faults in the statements of services.
var serviceBreaks = []sqlBreak{
	{
		file: "servicestore/services.sql", statement: "WithholdLosses",
		fault: "losses are withheld at that site only",
		find:  "coalesce(r.field in (select w.field from plan_row w where w.run_id = @run_id and w.leaves = any(@sites::text[])), false)",
		put:   "r.leaves = any(@sites::text[])",
		test:  "^TestAServiceWithheldAtOneSiteIsWithheldAtAll$",
	},
	{
		file: "servicestore/services.sql", statement: "ImportExtract",
		fault: "the last row of a service counts",
		find:  "order by r.id, r.line",
		put:   "order by r.id, r.line desc",
		test:  "^TestTheFirstRowOfAServiceCounts$",
	},
	{
		file: "servicestore/services.sql", statement: "ImportExtract",
		fault: "a site is claimed once a row",
		find:  "array_agg(distinct r.site order by r.site)",
		put:   "array_agg(r.site order by r.site)",
		test:  "^TestTheFirstRowOfAServiceCounts$",
	},
	{
		file: "servicestore/services.sql", statement: "AcceptServices",
		fault: "a rejection that was lifted holds on",
		find:  "\n        and m.lifted_in is null",
		put:   "",
		test:  "^TestAServiceThatWasThereAgainGoesMissingAnew$",
	},
	{
		file: "servicestore/services.sql", statement: "CountServiceSites",
		fault: "a site counts once a service",
		find:  "count(distinct p.code)",
		put:   "count(p.code)",
		test:  "^TestServicesArePulledOnceAndThenThereIsNothingToDo$",
	},
	{
		file: "servicestore/services.sql", statement: "ListOwners",
		fault: "the first operator of all is named as the last",
		find:  "order by h.id desc limit 1",
		put:   "order by h.id limit 1",
		test:  "^TestTheLastOfTheOperatorsBeforeIsNamed$",
	},
	{
		file: "servicestore/services.sql", statement: "SaveCodes",
		fault: "a code that is gone is not retired",
		find:  "and not c.retired and c.code not in",
		put:   "and c.retired and c.code not in",
		test:  "^TestHeldServicesAndLateProfilesAndLabels$",
	},
}
