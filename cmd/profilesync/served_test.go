package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
)

// notServed are the commands that the API does not do, and why.
var notServed = map[string]string{
	"serve":      "it is the daemon",
	"migrate":    "it makes the database that a daemon needs",
	"ops write":  "it writes files out of the program",
	"check":      "it tries the settings of the machine that it runs on: with PROFILESYNC_SERVER, that the daemon takes the token",
	"help":       "it is about the program",
	"completion": "it is about the program",
	"man":        "it is about the program",
	"version":    "it is about the program",
}

// notOfServer are flags that say what a daemon knows by itself, or how results are printed.
var notOfServer = []string{"actor", "private", "format", "version", "help"}

// ofSelection are the flags that select waiting rows.
const ofSelection = " --report etr --reason too-many-removals --field status --type pharmacy --region Y60 --icb QAA --code FA001"

// forServer are arguments for each command that the API does: several where alternatives
// exclude each other. Every flag of the command is in one of them.
var forServer = map[string][]string{
	"plan": {
		"--files FILE --as-of 2026-06-01 --changes", "--files FILE --as-of 2999-01-01 --rehearse", "--report etr --all --changes",
		"--ods FA001", "--source ods",
	},
	"reconcile":    {"--files FILE --as-of 2026-06-01 --wait", "--report etr", "--ods FA001", "--source ods", "--plan P1"},
	"runs list":    {"--most 5"},
	"runs show":    {"1 --changes --most 5", "1 --withheld"},
	"runs waiting": {"1" + ofSelection, "--plan P1", "--all"},
	"runs approve": {
		"1 --digest 0123456789abcdef" + ofSelection,
		"--plan P1 --digest 0123456789abcdef --from 2999-01-01 --until 2999-01-02",
		"--all",
	},
	"runs reject":    {"1" + ofSelection, "--plan P1", "--all"},
	"runs undo":      {"1 --preview", "1 --yes", "1 --confirm 1"},
	"runs cancel":    {"1"},
	"listings list":  {""},
	"listings reset": {"etr --to 2026-01-01 --reason x"},

	"profile show":    {"FA001", "FA001 --at 2026-01-01"},
	"profile history": {"FA001"},
	"profile kind":    {"RXX01 hospital --reason x"},
	"profile why":     {"FA001 phone"},
	"profile undo":    {"FA001 phone --change 1 --reason x"},

	"ers register import": {"FILE --columns COLUMNS"},
	"ers register list":   {"--state active --site RXX01 --most 5"},
	"ers register add":    {"1 --site RXX01"},
	"ers services":        {"FA001"},
	"ers codes":           {"--kind SPECIALTY", "--pull"},
	"ers owners":          {"--days 5"},

	"push list":    {"--state accepted --sink dos --most 5"},
	"push retry":   {"FA001 --sink dos --overwrite --wait 1s"},
	"push preview": {"FA001 --sink dos"},
	"drift":        {"--ods FA001 --sink dos --repair --most 5"},
	"hold add":     {"FA001 --sink dos --until 2999-01-01 --reason x", "FA001 --field phone --reason x"},
	"hold list":    {"FA001 --ended"},
	"hold remove":  {"1"},
	"checks list":  {"--kind no-dos-place --owner pharmacy --code FA001 --all --most 5"},
	"checks run":   {"--ods FA001"},

	"remind":              {"--preview --date 2026-01-01", "--post", "--send-now FA001"},
	"accounts inactive":   {"--preview --date 2026-01-01", "--apply"},
	"accounts approve":    {"1"},
	"accounts list":       {"--state active --most 5"},
	"accounts show":       {"u-1"},
	"accounts reactivate": {"u-1 --reason x"},
	"accounts leave":      {"u-1 --until 2999-12-01 --reason x", "u-1 --end --reason x"},
	"mail list":           {"--state due --account u-1 --most 5"},
	"mail show":           {""},
	"mail stop":           {"--reason x"},
	"mail resume":         {""},
	"mail send":           {""},
	"mail templates":      {"report-ready"},

	"cases list":        {"--kind sink-paused --owner operations --board QAA --days 5 --gone --most 5", "--code FA001"},
	"cases show":        {"1"},
	"cases wait":        {"1 --for x --until 2999-01-01 --reason x"},
	"cases set-aside":   {"1 --until 2999-01-01 --reason x"},
	"cases resume":      {"1"},
	"cases look":        {""},
	"cases letters":     {"--preview --full", "--post"},
	"closure list":      {"--code FA001 --state said --all --most 5"},
	"closure say":       {"FA001 --reason x"},
	"closure confirm":   {"FA001 --reason x --successor FA002"},
	"closure take-back": {"FA001 --reason x"},

	"report show":         {"--date 2026-01-02 --region QAA --section updates --out OUT", ""},
	"report make":         {""},
	"report list":         {"--most 5"},
	"report deliver":      {"2026-01-02"},
	"report link":         {"--date 2026-01-02 --region QAA", ""},
	"report verify":       {"2026-01-02"},
	"quarantine list":     {"--report etr --most 5"},
	"contradictions list": {"--report etr"},
	"flags list":          {"--report etr"},

	"status":        {""},
	"tokens list":   {"--all"},
	"tokens add":    {"x --verbs read --until 2999-01-01"},
	"tokens revoke": {"x"},
	"sessions list": {""},
	"sessions end":  {"x"},
	"actions list":  {"--by token:x --before 5 --most 5"},
}

// notAsked are the operations that no command asks this daemon for, and why.
var notAsked = map[string]string{
	"name-account":       "commands show nobody's name",
	"preview-undo-field": "profile undo says what it did",
	"list-plan-changes":  "plan asks once a plan was made, and none is here",
	"run-progress":       "reconcile --wait asks once a run was started, and none is here",
	"undo-run":           "runs undo asks if its preview shows something, and this one does not",
}

// asked are the operations of a daemon that were asked for. It answers every one with
// nothing found.
type asked struct {
	*httptest.Server

	mutex sync.Mutex
	ids   []string
	known []string // every operation of the document
}

func newAsked(t *testing.T) *asked {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		} `json:"paths"`
	}
	text, err := os.ReadFile(filepath.Join("api", "testdata", "openapi.golden"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &document))
	a, mux := &asked{}, http.NewServeMux()
	for path, methods := range document.Paths {
		require.True(t, strings.HasPrefix(path, operation.Base), path)
		for method, o := range methods {
			a.known = append(a.known, o.ID)
			mux.HandleFunc(strings.ToUpper(method)+" "+path, func(w http.ResponseWriter, _ *http.Request) {
				a.mutex.Lock()
				defer a.mutex.Unlock()
				if !slices.Contains(a.ids, o.ID) {
					a.ids = append(a.ids, o.ID)
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"items": []}`))
			})
		}
	}
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// by are the operations that a command asks for.
func (a *asked) by(args ...string) (ids []string, said string) {
	a.mutex.Lock()
	a.ids = nil
	a.mutex.Unlock()
	code, out, err := typed(args...)
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.ids, fmt.Sprintf("exit code %d\n%s%s", code, out, err)
}

// Every command asks a daemon where PROFILESYNC_SERVER is set, whatever its flags, unless
// notServed says why not. The golden file is the table of which operations each asks for.
func TestEveryCommandIsServed(t *testing.T) {
	daemon := newAsked(t)
	t.Setenv("PROFILESYNC_SERVER", daemon.URL)
	t.Setenv("PROFILESYNC_SERVER_TOKEN", "a token")
	t.Setenv("PROFILESYNC_SERVER_PATIENCE", "1s")
	dir := t.TempDir()
	files := strings.NewReplacer("FILE", filepath.Join(dir, "edispensary_1.csv"), "COLUMNS", filepath.Join(dir, "columns.json"),
		"OUT", filepath.Join(dir, "out"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "edispensary_1.csv"), []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "columns.json"), []byte(`{"ID": "a"}`), 0o600))
	var table strings.Builder
	used := make(map[string]bool)
	for _, node := range testParser(t).Model.Leaves(true) {
		path := commandPath(node)
		if why, not := notServed[path]; not {
			fmt.Fprintf(&table, "%s\n    not served: %s\n", path, why)
			continue
		}
		variants := forServer[path]
		requireEveryFlag(t, path, node, variants)
		for _, arguments := range variants {
			ids, said := daemon.by(strings.Fields(path + " " + files.Replace(arguments))...)
			require.NotEmpty(
				t,
				ids,
				"profilesync %s %s asks the daemon for nothing: serve it, or say in notServed why not\n%s",
				path,
				arguments,
				said,
			)
			for _, id := range ids {
				used[id] = true
			}
			fmt.Fprintf(&table, "%s\n    %s\n", strings.TrimSpace(path+" "+arguments), strings.Join(ids, ", "))
		}
	}
	for _, id := range daemon.known {
		assert.NotEqual(t, used[id], notAsked[id] != "", "%s: no command asks for it, or one does in spite of notAsked", id)
	}
	golden := filepath.Join("testdata", "served.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(table.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), table.String(), "go test ./cmd/profilesync -update")
}

// requireEveryFlag requires that each flag and argument of a command is in one of its
// variants.
func requireEveryFlag(t *testing.T, path string, node *kong.Node, variants []string) {
	t.Helper()
	require.NotEmpty(t, variants, "say in forServer how %s is typed, or in notServed why it is not served", path)
	for _, flag := range node.Flags {
		if slices.Contains(notOfServer, flag.Name) {
			continue
		}
		has := slices.ContainsFunc(variants, func(v string) bool { return slices.Contains(strings.Fields(v), "--"+flag.Name) })
		require.True(t, has, "no variant of %s in forServer has --%s", path, flag.Name)
	}
}
