package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// furnish fills the tables that pages show with what a run alone does not make.
func (w *world) furnish() (code string) {
	w.t.Helper()
	before, after := trusts(w.t)
	for _, listing := range []file{before, after} {
		w.as("ann").open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	coming := file{"etr_2026-07-01.csv", bytes.ReplaceAll(after.content, []byte("QWO"), []byte("QOP"))}
	w.as("ann").open("/reconcile").form("Show the plan").with("rehearse", "yes").press(coming).shows(http.StatusOK, "Rehearsal P3")
	code = pgtest.One[string](w.db, "select code from profile where status = 'open' order by code limit 1")
	cid := w.as("cid")
	cid.open("/profiles/"+code).form("Hold it").with("what", "phone").with("reason", "flooded").press().shows(http.StatusOK)
	cid.open("/tokens").form("Make the token").with("name", "monitor").with("verbs", "read").press().shows(http.StatusOK)
	for _, statement := range []string{
		`insert into account (name, email, kind, state) values ('Mary Major', 'mary@example.org', 'member', 'active')`,
		`insert into membership (account_id, code, role) select 1, $1, 'account-manager'`,
		`insert into section_check (code, section, account_id, at) select $1, 'contact', 1, clock()`,
		`insert into account_change (account_id, what, old, new, actor, reason, at, xid)
			select 1, 'state', 'invited', 'active', 'ada', 'she rang', clock(), pg_current_xact_id() where $1 <> ''`,
		`insert into cases (kind, subject, about, code, board, facts, deadline, state, reason, until, decided_by)
			select 'no-channel', $1, '', $1, 'QWO', '{"name": "x", "sink": "dos"}', '2026-06-10', 'set-aside', 'x', '2026-06-09', 'ada'`,
		`insert into closure (code, said_by, reason) select $1, 'ada', 'the shop is empty'`,
		`insert into service (code, source, name, kind, hours) select $1, 'editor', 'Podiatry', 'clinic', 'weekdays'`,
		`insert into push (code, sink, state, reason, left_out) select $1, 'dos', 'refused', 'no such service', '[]' on conflict do nothing`,
		`insert into push_overwrite (code, sink, sequence, entry, field, before, after) select $1, 'dos', 1, 'x', 'phone', 'a', 'b'`,
		`insert into drift_check (sink, actor, state, whole, reason) select 'dos', $1, 'done', true, 'x'`,
		`insert into drift (check_id, code, field, want, shown, given_up) select 1, $1, 'phone', 'a', 'b', false`,
		`insert into quality_finding (code, kind, service, about, detail, owner, first_check, last_check)
			select $1, 'odd-phone', '', 'phone', 'x', 'service-desk', 1, 1`,
		`update mail_gate set stopped_at = clock(), stopped_by = 'ada', reason = 'x ' || $1`,
		`update profile set phone = '0113 496 0001' where code = $1`,
	} {
		args := []any{code}
		if !strings.Contains(statement, "$1") {
			args = nil
		}
		w.db.Exec(statement, args...)
	}
	return code
}

// textColumns are the columns that may hold any text, without keys and the names of reports.
const textColumns = `
	select c.table_name || ' ' || c.column_name || ' ' || c.udt_name
	from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
	where c.table_schema = 'profilesync' and t.table_type = 'BASE TABLE' and c.udt_name in ('text', '_text')
	  and c.column_name <> 'report' and not exists (
		select from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
		where k.conrelid = ('profilesync.' || c.table_name)::regclass and k.contype in ('p', 'u', 'f') and a.attname = c.column_name)
	order by 1`

// plant writes a text into every column that takes it, as an intruder in the database
// could, and returns how many took it.
func (w *world) plant(text string) (planted int) {
	w.t.Helper()
	conn := pgtest.Connect(w.t, w.db.URL)
	_, err := conn.Exec(w.t.Context(), "set session_replication_role = replica") // no trigger keeps it
	require.NoError(w.t, err)
	for _, one := range pgtest.All[string](w.db, textColumns) {
		var table, column, kind string
		_, err := fmt.Sscan(one, &table, &column, &kind)
		require.NoError(w.t, err)
		value := "$1"
		if kind == "_text" {
			value = "array[$1]"
		}
		statement := fmt.Sprintf("update profilesync.%s set %s = %s where profilesync.%[1]s.%[2]s is not null", table, column, value)
		done, err := conn.Exec(w.t.Context(), statement, text)
		if err == nil && done.RowsAffected() > 0 { // else only known values, or a form, are allowed
			planted++
		}
	}
	return planted
}

// crawl opens every page that links and searches lead to, and returns how many it saw.
func (b *browser) crawl(most int, look func(path string), from ...string) (seen int) {
	b.t.Helper()
	known := make(map[string]bool)
	for len(from) > 0 && seen < most {
		path := from[0]
		from = from[1:]
		if path, _, _ = strings.Cut(path, "#"); known[path] {
			continue
		}
		known[path] = true
		b.open(path)
		require.Less(b.t, b.status, http.StatusInternalServerError, path)
		seen++
		look(path)
		at, err := url.Parse(b.url + path)
		require.NoError(b.t, err)
		each(b.root, func(n *html.Node) {
			if to, ok := attribute(n, "href"); ok && n.Data == "a" {
				link, err := at.Parse(to)
				require.NoError(b.t, err, to)
				require.Contains(b.t, []string{"http", "https"}, link.Scheme, "%s leads to %s", path, to)
				if link.Host == at.Host && !strings.HasPrefix(link.Path, "/jobs") {
					from = append(from, link.RequestURI())
				}
			}
		})
	}
	return seen
}

// entrances are the pages from which all others can be reached.
func entrances(code string) []string {
	return []string{
		"/", "/now", "/runs", "/runs/1", "/runs/2", "/plans/P1", "/plans/P2", "/reconcile", "/profiles?q=a", "/profiles/" + code,
		"/profiles/" + code + "/why", "/profiles/" + code + "/history", "/profiles/" + code + "?at=2026-06-04",
		"/pushes", "/pushes?state=refused", "/drift", "/accounts", "/accounts/u-1", "/reports", "/listings", "/tokens", "/actions",
		"/cases/1", "/?owner=operations&all=1", "/runs/1/undo", "/rehearsals/P3", "/profiles/" + code + "/undo?field=icb",
		"/profiles/" + code + "/push", "/closures?state=taken-back", "/closures/" + code, "/checks", "/records", "/accounts/inactive",
		"/letters", "/reminders",
	}
}

// Whatever text the database holds, it is text on every page, and no part of it.
func TestPlantedMarkupIsText(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	const markup = `"><img src=x onerror=alert(1)><script>alert(1)</script><x-planted>'{{.}}javascript:alert(1)`
	planted := w.plant(markup)
	require.Greater(t, planted, 40)
	shown := make(map[string]bool)
	cid := w.as("cid")
	look := func(path string) {
		each(cid.root, func(n *html.Node) {
			if n.Type != html.ElementNode {
				return
			}
			require.NotContains(t, []string{"img", "x-planted", "iframe", "object", "base"}, n.Data, path)
			for _, a := range n.Attr {
				require.False(t, strings.HasPrefix(a.Key, "on"), "%s: %s of %s", path, a.Key, n.Data)
				require.False(t, strings.HasPrefix(a.Val, "javascript:"), "%s: %s of %s", path, a.Key, n.Data)
			}
			if n.Data == "script" {
				require.Nil(t, n.FirstChild, path)
				from, _ := attribute(n, "src")
				require.True(t, strings.HasPrefix(from, "/assets/console.js?"), "%s: %s", path, from)
			}
		})
		if strings.Contains(cid.text, "<x-planted>") {
			page, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
			shown[page] = true
		}
	}
	seen := cid.crawl(120, look, entrances(code)...)
	for _, form := range []string{"Show their names", "Show the name"} {
		cid.open(map[bool]string{true: "/accounts", false: "/accounts/u-1"}[form == "Show their names"]).form(form).press()
		look("/accounts, named")
	}
	t.Logf("%d columns planted, %d pages seen; it was shown by %v", planted, seen, shown)
	for _, page := range []string{"runs", "profiles", "accounts", "drift", "listings", "plans", "cases", "pushes", "tokens"} {
		require.True(t, shown[page], "%s shows nothing of it: %v", page, shown)
	}
}

// personal are texts about people, and by people about people, and where they are.
var personal = map[string]string{
	"zelda@canary.example": "update account set email = $1",
	"Zelda Canaria":        "update account set name = $1",
	"zelda-before":         "update account_change set old = $1",
	"zelda-after":          "update account_change set new = $1",
	"zelda-rang":           "update account_change set reason = $1",
	"zelda-said-so":        "update change set reason = $1 where run_id is null",
	"zelda-typed-it":       "insert into taken_back (change_id, reason) select max(id), $1 from change",
	"zelda-found-it-empty": "update closure set reason = $1",
	"zelda-decided":        "update decision_change set reason = $1",
}

// Who may not see people finds nothing about them, on any page and in any answer.
func TestWithoutTheVerbNobodySeesPeople(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	conn := pgtest.Connect(t, w.db.URL)
	_, err := conn.Exec(t.Context(), "set session_replication_role = replica")
	require.NoError(t, err)
	for text, statement := range personal {
		done, err := conn.Exec(t.Context(), statement, text)
		require.NoError(t, err, statement)
		require.Positive(t, done.RowsAffected(), statement)
	}
	cid := w.as("cid")
	for path, text := range map[string]string{
		"/accounts/u-1": "zelda-rang", "/profiles/" + code + "/history": "zelda-said-so", "/profiles/" + code + "/why": "zelda-said-so",
		"/api/v1/accounts/u-1": "zelda-after", "/api/v1/profiles/" + code + "/history": "zelda-said-so",
		"/api/v1/accounts/u-1/person": "Zelda Canaria",
	} {
		require.Contains(t, cid.open(path).raw, text, "%s shows it to who may see people", path)
	}
	found := make(map[string]bool)
	for _, who := range []string{"dot", "eve"} {
		b := w.as(who)
		look := func(path string) {
			for text := range personal {
				if strings.Contains(b.raw, text) {
					found[path+" shows "+text] = true
				}
			}
		}
		b.crawl(120, look, entrances(code)...)
		for _, path := range w.readable(code) {
			b.open(path)
			require.NotEqual(t, http.StatusInternalServerError, b.status, "%s: %s", path, b.raw)
			look(path)
		}
		for _, deed := range []url.Values{{"do": {"names"}}, {"do": {"name"}}} {
			path := map[string]string{"names": "/accounts", "name": "/accounts/u-1"}[deed.Get("do")]
			deed.Set("once", "AAAAAAAAAAAAAAAAAAAAAAAAA"+deed.Get("do")[len(deed.Get("do"))-1:])
			f := &form{browser: b, action: path, values: deed}
			require.Equal(t, http.StatusForbidden, f.press().status)
			look(path)
		}
	}
	require.Empty(t, found)
	cid.open("/accounts").form("Show their names").press().shows(http.StatusOK, "Zelda Canaria")
	for text := range personal {
		require.NotContains(t, w.log.String(), text)
	}
}

// readable are the addresses of all operations of the API that only read, with the things
// that furnish made.
func (w *world) readable(code string) (paths []string) {
	w.t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	found := w.as("cid").open("/api/openapi.json").raw
	require.NoError(w.t, json.Unmarshal([]byte(found), &document)) //nolint:musttag // its names are the document's
	named := strings.NewReplacer("{code}", code, "{account}", "u-1", "{field}", "phone", "{plan}", "P1", "{run}", "2",
		"{day}", "2026-06-02", "{form}", "csv")
	for path, methods := range document.Paths {
		if _, reads := methods["get"]; reads && !strings.Contains(path, "progress") {
			path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(named.Replace(path), "1")
			if strings.HasSuffix(path, "/at") {
				path += "?at=2026-06-04"
			}
			paths = append(paths, path)
		}
	}
	require.Greater(w.t, len(paths), 30)
	return paths
}

// The audit names what something was done to by ids, whatever a caller sends.
func TestSubjectsAreIDs(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	cid := w.as("cid")
	for n, path := range []string{"/profiles/zelda@canary.example", "/accounts/Zelda%20Canaria", "/runs/zelda@canary.example", "/tokens"} {
		deed := []string{"hold", "leave", "reject", "revoke"}[n]
		f := &form{browser: cid, action: path, values: url.Values{
			"do": {deed}, "once": {fmt.Sprintf("%026d", n)}, "name": {"zelda@canary.example"}, "reason": {"x"},
		}}
		require.Less(t, f.press().status, http.StatusInternalServerError, path)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/jobs/api/zelda@canary.example", nil)
	require.NoError(t, err)
	cid.send(r)
	require.NotContains(t, strings.ToLower(w.log.String()), "zelda")
	require.Equal(t, []string{"?", "?", "?", "", "?"}, pgtest.All[string](w.db, "select subject from action order by id"))
}

// Looking changes nothing but the audit, so that a link on another site does nothing either.
func TestLookingChangesNothing(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	standing := func() (all []string) {
		for _, table := range pgtest.All[string](w.db, `select table_name from information_schema.tables
			where table_schema = 'profilesync' and table_type = 'BASE TABLE' and table_name <> 'action' order by 1`) {
			const digest = `select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from profilesync.%s t`
			all = append(all, table+" "+pgtest.One[string](w.db, fmt.Sprintf(digest, table)))
		}
		return all
	}
	before := standing()
	cid := w.as("cid")
	cid.crawl(120, func(string) {}, entrances(code)...)
	for _, path := range w.readable(code) {
		cid.open(path)
	}
	for _, deed := range []string{"stop-mail", "make", "names", "hold", "approve", "add", "check"} {
		for _, path := range []string{"/now", "/reports", "/accounts", "/profiles/" + code, "/runs/2", "/tokens", "/drift"} {
			cid.open(
				path + "?" + url.Values{
					"do":     {deed},
					"once":   {strings.Repeat("B", 26)},
					"reason": {"x"},
					"name":   {"x"},
					"verbs":  {"read"},
				}.Encode(),
			)
		}
	}
	require.Equal(t, before, standing())
}
