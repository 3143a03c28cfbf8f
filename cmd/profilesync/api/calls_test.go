package api

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/realdata"
)

// listing is the listing of one of the days of a case: on the third, 11 of 100 are closed
// for the second time.
func listing(t *testing.T, day int) string {
	t.Helper()
	return string(realdata.Read(t, "cases", "closures-held", fmt.Sprintf("edispensary_%d.csv", day)))
}

// Every operation of the document is called through it, on a real database; each request
// and each answer is as the document says.
func TestEveryOperationThroughTheDocument(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	for _, part := range []struct {
		name  string
		calls func(*testing.T, *world)
	}{
		{"plans", callPlans},
		{"runs", callRuns},
		{"decisions", callDecisions},
		{"ahead", callAhead},
		{"profiles", callProfiles},
		{"cases", callCases},
		{"closures", callClosures},
		{"pushes", callPushes},
		{"people", callPeople},
		{"reports", callReports},
		{"quality", callQuality},
		{"letters", callLetters},
		{"ers", callERS},
		{"tokens", callTokens},
		{"sessions", callSessions},
		{"status", callStatus},
	} {
		if !t.Run(part.name, func(t *testing.T) { w.t = t; part.calls(t, w) }) {
			return
		}
	}
	w.t = t
	for id := range w.operations {
		require.True(t, w.done[id], "no test calls %s with success", id)
	}
	require.Len(t, w.done, len(w.operations))
	reads := slices.DeleteFunc(slices.Collect(maps.Values(w.operations)), func(o place) bool { return o.method != "GET" })
	t.Logf("%d operations, %d of them only read", len(w.operations), len(reads))
}

func callPlans(t *testing.T, w *world) {
	t.Helper()
	w.as(ann)
	pulled := w.do(call{id: "make-plan", body: `{"report": "edispensary"}`})
	require.Equal(t, "P1", pulled.say("items.0.plan"))
	require.NotEqual(t, "0", pulled.say("items.0.changes.create"))
	single := w.do(call{id: "make-plan", body: `{"codes": ["FA001"]}`})
	require.Equal(t, "api", single.say("items.0.report"))
	sent := w.do(call{id: "make-plan-of-file", query: "name=edispensary_1.csv&as_of=2026-06-01", body: listing(t, 1)})
	require.Equal(t, "100", sent.say("items.0.changes.create"))
	plan := sent.say("items.0.plan")

	whole := w.do(call{id: "list-plan-changes", path: plan, query: "limit=1&whole=true"})
	require.Equal(t, "create", whole.say("items.0.verb"))
	require.Equal(t, 20, w.do(call{id: "list-plan-changes", path: plan, query: "most=20"}).count("items"))
	first := w.do(call{id: "list-plan-changes", path: plan, query: "limit=60"})
	require.Equal(t, 60, first.count("items"))
	rest := w.do(call{id: "list-plan-changes", path: plan, query: "limit=60&cursor=" + first.say("next")})
	require.Equal(t, 40, rest.count("items"))
	require.Nil(t, rest.at("next"))
	require.NotEqual(t, first.say("items.59.code"), rest.say("items.0.code"))

	started := w.do(call{id: "start-run", body: fmt.Sprintf(`{"plan": %q}`, plan)})
	require.Equal(t, "queued", started.say("items.0.state"))
	w.work()
	w.do(call{id: "start-run", body: fmt.Sprintf(`{"plan": %q}`, plan), status: 409})
	w.do(call{id: "start-run", body: fmt.Sprintf(`{"plan": %q, "report": "etr"}`, plan), status: 422})
	w.do(call{id: "list-plan-changes", path: "nonsense", status: 422})
}

func callRuns(t *testing.T, w *world) {
	t.Helper()
	w.as(ann)
	shown := w.do(call{id: "show-run", path: "1"})
	require.Equal(t, "done", shown.say("summary.state"))
	require.Equal(t, "ann", shown.say("by"))
	require.Equal(t, "100", w.do(call{id: "list-run-rows", path: "1", query: "limit=3"}).say("rows"))
	rows := w.do(call{id: "list-run-rows", path: "1", query: "limit=500"})
	require.Equal(t, 100, rows.count("items"))
	require.Equal(t, "applied", rows.say("items.0.fate"))
	require.Contains(t, w.do(call{id: "run-progress", path: "1"}).text, "event: ended\ndata: {\"run\":1,\"state\":\"done\"")

	for day, query := range map[int]string{2: "name=edispensary_2.csv&as_of=2026-06-02"} {
		w.do(call{id: "start-run-of-file", query: query, body: listing(t, day)})
		w.work()
	}
	queued := w.do(call{id: "start-run", body: `{"report": "edispensary"}`}).say("items.0.run")
	w.as(cid).do(call{id: "cancel-run", path: queued})
	queued = w.as(ann).do(call{id: "start-run", body: `{"report": "edispensary"}`}).say("items.0.run")
	w.as(bea).do(call{id: "cancel-run", path: queued, status: 403})
	require.Contains(t, w.as(ann).do(call{id: "cancel-run", path: queued}).say("error"), "cancelled by ann")
	w.do(call{id: "cancel-run", path: "1", status: 409})
	w.do(call{id: "show-run", path: "4711", status: 404})
	require.Equal(t, 4, w.do(call{id: "list-runs", query: "source=ods"}).count("items"))
}

// callAhead rehearses a listing of a day to come in which many names change.
func callAhead(t *testing.T, w *world) {
	t.Helper()
	w.as(ann)
	rehearsed := w.do(call{
		id: "make-plan-of-file", query: "name=edispensary_2.csv&as_of=2026-06-10&rehearse=true",
		body: string(realdata.Read(t, "cases", "names-held", "edispensary_2.csv")),
	})
	plan := rehearsed.say("items.0.plan")
	found := w.do(call{id: "list-rehearsed", path: plan})
	require.NotEqual(t, "0", found.say("left"), found.text)
	ahead := fmt.Sprintf(`{"digest": %q, "last_day": "2026-06-12"}`, found.say("digest"))
	w.as(bea)
	w.do(call{id: "approve-ahead", path: plan, body: `{"digest": "another", "last_day": "2026-06-12"}`, status: 409})
	done := w.do(call{id: "approve-ahead", path: plan, body: ahead})
	require.Equal(t, "bea", done.say("by"))
	require.Equal(t, done.say("changes"), w.do(call{id: "withdraw-ahead", path: plan, body: `{}`}).say("changes"))
	w.do(call{id: "withdraw-ahead", path: "P4711", body: `{}`, status: 404})
}

func callDecisions(t *testing.T, w *world) {
	t.Helper()
	w.as(ann).do(call{id: "start-run-of-file", query: "name=edispensary_3.csv&as_of=2026-06-03", body: listing(t, 3)})
	w.work()
	waiting := w.do(call{id: "list-waiting", query: "limit=10"})
	require.Equal(t, "11", waiting.say("waiting"))
	require.Equal(t, 10, waiting.count("items"))
	run, first, second := waiting.say("items.0.run"), waiting.say("items.0.code"), waiting.say("items.1.code")
	w.do(call{id: "approve", body: `{"run": ` + run + `}`, status: 403})
	w.as(bea)
	w.do(call{id: "approve", body: `{"all": true, "digest": "another"}`, status: 409})
	w.do(call{id: "approve", body: `{}`, status: 422})
	digest := w.do(call{id: "list-waiting", query: "run=" + run + "&codes=" + first}).say("digest")
	approved := w.do(call{id: "approve", body: fmt.Sprintf(`{"run": %s, "codes": [%q], "digest": %q}`, run, first, digest)})
	require.Equal(t, 1, approved.count("items"))
	w.work()
	require.Equal(t, "closed", w.do(call{id: "show-profile", path: first}).say("fields.status"))
	rejected := w.do(call{id: "reject", body: fmt.Sprintf(`{"field": "status", "codes": [%q]}`, second)})
	require.Equal(t, "1", rejected.say("items.0.rows"))
	require.Equal(t, "9", w.do(call{id: "list-waiting", query: "type=pharmacy&field=status&reason=too-many-removals"}).say("waiting"))

	approval := approved.say("items.0.run")
	preview := w.do(call{id: "preview-undo-run", path: approval})
	require.Equal(t, "1", preview.say("changes.reopen"), preview.text)
	w.do(call{id: "undo-run", path: approval, body: `{"confirm": 4711}`, status: 422})
	w.do(call{id: "undo-run", path: approval, body: `{"confirm": ` + approval + `}`})
	w.work()
	require.Equal(t, "open", w.do(call{id: "show-profile", path: first}).say("fields.status"))
}

func callProfiles(t *testing.T, w *world) {
	t.Helper()
	w.db.Exec("update profile set phone = '0113 496 0001' where code = 'FAA01'")
	w.as(ann)
	require.Equal(t, "0113 496 0001", w.do(call{id: "show-profile", path: "FAA01"}).say("fields.phone"))
	w.do(call{id: "show-profile", path: "FZZ99", status: 404})
	w.do(call{id: "check-names", query: "codes=FAA01,FAA02"})
	nearest := w.do(call{id: "check-names", query: "codes=FAA01,FZA02", status: 422})
	require.Equal(t, "no profile has the code FZA02; did you mean FAA02?", nearest.say("detail"))
	require.Contains(t, w.do(call{id: "check-names", query: "icb=QZZ", status: 422}).say("detail"), "icb QZZ: no profile is of it")
	w.do(call{id: "list-boards"})
	w.do(call{id: "show-profile", path: "not-a-code", status: 422})
	w.do(call{id: "show-profile-at", path: "FAA01", query: "at=2030-01-01", status: 422})
	w.do(call{id: "show-profile-at", path: "FAA01", query: "at=" + now})
	require.Positive(t, w.do(call{id: "list-profile-history", path: "FAA01"}).count("items"))
	require.Positive(t, w.do(call{id: "why-profile", path: "FAA01", query: "field=phone"}).count("items"))
	w.do(call{id: "list-profile-services", path: "FAA01"})
	would := w.do(call{id: "preview-undo-field", path: "FAA01 phone"})
	require.Equal(t, "0113 496 0001", would.say("restored.0.before"))
	w.as(bea)
	require.Equal(t, would.at("restored"), w.do(call{id: "undo-field", path: "FAA01 phone", body: `{}`}).at("restored"))
	w.do(call{id: "undo-field", path: "FAA01 phone", body: `{}`, status: 409})
	w.do(call{id: "undo-field", path: "FAA01 nonsense", body: `{}`, status: 422})
	w.db.Exec("insert into profile (code, name, type) values ('RAA', 'Trust', 'trust')")
	require.Equal(t, true, w.do(call{id: "set-profile-kind", path: "RAA", body: `{"kind": "hospital", "reason": "beds"}`}).at("changed"))
	w.do(call{id: "set-profile-kind", path: "RAA", body: `{"kind": "hospital", "reason": " "}`, status: 422})
	w.do(call{id: "set-profile-kind", path: "FAA01", body: `{"kind": "hospital", "reason": "beds"}`, status: 409})
}

func callCases(t *testing.T, w *world) {
	t.Helper()
	w.as(cid)
	require.NotEqual(t, "0", w.do(call{id: "look-at-cases"}).say("opened"))
	w.do(call{id: "preview-case-letters"})
	require.Equal(t, "0", w.do(call{id: "post-case-letters"}).say("letters"), "nobody can be told")
	w.as(bea)
	listed := w.do(call{id: "list-cases"})
	require.Positive(t, listed.count("items"))
	id := listed.say("items.0.case")
	require.NotEmpty(t, w.do(call{id: "show-case", path: id}).say("page"))
	require.Equal(t, "waiting", w.do(call{id: "wait-case", path: id, body: `{"for": "the board", "until": "2026-06-10"}`}).say("state"))
	w.do(call{id: "wait-case", path: id, body: `{"for": "the board", "until": "2026-06-01"}`, status: 422})
	w.do(call{id: "set-aside-case", path: id, body: `{"reason": "later", "until": "2026-06-10"}`})
	require.Equal(t, "open", w.do(call{id: "resume-case", path: id}).say("state"))
	w.do(call{id: "show-case", path: "4711", status: 404})
	w.do(call{id: "list-cases", query: "kind=bogus", status: 422})
}

func callClosures(t *testing.T, w *world) {
	t.Helper()
	w.as(cid).do(call{id: "say-closed", path: "FAA05", body: `{"reason": "Jane Canary retired"}`})
	w.as(bea)
	why := `{"reason": "the board says so"}`
	require.NotContains(t, w.do(call{id: "say-closed", path: "FAA05", body: why}).text, "Canary", "reasons are for who may see people")
	w.do(call{id: "confirm-closed", path: "FAA05", body: why})
	require.Equal(t, "confirmed", w.do(call{id: "list-closures", query: "code=FAA05"}).say("items.0.state"))
	w.do(call{id: "take-closed-back", path: "FAA05", body: why})
	w.do(call{id: "take-closed-back", path: "FAA05", body: why, status: 409})
}

func callPushes(t *testing.T, w *world) {
	t.Helper()
	w.db.Exec("insert into route (sink, route) values ('dos', 'change-event'), ('website', 'profile') on conflict do nothing")
	w.db.Exec(`insert into push (code, sink, route, state) select code, sink, case sink when 'dos' then 'change-event' else 'profile' end,
		'accepted' from profile, (values ('dos'), ('website')) s (sink) where code in ('FAA00', 'FAA01', 'FAA02')`)
	w.as(ann)
	require.Equal(t, 2, w.do(call{id: "list-pushes", query: "limit=2&sink=dos"}).count("items"))
	require.Positive(t, w.do(call{id: "count-pushes"}).count("items"))
	require.Equal(t, 2, w.do(call{id: "preview-push", path: "FAA00"}).count("items"))
	w.do(call{id: "preview-push", path: "FAA09", status: 409})
	found := w.do(call{id: "check-drift", body: `{"codes": ["FAA00"], "sink": "dos"}`})
	require.Equal(t, "dos", found.say("items.0.sink"))
	retried := w.do(call{id: "retry-pushes", body: `{"codes": ["FAA00"], "sink": "dos"}`})
	require.Equal(t, "wanted", retried.say("items.0.state"))
	w.do(call{id: "retry-pushes", body: `{"codes": ["FAA00"], "overwrite": true}`, status: 403})
	w.do(call{id: "retry-pushes", body: `{"codes": []}`, odd: true, status: 422})
	w.as(bea)
	hold := w.do(call{id: "add-hold", body: `{"code": "FAA00", "field": "phone", "until": "2026-06-10", "reason": "disputed"}`}).say("id")
	w.do(call{id: "add-hold", body: `{"code": "FAA00", "field": "phone", "sink": "dos", "reason": "disputed"}`, status: 422})
	w.do(call{id: "add-hold", body: `{"code": "FAA00", "field": "phone", "until": "2026-06-01", "reason": "disputed"}`, status: 422})
	require.Equal(t, "bea", w.do(call{id: "list-holds", query: "code=FAA00"}).say("items.0.actor"))
	w.do(call{id: "remove-hold", path: hold})
	w.do(call{id: "remove-hold", path: hold, status: 404})
	require.Zero(t, w.do(call{id: "list-holds"}).count("items"))
}

func callPeople(t *testing.T, w *world) {
	t.Helper()
	w.db.Exec(`insert into account (email, name, state, created_at, last_active_at) select 'canary' || n || '@example.nhs.uk',
		'Jane Canary ' || n, 'active', '2025-09-01', '2025-09-01' from generate_series(1, 3) n`)
	w.db.Exec("insert into membership (account_id, code, role) values (1, 'FAA00', 'account-manager'), (2, 'FAA00', 'editor')")
	w.db.Exec("update account set state = 'deactivated' where id = 3")
	check := pgtest.One[int64](w.db, `insert into idle_run (state, actor, ending, accounts) values ('withheld', 'schedule', 30, 400)
		returning id`)
	w.as(ann)
	listed := w.do(call{id: "list-accounts"})
	require.Equal(t, 3, listed.count("items"))
	shown := w.do(call{id: "show-account", path: "u-1"})
	require.Nil(t, shown.at("history"))
	for _, seen := range []answered{
		listed, shown, w.do(call{id: "preview-inactive", query: "date=2026-12-01"}),
		w.do(call{id: "preview-reminders", query: "date=2026-07-01"}),
		w.do(call{id: "list-letters", query: "account=u-1"}), w.do(call{id: "name-account", path: "u-1", status: 403}),
	} {
		require.NotContains(t, seen.text, "anary")
	}
	w.as(cid)
	require.Positive(t, w.do(call{id: "show-account", path: "u-3"}).count("history"))
	require.Equal(t, "Jane Canary 1", w.do(call{id: "name-account", path: "u-1"}).say("name"))
	w.do(call{id: "name-account", path: "u-4711", status: 404})
	w.do(call{id: "reactivate-account", path: "u-3", body: `{"reason": "came back"}`})
	w.do(call{id: "reactivate-account", path: "u-3", body: `{"reason": "came back"}`, status: 409})
	w.do(call{id: "leave-account", path: "u-3", body: `{"reason": "a child", "until": "2026-12-01"}`})
	w.do(call{id: "leave-account", path: "u-3", body: `{"reason": "a child", "until": "2036-12-01"}`, status: 422})
	w.do(call{id: "approve-endings", path: fmt.Sprint(check)})
	w.do(call{id: "apply-inactive"})
	require.Equal(t, "cid", w.do(call{id: "stop-mail", body: `{"reason": "a wrong text"}`}).say("stopped_by"))
	require.Equal(t, "a wrong text", w.do(call{id: "show-mail"}).say("reason"))
	require.Nil(t, w.do(call{id: "resume-mail"}).at("stopped_by"))
}

func callReports(t *testing.T, w *world) {
	t.Helper()
	w.as(cid)
	w.do(call{id: "fetch-report", path: "newest html", status: 404})
	day := w.do(call{id: "make-reports"}).say("items.0.day")
	require.Equal(t, day, w.do(call{id: "list-reports"}).say("items.0.day"))
	for _, form := range []string{"html", "csv", "xlsx", "json"} {
		require.NotEmpty(t, w.do(call{id: "fetch-report", path: day + " " + form}).text)
	}
	w.do(call{id: "fetch-report", path: day + " pdf", odd: true, status: 422})
	require.Equal(t, true, w.do(call{id: "verify-report", path: "newest"}).at("rows_as_frozen"))
	require.Equal(t, "2", w.do(call{id: "deliver-report", path: "newest"}).say("delivered"), "to the folder, and by mail")
	require.Equal(t, "0", w.do(call{id: "deliver-report", path: day}).say("delivered"), "it has it already")
	require.Contains(t, w.do(call{id: "link-report", path: "newest"}).say("link"), "/reports/report-"+day+".html?")
	w.do(call{id: "link-report", path: "2020-01-01", status: 404})
	w.do(call{id: "link-report", path: day, query: "region=QZZ", status: 422})
}

func callQuality(t *testing.T, w *world) {
	t.Helper()
	w.as(cid)
	require.Equal(t, "2026-06-03", w.do(call{id: "list-listings"}).say("items.0.as_of"))
	w.do(call{id: "reset-listing", path: "edispensary", body: `{"to": "2027-06-01", "reason": "mistyped"}`, status: 422})
	reset := w.do(call{id: "reset-listing", path: "edispensary", body: `{"to": "2026-06-02", "reason": "mistyped"}`})
	require.Equal(t, "2026-06-02", reset.say("is"))
	w.do(call{id: "reset-listing", path: "bogus", body: `{"to": "2026-06-01", "reason": "mistyped"}`, status: 422})
	require.NotEmpty(t, w.do(call{id: "run-checks", body: `{"codes": ["FAA00"]}`}).say("state"))
	w.do(call{id: "list-findings", query: "code=FAA00"})
	w.do(call{id: "list-quarantine", query: "report=edispensary"})
	w.do(call{id: "list-contradictions"})
	w.do(call{id: "list-flags"})
	w.do(call{id: "list-owners", query: "days=1"})
	w.do(call{id: "list-flags", query: "report=bogus", status: 422})
}
