package guard_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// memory is a store in memory that counts what it is asked.
type memory struct {
	mutex   sync.Mutex
	holders map[accessstore.Hash]accessstore.Holder
	lookups int
	down    error
	actions []accessstore.Action
	keys    map[string]accessstore.Answer
}

func (m *memory) HolderOf(_ context.Context, hash accessstore.Hash) (accessstore.Holder, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.lookups++
	holder, found := m.holders[hash]
	switch {
	case m.down != nil:
		return holder, m.down
	case !found:
		return holder, fmt.Errorf("looking up a token: %w", postgres.ErrNotFound)
	}
	return holder, nil
}

func (m *memory) BeginAction(_ context.Context, a accessstore.Action) (int64, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	a.Outcome = accessstore.Begun
	m.actions = append(m.actions, a)
	return int64(len(m.actions)), m.down
}

func (m *memory) ForbidAction(_ context.Context, a accessstore.Action) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	a.Outcome = accessstore.Forbidden
	m.actions = append(m.actions, a)
	return m.down
}

func (m *memory) EndAction(_ context.Context, id int64, outcome accessstore.Outcome) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.actions[id-1].Outcome = outcome
	return nil
}

func (m *memory) BeginKey(_ context.Context, principal, key string) (bool, accessstore.Answer, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	before, found := m.keys[principal+" "+key]
	claimed := !found || before.Again
	if claimed && m.down == nil {
		m.keys[principal+" "+key] = accessstore.Answer{}
	}
	return claimed, before, m.down
}

func (m *memory) AnswerKey(_ context.Context, principal, key string, a accessstore.Answer) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	a.Body = bytes.Clone(a.Body)
	m.keys[principal+" "+key] = a
	return nil
}

func (m *memory) ForgetKey(_ context.Context, principal, key string, again bool) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if again {
		m.keys[principal+" "+key] = accessstore.Answer{Again: true}
		return nil
	}
	delete(m.keys, principal+" "+key)
	return nil
}

func (m *memory) asked() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.lookups
}

// audited is the audit in words.
func (m *memory) audited() (all []string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, a := range m.actions {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", a.Actor, a.Verb, a.Operation, a.Subject, a.Outcome)))
	}
	return all
}

// world is a guarded server with two tokens: one that may everything, and one that may read.
type world struct {
	*httptest.Server

	t             *testing.T
	store         *memory
	all, readOnly string
	now           time.Time
	log           bytes.Buffer
	mutex         sync.Mutex
	results       map[guard.Result]int
	done          []string      // what the handler did
	begun         chan struct{} // told of each call of /slow, which answers
	answer        chan struct{} // when it is told to
	stop          context.CancelFunc
}

func newWorld(t *testing.T, limits guard.Limits) *world {
	t.Helper()
	w := &world{
		t: t, begun: make(chan struct{}), answer: make(chan struct{}),
		now: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC), results: make(map[guard.Result]int),
		store: &memory{holders: make(map[accessstore.Hash]accessstore.Holder), keys: make(map[string]accessstore.Answer)},
	}
	w.all, w.readOnly = w.token("all", guard.Verbs()...), w.token("reader", guard.Read)
	w.Server = httptest.NewUnstartedServer(nil)
	w.Start()
	t.Cleanup(w.Close)
	w.Config.Handler = w.guarded(limits)
	return w
}

func (w *world) guarded(limits guard.Limits) http.Handler {
	stopping, stop := context.WithCancel(w.t.Context())
	w.stop = stop
	g, err := guard.New(guard.Options{
		LargestBody: 3 << 20, Stopping: stopping,
		Tokens: w.store, Audit: w.store, Keys: w.store, PublicURL: w.URL, Limits: limits, Now: func() time.Time { return w.now },
		Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		Counted: func(r guard.Result) {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			w.results[r]++
		},
	})
	require.NoError(w.t, err)
	mux := http.NewServeMux()
	mux.Handle("GET /read", guard.Require(guard.Read, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		p, _ := guard.From(r.Context())
		_, _ = io.WriteString(out, p.Name)
	})))
	mux.HandleFunc("POST /approve/{run}", func(out http.ResponseWriter, r *http.Request) {
		if err := guard.Begin(r.Context(), guard.Approve, "approve-run", r.PathValue("run")); err != nil {
			guard.Refuse(out, r, err)
			return
		}
		body, err := io.ReadAll(r.Body)
		switch {
		case string(body) == "secret":
			guard.ShowOnce(r.Context())
			_, _ = io.WriteString(out, "psync_secret")
		case err != nil:
			http.Error(out, "unreadable", http.StatusBadRequest)
		case string(body) == "panic":
			panic("of the test")
		case string(body) == "late":
			http.Error(out, "too late", http.StatusConflict)
		default:
			w.mutex.Lock()
			w.done = append(w.done, string(body))
			number := len(w.done)
			w.mutex.Unlock()
			out.Header().Set("Location", "/runs/7")
			out.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprintf(out, "done %d", number)
		}
	})
	mux.HandleFunc("POST /upload", func(out http.ResponseWriter, r *http.Request) {
		err := errors.Join(guard.AllowBody(r.Context(), 3<<20), guard.AllowTime(r.Context(), time.Minute))
		n, failed := io.Copy(io.Discard, r.Body)
		if err = errors.Join(err, failed); err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = fmt.Fprint(out, n)
	})
	mux.HandleFunc("POST /slow", func(out http.ResponseWriter, r *http.Request) {
		w.begun <- struct{}{}
		select {
		case <-w.answer:
			_, _ = io.WriteString(out, "slowly")
		case <-r.Context().Done():
			http.Error(out, "cut off", http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /stream", func(out http.ResponseWriter, r *http.Request) {
		if err := guard.AsStream(r.Context()); err != nil {
			http.Error(out, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(out, "half")
		_ = http.NewResponseController(out).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /half", func(out http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(out, "half")
		_ = http.NewResponseController(out).Flush()
		panic("of the test")
	})
	return g.Wrap(guard.RequireCaller(g.Repeatable(mux), nil))
}

func (w *world) token(name string, verbs ...guard.Verb) string {
	token, hash := guard.NewToken()
	w.store.holders[hash] = accessstore.Holder{Actor: "token:" + name, Verbs: postgres.Texts(verbs)}
	return token
}

func hashOf(token string) accessstore.Hash { return sha256.Sum256([]byte(token)) }

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

// ask makes a request; headers are given as "Name: value".
func (w *world) ask(method, path, body string, headers ...string) answer {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, strings.NewReader(body))
	require.NoError(w.t, err)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Add(name, value)
	}
	response, err := w.Client().Do(request)
	require.NoError(w.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return answer{response.StatusCode, string(text), response.Header}
}

func bearer(token string) string { return "Authorization: Bearer " + token }

// counted is how many requests had a result; the last may still be being counted.
func (w *world) counted(want int, result guard.Result) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		return w.results[result] == want
	}, 10*time.Second, time.Millisecond, "%s: %v", result, w.results)
}

// requireProblem requires a short problem that repeats nothing of the given texts.
func requireProblem(t *testing.T, a answer, status int, never ...string) {
	t.Helper()
	require.Equal(t, status, a.status, a.body)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	var problem struct {
		Title   string `json:"title"`
		Status  int    `json:"status"`
		Detail  string `json:"detail"`
		Request string `json:"request"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &problem))
	require.Equal(t, status, problem.Status)
	require.Equal(t, http.StatusText(status), problem.Title)
	require.NotEmpty(t, problem.Detail)
	require.Equal(t, a.header.Get("X-Request-ID"), problem.Request)
	require.Less(t, len(a.body), 400)
	for _, secret := range never {
		require.NotContains(t, a.body, secret)
		require.NotContains(t, fmt.Sprint(a.header), secret)
	}
}
