package mutants

const (
	pushes      = store + "pushstore/"
	pushSQL     = pushes + "pushsql/push.sql.go"
	dispatchSQL = pushes + "pushsql/dispatch.sql.go"
	driftSQL    = pushes + "pushsql/drift.sql.go"
	holdsSQL    = pushes + "pushsql/holds.sql.go"
	scheduleSQL = sql + "schedules.sql.go"
	processSQL  = sql + "processes.sql.go"
)

// notByJob numbers pushes whichever job carries them and whatever was staged
// before.
var notByJob = []edit{
	{file: pushSQL, find: "join locked l on l.code = t.code and l.job_id = t.job", put: "join locked l on l.code = t.code"},
	{file: pushSQL, find: "    where l.sequence = t.last or (l.sent_own = t.own and l.sent = t.sent)\n", put: ""},
	{file: pushSQL, find: "l.sequence <> t.last as before", put: "false as before"},
}

// anyJob records outcomes for any job, however often.
var anyJob = []edit{{
	file: pushSQL, find: "l.code = x.code and l.job_id = x.job and l.sequence = x.sequence", put: "l.code = x.code",
}}

// notRunning completes jobs that are not running.
var notRunning = edit{
	file: "jobs/pushjobs/push_job.go",
	find: "if job.State != rivertype.JobStateCompleted || job.FinalizedAt == nil || !job.FinalizedAt.Equal(at) {",
	put:  "if false {",
}

// anyProcess recovers and completes jobs whichever process works them, and
// whatever their state.
var anyProcess = []edit{
	{file: processSQL, find: "where ended_at is not null and cleared_at is null order", put: "where ended_at is not null order"},
	{
		file: processSQL,
		find: "\nwhere n.id = j.id and j.state = 'running' and j.attempted_by[cardinality(j.attempted_by)] = $1::text",
		put:  "\nwhere n.id = j.id and $1::text <> ''",
	},
	{
		file:  processSQL,
		find:  "where j.id = $1 and j.state = 'running' and j.attempt = $2 and j.attempted_by[cardinality(j.attempted_by)] = $3::text",
		put:   "where j.id = $1 and $2::smallint > 0 and $3::text <> ''",
		times: 2,
	},
}

var pushMutants = []mutant{
	{
		"push: number", "the job, and what was staged before", notByJob,
		pushes, "^TestALostAnswerAboutPushes$/^staging$",
	},
	{
		"push: number", "the job, and what was staged before", notByJob,
		pushes, "^TestAPushIsNumberedOnlyForTheJobThatCarriesIt$",
	},
	{
		"push: number", "the job, and what was staged before", notByJob,
		"jobs/pushjobs", "^TestALostAnswerToAStagingSpendsNoNumber$",
	},
	{
		"push: outcome", "the job and the number", anyJob,
		pushes, "^TestALostAnswerAboutPushes$/^settling$",
	},
	{
		"push: outcome", "the job and the number", anyJob,
		pushes, "^TestAnOutcomeCountsOnlyWhileItsJobCarriesThePush$",
	},
	{
		"push: outcome", "which job recorded it before",
		[]edit{
			{file: pushSQL, find: "coalesce(l.settled_job = x.job, false)", put: "coalesce(l.settled_job = x.job and false, false)"},
		},
		pushes, "^TestALostAnswerAboutPushes$/^settling$",
	},
	{
		"push: outcome", "all of it, and that the job runs", append(anyJob, notRunning),
		"jobs/pushjobs", "^TestALostAnswerToASettlementLosesNoEdit$",
	},
	{
		"push: outcome", "all of it, and that the job runs", append(anyJob, notRunning),
		"jobs/pushjobs", "^TestLostAnswersLoseNoEdit$/^settling$",
	},
	{
		"push: outcome", "that the job runs",
		[]edit{notRunning},
		"jobs/pushjobs", "^TestAJobThatIsNotRunningIsNotCompleted$",
	},
	{
		"pushes: queued", "how far changes were read",
		[]edit{
			{file: dispatchSQL, find: " and not exists (select from dispatched_early e where e.change_id = c.id)", put: ""},
			{
				file: dispatchSQL,
				find: "insert into dispatched_early (change_id, xid) select f.id, f.xid from fresh f, edge where f.xid >= edge.xmin",
				put:  "select",
			},
			{file: dispatchSQL, find: "set horizon = edge.xmin, server = this_server() from edge", put: "set horizon = d.horizon from edge"},
		},
		pushes, "^TestALostAnswerAboutPushes$/^queueing$",
	},
	{
		"pushes: queued", "the job that carries it",
		[]edit{{
			file: dispatchSQL, find: "p.due_at <= now() and p.job_id is null", put: "(p.due_at <= now() or p.job_id is not null)",
		}},
		pushes, "^TestALostAnswerAboutPushes$/^queueing$",
	},
	{
		"pushes: of bank holidays", "the days that pushes were last asked for",
		[]edit{{file: pushes + "holidays.go", find: "if slices.Equal(days, known) {", put: "if false {"}},
		pushes, "^TestTheCalendarAsksForPushes$",
	},
	{
		"pushes: read first", "that the place moves with it",
		[]edit{{file: dispatchSQL, find: "update dispatch set place = this_place()", put: "update dispatch set place = place"}},
		pushes, "^TestAfterARestoreSinksAreReadFirst$",
	},
	{
		"pushes: read first", "that the place is another",
		[]edit{{file: dispatchSQL, find: "coalesce((select d.place <> this_place() from dispatch d), false)", put: "coalesce(true, false)"}},
		pushes, "^TestAfterARestoreSinksAreReadFirst$",
	},
	{
		"push: claimed by a command", "its own number",
		[]edit{
			{file: pushSQL, find: "(q.job_id is null or q.job_id = $1::bigint)", put: "q.job_id is null"},
		},
		pushes, "^TestALostAnswerAboutPushes$/^claiming_for_a_command$",
	},
	{
		"push: claimed by a command", "the job that carries it",
		[]edit{
			{file: pushSQL, find: " and (q.job_id is null or q.job_id = $1::bigint)", put: ""},
		},
		pushes, "^TestACommandClaimsPushesOnce$",
	},
	{
		"route: paused, resumed", "whether it is paused",
		[]edit{
			{file: pushSQL, find: "where sink = $3 and route = $4 and paused = ''", put: "where sink = $3 and route = $4"},
		},
		pushes, "^TestALostAnswerAboutPushes$/^pausing$",
	},
	{
		"push: what it overwrites", "the job, and what was staged before", notByJob,
		pushes, "^TestWhatAPushOverwritesIsStoredWithItsNumber$",
	},
	{
		"drift: check ended, repaired", "that it is running, and that nothing is pending",
		[]edit{
			{file: driftSQL, find: "where id = $9 and state = 'running'", put: "where id = $9"},
			{file: driftSQL, find: "and p.state = 'accepted' and p.due_at is null and not p.unclear", put: "and not p.unclear"},
			{file: pushSQL, find: "\n    and (not $2 or p.state = 'accepted' and p.due_at is null and p.job_id is null)", put: ""},
		},
		pushes, "^TestALostAnswerAboutPushes$/^repairing_drift$",
	},
	{
		"drift: check ended, repaired", "that nothing was sent since it was compared",
		[]edit{{file: pushes + "drift.go", find: "if c.numbers[now.Code] == now.Sequence {", put: "if true {"}},
		pushes, "^TestWhatWasSentSinceItWasComparedIsNotRepaired$",
	},
	{
		"hold: added, removed", "the one in force",
		[]edit{
			{file: holdsSQL, find: " where not exists (select from there)", put: ""},
		},
		pushes, "^TestALostAnswerAboutPushes$/^holding$",
	},
	{
		"hold: added, removed", "that it was removed",
		[]edit{
			{file: holdsSQL, find: "where id = $2 and removed_at is null", put: "where id = $2"},
		},
		pushes, "^TestALostAnswerAboutPushes$/^holding_no_more$",
	},
	{"jobs: recovered, completed", "which process works them", anyProcess, store, "^TestALostAnswerAboutJobs$/^giving_away$"},
	{"jobs: recovered, completed", "which process works them", anyProcess, store, "^TestALostAnswerAboutJobs$/^recovering$"},
	{"jobs: recovered, completed", "which process works them", anyProcess, store, "^TestALostAnswerAboutJobs$/^completing$"},
	{
		"schedules: jobs queued", "the newest entry, and that each time has one",
		[]edit{
			{file: scheduleSQL, find: "select max(due_at)", put: "select min(due_at)"},
			{
				file: scheduleSQL,
				find: "(name, due_at, job_id) values ($1, $2, $3)",
				put:  "(name, due_at, job_id) values ($1, $2, $3) on conflict do nothing",
			},
		},
		"jobs", "^TestALostAnswerToTheLedgerQueuesNothingTwice$",
	},
}
