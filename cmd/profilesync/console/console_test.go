package console_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

var number = regexp.MustCompile(`^/runs/(\d+)`)

func TestAOneOffReconciliationFromFileToUndo(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, after := trusts(t)
	ann, bea, cid := w.as("ann"), w.as("bea"), w.as("cid")

	ann.open("/reconcile").form("Show the plan").press(before).shows(http.StatusOK, "Plan P1", "144 new trust profiles")
	once := ann.form("Do exactly this")
	once.press().shows(http.StatusOK, "Run 1", "The run has begun")
	first := ann.at
	once.press().shows(http.StatusOK, "Run 1") // a double click
	require.Equal(t, first, ann.at)
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from run"))
	w.work()
	const ofQWO = "select count(*)::int from profile where icb = 'QWO'"
	had := pgtest.One[int](w.db, ofQWO)
	ann.open("/runs/1").shows(http.StatusOK, "done", "New profile: 144 changes")

	ann.open("/reconcile").form("Show the plan").press(after).shows(http.StatusOK, "Plan P2", "It would wait for a decision", "55 profiles")
	ann.form("Do exactly this").press().shows(http.StatusOK, "Run 2")
	w.work()
	ann.open("/runs/2").shows(http.StatusOK, "55 changes wait for a decision", "QWO")
	require.NotContains(t, ann.text, "Approve what is ticked", "who may not approve sees no button")
	cid.open("/").shows(http.StatusOK, "Run 2, trusts (etr): 55 changes")

	decide := bea.open("/runs/2").form("Approve what is ticked")
	require.Len(t, decide.values["code"], 55)
	left := decide.values["code"][0]
	decide.without("code", left).press().shows(http.StatusOK, "It was approved")
	approval := number.FindStringSubmatch(bea.at)[1]
	bea.open("/runs/2").shows(http.StatusOK, "Integrated care board: 54 changes", "Approved by bea: run "+approval+" applies it")
	w.work()
	bea.open("/runs/"+approval).shows(http.StatusOK, "done", "Integrated care board: 54 changes")
	require.Equal(t, 54, pgtest.One[int](w.db, "select count(*)::int from change where field = 'icb' and new = 'QWO' and old <> ''"))
	bea.open("/runs/2").shows(http.StatusOK, "1 change waits", left)

	cid.open("/runs/"+approval+"/undo").shows(http.StatusOK, "54 profiles get former values back")
	undo := cid.form("Undo run " + approval)
	if _, asks := undo.values["confirm"]; asks {
		undo.press().shows(http.StatusUnprocessableEntity, "There is a problem", "Type the number of the run")
		undo = cid.form("Undo run "+approval).with("confirm", approval)
	}
	undo.press().shows(http.StatusOK, "The undo has begun")
	w.work()
	cid.open(cid.at).shows(http.StatusOK, "done")
	require.Equal(t, had, pgtest.One[int](w.db, ofQWO))

	actors := pgtest.All[string](w.db, "select actor || ' ' || operation || ' ' || outcome from action order by id")
	require.Equal(t, []string{
		"ann make-plan done", "ann start-run done", "ann make-plan done", "ann start-run done", "bea approve done", "cid undo-run refused",
		"cid undo-run done",
	}, actors)
}

func TestDecisionsAreOnWhatWasShown(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, after := trusts(t)
	cid, bea := w.as("cid"), w.as("bea")
	for _, listing := range []file{before, after} {
		w.as("ann").open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	old, none := cid.open("/runs/2").form("Approve what is ticked"), bea.open("/runs/2").form("Reject what is ticked")
	none.values["code"] = nil
	none.press().shows(http.StatusUnprocessableEntity, "Tick what you decide on")
	one := bea.form("Reject what is ticked")
	one.values["code"] = old.values["code"][:1]
	one.press().shows(http.StatusOK, "It was rejected", "54 changes wait")
	old.press().shows(http.StatusConflict, "What waits has changed since you looked", "54 changes wait")
	cid.form("Approve what is ticked").press().shows(http.StatusOK, "It was approved")
}

// An undo takes back what its page showed, or nothing: also if something changes while it
// waits for its turn.
func TestAnUndoIsOfWhatWasShown(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, after := trusts(t)
	bea, cid := w.as("bea"), w.as("cid")
	for _, listing := range []file{before, after} {
		w.as("ann").open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	bea.open("/runs/2").form("Approve what is ticked").press().shows(http.StatusOK, "Run 3")
	w.work()
	code := pgtest.One[string](w.db, "select code from change where run_id = 3 order by code limit 1")
	cid.open("/runs/3/undo").shows(http.StatusOK, "What it would change", code)
	undo := func() *form {
		f := cid.form("Undo run 3")
		if _, asks := f.values["confirm"]; asks {
			f.with("confirm", "3")
		}
		return f
	}
	undo().with("digest", "").press().shows(http.StatusUnprocessableEntity, "Look at what the undo would take back first")
	undo().with("digest", "0a").press().shows(http.StatusConflict, "has changed since you looked")
	undo().press().shows(http.StatusOK, "Run 4")
	w.db.Exec("update profile set icb = 'QXX' where code = $1", code)
	w.work()
	cid.open("/runs/4").shows(http.StatusOK, "refused", "it would take back is no longer what was looked at")
	require.Equal(t, 54, pgtest.One[int](w.db, `select count(*)::int from profile p join change c using (code)
		where c.run_id = 3 and c.field = 'icb' and p.icb = 'QWO'`))
	cid.open("/runs/3/undo").shows(http.StatusOK, "Left as it is", "changed since")
	undo().press().shows(http.StatusOK, "Run 5")
	w.work()
	cid.open("/runs/5").shows(http.StatusOK, "done")
}

// Every page answers whoever may see it, under the strict policy, with one heading; who may
// not sees 403, and who has not signed in is sent to do so.
func TestEveryPage(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, _ := trusts(t)
	w.as("ann").open("/reconcile").form("Show the plan").press(before).form("Do exactly this").press()
	w.work()
	code := pgtest.One[string](w.db, "select code from profile order by code limit 1")
	cid, dot := w.as("cid"), w.as("dot")
	for path, text := range map[string]string{
		"/": "What waits", "/now": "Now", "/runs": "Runs", "/runs/1": "Run 1", "/plans/P1": "Run 1 has applied this plan",
		"/reconcile":   "one-off",
		"/runs/1/undo": "Undo run 1", "/profiles": "Profiles", "/profiles?q=" + code: code, "/profiles?q=%25%25": "No profile is found",
		"/profiles/" + code:          "Opening hours",
		"/profiles/" + code + "/why": "Why " + code, "/profiles/" + code + "/why?field=icb": "Integrated care board of " + code,
		"/profiles/" + code + "/history": "History of " + code, "/profiles/" + code + "?at=2026-06-03": "As it stood",
		"/pushes": "Pushes", "/drift": "Drift", "/accounts": "Accounts", "/reports": "Reports", "/listings": "etr", "/tokens": "Make a token",
		"/rehearsals": "Rehearsals", "/profiles/" + code + "/undo?field=icb": "It cannot be taken back",
		"/profiles/" + code + "/push": "Nothing can be asked", "/closures": "Closures", "/closures/" + code: "nobody has said so",
		"/checks": "Quality findings", "/records": "not understood", "/records/contradictions": "active after their end",
		"/records/flags": "to look at", "/records/owners": "clear owner", "/accounts/inactive": "Inactive accounts",
		"/reminders": "Reminders", "/letters": "Letters",
	} {
		cid.open(path).shows(http.StatusOK, text)
		require.Contains(t, cid.policy, "style-src 'self';", path)
		require.NotContains(t, cid.policy, "unsafe", path)
	}
	for _, path := range []string{"/reconcile", "/runs/1/undo", "/tokens", "/jobs/"} {
		dot.open(path).shows(http.StatusForbidden, "You may not do this", "quote this reference")
	}
	for _, path := range []string{
		"/nowhere", "/runs/99", "/runs/x", "/profiles/ZZZZZ", "/cases/4", "/plans/P9", "/reports/2026-01-01", "/accounts/u-9",
		"/rehearsals/P9", "/rehearsals/x", "/closures/ZZZZZ", "/profiles/" + code + "/undo?field=x", "/profiles/ZZZZZ/push",
	} {
		dot.open(path).shows(http.StatusNotFound, "Not found")
	}
	stranger := w.as("")
	stranger.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	require.Equal(t, http.StatusSeeOther, stranger.open("/runs/1?all=1").status)
}

// A form that is sent again with other contents, as from a page that the browser kept, is
// not answered as if that was done.
func TestAFormIsSentOnceWithItsContents(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, after := trusts(t)
	ann, bea := w.as("ann"), w.as("bea")
	plan := ann.open("/reconcile").form("Show the plan")
	plan.press(before).shows(http.StatusOK, "Plan P1")
	first := ann.at
	plan.press(before)
	require.Equal(t, first, ann.at, "a double click")
	plan.press(file{before.name, after.content}).shows(http.StatusConflict, "with other contents")
	plan.press(file{after.name, before.content}).shows(http.StatusConflict, "with other contents")
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from plan"))
	for _, listing := range []file{before, after} {
		ann.open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	decide := bea.open("/runs/2").form("Approve what is ticked")
	other := &form{browser: bea, action: decide.action, values: url.Values{}}
	maps.Copy(other.values, decide.values)
	other.values["code"] = slices.Clone(decide.values["code"][50:])
	decide.without("code", decide.values["code"][0]).press().shows(http.StatusOK, "It was approved")
	other.press().shows(http.StatusConflict, "with other contents, and only that was done")
	decide.press().shows(http.StatusOK, "Run 3")
	require.Equal(t, 3, pgtest.One[int](w.db, "select count(*)::int from run"))
}

// What is refused before it is begun may be sent again.
func TestAFormThatWasNotBegunIsSentAgain(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	cid := w.as("cid")
	due := cid.open("/reports").form("Make what is due")
	w.db.Exec("alter table action add constraint full_up check (false) not valid")
	due.press().shows(http.StatusServiceUnavailable, "try again in a moment")
	w.db.Exec("alter table action drop constraint full_up")
	due.press().shows(http.StatusOK, "have been made")
}

// What was done is said once, to who did it, and by no link.
func TestNoticesAreReadOnce(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	cid, eve := w.as("cid"), w.as("eve")
	const said = "have been made"
	due := cid.open("/reports").form("Make what is due")
	due.press().shows(http.StatusOK, "Success", said)
	require.Equal(t, "/reports", cid.at)
	for _, other := range []*browser{cid.open("/reports"), eve.open("/reports"), eve.open("/reports?done=made")} {
		require.NotContains(t, other.text, said)
		require.NotContains(t, other.text, "Success")
	}
	due.press().shows(http.StatusOK, said)
	require.NotContains(t, cid.open("/now").text, "Success")
	require.NotContains(t, cid.open("/reports").text, "Success")
}

// Ten clicks at once on one form start one run, and all lead to it.
func TestManyClicksAreOne(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, _ := trusts(t)
	apply := w.as("ann").open("/reconcile").form("Show the plan").press(before).form("Do exactly this")
	led := make(chan string)
	for range 10 {
		one := &form{browser: w.as("ann"), action: apply.action, values: apply.values}
		go func() { led <- one.press().at }()
	}
	for range 10 {
		require.Equal(t, "/runs/1", <-led)
	}
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from run"))
	require.Equal(t, 2, pgtest.One[int](w.db, "select count(*)::int from action"), "the plan and the run")
}

func TestNobodyApprovesWhatTheyAskedFor(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, after := trusts(t)
	cid := w.as("cid")
	for _, listing := range []file{before, after} {
		cid.open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	cid.open("/runs/2").form("Approve what is ticked").press().shows(http.StatusForbidden, "There is a problem", "55 changes wait")
	w.as("bea").open("/runs/2").form("Approve what is ticked").press().shows(http.StatusOK, "It was approved")
}

// A case that waits, and a report that is made, opened and found again.
func TestReportsAreOpened(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, _ := trusts(t)
	cid := w.as("cid")
	cid.open("/reconcile").form("Show the plan").press(before).form("Do exactly this").press()
	w.work()
	cid.open("/reports").form("Make what is due").press().shows(http.StatusOK, "have been made")
	days := pgtest.All[string](w.db, "select day::text from report order by day")
	require.Len(t, days, 1)
	cid.open("/reports/2020-01-02").shows(http.StatusNotFound, "There is no report of 2 January 2020")
	for _, day := range days {
		cid.open("/reports/"+day).shows(http.StatusOK, "Open the report", "Download as a workbook")
		cid.open("/reports?before="+day).shows(http.StatusOK, "There is no report yet")
		cid.open("/reports/" + day + "/page").shows(http.StatusOK)
		require.Equal(
			t, "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			cid.policy,
		)
		cid.open("/api/v1/reports/" + day + "/csv").shows(http.StatusOK)
	}
}

func TestCasesWaitAndComeBack(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, after := trusts(t)
	for _, listing := range []file{before, after} {
		w.as("ann").open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	keeper, err := w.app.Cases(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = keeper.Look(t.Context())
	require.NoError(t, err)
	id := pgtest.One[string](w.db, "select id::text from cases where kind = 'mass-change-withheld'")
	cid, dot := w.as("cid"), w.as("dot")
	cid.open("/").shows(http.StatusOK, "For you: operations", "1 open case")
	cid.open("/cases/"+id).shows(http.StatusOK, "What to do", "What it means for patients", "Decide on what waits of run 2")
	cid.form("Let it wait").press().shows(http.StatusUnprocessableEntity, "Say whom it waits for", "Say until which day")
	cid.form("Let it wait").with("for", "the boards").with("until", "2020-01-01").press().
		shows(http.StatusUnprocessableEntity, "that day has passed")
	bea := w.as("bea")
	late := bea.open("/cases/"+id).form("Set aside").with("reason", "it is known").with("until", "2026-07-30")
	cid.form("Let it wait").with("until", "2026-06-30").press().shows(http.StatusOK, "The case waits", "for the boards until 30 June 2026")
	late.press().shows(http.StatusConflict, "The case has changed since you looked", "for the boards until 30 June 2026")
	require.Contains(t, bea.text, "it is known", "what was typed is kept")
	w.db.Exec("update cases set openings = openings + 1 where id = $1::bigint", id)
	cid.form("Open it again").press().shows(http.StatusConflict, "The case has changed since you looked")
	dot.open("/cases/"+id).shows(http.StatusOK, "waits")
	require.NotContains(t, dot.text, "Open it again")
	cid.form("Set aside").with("reason", "it is known").with("until", "2026-06-30").press().shows(http.StatusOK, "set aside", "it is known")
	cid.form("Open it again").press().shows(http.StatusOK, "The case is open again")
}

func TestFormsAreRefusedInWords(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, _ := trusts(t)
	ann, cid := w.as("ann"), w.as("cid")
	ann.open("/reconcile").form("Show the plan").press().shows(http.StatusUnprocessableEntity, "There is a problem", "Choose a file")
	ann.open("/reconcile").form("Show the plan").with("how", "codes").with("codes", "R?8").press().
		shows(http.StatusUnprocessableEntity, "want only letters and digits")
	require.Contains(t, htmlOf(ann), `value="R?8"`, "what was typed is kept")
	ann.open("/reconcile").form("Show the plan").press(file{"notes.txt", []byte("x")}).shows(
		http.StatusUnprocessableEntity, "There is a problem",
	)
	tomorrow := before
	tomorrow.name = "etr_2026-06-04.csv"
	ann.open("/reconcile").form("Show the plan").press(tomorrow).shows(http.StatusUnprocessableEntity, "The date in the name of "+
		"etr_2026-06-04.csv has not come yet (today is 2026-06-03); give the day that the listing speaks of")
	ann.open("/reconcile").form("Show the plan").press(before).form("Do exactly this").press()
	w.work()
	code := pgtest.One[string](w.db, "select code from profile order by code limit 1")

	cid.open("/profiles/"+code).form("Hold it").with("what", "icb").with("until", "2026-06-30").press().
		shows(http.StatusUnprocessableEntity, "Say why")
	require.Contains(t, htmlOf(cid), `value="2026-06-30"`)
	cid.form("Hold it").with("reason", "a merger").press().shows(http.StatusOK, "It is held", "a merger", "30 June 2026")
	cid.form("End it the hold of Integrated care board").press().shows(http.StatusOK, "The hold has ended", "Nothing is held")

	ann.open("/profiles/" + code)
	require.NotContains(t, ann.text, "Hold it")
	stolen := cid.open("/profiles/"+code).form("Hold it").with("what", "icb").with("reason", "x")
	stolen.client = ann.client
	stolen.client = ann.client
	stolen.press().shows(http.StatusForbidden, "You may not do this")
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from action where outcome = 'forbidden' and actor = 'ann'"))
}

func htmlOf(b *browser) string {
	var text strings.Builder
	each(b.root, func(n *html.Node) {
		for _, a := range n.Attr {
			text.WriteString(a.Key + `="` + a.Val + `" `)
		}
	})
	return text.String()
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	cid := w.as("cid")
	values := cid.open("/tokens").form("Make the token").with("name", "evil").with("verbs", "administer").values
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/tokens", strings.NewReader(values.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	cid.send(r).shows(http.StatusForbidden, "Another site sent this request", "quote this reference")
	require.Zero(t, pgtest.One[int](w.db, "select count(*)::int from access_token"))
}

func TestTokensAreShownOnce(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	cid := w.as("cid")
	add := cid.open("/tokens").form("Make the token").with("name", "monitor")
	add.press().shows(http.StatusUnprocessableEntity, "Say what it may do")
	add = cid.form("Make the token").with("verbs", "read")
	require.Equal(t, "monitor", add.values.Get("name"))
	add.press().shows(http.StatusOK, "This is shown once", "psync_")
	add.press().shows(http.StatusConflict, "shown only once")
	require.NotContains(t, cid.text, "psync_")
	cid.open("/tokens").shows(http.StatusOK, "monitor", "valid")
	cid.form("Revoke monitor").press().shows(http.StatusOK, "The token was revoked")
}

func TestNamesOfPeopleAreAudited(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	w.db.Exec("insert into account (name, email, kind, state) values ('Mary Major', 'mary@example.org', 'member', 'active')")
	cid, dot := w.as("cid"), w.as("dot")
	dot.open("/accounts").shows(http.StatusOK, "u-1")
	for _, secret := range []string{"Mary", "mary@", "Show their names"} {
		require.NotContains(t, dot.text, secret)
	}
	cid.open("/accounts").form("Show their names").press().shows(http.StatusOK, "Mary Major", "mary@example.org")
	require.Equal(
		t, []string{"cid people name-accounts done"},
		pgtest.All[string](w.db, "select concat_ws(' ', actor, verb, operation, outcome) from action"),
	)
}

func TestJobsHideWhatTheyWereGiven(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, _ := trusts(t)
	w.as("ann").open("/reconcile").form("Show the plan").press(before).form("Do exactly this").press()
	cid := w.as("cid")
	cid.open("/jobs/").shows(http.StatusOK)
	cid.open("/jobs/api/jobs?state=available&limit=20").shows(http.StatusOK, `"kind":"reconcile"`)
	require.NotContains(t, cid.text, `run_id`)
	require.Contains(t, cid.text, `"args":"{}"`)
}
