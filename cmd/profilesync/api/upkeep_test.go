package api

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func callLetters(t *testing.T, w *world) {
	t.Helper()
	w.as(cid)
	w.do(call{id: "post-reminders"})
	require.Equal(t, "2", w.do(call{id: "remind-now", path: "FAA00"}).say("letters"))
	require.Equal(t, "0", w.do(call{id: "remind-now", path: "FAA00"}).say("letters"), "once a day")
	w.do(call{id: "remind-now", path: "FZZ99", status: 422})
	sent := w.do(call{id: "send-mail"})
	require.Equal(t, "0", sent.say("waiting"), sent.text)
	require.Equal(t, "0", w.do(call{id: "send-mail"}).say("sent"))
	require.Equal(t, 1, w.do(call{id: "list-letter-texts", query: "kind=report-ready"}).count("items"))
	w.do(call{id: "list-letter-texts", query: "kind=bogus", status: 422})
	require.Greater(t, w.do(call{id: "list-letter-texts"}).count("items"), 5)
}

func callERS(t *testing.T, w *world) {
	t.Helper()
	w.as(cid)
	w.db.Exec("insert into profile (code, name, type) values ('R00A1', 'Hospital', 'trust-site')")
	id := string(w.services.IDs()[0])
	add := fmt.Sprintf(`{"id": %q, "site": "R00A1"}`, id)
	require.Equal(t, true, w.do(call{id: "add-registered-service", body: add}).at("added"))
	require.Equal(t, false, w.do(call{id: "add-registered-service", body: add}).at("added"))
	elsewhere := w.do(call{id: "add-registered-service", body: fmt.Sprintf(`{"id": %q, "site": "FAA00"}`, id), status: 409})
	require.Contains(t, elsewhere.say("detail"), "is at [R00A1], not at FAA00: it is not added")
	unknown := w.do(call{id: "add-registered-service", body: `{"id": "99999999", "site": "R00A1"}`, status: 404})
	require.Contains(t, unknown.say("detail"), "99999999")
	w.do(call{id: "add-registered-service", body: `{"id": "x", "site": "R00A1"}`, status: 422})
	require.Equal(t, id, w.do(call{id: "list-registered-services", query: "site=R00A1"}).say("items.0.id"))

	extract := string(w.services.Extract(profile.NewDate(2026, 5, 1)))
	require.Equal(t, "3", w.do(call{id: "import-register", query: "name=EBSX05.csv", body: extract}).say("rows"))
	require.Equal(t, 3, w.do(call{id: "list-registered-services"}).count("items"))
	w.do(call{id: "import-register", query: "name=x.csv", body: "a,b\n1,2\n", status: 409})
	columns := url.QueryEscape(`{"ID": "a", "Site": "a"}`)
	w.do(call{id: "import-register", query: "name=x.csv&columns=" + columns, body: "a,b\n1,2\n", status: 422})
	w.do(call{id: "import-register", query: "name=x.csv&columns=bogus", body: "a,b\n1,2\n", status: 422})

	w.do(call{id: "list-registered-services", query: "state=bogus", status: 422})
	w.do(call{id: "list-ers-codes", query: "kind=bogus", status: 422})
	require.Zero(t, w.do(call{id: "list-ers-codes"}).count("items"))
	w.as(ann).do(call{id: "pull-ers-codes"})
	require.Positive(t, w.do(call{id: "list-ers-codes", query: "kind=SPECIALTY"}).count("items"))
}

func callTokens(t *testing.T, w *world) {
	t.Helper()
	w.as(cid)
	made := w.do(call{id: "add-token", body: `{"name": "nightly", "verbs": ["read", "reconcile"], "until": "2026-06-30"}`})
	require.Regexp(t, `^psync_.{43}$`, made.say("token"))
	listed := w.do(call{id: "list-tokens"})
	require.Equal(t, "cid", listed.say("items.0.created_by"))
	require.NotContains(t, listed.text, "psync_")
	w.do(call{id: "add-token", body: `{"name": "nightly", "verbs": ["read"]}`, status: 409})
	w.do(call{id: "add-token", body: `{"name": "No Name", "verbs": ["read"]}`, status: 422})
	w.do(call{id: "add-token", body: `{"name": "x", "verbs": ["rule"]}`, status: 422})
	w.do(call{id: "add-token", body: `{"name": "x", "verbs": ["read"], "until": "2020-01-01"}`, status: 422})

	keeper := guard.Principal{Name: "dot", Person: true, Verbs: []guard.Verb{guard.Read, guard.Administer}}
	refused := w.as(keeper).do(call{id: "add-token", body: `{"name": "x", "verbs": ["read", "approve", "people"]}`, status: 403})
	require.Equal(t, "dot may not approve, people, and so cannot make a token that may", refused.say("detail"))
	w.do(call{id: "add-token", body: `{"name": "x", "verbs": ["read"]}`})
	require.Equal(t, 2, pgtest.One[int](w.db, "select count(*) from access_token"))

	w.do(call{id: "revoke-token", path: "nightly"})
	w.do(call{id: "revoke-token", path: "nightly", status: 404})
	require.Equal(t, 1, w.do(call{id: "list-tokens"}).count("items"))
	require.Equal(t, 2, w.do(call{id: "list-tokens", query: "all=true"}).count("items"))
}

func callSessions(t *testing.T, w *world) {
	t.Helper()
	w.db.Exec(`insert into session (token_hash, data, expires_at, actor) select 's' || n, 'x', now() + interval '1 hour', 'u-' || n / 2
		from generate_series(1, 4) n`)
	w.as(bea).do(call{id: "list-sessions", status: 403})
	w.do(call{id: "end-sessions", body: `{"actor": "u-1"}`, status: 403})
	w.do(call{id: "list-actions", status: 403})
	w.as(cid)
	first := w.do(call{id: "list-sessions", query: "limit=2"})
	require.Equal(t, "u-1 2", first.say("items.1.actor")+" "+first.say("items.1.sessions"))
	require.Equal(t, "u-2", w.do(call{id: "list-sessions", query: "limit=2&cursor=" + first.say("next")}).say("items.0.actor"))
	w.do(call{id: "end-sessions", body: `{"actor": "u-1"}`})
	w.do(call{id: "end-sessions", body: `{"actor": "u-1"}`, status: 404})
	w.do(call{id: "end-sessions", body: `{"actor": ""}`, odd: true, status: 422})
	require.Contains(t, w.recorded(), "cid administer end-sessions u-1")
	require.Equal(t, 2, w.do(call{id: "list-sessions"}).count("items"))

	w.db.Exec(`insert into action (actor, person, verb, operation) select 'token:x', false, 'approve', 'approve' from generate_series(1, 3)`)
	ended := w.do(call{id: "list-actions", query: "actor=cid&limit=1"})
	require.Equal(
		t,
		"end-sessions u-1 done",
		ended.say("items.0.operation")+" "+ended.say("items.0.subject")+" "+ended.say("items.0.outcome"),
	)
	newest := w.do(call{id: "list-actions", query: "actor=token:x&limit=2"})
	require.Equal(t, 2, newest.count("items"))
	rest := w.do(call{id: "list-actions", query: "actor=token:x&limit=2&cursor=" + newest.say("next")})
	require.Equal(t, 1, rest.count("items"))
	require.Nil(t, rest.at("next"))
	require.Equal(t, rest.at("items"), w.do(call{id: "list-actions", query: "actor=token:x&before=" + newest.say("items.1.id")}).at("items"))
	require.Zero(t, w.do(call{id: "list-actions", query: "actor=nobody"}).count("items"))
	w.do(call{id: "list-actions", query: "cursor=bogus", status: 422})
}

func callStatus(t *testing.T, w *world) {
	t.Helper()
	stands := w.as(ann).do(call{id: "show-status"})
	require.Equal(t, true, stands.at("schema_current"))
	require.NotZero(t, stands.count("sources"))
	require.NotContains(t, stands.text, "anary")
}
