package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// besieged is a daemon that strangers and readers try to break.
type besieged struct {
	*site

	daemon      daemon
	host        string
	all, reader string // tokens
	client      *http.Client
}

func newBesieged(t *testing.T) *besieged {
	t.Helper()
	s := newSite(t).with("FILE_LIMIT_MIB=1")
	s.reconcile(0, madeUp(t, "edispensary", 20), madeUpDay)
	b := &besieged{site: s, daemon: s.serve()}
	b.host = strings.TrimPrefix(b.daemon.api(), "http://")
	b.all, b.reader = s.token("all", "read,reconcile,approve,administer,people"), s.token("reader", "read")
	b.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

// ask asks until it is not refused for asking too often; headers are given as "Name: value".
func (b *besieged) ask(method, path, body string, headers ...string) (status int, answer string) {
	b.t.Helper()
	for {
		request, err := http.NewRequestWithContext(b.t.Context(), method, b.daemon.api()+path, strings.NewReader(body))
		require.NoError(b.t, err)
		for _, one := range headers {
			name, value, _ := strings.Cut(one, ": ")
			request.Header.Set(name, value)
		}
		got, err := b.client.Do(request)
		require.NoError(b.t, err)
		text, err := io.ReadAll(got.Body)
		require.NoError(b.t, err)
		require.NoError(b.t, got.Body.Close())
		if got.StatusCode != http.StatusTooManyRequests {
			return got.StatusCode, string(text)
		}
		<-time.After(200 * time.Millisecond) // a caller who slows down
	}
}

func (b *besieged) bearer(token string) string { return "Authorization: Bearer " + token }

// raw sends bytes as they are, and returns the status and everything that comes back.
func (b *besieged) raw(request string) (status int, answer string) {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.host)
	require.NoError(b.t, err)
	defer conn.Close()
	require.NoError(b.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, _ = io.WriteString(conn, request) // it may be refused before all of it is sent
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(b.t, err, request[:min(len(request), 100)])
	defer got.Body.Close()
	text, _ := io.ReadAll(got.Body)
	return got.StatusCode, fmt.Sprint(got.Header) + string(text)
}

var inBraces = regexp.MustCompile(`\{[a-z]+\}`)

// Each operation of the document, and each form of the console, refuses strangers and those
// who may only read; a page of another site gets nowhere with anybody's rights.
func TestEveryOperationIsRefusedToWhoMayNot(t *testing.T) {
	t.Parallel()
	b := newBesieged(t)
	_, document := b.ask(http.MethodGet, "/api/openapi.json", "", b.bearer(b.reader))
	var doc struct {
		Paths map[string]map[string]struct {
			Verb string `json:"x-verb"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(document), &doc)) //nolint:musttag // its names are the document's
	key, kind := "Idempotency-Key: x", "Content-Type: application/json"
	wrong, operations := b.reader[:len(b.reader)-2]+"xx", 0
	for path, methods := range doc.Paths {
		path = inBraces.ReplaceAllString(path, "1")
		for method, o := range methods {
			operations++
			method = strings.ToUpper(method)
			status, _ := b.ask(method, path, "{}", key, kind)
			require.Equal(t, http.StatusUnauthorized, status, "%s %s without a token", method, path)
			status, _ = b.ask(method, path, "{}", key, kind, b.bearer(wrong))
			require.Equal(t, http.StatusUnauthorized, status, "%s %s with a wrong token", method, path)
			if o.Verb != "read" {
				status, _ = b.ask(method, path, "{}", key, kind, b.bearer(b.reader))
				require.Equal(t, http.StatusForbidden, status, "%s %s with a token that may only read", method, path)
			}
			if method != http.MethodGet {
				for _, from := range []string{
					"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example",
					"Origin: null",
				} {
					status, _ = b.ask(method, path, "{}", key, kind, b.bearer(b.all), from)
					require.Equal(t, http.StatusForbidden, status, "%s %s, %s", method, path, from)
				}
			}
		}
	}
	require.Greater(t, operations, 50)
	form := "Content-Type: application/x-www-form-urlencoded"
	sent := 0
	pages := console.Pages(
		console.Options{Actions: &actions.Actions{App: &wiring.App{Settings: &settings.Settings{}, Store: &wiring.Store{}}}},
	)
	for _, route := range pages.Routes() {
		path := strings.TrimSuffix(inBraces.ReplaceAllString(route.Path, "1"), "{$}")
		for _, deed := range route.Deeds {
			sent++
			body := url.Values{"do": {deed.Name}, "once": {fmt.Sprintf("%026d", sent)}}.Encode()
			status, _ := b.ask(http.MethodPost, path, body, form)
			require.Equal(t, http.StatusUnauthorized, status, path)
			status, _ = b.ask(http.MethodPost, path, body, form, b.bearer(b.reader))
			require.Equal(t, http.StatusForbidden, status, "%s %s", path, deed.Name)
			status, _ = b.ask(http.MethodPost, path, body, form, b.bearer(b.all), "Origin: https://evil.example")
			require.Equal(t, http.StatusForbidden, status, "%s %s", path, deed.Name)
		}
	}
	require.Zero(
		t,
		b.count("select count(*) from action where actor = 'token:all' or outcome in ('begun', 'done') and actor = 'token:reader'"),
	)
	require.NotContains(t, b.daemon.log(), "psync_")
	require.GreaterOrEqual(t, sent, 25, "forms")
	t.Logf("%d operations, %d forms", operations, sent)
}

// A secret that is shown once is kept nowhere, also if the form came with a key.
func TestWhatIsShownOnceIsKeptNowhere(t *testing.T) {
	t.Parallel()
	b := newBesieged(t)
	body := url.Values{"do": {"add"}, "once": {strings.Repeat("A", 26)}, "name": {"fresh"}, "verbs": {"read"}}.Encode()
	status, page := b.ask(http.MethodPost, "/tokens", body, "Content-Type: application/x-www-form-urlencoded", "Idempotency-Key: x",
		b.bearer(b.all))
	require.Equal(t, http.StatusOK, status, page)
	secret := regexp.MustCompile(`psync_[\w-]{43}`).FindString(page)
	require.NotEmpty(t, secret)
	require.Zero(t, b.count("select count(*) from idempotency_key where position($1 in convert_from(body, 'utf8')) > 0", secret))
	require.NotContains(t, b.daemon.log(), secret)
}

// Requests that no browser sends are refused, and say nothing.
func TestOddRequestsSayNothing(t *testing.T) {
	t.Parallel()
	b := newBesieged(t)
	code := b.codes()[0]
	const rest = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	for _, line := range []string{
		"GET //api/v1/runs", "GET /api/v1/../v1/runs", "GET /api/v1/runs/", "GET /%61pi/v1/runs", "GET /api%2fv1%2fruns", "GET /api/v1/runs;x",
		"GET /api/v1/runs?%00", "GET /API/v1/runs", "GET /./api/v1/runs", "GET /jobs/%2e%2e/tokens", "GET /jobs/..%2ftokens",
		"GET /assets/../tokens",
		"GET /assets/%2e%2e/%2e%2e/etc/passwd", "GET /assets/", "HEAD /api/v1/runs", "HEAD /profiles/" + code,
		"OPTIONS /api/v1/runs", "OPTIONS *",
		"TRACE /api/v1/runs", "TRACE /", "PUT /tokens", "DELETE /api/v1/holds/1", "PATCH /jobs/api/queues/x", "CONNECT /api/v1/runs",
		"GET http://evil.example/api/v1/runs", "GET http://localhost/profiles/" + code, "PROPFIND /", "GET /sign-in?to=%0d%0aX-Planted:%201",
		"GET /sign-in/callback?state=x&code=%0d%0aX-Planted:%201", "GET /sign-in/callback?error=<script>", "GET /signed-out?provider=<script>",
		"POST /sign-out", "GET /profiles?q=%0d%0aX-Planted:%201", "GET /profiles/" + code + "%0d%0aX-Planted:%201",
	} {
		status, answer := b.raw(line + rest)
		require.NotContains(t, []int{http.StatusInternalServerError, http.StatusCreated}, status, line)
		require.NotContains(t, answer, "X-Planted:1", line)
		require.NotContains(t, answer, "X-Planted:[", line)
		require.NotContains(t, answer, "<script>", line)
		for _, data := range []string{`"items"`, "edispensary", "root:", `href="console.css"`} {
			require.NotContains(t, answer, data, line)
		}
	}
	for host, want := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "localhost": http.StatusUnauthorized} {
		status, _ := b.raw("GET /api/v1/runs HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		require.Equal(t, want, status, host)
	}
	status, _ := b.raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n")
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)
	status, _ = b.raw("GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	require.NotEqual(t, http.StatusOK, status)

	var large bytes.Buffer
	m := multipart.NewWriter(&large)
	part, err := m.CreateFormFile("file", "etr_2026-06-01.csv")
	require.NoError(t, err)
	_, _ = part.Write(bytes.Repeat([]byte("x"), 3<<20))
	require.NoError(t, m.Close())
	upload := "Content-Type: " + m.FormDataContentType()
	status, _ = b.ask(http.MethodPost, "/reconcile", large.String(), upload, b.bearer(b.reader))
	require.Equal(t, http.StatusForbidden, status)
	status, _ = b.ask(http.MethodPost, "/reconcile", large.String(), upload, b.bearer(b.all))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.NotRegexp(t, `X-Planted|evil\.example|psync_`, b.daemon.log())
	_, metrics := b.daemon.get("/metrics")
	require.NotRegexp(t, `X-Planted|evil\.example|psync_|token:`, metrics)
}

// keepRunning has every run running until the test has ended: nobody else may end it.
func (b *besieged) keepRunning() {
	b.t.Helper()
	b.write("update run set state = 'running', ended_at = null, job_id = null")
	conn := b.connect()
	_, err := conn.Exec(b.t.Context(), "begin")
	require.NoError(b.t, err)
	var state string
	require.NoError(b.t, conn.QueryRow(b.t.Context(), "select state from run where id = 1 for update").Scan(&state))
	require.Equal(b.t, "running", state)
}

// Callers who say little, slowly, and hold on take no place from others.
func TestSlowCallersDelayNobody(t *testing.T) {
	t.Parallel()
	b := newBesieged(t)
	b.keepRunning()
	var lines []net.Conn
	hold := func(begin string) {
		conn, err := net.Dial("tcp", b.host)
		require.NoError(t, err)
		lines = append(lines, conn)
		_, _ = io.WriteString(conn, begin) // it may be closed by now
	}
	defer func() {
		for _, conn := range lines {
			conn.Close()
		}
	}()
	answers := func(what string) {
		began := time.Now()
		status, _ := b.ask(http.MethodGet, "/api/v1/runs", "", b.bearer(b.reader))
		require.Equal(t, http.StatusOK, status, what)
		require.Less(t, time.Since(began), 2*time.Second, what)
	}
	for range 300 {
		hold("GET /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	}
	answers("headers that never end")
	for range 60 {
		hold(
			"POST /api/v1/mail/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n" +
				"Authorization: Bearer " +
				b.all + "\r\n\r\n{",
		)
	}
	answers("bodies that never end")
	streams := 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 100 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.daemon.api()+"/api/v1/runs/1/progress", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+b.all)
		request.Header.Set("Accept", "text/event-stream")
		got, err := b.client.Do(request)
		require.NoError(t, err)
		defer got.Body.Close()
		if got.StatusCode == http.StatusOK {
			streams++
		}
	}
	require.Positive(t, streams)
	require.LessOrEqual(t, streams, 64)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.daemon.api()+"/api/v1/runs/1/progress", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+b.reader)
	got, err := b.client.Do(request)
	require.NoError(t, err)
	defer got.Body.Close()
	require.Equal(t, http.StatusOK, got.StatusCode, "half of the streams are for others")
	answers("many streams")
	t.Logf("%d streams", streams)
}
