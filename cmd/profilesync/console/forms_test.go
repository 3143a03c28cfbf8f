package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// audited is what somebody asked for, and what became of it.
func (w *world) audited(actor string) []string {
	w.t.Helper()
	return pgtest.All[string](w.db, fmt.Sprintf(
		"select concat_ws(' ', operation, nullif(subject, ''), outcome) from action where actor = '%s' order by id", actor,
	))
}

// Ann rehearses the listing of a day to come; Bea approves a part of it ahead, withdraws it,
// and approves all. A form that is old by then is refused.
func TestARehearsalIsDecidedOnAhead(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, after := trusts(t)
	ann, bea := w.as("ann"), w.as("bea")
	ann.open("/reconcile").form("Show the plan").press(before).form("Do exactly this").press()
	w.work()
	ask := func() *form { return ann.open("/reconcile").form("Show the plan").with("rehearse", "yes") }
	ask().press(after).shows(http.StatusUnprocessableEntity, "is not a day to come")
	ask().with("how", "codes").with("codes", "RR8").press().shows(http.StatusUnprocessableEntity, "Choose a file")
	ask().press(file{"etr_2026-07-01.csv", after.content}).shows(http.StatusOK, "Rehearsal P2", "To decide on 55 changes")
	require.NotContains(t, ann.text, "Approve ahead what is ticked")
	ann.open("/plans/P2").shows(http.StatusOK, "A rehearsal is never applied", "Decide ahead")
	ann.open("/rehearsals").shows(http.StatusOK, "P2", "as of 1 July 2026")

	old, form := w.as("bea").
		open("/rehearsals/P2").
		form("Approve ahead what is ticked"),
		bea.open("/rehearsals/P2").
			form("Approve ahead what is ticked")
	left := form.values["code"][0]
	form.with("last", "2026-06-01").press().shows(http.StatusUnprocessableEntity, "There is a problem", "The span ends on 2026-06-01")
	bea.form("Approve ahead what is ticked").with("last", "").press().shows(http.StatusUnprocessableEntity, "Give the last day")
	form = bea.form("Approve ahead what is ticked").with("first", "2026-07-01").with("last", "2026-07-08").without("code", left)
	form.press().shows(http.StatusOK, "It was approved ahead", "Approved ahead: 54 changes", "2026-07-08")
	form.press().shows(http.StatusOK, "Approved ahead: 54 changes") // a double click
	require.Equal(t, 54, pgtest.One[int](w.db, "select count(*)::int from approved_ahead"))
	old.press().shows(http.StatusConflict, "has changed since you looked", "Approve ahead: 1 change")
	bea.open("/rehearsals/P2").form("Withdraw what is ticked").press().shows(http.StatusOK, "It was withdrawn", "Approve ahead: 55 changes")
	bea.form("Approve ahead all 55").press().shows(http.StatusOK, "Approved ahead: 55 changes")
	require.Equal(t, []string{
		"approve-ahead P2 refused", "approve-ahead P2 refused", "approve-ahead P2 done", "approve-ahead P2 refused", "withdraw-ahead P2 done",
		"approve-ahead P2 done",
	}, w.audited("bea"))
}

// The newest change of a field is taken back after its preview, once; what followed it is not
// taken back by an old form.
func TestOneFieldIsTakenBack(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	bea, ann := w.as("bea"), w.as("ann")
	phone := func() string { return pgtest.One[string](w.db, "select phone from profile where code = '"+code+"'") }
	bea.open("/profiles/"+code+"/undo?field=phone").shows(http.StatusOK, "It cannot be taken back", "held by cid")
	bea.open("/profiles/"+code).form("End it the hold of Telephone").press().shows(http.StatusOK, "The hold has ended")
	ann.open("/profiles/"+code+"/undo?field=phone").shows(http.StatusOK, "0113 496 0001")
	require.NotContains(t, ann.text, "Take it back")
	bea.open("/profiles/"+code+"/undo?field=phone").
		shows(http.StatusOK, "0113 496 0001", "Nothing has changed yet").
		form("Take it back")
	old := w.as("cid").open("/profiles/" + code + "/undo?field=phone").form("Take it back")
	w.db.Exec("update profile set phone = '0113 496 0002' where code = $1", code)
	old.press().shows(http.StatusConflict, "is not the newest", "0113 496 0002")
	require.Equal(t, "0113 496 0002", phone())
	undo := bea.open("/profiles/" + code + "/undo?field=phone").form("Take it back")
	undo.with("reason", "mistyped").press().shows(http.StatusOK, "The change was taken back")
	undo.press().shows(http.StatusOK) // a double click
	require.Equal(t, "0113 496 0001", phone())
	bea.open("/profiles/"+code+"/undo?field=phone").shows(http.StatusOK, "It cannot be taken back", "took change")
	require.Equal(t, []string{"remove-hold " + code + " done", "undo-field " + code + " done"}, w.audited("bea"))

	kind := bea.open("/profiles/"+code).form("Set it").with("kind", "hospital")
	kind.press().shows(http.StatusUnprocessableEntity, "Say why")
	bea.form("Set it").with("kind-reason", "wards").press().shows(http.StatusOK, "It is set", "It is hospital")
	bea.form("Set it").with("kind-reason", "wards").press().shows(http.StatusOK, "It was that already")
	bea.open("/profiles/"+code+"/undo?field=kind").form("Take it back").press().shows(http.StatusUnprocessableEntity, "Say why")
	bea.form("Take it back").with("reason", "none").press().shows(http.StatusOK, "The change was taken back")
}

// A board says that a place has closed, somebody confirms it, and takes it back.
func TestAPlaceHasClosed(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	before, _ := trusts(t)
	w.as("ann").open("/reconcile").form("Show the plan").press(before).form("Do exactly this").press()
	w.work()
	code := pgtest.One[string](w.db, "select code from profile where status = 'open' order by code limit 1")
	hidden := func() bool { return pgtest.One[bool](w.db, "select hidden from profile where code = '"+code+"'") }
	bea, cid, dot := w.as("bea"), w.as("cid"), w.as("dot")
	bea.open("/profiles/"+code).shows(http.StatusOK, "Nobody has said so")
	bea.open("/closures?code="+code).shows(http.StatusOK, "Say that "+code+" has closed")
	say := bea.open("/closures/" + code).form("Say that it has closed")
	say.press().shows(http.StatusUnprocessableEntity, "Say why")
	say = bea.form("Say that it has closed").with("reason", "the board rang")
	say.press().shows(http.StatusOK, "It was noted")
	say.press().shows(http.StatusOK, "said")
	require.NotContains(t, bea.text, "the board rang", "only who may see people reads it")
	cid.open("/closures").shows(http.StatusOK, code, "the board rang")
	require.False(t, hidden())

	confirm := cid.open("/closures/"+code).shows(http.StatusOK, "What happens then").form("Confirm that it has closed")
	confirm.with("reason", "seen").with("successor", code).press().shows(http.StatusUnprocessableEntity, "must be another one that is open")
	cid.form("Confirm that it has closed").with("successor", "").press().shows(http.StatusOK, "It is confirmed")
	require.True(t, hidden())
	dot.open("/closures/"+code).shows(http.StatusOK, "confirmed")
	for _, text := range []string{"seen", "Take it back", "Confirm that"} {
		require.NotContains(t, dot.text, text)
	}
	bea.open("/closures/"+code).
		form("Take it back").
		with("reason", "it moved").
		press().
		shows(http.StatusOK, "It was taken back", "taken back")
	require.False(t, hidden())
	bea.open("/closures").shows(http.StatusOK, "Nobody has said that a place has closed")
	bea.open("/closures?state=taken-back").shows(http.StatusOK, code)
	bea.open("/closures/ZZZZZ").shows(http.StatusNotFound)
	require.Equal(t, []string{"say-closed " + code + " refused", "say-closed " + code + " done", "take-closed-back " + code + " done"},
		w.audited("bea"))
}

// What a check of inactive accounts withheld is approved by who may, once; what is due is done
// by who administers.
func TestEndsOfAccountsAreApproved(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	w.db.Exec("insert into idle_run (state, actor, ending, accounts) values ('withheld', 'daemon', 30, 400)")
	bea, cid, dot := w.as("bea"), w.as("cid"), w.as("dot")
	dot.open("/accounts/inactive").shows(http.StatusOK, "waits for approval", "30 of 400")
	require.NotContains(t, dot.text, "End 30 accounts")
	approve := bea.open("/accounts/inactive").form("End 30 accounts of inactivity check 1")
	approve.press().shows(http.StatusOK, "The accounts have ended", "approved", "by bea")
	approve.press().shows(http.StatusOK, "approved") // a double click
	require.Equal(t, []string{"approve-endings 1 done"}, w.audited("bea"))
	require.NotContains(t, bea.text, "Do now what is due")
	cid.open("/accounts/inactive").form("Do now what is due").press().shows(http.StatusOK, "What was due was done")
	cid.open("/accounts/inactive?date=2026-12-01").shows(http.StatusOK, "Inactive accounts")
	require.NotContains(t, cid.text, "Do now what is due", "on another day nothing is done")
}

func TestChecksNeedDoS(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	ann := w.as("ann")
	ann.open("/checks").shows(http.StatusOK, "Quality findings", "What to do")
	ann.form("Make the quality checks").press().shows(http.StatusUnprocessableEntity, "Give 1 to 20 codes")
	ann.form("Make the quality checks").with("codes", "ZZZZZ").press().shows(http.StatusUnprocessableEntity, "No profile has the code ZZZZZ")
	ann.form("Make the quality checks").with("codes", code).press().shows(http.StatusConflict, "DoS is not configured")
	require.Contains(t, htmlOf(ann), `value="`+code+`"`, "what was typed is kept")
	require.Equal(t, "run-checks "+code+" refused", w.audited("ann")[len(w.audited("ann"))-1])
}

// deedsOf are the forms of a page that change something: the kind of its address, and what they do.
func (b *browser) deedsOf(path string) (deeds []string) {
	b.t.Helper()
	b.open(path)
	each(b.root, func(n *html.Node) {
		method, _ := attribute(n, "method")
		if n.Data != "form" || method != "post" {
			return
		}
		action, _ := attribute(n, "action")
		each(n, func(c *html.Node) {
			if name, _ := attribute(c, "name"); name == "do" {
				value, _ := attribute(c, "value")
				deeds = append(deeds, kindOf(action)+" "+value)
			}
		})
	})
	return deeds
}

// everyDeed are all forms of the console, by the addresses of their pages, with the things
// that furnish made.
func everyDeed(code string) map[string][]string {
	return map[string][]string{
		"/now": {
			"stop-mail",
			"resume-mail",
		}, "/pushes": {"retry", "overwrite"}, "/drift": {"check"}, "/listings": {"reset"}, "/reports": {"make"},
		"/accounts": {"names"}, "/accounts/u-1": {"name", "reactivate", "leave"}, "/accounts/inactive": {"apply", "approve"},
		"/tokens": {"add", "revoke"}, "/cases/1": {"wait", "set-aside", "resume"}, "/checks": {"run"},
		"/runs/2": {"approve", "reject", "cancel"}, "/runs/1/undo": {"undo"}, "/reconcile": {"plan"}, "/plans/P1": {"apply"},
		"/rehearsals/P3": {"approve-ahead", "withdraw-ahead"}, "/closures/" + code: {"say", "confirm", "take-back"},
		"/profiles/" + code: {"hold", "release", "push", "kind"}, "/profiles/" + code + "/undo": {"undo"},
	}
}

// Every form is refused to who only reads, changes nothing, and is written down; no page has
// a form that is not among these.
func TestEveryFormIsRefusedToWhoOnlyReads(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	w.db.Exec("insert into idle_run (state, actor, ending, accounts) values ('withheld', 'daemon', 30, 400)")
	dot, sent := w.as("dot"), 0
	var known []string
	for path, deeds := range everyDeed(code) {
		for _, do := range deeds {
			sent++
			known = append(known, kindOf(path)+" "+do)
			f := &form{browser: dot, action: path, values: url.Values{"do": {do}, "once": {fmt.Sprintf("%026d", sent)}}}
			f.upload = path == "/reconcile"
			f.press().shows(http.StatusForbidden, "You may not do this")
		}
	}
	require.Equal(t, sent, pgtest.One[int](w.db, "select count(*)::int from action where actor = 'dot' and outcome = 'forbidden'")+1,
		"each but the upload, of which nothing is read")
	require.Zero(t, pgtest.One[int](w.db, "select count(*)::int from action where actor = 'dot' and outcome <> 'forbidden'"))

	cid := w.as("cid")
	var pages, found []string
	cid.crawl(150, func(path string) { pages = append(pages, path) }, entrances(code)...)
	for _, path := range pages {
		found = append(found, cid.deedsOf(path)...)
	}
	require.Subset(t, known, found)
	require.Greater(t, len(slices.Compact(slices.Sorted(slices.Values(found)))), 25, "the pages show most of them")
}

// kindOf is what the addresses of pages of one kind have in common.
func kindOf(path string) string {
	return regexp.MustCompile(`/(P?\d+|u-\d+|[A-Z0-9]{3,})`).ReplaceAllString(path, "/#")
}
