package mutants

const (
	ofCases  = store + "casestore/"
	casesSQL = ofCases + "casesql/cases.sql.go"
)

var caseMutants = []mutant{
	{
		"look: opened, changed, ended", "one look at a time",
		[]edit{{file: casesSQL, find: "pg_try_advisory_xact_lock(hashtextextended('profilesync cases', 0))", put: "true"}},
		ofCases, "^TestOneLookAtATime$",
	},
	{
		"decision: waits, set aside", "that it is the opening which the person saw",
		[]edit{{file: casesSQL, find: "where id = $6 and openings = $7 and", put: "where id = $6 and $7::integer > 0 and"}},
		ofCases, "^TestADecisionCountsForTheOpeningThatWasSeen$",
	},
	{
		"word, confirmation, take-back", "that what stands is read",
		[]edit{
			{file: ofCases + "closures.go", find: "stands = is.Closure; !stands.Confirmed.IsZero() {", put: "stands = is.Closure; false {"},
			{file: ofCases + "casesql/closures.sql.go", find: "taken_back_at is null and confirmed_at is null", put: "taken_back_at is null"},
		},
		ofCases, "^TestAStepOfAClosureIsTakenOnce$",
	},
	{
		"letter about cases", "who was told what",
		[]edit{{file: ofCases + "tell.go", find: "isNew[reference] = true", put: "isNew[reference] = false"}},
		ofCases, "^TestOwnersAreToldOnce$",
	},
	{
		"undo", "that the profile is locked",
		[]edit{{file: store + "historystore/historysql/undo.sql.go", find: "where code = $1 for update", put: "where code = $1"}},
		store + "historystore/", "^TestAChangeIsTakenBackOnceHoweverManyAsk$",
	},
}
