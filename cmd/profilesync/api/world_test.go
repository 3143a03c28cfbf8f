package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestMain(m *testing.M) {
	for _, form := range []string{"html", "csv", "xlsx"} {
		openapi3filter.RegisterBodyDecoder(strings.Split(wiring.TypeOfReport(form), ";")[0], openapi3filter.FileBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.FileBodyDecoder)
	pgtest.Main(m)
}

// world is the API over a real database, with a register and sinks that are played. Its
// caller is the guard's part: it names the principal, and records what begins.
type world struct {
	t          *testing.T
	db         *pgtest.Database
	app        *wiring.App
	services   *erstest.World
	doc        *openapi3.T
	operations map[string]place
	url        string
	stop       context.CancelFunc // the daemon
	limit      time.Duration      // of the server, for a request and its answer
	patience   time.Duration      // of plans

	mutex sync.Mutex
	begun []string        // actor, operation and subject
	lost  bool            // nothing can be recorded
	done  map[string]bool // the operations that succeeded
	who   guard.Principal // who calls next
}

// The principals. Ann asks, Bea approves, Cid administers and sees people.
var (
	ann = guard.Principal{Name: "ann", Person: true, Verbs: []guard.Verb{guard.Read, guard.Reconcile}}
	bea = guard.Principal{Name: "bea", Person: true, Verbs: []guard.Verb{guard.Read, guard.Approve}}
	cid = guard.Principal{Name: "cid", Person: true, Verbs: guard.Verbs()}
)

// now is what the clock of a world says: a Wednesday.
const now = "2026-06-03T10:00:00Z"

func newWorld(t *testing.T, more ...string) *world {
	t.Helper()
	register, err := odstest.NewWorld(odstest.WorldOptions{
		Seed: 7, Counts: map[string]int{"edispensary": 5}, Day: profile.NewDate(2026, 6, 1), APIKey: "key",
	})
	require.NoError(t, err)
	registerServer := httptest.NewServer(register.Handler())
	t.Cleanup(registerServer.Close)
	dos, dosURL := dostest.Start(t, dostest.Options{APIKey: "key", User: "reader", Password: "hush"})
	dos.Seed("FAA00", "FAA01", "FAA02")
	_, websiteURL := websitetest.Start(t, websitetest.Options{APIKey: "key"})
	services := erstest.NewWorld(4, []erstest.Site{{Code: "R00A1", Name: "Hospital"}}, 3)
	_, ersURL := erstest.Start(t, erstest.Options{World: services})
	db := pgtest.New(t)
	for _, setting := range append([]string{
		"DATABASE_URL=" + pgtest.AsDaemon(t, db.URL), "MODE=test", "NOW=" + now, "ODS_DOWNLOADS_URL=" + registerServer.URL,
		"ODS_API_URL=" + registerServer.URL + odstest.FHIRPath, "ODS_API_KEY=key", "FILE_LIMIT_MIB=1",
		"DOS_URL=" + dosURL, "DOS_API_KEY=key", "DOS_READ_URL=" + dosURL, "DOS_READ_USER=reader", "DOS_READ_PASSWORD=hush",
		"ERS_URL=" + ersURL, "ERS_AUTH=none", "MAIL=directory", "MAIL_DIRECTORY=" + t.TempDir(),
		"REPORT_DIRECTORY=" + t.TempDir(), "REPORT_KEYS=a-key-that-signs-links-in-these-tests",
		"WEBSITE_URL=" + websiteURL, "WEBSITE_API_KEY=key", "WEBSITE_SEARCH_URL=" + websiteURL + websitetest.SearchPath,
	}, more...) {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv("PROFILESYNC_"+name, value)
	}
	w := &world{t: t, done: make(map[string]bool), db: db, services: services, patience: time.Minute}
	w.app, err = wiring.New(t.Context(), io.Discard, "v0")
	require.NoError(t, err)
	require.NoError(t, w.app.Open(t.Context()))
	t.Cleanup(func() { _ = w.app.Close() })
	w.serve(Options{Look: 5 * time.Millisecond, Alive: 20 * time.Millisecond})
	return w
}

func (w *world) serve(o Options) {
	w.t.Helper()
	stopping, stop := context.WithCancel(w.t.Context())
	w.stop = stop
	o.Actions, o.Begin, o.Log, o.Version = &actions.Actions{
		App:      w.app,
		Previews: actions.NewPreviews(w.patience),
	}, w.begin, slog.New(
		slog.NewTextHandler(w.t.Output(), nil),
	), "v0"
	o.Stopping = stopping
	handler := Handler(o)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mutex.Lock()
		who := w.who
		w.mutex.Unlock()
		if who.Name != "" {
			r = r.WithContext(guard.With(r.Context(), who))
		}
		handler.ServeHTTP(out, r)
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = w.limit, w.limit
	server.Start()
	w.t.Cleanup(func() { stop(); server.Close() })
	w.url = server.URL
	document := httptest.NewRecorder() // without the server, whose limit is for what a test is about
	handler.ServeHTTP(document, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, Document, http.NoBody))
	w.doc, w.operations = parsedDocument(w.t, document.Body.Bytes())
}

// begin is what the guard does where an operation begins.
func (w *world) begin(ctx context.Context, verb guard.Verb, operation, subject string) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	principal, _ := guard.From(ctx)
	if w.lost {
		return io.ErrUnexpectedEOF
	}
	w.begun = append(w.begun, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", principal.Name, verb, operation, subject)))
	return nil
}

func (w *world) recorded() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return append([]string{}, w.begun...)
}

// as is the world for another caller.
func (w *world) as(p guard.Principal) *world {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.who = p
	return w
}

// inPath matches a parameter in a path.
var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

// call is a call of an operation, made from the document.
type call struct {
	id     string
	path   string // values of the parameters in the path, by their order
	query  string
	body   string // JSON, or a file
	odd    bool   // the request is not as the document wants it
	noKey  bool
	status int // 0 is a success
}

// do makes a call, and checks the request and the answer against the document.
func (w *world) do(c call) answered {
	w.t.Helper()
	o, ok := w.operations[c.id]
	require.True(w.t, ok, "the document has no operation %s", c.id)
	values := strings.Fields(c.path)
	path := inPath.ReplaceAllStringFunc(o.path, func(name string) string {
		require.NotEmpty(w.t, values, "%s needs %s", c.id, name)
		value := values[0]
		values = values[1:]
		return url.PathEscape(value)
	})
	require.Empty(w.t, values, c.id)
	request, err := http.NewRequestWithContext(w.t.Context(), o.method, w.url+path+"?"+c.query, strings.NewReader(c.body))
	require.NoError(w.t, err)
	if o.RequestBody != nil {
		for mediaType := range o.RequestBody.Value.Content {
			request.Header.Set("Content-Type", mediaType)
		}
	}
	for _, p := range o.Parameters {
		if p.Value.In == openapi3.ParameterInHeader && p.Value.Required && !c.noKey {
			request.Header.Set(p.Value.Name, "key of "+c.id)
		}
	}
	return w.exchange(c, o, request)
}

// answered is what a call was answered with.
type answered struct {
	t      *testing.T
	status int
	text   string
}

func (w *world) exchange(c call, o place, request *http.Request) answered {
	w.t.Helper()
	input := &openapi3filter.RequestValidationInput{
		Request: request.Clone(w.t.Context()), PathParams: w.pathParams(c, o),
		Route:   &routers.Route{Spec: w.doc, Path: o.path, PathItem: w.doc.Paths.Value(o.path), Method: o.method, Operation: o.Operation},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	input.Request.Body = io.NopCloser(strings.NewReader(c.body))
	if o.RequestBody == nil || !strings.Contains(request.Header.Get("Content-Type"), "octet-stream") {
		if err := openapi3filter.ValidateRequest(w.t.Context(), input); !c.odd {
			require.NoError(w.t, err, c.id)
		}
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	got := answered{w.t, response.StatusCode, string(text)}
	if c.status == 0 {
		require.Less(w.t, got.status, 300, "%s: %s", c.id, text)
		w.done[c.id] = true
	} else {
		require.Equal(w.t, c.status, got.status, "%s: %s", c.id, text)
		require.Equal(w.t, "application/problem+json", response.Header.Get("Content-Type"), c.id)
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.status, Header: response.Header, Body: io.NopCloser(bytes.NewReader(text)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	require.NoError(w.t, openapi3filter.ValidateResponse(w.t.Context(), output), "%s: %.300s", c.id, text)
	return got
}

func (w *world) pathParams(c call, o place) map[string]string {
	params, values := make(map[string]string), strings.Fields(c.path)
	for i, name := range inPath.FindAllStringSubmatch(o.path, -1) {
		params[name[1]] = values[i]
	}
	return params
}

// at returns a part of the answer, as items.0.code.
func (a answered) at(path string) any {
	a.t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(a.text))
	decoder.UseNumber()
	require.NoError(a.t, decoder.Decode(&value))
	for part := range strings.SplitSeq(path, ".") {
		switch is := value.(type) {
		case map[string]any:
			value = is[part]
		case []any:
			var n int
			_, err := fmt.Sscan(part, &n)
			require.NoError(a.t, err)
			require.Less(a.t, n, len(is), "%s of %s", path, a.text)
			value = is[n]
		default:
			require.Fail(a.t, "no "+path, a.text)
		}
	}
	return value
}

func (a answered) say(path string) string {
	a.t.Helper()
	return fmt.Sprint(a.at(path))
}

func (a answered) count(path string) int {
	a.t.Helper()
	list, ok := a.at(path).([]any)
	require.True(a.t, ok, "%s of %s", path, a.text)
	return len(list)
}

// work does what a daemon does: it works what is queued.
func (w *world) work() {
	w.t.Helper()
	for _, id := range pgtest.All[int64](w.db, "select id from run where state in ('queued', 'running') order by id") {
		runner := w.app.Runs(w.app.Pull, func(context.Context, runs.ID, string, int, int) {})
		summary, err := runner.Work(w.t.Context(), profile.SourceODS, runs.ID(id))
		require.NoError(w.t, err)
		require.Empty(w.t, summary.Error)
	}
}
