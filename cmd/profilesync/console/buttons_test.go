package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// newPushingWorld is a world in which DoS is set up, with some profiles.
func newPushingWorld(t *testing.T) (w *world, code, other string) {
	t.Helper()
	_, address := dostest.Start(t, dostest.Options{APIKey: "key", User: "reader", Password: "hush"})
	for name, value := range map[string]string{
		"DOS_URL": address, "DOS_API_KEY": "key", "DOS_READ_URL": address, "DOS_READ_USER": "reader", "DOS_READ_PASSWORD": "hush",
	} {
		t.Setenv("PROFILESYNC_"+name, value)
	}
	w = newWorld(t)
	code = w.furnish()
	other = pgtest.One[string](w.db, "select code from profile where status = 'open' and code > $1 order by code limit 1", code)
	return w, code, other
}

// stand lets a push stand as it is said.
func (w *world) stand(code, sink, state string) {
	w.t.Helper()
	w.db.Exec(`insert into push (code, sink, state, reason) values ($1, $2, $3, '') on conflict (code, sink) do update
		set state = $3, due_at = null, job_id = null, forced = false, overwrite = false`, code, sink, state)
}

func (w *world) pushOf(code, sink string) string {
	w.t.Helper()
	return pgtest.One[string](w.db, `select state || case when forced then ' forced' else '' end ||
		case when overwrite then ' overwrite' else '' end from push where code = $1 and sink = $2`, code, sink)
}

// What is ticked is pushed again, and nothing else: no other sink, no other profile.
func TestPushesAreTickedOneByOne(t *testing.T) { //nolint:paralleltest // they would share two cores
	w, code, other := newPushingWorld(t)
	ann, cid := w.as("ann"), w.as("cid")
	for _, one := range []string{code, other} {
		w.stand(one, "dos", "refused")
		w.stand(one, "website", "accepted")
	}
	form := ann.open("/pushes?state=refused").form("Push what is ticked again")
	form.press().shows(http.StatusUnprocessableEntity, "Tick what is pushed again", code)
	ann.form("Push what is ticked again").with("push", code+"/dos").press().
		shows(http.StatusOK, "What is pushed again", code, "on its way")
	require.NotContains(t, ann.text, other)
	require.Equal(t, []string{"wanted forced", "accepted", "refused", "accepted"}, []string{
		w.pushOf(code, "dos"), w.pushOf(code, "website"), w.pushOf(other, "dos"), w.pushOf(other, "website"),
	})

	held := ann.open("/pushes?state=refused&sink=dos").form("Push what is ticked again").with("push", other+"/dos")
	w.stand(other, "dos", "held")
	held.press().shows(http.StatusOK, "it is held, and is not sent before the hold ends")
	require.Contains(t, htmlOf(ann), `href="/pushes?sink=dos&state=refused"`)
	w.stand(other, "dos", "waits")
	ann.open("/pushes?state=waits")
	require.NotContains(t, ann.text, "overwrite what nobody stated")
	ann.form("Push what is ticked again").with("push", other+"/dos").with("do", "overwrite").press().
		shows(http.StatusForbidden, "only for who may approve")
	require.Equal(t, "waits", w.pushOf(other, "dos"))
	cid.open("/pushes?state=waits").form("Push what is ticked again, and overwrite what nobody stated").with("push", other+"/dos").
		press().shows(http.StatusOK, "it may overwrite what nobody stated")
	require.Equal(t, "wanted forced overwrite", w.pushOf(other, "dos"))
	subjects := pgtest.All[string](w.db, "select subject from action where operation = 'retry-pushes' and outcome = 'done' order by id")
	require.Equal(t, []string{code + "/dos", other + "/dos", other + "/dos"}, subjects)

	w.stand(code, "dos", "accepted")
	cid.open("/profiles/"+code+"/push").shows(http.StatusOK, "Nothing has been sent").form("Push it again").press().
		shows(http.StatusOK, "What is pushed again", "on its way")
	require.Equal(t, []string{"wanted forced", "accepted"}, []string{w.pushOf(code, "dos"), w.pushOf(code, "website")})
}

// The page after a comparison says what it found, also where nothing was compared.
func TestWhatAComparisonFoundIsShown(t *testing.T) { //nolint:paralleltest // they would share two cores
	w, code, other := newPushingWorld(t)
	ann := w.as("ann")
	ann.open("/drift").form("Compare and repair").with("codes", code+", "+other).press().
		shows(http.StatusOK, "What the comparison found", "0 of 2 profiles", "It was not compared: it is not set up here")
	subject := pgtest.One[string](w.db, "select subject from action where operation = 'check-drift'")
	require.Equal(t, code+","+other, subject)
}

// Buttons of the pages of profiles, accounts, listings and of now do what they say.
func TestOtherButtons(t *testing.T) { //nolint:paralleltest // they would share two cores
	for name, value := range map[string]string{"MAIL": "directory", "MAIL_DIRECTORY": t.TempDir(), "MAIL_FROM": "no-reply@service.example"} {
		t.Setenv("PROFILESYNC_"+name, value)
	}
	w, code, other := newPushingWorld(t)
	cid := w.as("cid")
	w.stand(code, "dos", "accepted")
	cid.open("/profiles/"+code).form("Push it again").press().shows(http.StatusOK, "It is pushed again.")
	require.Equal(t, "wanted forced", w.pushOf(code, "dos"))
	w.stand(code, "dos", "held")
	cid.form("Push it again").press().shows(http.StatusOK, "is not sent before the hold ends")

	end := cid.form("End it the hold of Telephone")
	stolen := &form{browser: cid, action: strings.Replace(end.action, code, other, 1), values: end.values}
	stolen.press().shows(http.StatusNotFound, "No such hold of "+other+" is in force")
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from hold where removed_at is null"))

	w.db.Exec("update mail_gate set stopped_at = null, stopped_by = '', reason = ''")
	cid.open("/now").form("Stop all letters").press().shows(http.StatusUnprocessableEntity, "Say why")
	cid.form("Stop all letters").with("reason", "a wrong text").press().shows(http.StatusOK, "No letter goes out", "stopped by a person")
	require.Equal(t, "cid", pgtest.One[string](w.db, "select stopped_by from mail_gate"))
	cid.form("Send letters again").press().shows(http.StatusOK, "Letters go out again")

	cid.open("/accounts/u-1").form("Note the leave").with("until", "2026-06-30").with("reason", "she rang").press().
		shows(http.StatusOK, "The leave was noted", "on leave until 2026-06-30")
	again := cid.form("Note the leave")
	require.Equal(t, "2026-06-30", again.values.Get("until"), "noting it again does not end it")
	again.with("until", "").with("reason", "a slip").press().shows(http.StatusUnprocessableEntity, "Give a day")
	cid.form("End the leave").with("reason", "she is back").press().shows(http.StatusOK, "The leave has ended")
	require.NotContains(t, cid.text, "on leave until")
	cid.open("/listings").form("Set the day").with("report", "etr").with("to", "2026-06-01").with("reason", "a wrong date").press().
		shows(http.StatusOK, "1 June 2026", "a wrong date")
}
