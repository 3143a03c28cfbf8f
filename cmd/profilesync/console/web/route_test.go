package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// fresh are keys that nobody has used.
type fresh struct{}

func (fresh) BeginKey(context.Context, string, string) (bool, accessstore.Answer, error) {
	return true, accessstore.Answer{}, nil
}
func (fresh) AnswerKey(context.Context, string, string, accessstore.Answer) error { return nil }
func (fresh) ForgetKey(context.Context, string, string, bool) error               { return nil }

// begunAgain are keys of forms whose first daemon died.
type begunAgain struct{ fresh }

func (begunAgain) BeginKey(context.Context, string, string) (bool, accessstore.Answer, error) {
	return true, accessstore.Answer{Again: true}, nil
}

// unaudited is an audit that keeps nothing.
type unaudited struct{}

func (unaudited) BeginAction(context.Context, accessstore.Action) (int64, error) { return 1, nil }
func (unaudited) ForbidAction(context.Context, accessstore.Action) error         { return nil }
func (unaudited) EndAction(context.Context, int64, accessstore.Outcome) error    { return nil }

// guarded is a desk behind a guard, to ann, who may read.
func guarded(t *testing.T, d *Desk) http.Handler {
	t.Helper()
	g, err := guard.New(guard.Options{Audit: unaudited{}, Counted: func(guard.Result) {}, Now: time.Now, Log: d.Log})
	require.NoError(t, err)
	ann := guard.Principal{Name: "ann", Person: true, Verbs: []guard.Verb{guard.Read}}
	return g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.ServeHTTP(w, r.WithContext(guard.With(r.Context(), ann)))
	}))
}

// form is what a form sends.
func form(do string) string {
	return url.Values{"do": {do}, "once": {strings.Repeat("A", lengthOfToken)}}.Encode()
}

// What a form asked for is done although whoever sent it is gone, and where it led is kept.
func TestWhoeverIsGoneStopsNoDeed(t *testing.T) {
	t.Parallel()
	keys := &answered{Keys: fresh{}}
	d := NewDesk(keys, slog.New(slog.DiscardHandler))
	gone, leave := context.WithCancel(t.Context())
	d.Serve(Route{Path: "/page", Verb: guard.Read, Deeds: []Deed{{Name: "slow", Verb: guard.Read, Do: func(r *http.Request) (string, error) {
		leave()
		return "/done", r.Context().Err()
	}}}})
	r := httptest.NewRequestWithContext(gone, http.MethodPost, "/page", strings.NewReader(form("slow")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	guarded(t, d).ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, http.StatusSeeOther, keys.last.Status)
	require.Equal(t, "/done", keys.last.Location)
}

// A deed that is refused says that it may be what it did before its first daemon died.
func TestARefusalSaysThatItMayBeDone(t *testing.T) {
	t.Parallel()
	for says, keys := range map[string]Keys{
		"It is held<":           fresh{},
		"and may have done it<": begunAgain{},
	} {
		d := NewDesk(keys, slog.New(slog.DiscardHandler))
		d.Serve(Route{
			Path: "/page", Verb: guard.Read, Show: func(*http.Request) (page.Page, error) { return page.Page{}, nil },
			Deeds: []Deed{{Name: "hold", Verb: guard.Read, Do: func(*http.Request) (string, error) {
				return "", &actions.Error{Kind: actions.Conflict, Text: "it is held"}
			}}},
		})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/page", strings.NewReader(form("hold")))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		guarded(t, d).ServeHTTP(answer, r)
		require.Equal(t, http.StatusConflict, answer.Code)
		require.Contains(t, answer.Body.String(), says)
	}
}

// A route that says how long it takes has that time whatever the server gives others, and
// ends then, in words.
func TestARouteHasItsTime(t *testing.T) {
	t.Parallel()
	const limit = 200 * time.Millisecond
	takes := func(r *http.Request, long time.Duration) error {
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(long):
			return nil
		}
	}
	show := func(r *http.Request) (page.Page, error) {
		return page.Page{Title: "It was shown"}, takes(r, 2*limit)
	}
	endless := func(r *http.Request) (page.Page, error) { return page.Page{}, takes(r, time.Hour) }
	deeds := []Deed{
		{Name: "long", Verb: guard.Read, Do: func(r *http.Request) (string, error) { return "/done", takes(r, 2*limit) }},
		{Name: "answer", Verb: guard.Read, Answer: show},
	}
	d := NewDesk(fresh{}, slog.New(slog.DiscardHandler))
	d.Serve(Route{Path: "/long", Verb: guard.Read, Show: show, Deeds: deeds, Within: time.Minute})
	d.Serve(Route{
		Path: "/endless", Verb: guard.Read, Show: endless, Within: limit / 2,
		Deeds: []Deed{{Name: "endless", Verb: guard.Read, Answer: endless}},
	})
	server := httptest.NewUnstartedServer(guarded(t, d))
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	t.Cleanup(server.Close)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct {
		path, do string
		status   int
		says     string
	}{
		{"/long", "", http.StatusOK, "It was shown"},
		{"/long", "long", http.StatusSeeOther, ""},
		{"/long", "answer", http.StatusOK, "It was shown"},
		{"/endless", "", http.StatusServiceUnavailable, "was stopped: look first"},
		{"/endless", "endless", http.StatusServiceUnavailable, "was stopped: look first"},
	} {
		method, body := http.MethodGet, ""
		if c.do != "" {
			method, body = http.MethodPost, form(c.do)
		}
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+c.path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := client.Do(request)
		require.NoError(t, err, c)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, errors.Join(err, answer.Body.Close()), c)
		require.Equal(t, c.status, answer.StatusCode, c)
		require.Contains(t, string(text), c.says, c)
	}
}
