package mutants

const (
	ofAccess    = store + "accessstore/"
	accessSQL   = ofAccess + "accesssql/access.sql.go"
	signedInSQL = ofAccess + "accesssql/people.sql.go"
	access36    = store + "migrations/00036_access.sql"
)

var accessMutants = []mutant{
	{
		"token: added", "that a living one has its name alone",
		[]edit{
			{file: accessSQL, find: "on conflict (name) where revoked_at is null do nothing\n", put: ""},
			{file: access36, find: "create unique index access_token_name", put: "create index access_token_name"},
		},
		ofAccess, "^TestALivingTokenHasItsNameAlone$",
	},
	{
		"token: revoked", "that it is not revoked yet",
		[]edit{{file: accessSQL, find: "where name = $2 and revoked_at is null", put: "where name = $2"}},
		ofAccess, "^TestATokenIsRevokedOnce$",
	},
	{
		"token: the day of its last use", "that the day is later",
		[]edit{{file: accessSQL, find: "where id = $1 and (last_used is null or last_used < ", put: "where id = $1 and (true or last_used < "}},
		ofAccess, "^TestTheDayOfTheLastUseOnlyMovesOn$",
	},
	{
		"session: extended", "that it has not ended",
		[]edit{
			{
				file: signedInSQL, find: "update session set expires_at = $1\nwhere token_hash = $2 and ended_at is null",
				put: "update session set expires_at = $1, ended_at = null\nwhere token_hash = $2",
			},
		},
		ofAccess, "^TestASessionThatEndedIsNotSavedAgain$",
	},
	{
		"session: extended", "that the end is later",
		[]edit{{file: signedInSQL, find: "ended_at is null and expires_at + interval '10 seconds' < $1", put: "ended_at is null"}},
		ofAccess, "^TestASessionIsNeverCutShort$",
	},
	{
		"sessions of a person: ended", "that they have not ended",
		[]edit{
			{
				file: signedInSQL,
				find: "actor <> '' and ended_at is null and expires_at > now()\n`\n\nfunc",
				put:  "actor <> '' and expires_at > now()\n`\n\nfunc",
			},
		},
		ofAccess, "^TestSessionsOfAPersonAreEnded$",
	},
	{
		"action: its outcome", "that it has none",
		[]edit{
			{file: accessSQL, find: "where id = $2 and outcome = 'begun'", put: "where id = $2"},
			{file: access36, find: "if old.outcome <> 'begun'\n        or (", put: "if ("},
		},
		ofAccess, "^TestAnOutcomeIsWrittenOnce$",
	},
	{
		"key: begun", "that nobody claimed it",
		[]edit{{file: accessSQL, find: "where k.at < now() - interval '24 hours'\n    or ", put: "where true\n    or "}},
		ofAccess, "^TestAKeyIsClaimedOnce$",
	},
	{
		"key: begun", "that its process has ended with all of its sessions",
		[]edit{{file: accessSQL, find: "p.name = k.process and p.cleared_at is not null", put: "p.name = k.process"}},
		ofAccess, "^TestAKeyOutlivesItsProcess$",
	},
	{
		"key: begun", "that its lease has ended",
		[]edit{{file: accessSQL, find: "(k.leased_until < now()\n", put: "(true\n"}},
		ofAccess, "^TestAKeyIsClaimedOnce$",
	},
	{
		"key: its answer", "that it has none",
		[]edit{{file: accessSQL, find: "and process = $8 and status is null", put: "and process = $8"}},
		ofAccess, "^TestAKeyHasOneAnswer$",
	},
	{
		"key: its answer", "that no other process has begun it again",
		[]edit{{file: accessSQL, find: "and process = $8 and status is null", put: "and $8 <> '?' and status is null"}},
		ofAccess, "^TestAKeyOutlivesItsProcess$",
	},
}
