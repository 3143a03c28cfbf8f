package mutants

const (
	ofRuns      = store + "runstore/"
	ofServices  = store + "servicestore/"
	runsSQL     = ofRuns + "runsql/runs.sql.go"
	applySQL    = ofRuns + "runsql/apply.sql.go"
	waitingSQL  = ofRuns + "runsql/waiting.sql.go"
	servicesSQL = ofServices + "servicesql/services.sql.go"
	profilesSQL = sql + "profiles.sql.go"
	keptSQL     = ofRuns + "runsql/kept_plans.sql.go"
	runGo       = "jobs/runjobs/run.go"
)

var (
	// endless lets runs continue after they have ended.
	endless = []edit{
		{
			file: runsSQL,
			find: "coalesce(started_at, clock()) where id = $1 and state in ('queued', 'running')",
			put:  "coalesce(started_at, clock()) where id = $1",
		},
		{file: runsSQL, find: "where id = $4 and state in ('queued', 'running')", put: "where id = $4"},
		{file: runGo, find: "err != nil || run.State.Ended()", put: "err != nil"},
	}
	// overwritten lets a run overwrite fields that moved since it was planned.
	overwritten = edit{
		file: applySQL, find: "and r.old is distinct from case r.field", put: "and r.old <> case r.field when r.field then r.old",
	}
)

// redecided plans what was decided before again, whatever the profiles hold.
var redecided = []edit{
	{file: waitingSQL, find: "where p.waits and p.decision = ''", put: "where p.withheld <> ''"},
	{file: applySQL, find: "and decision = 'approved' and waits and (code, field)", put: "and (code, field)"},
	{file: "reconcile/runs/decide.go", find: "len(again) == len(rows) && ", put: "len(again) >= 0 || "},
	overwritten,
}

var runMutants = []mutant{
	{
		"run: stored by a job", "its job",
		[]edit{
			{file: runsSQL, find: "select id from run where job_id = $1", put: "select id from run where job_id = $1 and false"},
		},
		ofRuns, "^TestALostAnswerAboutRuns$/^the_run_of_a_job$",
	},
	{
		"run: stored by a person", "that it was decided, and the current profiles", redecided,
		ofRuns, "^TestALostAnswerAboutRuns$/^an_approval$",
	},
	{
		"run: stored by a person", "that it was decided, and the current profiles", redecided,
		ofRuns, "^TestALostAnswerAboutRuns$/^its_end$",
	},
	{
		"run: stored by a person", "the current profiles",
		[]edit{
			{file: "reconcile/runs/decide.go", find: "case now.Values.Get(c.Field) != c.New:", put: "case false:"},
			overwritten,
		},
		ofRuns, "^TestALostAnswerAboutRuns$/^an_undo$",
	},
	{
		"run: stored by a request", "its key and part",
		[]edit{
			{file: runsSQL, find: "on conflict (once) where once is not null do nothing\n", put: ""},
			{file: store + "migrations/00039_leases.sql", find: "create unique index run_once", put: "create index run_once"},
		},
		ofRuns, "^TestARequestStoresItsRunOnce$",
	},
	{
		"run: plan, chunk, end, failure", "planned",
		[]edit{
			{file: runGo, find: "if !run.Planned {", put: "if !run.Planned || true {"},
		},
		ofRuns, "^TestALostAnswerAboutRuns$/^a_plan$",
	},
	{
		"run: plan, chunk, end, failure", "applied_to, and what moved",
		[]edit{
			{file: runsSQL, find: "set state = 'running', started_at", put: "set state = 'running', applied_to = '', started_at"},
			overwritten,
			{
				file: applySQL,
				find: "    and p.verb = 'create' and p.withheld = '' and not p.moved\n",
				put:  "    and p.verb = 'create' and p.withheld = '' and not p.moved on conflict do nothing\n",
			},
		},
		ofRuns, "^TestALostAnswerAboutRuns$/^a_chunk$",
	},
	{"run: plan, chunk, end, failure", "its state", endless, ofRuns, "^TestALostAnswerAboutRuns$/^the_end$"},
	{"run: plan, chunk, end, failure", "its state", endless, ofRuns, "^TestALostAnswerAboutRuns$/^a_failure$"},
	{"run: plan, chunk, end, failure", "its state", endless, ofRuns, "^TestALostAnswerAboutRuns$/^a_refusal$"},
	{"run: plan, chunk, end, failure", "its state", endless, ofRuns, "^TestARunIsEndedOnlyUnderTheLock$"},
	{
		"run: plan, chunk, end, failure", "the source's lock",
		[]edit{
			{file: runsSQL, find: "select pg_advisory_lock(", put: "select pg_advisory_lock_shared("},
		},
		ofRuns, "^TestRunsOfASourceNeverOverlap$",
	},
	{
		"run: plan of a kept plan", "that no run is planned by it",
		[]edit{
			{file: ofRuns + "kept_plans.go", find: "case err == nil && row.AppliedIn != 0:", put: "case err == nil && row.AppliedIn < 0:"},
		},
		ofRuns, "^TestAPlanIsAppliedExactlyAndOnce$",
	},
	{
		"run: plan of a kept plan", "run_applies_plan",
		[]edit{
			{
				file: store + "migrations/00017_plans.sql",
				find: "create unique index run_applies_plan",
				put:  "create index run_applies_plan",
			},
		},
		ofRuns, "^TestOnlyOneRunSealsAPlan$",
	},
	{
		"run: plan of a kept plan", "that it does the same",
		[]edit{{file: runGo, find: "if run.Plan != 0 {", put: "if run.Plan < 0 {"}},
		ofRuns, "^TestARunThatIsNotItsPlanIsRefused$",
	},
	{
		"run: plan of a kept plan", "that it withholds the same",
		[]edit{{file: keptSQL, find: " or k.withheld is distinct from r.withheld", put: ""}},
		ofRuns, "^TestWithholdingIsPartOfAPlan$",
	},
	{
		"run: approval, rejection", "the decision",
		[]edit{
			{file: waitingSQL, find: "where p.waits and p.decision = ''", put: "where p.withheld <> ''"},
		},
		ofRuns, "^TestALostAnswerAboutRuns$/^a_rejection$",
	},
	{
		"profile: kind", "that it is so already",
		[]edit{{file: profilesSQL, find: " and kind <> $1 and type in", put: " and type in"}},
		store, "^TestALostAnswerAboutProfiles$/^a_kind$",
	},
	{
		"run of services: answers stored", "pulled_to",
		[]edit{
			{
				file: ofServices + "pull.go",
				find: "= pulled.PulledTo, pulled.Asked, pulled.Rejected",
				put:  "= pulled.PulledTo[:0], 0, 0",
			},
		},
		ofServices, "^TestALostAnswerAboutServices$/^what_was_asked$",
	},
	{
		"e-RS: register, codes", "that it is so already",
		[]edit{
			{
				file: servicesSQL,
				find: "\n    where (e.claimed, e.provider, e.specialty, e.extract) is distinct from\n" +
					"        (excluded.claimed, excluded.provider, excluded.specialty, excluded.extract)",
				put: "",
			},
		},
		ofServices, "^TestALostAnswerAboutServices$/^an_import$",
	},
	{
		"e-RS: register, codes", "that it is so already",
		[]edit{
			{file: servicesSQL, find: "\nwhere $2::text <> all (e.claimed)", put: ""},
		},
		ofServices, "^TestALostAnswerAboutServices$/^a_service$",
	},
	{
		"e-RS: register, codes", "that it is so already",
		[]edit{
			{
				file: servicesSQL,
				find: "\n    where (c.display, c.effective_from, c.effective_to, c.parents, c.retired) is distinct from\n" +
					"        (excluded.display, excluded.effective_from, excluded.effective_to, excluded.parents, false)",
				put: "",
			},
		},
		ofServices, "^TestALostAnswerAboutServices$/^a_code_system$",
	},
}
