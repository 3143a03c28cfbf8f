package remote

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// clientOf is a client of a daemon that is played.
func clientOf(t *testing.T, daemon http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(daemon)
	t.Cleanup(server.Close)
	t.Setenv("PROFILESYNC_SERVER", server.URL)
	t.Setenv("PROFILESYNC_SERVER_TOKEN", "a token")
	t.Setenv("PROFILESYNC_SERVER_PATIENCE", "5s")
	app, err := wiring.New(t.Context(), io.Discard, "v0")
	require.NoError(t, err)
	return New(app)
}

func problemOf(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// A refusal is the error that an action would have given here.
func TestRefusalsAreErrorsOfTheSameKind(t *testing.T) { //nolint:paralleltest // they would share two cores
	status, text := 0, ""
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, problem.InputsAsFlags, r.Header.Get(problem.InputsHeader))
		problemOf(w, status, text)
	})
	for _, refused := range []struct {
		status int
		text   string
		kind   actions.Kind
		field  string
		says   string
	}{
		{404, `{"detail": "run 4: not found"}`, actions.Missing, "", "run 4: not found"},
		{409, `{"detail": "not now"}`, actions.Conflict, "", "not now"},
		{403, `{"detail": "approve needs the verb approve"}`, actions.Forbidden, "", "approve needs the verb approve"},
		{501, `{"detail": "no sink is configured"}`, actions.Unset, "", "no sink is configured"},
		{413, `{"detail": "the file is larger"}`, actions.Invalid, "", "the file is larger"},
		{
			422, `{"detail": "as-of 2027-01-01: not yet", "errors": [{"location": "as-of", "message": "as-of 2027-01-01: not yet"}]}`,
			actions.Invalid, "as-of", "as-of 2027-01-01: not yet",
		},
		{
			422, `{"detail": "validation failed", "errors": [{"location": "body.first_day", "message": "too long"}]}`,
			actions.Invalid, "", "validation failed; first-day: too long",
		},
		{500, `{"detail": "list-runs failed"}`, actions.Failed, "", "list-runs failed"},
		{418, `nonsense`, actions.Failed, "", "the daemon answered 418 I'm a teapot"},
	} {
		status, text = refused.status, refused.text
		_, err := c.Runs(t.Context(), runstore.RunFilter{Most: 1})
		require.EqualError(t, err, refused.says)
		require.Equal(t, refused.kind, actions.KindOf(err), refused.says)
		if own, ok := errors.AsType[*actions.Error](err); ok {
			require.Equal(t, refused.field, own.Field, refused.says)
		}
	}
	status, text = http.StatusUnauthorized, `{"detail": "it is not accepted"}`
	_, err := c.Runs(t.Context(), runstore.RunFilter{Most: 1})
	require.ErrorAs(t, err, new(settings.Error))
	require.EqualError(t, err, "setting PROFILESYNC_SERVER_TOKEN (or _FILE): it is not accepted")
}

// What may be asked again is, with the same key and the whole file.
func TestItIsAskedAgainWithTheSameKey(t *testing.T) { //nolint:paralleltest // they would share two cores
	var keys, bodies []string
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		keys, bodies = append(keys, r.Header.Get(operation.KeyHeader)), append(bodies, string(body))
		switch len(keys) {
		case 1:
			problemOf(w, http.StatusServiceUnavailable, `{"detail": "not begun"}`)
		case 2:
			panic(http.ErrAbortHandler)
		case 3:
			w.Header().Set("Retry-After", "1")
			problemOf(w, http.StatusConflict, `{"detail": "no answer yet"}`)
		default:
			_, _ = io.WriteString(w, `{"items": [{"run": "7", "state": "queued"}]}`)
		}
	})
	file := filepath.Join(t.TempDir(), "edispensary_2026-06-01.csv")
	require.NoError(t, os.WriteFile(file, []byte("rows"), 0o600))
	made, err := ask[started](t.Context(), c, request{method: http.MethodPost, path: "/runs/file", file: file})
	require.NoError(t, err)
	require.Equal(t, "7", made.Items[0].Run)
	require.NotEmpty(t, keys[0])
	require.Equal(t, []string{keys[0], keys[0], keys[0], keys[0]}, keys)
	require.Equal(t, []string{"rows", "rows", "rows", "rows"}, bodies)
}

// A proxy that got no answer of the daemon does not know whether it was done, and neither
// do we. Nothing is lost by reading.
func TestAnAnswerThatAProxyLostIsLost(t *testing.T) { //nolint:paralleltest // they would share two cores
	status := 0
	c := clientOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	c.app.Settings.ServerPatience = 300 * time.Millisecond
	for _, of := range []struct {
		status int
		method string
		known  bool
	}{
		{http.StatusBadGateway, http.MethodPost, false},
		{http.StatusGatewayTimeout, http.MethodPost, false},
		{http.StatusServiceUnavailable, http.MethodPost, true},
		{http.StatusBadGateway, http.MethodGet, true},
	} {
		status = of.status
		_, err := ask[started](t.Context(), c, request{method: of.method, path: "/runs"})
		says := fmt.Sprintf("the daemon answered %d %s", status, http.StatusText(status))
		if !of.known {
			says = "the daemon's answer was lost (" + says + "): whether it was done is not known; look before you ask again"
		}
		require.EqualError(t, err, says)
	}
}

func TestHowLongToWait(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		header string
		again  bool
		after  time.Duration
	}{
		{429, "7", true, 7 * time.Second},
		{503, "", true, 0},
		{502, "", true, 0},
		{504, "", true, 0},
		{409, "1", true, time.Second},
		{409, "", false, 0},
		{500, "7", false, 0},
		{422, "7", false, 0},
	} {
		answer := &http.Response{StatusCode: c.status, Header: http.Header{}}
		if c.header != "" {
			answer.Header.Set("Retry-After", c.header)
		}
		again, after := mayAskAgain(answer)
		require.Equal(t, c.again, again, c.status)
		require.Equal(t, c.after, after, c.status)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) { //nolint:paralleltest // they would share two cores
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was followed") }))
	t.Cleanup(elsewhere.Close)
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	_, err := c.Runs(t.Context(), runstore.RunFilter{Most: 1})
	require.EqualError(t, err, "the daemon answered 307 Temporary Redirect")
}

func TestTheTokenIsReadAtEachRequest(t *testing.T) { //nolint:paralleltest // they would share two cores
	var shown []string
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{}`)
	})
	for _, token := range []string{"first", "second"} {
		t.Setenv("PROFILESYNC_SERVER_TOKEN", token)
		_, err := c.MailState(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, []string{"Bearer first", "Bearer second"}, shown)
}

// Lists are read to their end, or as far as they are wanted.
func TestListsAreReadPageByPage(t *testing.T) { //nolint:paralleltest // they would share two cores
	var asked []string
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		next := ""
		if r.URL.Query().Get("cursor") == "" {
			next = "behind"
		}
		_, _ = fmt.Fprintf(w, `{"items": [{"code": "FA001"}, {"code": "FA002"}], "next": %q}`, next)
	})
	found, err := c.Flags(t.Context(), "etr")
	require.NoError(t, err)
	require.Len(t, found, 4)
	require.Equal(t, profile.ODSCode("FA001"), found[0].Code)
	require.Equal(t, []string{"limit=500&report=etr", "cursor=behind&limit=500&report=etr"}, asked)
	asked = nil
	_, err = c.Quarantine(t.Context(), "", 2)
	require.NoError(t, err)
	require.Equal(t, []string{"limit=2"}, asked)
}
