package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rule of JSON (reconcile/RULES.md "JSON") holds for every command: a list is one
// object a line, a thing is one object, and the columns of the table are in it.

// lists are the commands that print a list: by column, the keys of which one has it where
// the key is not the column's own name.
var lists = map[string]map[string]string{
	"runs list":           {},
	"listings list":       {"days old": "age_days", "by": "actor"},
	"profile history":     {"when": "at", "before": "old", "after": "new", "by": "actor"},
	"profile why":         {"when": "at", "what": "text"},
	"ers register list":   {"site": "sites", "from": "origin"},
	"ers services":        {"id": "external_id", "editors' text": "text"},
	"ers codes":           {"system": "kind", "label": "display", "until": "effective_to", "specialties": "parents"},
	"ers owners":          {"by code": "owner_by_code", "before": "owner_before"},
	"push list":           {"wanted": "wanted_at", "accepted": "accepted_at"},
	"checks list":         {"finding": "kind", "found": "detail", "since": "first_seen"},
	"cases list":          {"what": "title", "due": "deadline"},
	"cases letters":       {"letter": "kind"},
	"closure list":        {"since": "said_at", "by": "said_by", "followed by": "successor", "register": "status", "why": "reason"},
	"hold list":           {"hold": "id", "what": "field", "by": "actor"},
	"remind":              {"what is missing": "missing"},
	"accounts inactive":   {},
	"accounts list":       {"account": "account"},
	"mail list":           {"letter": "reference", "at": "made", "why": "reason"},
	"report list":         {"report": "day", "delivered": "deliveries"},
	"quarantine list":     {"what to do": "reason"},
	"contradictions list": {"profile": "status", "end date": "closed"},
	"flags list":          {"profile": "status"},
	"sessions list":       {},
	"actions list":        {"action": "id"},
	"tokens list":         {"token": "name", "state": "valid", "made": "created", "by": "created_by", "until": "expires"},
}

// things are the commands that print one object, and rows of it on further lines where
// they say so; by the arguments that make them work in a full site.
var things = map[string]string{
	"runs show": "1 --changes", "runs waiting": "", "runs undo": "1 --preview", "profile show": "FA001",
	"push preview": "FA001 --sink dos", "drift": "--ods FA001", "cases look": "", "cases show": "1",
	"mail show": "", "mail stop": "--reason x", "mail resume": "", "mail send": "", "version": "", "man": "", "completion": "bash",
	"accounts show": "u-1", "accounts leave": "u-1 --reason x --until 2026-12-31", "report make": "", "report verify": "2026-11-20",
	"report deliver": "2026-11-20", "report link": "", "hold remove": "1", "closure confirm": "FA001 --reason x",
	"closure say":       "FA001 --reason x",
	"closure take-back": "FA002 --reason x", "plan": "--files FILE", "reconcile": "--files FILE --wait",
	"cases wait": "1 --for x --until 2026-12-31", "cases resume": "1", "checks run": "--ods FA001",
	"cases set-aside": "1 --reason x --until 2026-12-31", "migrate": "--roles --print", "profile undo": "FA001 phone",
	"ers register import": "EXTRACT", "status": "", "tokens add": "x --verbs read",
}

// others need what this site has not, or print no result of their own; tests of theirs
// read their JSON.
var others = []string{
	"serve", "runs approve", "runs reject", "runs cancel", "listings reset", "profile kind", "ers register add", "push retry", "hold add",
	"accounts approve", "accounts reactivate", "mail templates", "report show", "help", "ops write", "check", "tokens revoke", "sessions end",
}

func TestEveryCommandIsAListOrAThing(t *testing.T) {
	t.Parallel()
	for _, path := range bareSite(t).commandPaths() {
		_, isList := lists[path]
		_, isThing := things[path]
		if !isList && !isThing {
			require.Contains(t, others, path, "say what it prints")
		}
	}
}

// listArguments are what a list needs besides its name.
var listArguments = map[string]string{
	"profile history": "FA001", "profile why": "FA001", "ers services": "FA001", "cases letters": "--preview", "remind": "--preview",
	"accounts inactive": "--preview", "cases list": "--most 1000",
}

func TestAListOfNothingIsTheWordNone(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test", "NOW=2026-11-20T09:00:00Z")
	for path := range lists {
		if path == "profile history" || path == "profile why" {
			continue // a profile has a history
		}
		if path == "ers services" {
			s.write("insert into profile (code, name, type, icb) values ('FA001', 'First', 'trust', '')")
		}
		args := strings.Fields(path + " " + listArguments[path])
		o := s.do(args...)
		if path == "cases list" || o.code == 3 { // there is a case of what was never pulled
			require.Contains(t, []int{0, 3}, o.code, o.err)
			continue
		}
		require.Zero(t, o.code, "%s: %s", path, o.err)
		require.Equal(t, "none\n", o.out, path)
		require.Empty(t, s.exits(0, append(args, "--format", "json")...).out, path)
	}
	require.Equal(t, "none\n", s.exits(0, "cases", "list", "--kind", "contradiction").out)
}

// fullSite is a site in which every list has something.
func fullSite(t *testing.T) *site {
	t.Helper()
	s, x := newSite(t).with("MODE=test", "NOW=2026-11-20T09:00:00Z", "MAIL=directory", "MAIL_DIRECTORY="+t.TempDir(),
		`LISTS={"QAA":"board@example.nhs.uk","operations":"ops@example.nhs.uk"}`).withSinks()
	s.reconcile(0, madeUp(t, "edispensary", 20), madeUpDay)
	s.write(`
		insert into profile (code, name, type, icb, phone) values
			('FA001', 'First', 'pharmacy', 'QAA', '0113 496 0000'), ('FA002', 'Second', 'pharmacy', 'QAA', '');
		insert into profile (code, name, type, icb, parent, kind) values ('RXX01', 'Site', 'trust-site', 'QAA', '', 'clinic');
		update profile set phone = '0113 496 0001' where code = 'FA001';
		insert into service (code, source, nhs_code, name) values ('FA001', 'editor', 'SRV0560', 'NHS blood pressure check service');
		insert into push (code, sink, route, state, reason, wanted_at) values ('FA001', 'dos', 'change-event', 'refused', 'x', now());
		insert into ers_service (id, origin, claimed, added_by) values ('1', 'editor', '{RXX01}', 'x');
		insert into ers_code (kind, code, display) values ('SPECIALTY', 'A', 'Eyes');
		insert into account (email, name, state, last_active_at) values
			('canary@example.nhs.uk', 'Jane Canary', 'active', '2026-11-01'), ('canary2@example.nhs.uk', 'Jo Canary', 'active', '2025-01-01');
		insert into membership (account_id, code, role) values (1, 'FA001', 'account-manager'), (2, 'FA001', 'editor');
		insert into letter (reference, kind, account_id, reason) values ('x/1', 'check-opening', 1, 'x');
		insert into quarantine (source, report, code, line, field, value, reason, raw, raw_hash)
			values ('ods', 'etr', 'X', 7, 'Name', '', 'it is empty', '', '');
		insert into hold (code, field, reason, actor) values ('FA002', 'phone', 'x', 'x')`)
	s.write("update upstream_record set contradiction = true, flag = 'missing', missing_since = '2026-11-01' where code = $1", s.codes()[3])
	s.exits(0, "closure", "confirm", "FA002", "--reason", "x", "--successor", "FA001")
	x.dos.Seed("FA001")
	s.exits(3, "checks", "run")
	s.exits(0, "cases", "look")
	s.exits(0, "report", "make")
	s.exits(0, "tokens", "add", "desk", "--verbs", "read", "--until", "2027-03-31")
	s.write(`insert into session (token_hash, data, expires_at, actor) values ('x', 'x', now() + interval '1 hour', 'u-1')`)
	s.write("update access_token set last_used = '2026-11-19'")
	return s
}

var columnGap = regexp.MustCompile(`  +`)

func TestEachColumnOfAListIsInItsJSON(t *testing.T) {
	t.Parallel()
	s := fullSite(t)
	for path, keys := range lists {
		args := strings.Fields(path + " " + listArguments[path])
		table, objects := s.wide(args...), s.do(append(args, "--format", "json")...)
		require.Contains(t, []int{0, 3}, objects.code, "%s: %s", path, objects.err)
		found := list[map[string]any](t, objects)
		require.NotEmpty(t, found, "%s: %s", path, table)
		has := map[string]bool{}
		for _, object := range found {
			for key := range object {
				has[key] = true
			}
		}
		for _, column := range columnsOf(table) {
			key, renamed := keys[column]
			if !renamed {
				key = strings.ReplaceAll(column, " ", "_")
			}
			require.True(t, has[key], "%s: column %q is not in %v", path, column, slices.Sorted(maps.Keys(has)))
		}
	}
}

// wide returns the last table that a command prints, with a line for each row.
func (s *site) wide(args ...string) string {
	s.t.Helper()
	cmd := s.command(s.t.Context(), args...)
	cmd.Env = append(cmd.Env, "COLUMNS=10000")
	out, _ := cmd.Output() // 3 says that something waits
	tables := strings.Split(strings.TrimSpace(string(out)), "\n\n")
	if args[0] == "push" { // totals come first
		return tables[1]
	}
	return tables[0]
}

// columnsOf are the columns of a table in which a row has something, in small letters.
func columnsOf(table string) (columns []string) {
	lines := strings.Split(table, "\n")
	at := 0
	for _, name := range columnGap.Split(strings.TrimSpace(lines[0]), -1) {
		at += strings.Index(lines[0][at:], name)
		if slices.ContainsFunc(lines[1:], func(row string) bool { return hasCell([]rune(row), at) }) {
			columns = append(columns, strings.ToLower(name))
		}
		at += len(name)
	}
	return columns
}

func hasCell(row []rune, at int) bool { return at < len(row) && row[at] != ' ' && row[at] != '-' }

func TestEveryThingIsAnObjectALine(t *testing.T) {
	t.Parallel()
	s := fullSite(t)
	file := madeUp(t, "edispensary", 20)
	extract := writeFile(t, "extract.csv", "a,b\n1,RXX01\n")
	s = s.with("ERS_COLUMNS=" + twoColumns)
	for _, path := range slices.Sorted(maps.Keys(things)) {
		args := strings.Fields(strings.NewReplacer("FILE", file, "EXTRACT", extract).Replace(path + " " + things[path]))
		by := s
		if path == "migrate" {
			by = s.with("DATABASE_URL=" + s.url) // the owner
		}
		o := by.do(append(args, "--format", "json")...)
		require.Contains(t, []int{0, 3}, o.code, "%s: %s", path, o.err)
		require.NotEmpty(t, o.out, path)
		for line := range strings.Lines(o.out) {
			var object map[string]any
			require.NoError(t, json.NewDecoder(bytes.NewReader([]byte(line))).Decode(&object), "%s: %s", path, line)
		}
	}
}
