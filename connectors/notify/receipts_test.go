package notify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/reconcile/people"
)

const token = "canary-token-of-the-receipts-0123456789"

// TestReceipts follows letters to their last state, by the simulator's receipts.
func TestReceipts(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{})
	for reference, address := range map[string]string{
		"r/1": person, "r/2": notifytest.PermFail, "r/3": notifytest.TempFail,
	} {
		_, err := client.Send(t.Context(), letter(t, reference, address))
		require.NoError(t, err)
	}
	down := true
	got := make(map[string]notify.Receipt)
	handler := notify.Receipts(accepting(token), func(_ context.Context, r notify.Receipt) error {
		if down {
			return errors.New("the store is down")
		}
		got[r.Reference] = r
		return nil
	})
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	post := func() notifytest.Posted {
		sum, err := server.PostReceipts(t.Context(), web.URL, token)
		require.NoError(t, err)
		return sum
	}
	require.Zero(t, post(), "no letter has a last state yet")
	server.Advance(time.Minute)
	require.Equal(t, notifytest.Posted{Again: 3}, post())
	down = false
	require.Zero(t, post(), "not before five minutes")
	server.Advance(5 * time.Minute)
	require.Equal(t, notifytest.Posted{Taken: 3}, post())
	require.Zero(t, post())
	for reference, state := range map[string]people.MailState{
		"r/1": people.MailDelivered, "r/2": people.MailDead, "r/3": people.MailBounced,
	} {
		m := server.ByReference(reference)[0]
		want := people.Acceptance{ID: m.ID, Version: 1, State: state, At: m.At.Add(5 * time.Second)}
		require.Equal(t, notify.Receipt{Reference: reference, Acceptance: want}, got[reference])
		mailed, _, err := client.Status(t.Context(), m.ID)
		require.NoError(t, err)
		require.Equal(t, want, mailed, "poll and receipt say the same")
	}
}

func post(token, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func TestReceiptAnswers(t *testing.T) {
	t.Parallel()
	const good = `{"id":"201b576e-c09b-467b-9dfa-9c3b689ee730","reference":"r","to":"` + person + `","status":"delivered",
		"notification_type":"email","template_version":1,"completed_at":"2026-12-01 08:00:10.321"}`
	with := func(r *http.Request, change func(*http.Request)) *http.Request {
		change(r)
		return r
	}
	for name, row := range map[string]struct {
		request *http.Request
		want    int
		taken   int
	}{
		"good":         {post(token, good), 204, 1},
		"lower case":   {with(post(token, good), func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) }), 204, 1},
		"no reference": {post(token, strings.Replace(good, `"r"`, `null`, 1)), 204, 0},
		"text message": {post(token, strings.Replace(good, `"email"`, `"sms"`, 1)), 204, 0},
		"odd status":   {post(token, strings.Replace(good, "delivered", "lost", 1)), 400, 0},
		"no JSON":      {post(token, person), 400, 0},
		"empty":        {post(token, ""), 400, 0},
		"other token":  {post(token+"x", good), 401, 0},
		"no token":     {post("", good), 401, 0},
		"basic":        {with(post(token, good), func(r *http.Request) { r.Header.Set("Authorization", "Basic "+token) }), 401, 0},
		"no header":    {with(post(token, good), func(r *http.Request) { r.Header.Del("Authorization") }), 401, 0},
		"GET":          {with(post(token, good), func(r *http.Request) { r.Method = http.MethodGet }), 405, 0},
		"large":        {post(token, good+strings.Repeat(" ", 16<<10)), 413, 0},
		"broken off": {with(post(token, good), func(r *http.Request) {
			r.Body = io.NopCloser(iotest.TimeoutReader(bytes.NewBufferString(good)))
		}), 503, 0},
	} {
		taken := 0
		handler := notify.Receipts(accepting(token), func(context.Context, notify.Receipt) error {
			taken++
			return nil
		})
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, row.request)
		require.Equal(t, row.want, w.Code, name)
		require.Equal(t, row.taken, taken, name)
		require.Empty(t, w.Body.String(), name)
	}
}

func accepting(tokens ...string) func() ([]string, error) {
	return func() ([]string, error) { return tokens, nil }
}

// A token is replaced without losing a receipt: both are accepted for a while, each as it
// is read at the request, and Notify sends again what came while none could be read.
func TestTokensOfReceiptsAreReadEachTime(t *testing.T) {
	t.Parallel()
	const good = `{"id":"201b576e-c09b-467b-9dfa-9c3b689ee730","reference":"r","status":"delivered","notification_type":"email"}`
	next := strings.ToUpper(token)
	var accepted []string
	var unread error
	handler := notify.Receipts(func() ([]string, error) { return accepted, unread },
		func(context.Context, notify.Receipt) error { return nil })
	answers := func() (codes [2]int) {
		for i, one := range []string{token, next} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, post(one, good))
			codes[i] = w.Code
		}
		return codes
	}
	for _, step := range []struct {
		accepted []string
		unread   error
		want     [2]int
	}{
		{[]string{token}, nil, [2]int{204, 401}},
		{[]string{next, token}, nil, [2]int{204, 204}},
		{nil, errors.New("no file"), [2]int{503, 503}},
		{[]string{next}, nil, [2]int{401, 204}},
		{nil, nil, [2]int{401, 401}},
	} {
		accepted, unread = step.accepted, step.unread
		require.Equal(t, step.want, answers())
	}
}

// TestSlowStore: Notify waits 5 seconds, so we answer before.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := notify.Receipts(accepting(token), func(ctx context.Context, _ notify.Receipt) error {
			<-ctx.Done()
			return ctx.Err()
		})
		start, w := time.Now(), httptest.NewRecorder()
		handler.ServeHTTP(w, post(token, `{"id":"201b576e-c09b-467b-9dfa-9c3b689ee730","reference":"r","status":"delivered",
			"notification_type":"email"}`))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Less(t, time.Since(start), 5*time.Second)
	})
}
