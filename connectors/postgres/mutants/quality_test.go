package mutants

const (
	ofQuality  = store + "qualitystore/"
	qualitySQL = ofQuality + "qualitysql/quality.sql.go"
)

var qualityMutants = []mutant{
	{
		"quality check: ended, findings stored", "that it is running",
		[]edit{{file: qualitySQL, find: "where id = $5 and state = 'running'", put: "where id = $5"}},
		ofQuality, "^TestACheckEndsOnce$",
	},
	{
		"quality check: ended, findings stored", "that no newer check spoke",
		[]edit{
			{file: qualitySQL, find: "\n    where f.last_check <= excluded.last_check", put: ""},
			{file: qualitySQL, find: "f.gone_at is null and f.last_check < $1", put: "f.gone_at is null and f.last_check <> $1"},
		},
		ofQuality, "^TestAnOlderCheckChangesNothing$",
	},
}
