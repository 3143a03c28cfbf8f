package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// inner is what no answer may say: SQL, files of the program or of the machine, types of Go.
var inner = regexp.MustCompile(`(?i)SQLSTATE|\bselect .* from\b|\.go:\d|goroutine|runtime error|/root/|/tmp/|\bpgx\b|\*errors\.`)

// oddTexts are texts that nobody means.
var oddTexts = []string{
	"\x00", "a\x00b", "\xff\xfe", "'", `"; drop table profile; --`, "%", "_", "../../etc/passwd", "-1", "0",
	"9223372036854775808", "1e9", "\u202e",
	strings.Repeat("A", 5000), "2026-02-30", "0000-00-00", "9999-12-31", "\r\nX-Planted: 1", "<script>", "{{.}}", "${jndi:x}", "\\", " ",
}

// Odd values in addresses are answered in words, and never with a failure.
func TestOddValuesAreNoFailure(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	cid := w.as("cid")
	var failed []string
	try := func(path string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url, nil)
		require.NoError(t, err)
		r.URL.Opaque = path // as it is, whatever a library thinks of it
		answer := cid.send(r)
		if answer.status >= http.StatusInternalServerError && answer.status != http.StatusNotImplemented {
			failed = append(failed, path[:min(len(path), 80)])
		}
		require.NotRegexp(t, inner, cid.raw, path)
	}
	parameters := map[string][]string{
		"/": {"owner", "code", "all"}, "/runs": {"page", "source", "before", "state", "most"}, "/runs/2": {"all", "page", "group", "region"},
		"/profiles": {"q", "page", "type", "state"}, "/profiles/" + code: {"at"}, "/profiles/" + code + "/why": {"field"},
		"/profiles/" + code + "/history": {"field", "page"}, "/pushes": {"state", "sink", "code", "page", "most"}, "/drift": {"sink", "page"},
		"/accounts": {"state"}, "/profiles/" + code + "/undo": {"field"}, "/closures": {"state", "code"}, "/plans/P2": {"all"},
		"/checks": {"kind", "owner", "code", "gone"}, "/records": {"report"}, "/records/contradictions": {"report"},
		"/records/flags": {"report"}, "/records/owners": {"days"}, "/accounts/inactive": {"date"}, "/reminders": {"date"},
		"/letters": {"state", "account"}, "/listings": {"done"}, "/reports": {"done"}, "/tokens": {"all"}, "/actions": {"before"},
		"/sign-in": {"to"}, "/reports/2026-06-03/page": {"region"}, "/reports/2026-06-03": {"region"},
		"/jobs/api/jobs": {"state", "ids", "kinds", "queues", "limit", "priorities", "tags"}, "/jobs/api/queues": {"limit"},
		"/jobs/api/autocomplete": {"facet", "match", "after"},
	}
	for path, names := range parameters {
		for _, name := range names {
			for _, text := range oddTexts {
				try(path + "?" + url.Values{name: {text}}.Encode())
			}
		}
	}
	for _, path := range []string{
		"/runs/", "/profiles/", "/cases/", "/plans/", "/accounts/", "/reports/", "/assets/", "/rehearsals/",
		"/closures/",
		"/jobs/api/jobs/", "/jobs/",
	} {
		for _, text := range oddTexts {
			try(path + url.PathEscape(text))
		}
	}
	require.Empty(t, failed)
	require.Positive(t, pgtest.One[int](w.db, "select count(*)::int from profile"))
}

// Odd values in the API are answered in words, too.
func TestOddValuesOfTheAPIAreNoFailure(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	code := w.furnish()
	cid := w.as("cid")
	var failed []string
	ask := func(method, path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, w.url, strings.NewReader(body))
		require.NoError(t, err)
		r.URL.Opaque = path
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "odd")
		if cid.send(r); cid.status >= http.StatusInternalServerError && cid.status != http.StatusNotImplemented {
			failed = append(failed, method+" "+path[:min(len(path), 80)]+" "+body[:min(len(body), 80)]+": "+cid.raw[:min(len(cid.raw), 200)])
		}
		require.NotRegexp(t, inner, cid.raw, path)
	}
	for _, text := range oddTexts {
		escaped := url.PathEscape(text)
		for _, path := range []string{
			"/api/v1/runs/" + escaped, "/api/v1/plans/" + escaped + "/changes", "/api/v1/profiles/" + escaped, "/api/v1/accounts/" + escaped,
			"/api/v1/cases/" + escaped, "/api/v1/profiles/" + code + "/fields/" + escaped + "/undo", "/api/v1/reports/" + escaped + "/csv",
			"/api/v1/profiles/" + code + "/at?at=" + url.QueryEscape(text), "/api/v1/letters?state=" + url.QueryEscape(text),
			"/api/v1/runs?cursor=" + url.QueryEscape(text), "/api/v1/holds?code=" + url.QueryEscape(text),
			"/api/v1/waiting?region=" + url.QueryEscape(text), "/api/v1/pushes?reason=" + url.QueryEscape(text),
			"/api/v1/reminders?date=" + url.QueryEscape(text), "/api/v1/findings?kind=" + url.QueryEscape(text),
		} {
			ask(http.MethodGet, path, "")
		}
	}
	quoted := []string{`"a\u0000b"`, `"\ud800"`, "\"\xff\"", `"` + strings.Repeat("x", 2000) + `"`, `"'"`}
	for _, text := range quoted {
		for path, body := range map[string]string{
			"/api/v1/holds":     `{"code": "` + code + `", "field": "phone", "reason": ` + text + `}`,
			"/api/v1/mail/stop": `{"reason": ` + text + `}`,
			"/api/v1/profiles/" + code + "/fields/phone/undo": `{"reason": ` + text + `}`,
			"/api/v1/accounts/u-1/leave":                      `{"reason": ` + text + `}`,
			"/api/v1/cases/1/set-aside":                       `{"reason": ` + text + `, "until": "2026-06-10"}`,
			"/api/v1/cases/1/wait":                            `{"for": ` + text + `, "until": "2026-06-10"}`,
			"/api/v1/plans":                                   `{"report": ` + text + `}`,
			"/api/v1/listings/etr/reset":                      `{"to": "2026-06-01", "reason": ` + text + `}`,
			"/api/v1/plans/file?name=a%00b.csv":               text,
			"/api/v1/runs/file?name=etr_2026-06-03%FF%00.csv": text,
		} {
			ask(http.MethodPost, path, body)
		}
	}
	require.Empty(t, failed)
}
