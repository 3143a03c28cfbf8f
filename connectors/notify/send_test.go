package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/reconcile/people"
)

const (
	person  = "canary.person@nhs.example"
	called  = "Canary O'Person [here](https://evil.example)"
	replyTo = "8e222534-7f05-4972-86e3-17c5d9f894e2"
)

func templates() map[people.LetterKind]string {
	ids := make(map[people.LetterKind]string)
	for i, kind := range people.LetterKinds() {
		ids[kind] = fmt.Sprintf("9d751e0e-f929-4891-82a1-%012d", i)
	}
	return ids
}

func simulated(t *testing.T, o notifytest.Options, change ...func(*notify.Options)) (*notifytest.Server, *notify.Client) {
	t.Helper()
	for _, id := range templates() {
		o.Templates = append(o.Templates, notifytest.Template{
			ID: id, Subject: "Check by ((deadline))", Body: "Hello ((name)), check:\n((organisations))",
		})
	}
	o.ReplyTo = []string{replyTo}
	server, address := notifytest.Start(t, o)
	options := notify.Options{
		BaseURL: address, APIKey: func() (string, error) { return notifytest.Key, nil }, Templates: templates(), ReplyTo: replyTo,
		Turn: func(context.Context) error { return nil }, Now: server.Now,
		Limits: httpx.Limits{Timeout: 10 * time.Second, Trip: 1000},
	}
	for _, c := range change {
		c(&options)
	}
	client, err := notify.New(options)
	require.NoError(t, err)
	return server, client
}

func letter(t *testing.T, reference, to string) people.Letter {
	t.Helper()
	address, err := people.ParseEmailAddress(to)
	require.NoError(t, err)
	return people.Letter{
		Reference: reference, Kind: people.LetterOpening, To: address, Name: people.NewPersonName(called),
		Facts: people.LetterFacts{
			Words: map[string]string{"deadline": "31 December 2026"},
			Lists: map[string][]string{"organisations": {"FA123 Fake Pharmacy: opening hours", "A12345 Fake Surgery"}},
		},
	}
}

// failed checks that an error is a *people.MailError that reveals nothing.
func failed(t *testing.T, err error, want people.MailAnswer) *people.MailError {
	t.Helper()
	var e *people.MailError
	require.ErrorAs(t, err, &e)
	require.Equal(t, want, e.Answer, err)
	for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e)} {
		for _, secret := range []string{person, "O'Person", notifytest.Key[len(notifytest.Key)-36:], "Bearer", "eyJ"} {
			require.NotContains(t, text, secret)
		}
	}
	return e
}

func TestSend(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{})
	require.True(t, client.Lookup())
	_, found, err := client.Find(t.Context(), "r/1 & more")
	require.NoError(t, err)
	require.False(t, found)

	sent, err := client.Send(t.Context(), letter(t, "r/1 & more", person))
	require.NoError(t, err)
	messages := server.ByReference("r/1 & more")
	require.Len(t, messages, 1)
	require.Equal(t, people.Acceptance{ID: messages[0].ID, Version: 1, State: people.MailSending}, sent)
	require.Equal(t, person, messages[0].Address)
	require.Equal(t, replyTo, messages[0].ReplyTo)
	require.Equal(t, []string{"name"}, messages[0].Sanitised)
	require.Equal(t, map[string]any{
		"name": called, "deadline": "31 December 2026",
		"organisations": []any{"FA123 Fake Pharmacy: opening hours", "A12345 Fake Surgery"},
	}, messages[0].Personalisation)
	subject, body := server.Text(messages[0])
	require.Equal(t, "Check by 31 December 2026", subject)
	require.NotContains(t, body, "evil")
	require.Contains(t, body, "\n* A12345 Fake Surgery")

	mailed, found, err := client.Find(t.Context(), "r/1 & more")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, sent.ID, mailed.ID)
	require.Equal(t, people.MailSending, mailed.State)

	server.Advance(time.Minute)
	mailed, found, err = client.Status(t.Context(), sent.ID)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, people.MailDelivered, mailed.State)
	require.Equal(t, messages[0].At.Add(5*time.Second), mailed.At)

	server.Advance(8 * 24 * time.Hour)
	for _, ask := range []func() (people.Acceptance, bool, error){
		func() (people.Acceptance, bool, error) { return client.Status(t.Context(), sent.ID) },
		func() (people.Acceptance, bool, error) { return client.Find(t.Context(), "r/1 & more") },
	} {
		_, found, err = ask()
		require.NoError(t, err)
		require.False(t, found, "it is forgotten after 7 days")
	}
}

// TestEmptyValues: a mailing list has no name, and a list of lines may be empty.
func TestEmptyValues(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{})
	l := letter(t, "r", person)
	l.Name, l.Facts.Lists["organisations"] = people.PersonName{}, nil
	l.Facts.Words["person"] = called
	_, err := client.Send(t.Context(), l)
	require.NoError(t, err)
	require.Equal(t, []string{"name", "person"}, server.ByReference("r")[0].Sanitised)
}

func TestNothingIsSent(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{})
	for name, row := range map[string]struct {
		change func(*people.Letter)
		want   people.MailAnswer
	}{
		"kind":           {func(l *people.Letter) { l.Kind = "other" }, people.MailRefused},
		"reference":      {func(l *people.Letter) { l.Reference = "" }, people.MailRefused},
		"long reference": {func(l *people.Letter) { l.Reference = strings.Repeat("é", 1001) }, people.MailRefused},
		"address":        {func(l *people.Letter) { l.To = people.EmailAddress{} }, people.MailNoSuchAddress},
		"name twice":     {func(l *people.Letter) { l.Facts.Words["name"] = called }, people.MailRefused},
		"fact twice":     {func(l *people.Letter) { l.Facts.Lists["deadline"] = nil }, people.MailRefused},
	} {
		l := letter(t, "r", person)
		row.change(&l)
		_, err := client.Send(t.Context(), l)
		require.Contains(t, failed(t, err, row.want).Reason, "nothing was sent", name)
	}
	_, _, err := client.Status(t.Context(), "../"+person)
	failed(t, err, people.MailRefused)
	require.Empty(t, server.Ledger())
}

// TestOnce: whatever happens, a call makes one request, and a letter that may have
// been accepted is unclear.
func TestOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault simulate.Name
		taken int
	}{
		"error":        {simulate.Error(500), 0},
		"timeout":      {simulate.Error(504), 0},
		"gateway":      {simulate.Error(502), 0},
		"error after":  {simulate.ErrorAfter(500), 1},
		"drop":         {simulate.DroppedBefore, 0},
		"drop after":   {simulate.DroppedAfter, 1},
		"hang":         {simulate.HungBefore, 0},
		"hang after":   {simulate.HungAfter, 1},
		"truncate":     {simulate.Truncated, 1},
		"content type": {simulate.HTML, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := simulated(t, notifytest.Options{}, func(o *notify.Options) { o.Limits.Timeout = 3 * time.Second })
			_, err := client.Send(t.Context(), letter(t, "warm/the/connection", person))
			require.NoError(t, err)
			server.Fault(simulate.Fault{Names: []simulate.Name{row.fault}, Kinds: []simulate.Kind{http.MethodPost}})
			_, err = client.Send(t.Context(), letter(t, "r", person))
			require.Zero(t, failed(t, err, people.MailUnclear).Wait)
			require.Len(t, server.ByReference("r"), row.taken)
			_, found, err := client.Find(t.Context(), "r")
			require.NoError(t, err)
			require.Equal(t, row.taken == 1, found)
			posts := 0
			for _, e := range server.Ledger() {
				if e.Method == http.MethodPost {
					posts++
				}
			}
			require.Equal(t, 2, posts)
		})
	}
}

// TestReadsThatFail: they are unclear, never "not found".
func TestReadsThatFail(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{}, func(o *notify.Options) { o.Limits.Timeout = 300 * time.Millisecond })
	sent, err := client.Send(t.Context(), letter(t, "r", person))
	require.NoError(t, err)
	for name, want := range map[simulate.Name]people.MailAnswer{
		simulate.Error(500): people.MailUnclear, simulate.DroppedBefore: people.MailUnclear, simulate.HungAfter: people.MailUnclear,
		simulate.Truncated: people.MailUnclear, simulate.HTML: people.MailUnclear, simulate.Error(404): people.MailAlert,
		simulate.Throttled: people.MailRetry,
	} {
		server.Fault(simulate.Fault{Names: []simulate.Name{name}, Times: -1}) // net/http repeats a GET by itself
		_, found, err := client.Find(t.Context(), "r")
		failed(t, err, want)
		require.False(t, found)
		_, _, err = client.Status(t.Context(), sent.ID)
		failed(t, err, want)
		_, _, err = client.List(t.Context(), "")
		failed(t, err, want)
		server.Heal()
	}
}

func TestFindOfSeveralAndOfOthers(t *testing.T) {
	t.Parallel()
	_, client := simulated(t, notifytest.Options{})
	for range 2 { // Notify accepts the same reference any number of times
		_, err := client.Send(t.Context(), letter(t, "r", person))
		require.NoError(t, err)
	}
	last, err := client.Send(t.Context(), letter(t, "r", person))
	require.NoError(t, err)
	mailed, found, err := client.Find(t.Context(), "r")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, last.ID, mailed.ID)
	_, found, err = client.Find(t.Context(), "R")
	require.NoError(t, err)
	require.False(t, found)
}

func TestList(t *testing.T) {
	t.Parallel()
	_, client := simulated(t, notifytest.Options{})
	const all = 251
	for i := range all {
		_, err := client.Send(t.Context(), letter(t, fmt.Sprintf("r/%d", i), person))
		require.NoError(t, err)
	}
	var got []notify.Receipt
	pages, next := 0, ""
	for {
		receipts, last, err := client.List(t.Context(), next)
		require.NoError(t, err)
		got = append(got, receipts...)
		if next = last; next == "" {
			break
		}
		pages++
	}
	require.Equal(t, 2, pages)
	require.Len(t, got, all)
	for i, receipt := range got {
		require.Equal(t, fmt.Sprintf("r/%d", all-1-i), receipt.Reference)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC)
	server, client := simulated(t, notifytest.Options{Scale: 0.002, Daily: 3, Now: func() time.Time { return now }})
	for range 2 {
		_, err := client.Send(t.Context(), letter(t, "r", person))
		require.NoError(t, err)
	}
	_, err := client.Send(t.Context(), letter(t, "r", person))
	e := failed(t, err, people.MailRetry)
	require.Greater(t, e.Wait, 59*time.Second)
	server.Advance(e.Wait)
	_, err = client.Send(t.Context(), letter(t, "r", person))
	require.NoError(t, err)
	_, err = client.Send(t.Context(), letter(t, "r", person))
	e = failed(t, err, people.MailPause)
	server.Advance(e.Wait)
	require.Equal(t, 1, server.Now().Day())
	_, err = client.Send(t.Context(), letter(t, "r", person))
	require.NoError(t, err)
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{}, func(o *notify.Options) {
		now := o.Now
		o.Now = func() time.Time { return now().Add(-31 * time.Second) }
	})
	_, err := client.Send(t.Context(), letter(t, "r", person))
	require.Contains(t, failed(t, err, people.MailAlert).Reason, "behind GOV.UK Notify's")
	require.Empty(t, server.Messages())

	server, client = simulated(t, notifytest.Options{})
	l := letter(t, "r", person)
	delete(l.Facts.Words, "deadline")
	_, err = client.Send(t.Context(), l)
	require.Contains(t, failed(t, err, people.MailAlert).Reason, "template check-opening: BadRequestError (the template has")
	server.SetTemplate(notifytest.Template{ID: templates()[people.LetterOpening], Deleted: true})
	_, err = client.Send(t.Context(), letter(t, "r", person))
	require.Contains(t, failed(t, err, people.MailAlert).Reason, "deleted")
	server.Revoke()
	_, err = client.Send(t.Context(), letter(t, "r", person))
	require.Contains(t, failed(t, err, people.MailAlert).Reason, "revoked")
	_, _, err = client.Find(t.Context(), "r")
	failed(t, err, people.MailAlert)
}

func TestKeyIsReadEachTime(t *testing.T) {
	t.Parallel()
	var text atomic.Value
	text.Store(notifytest.Key)
	_, client := simulated(t, notifytest.Options{}, func(o *notify.Options) {
		o.APIKey = func() (string, error) {
			if s := text.Load().(string); s != "" {
				return s, nil
			}
			return "", errors.New("canary")
		}
	})
	for _, bad := range []string{"", "not-a-key-" + person} {
		text.Store(bad)
		_, err := client.Send(t.Context(), letter(t, "r", person))
		require.Contains(t, failed(t, err, people.MailAlert).Reason, "API key")
	}
	text.Store(notifytest.Key)
	_, err := client.Send(t.Context(), letter(t, "r", person))
	require.NoError(t, err)
}

func TestTurn(t *testing.T) {
	t.Parallel()
	turns := 0
	server, client := simulated(t, notifytest.Options{}, func(o *notify.Options) {
		o.Turn = func(ctx context.Context) error {
			turns++
			return ctx.Err()
		}
	})
	_, err := client.Send(t.Context(), letter(t, "r", person))
	require.NoError(t, err)
	_, _, err = client.Find(t.Context(), "r")
	require.NoError(t, err)
	require.Equal(t, 1, turns, "only requests that send wait")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.Send(ctx, letter(t, "r", person))
	failed(t, err, people.MailRetry)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, server.Messages(), 1)
}

// TestOwnPace: 5 letters take at least the time of 4 turns.
func TestOwnPace(t *testing.T) {
	t.Parallel()
	_, client := simulated(t, notifytest.Options{}, func(o *notify.Options) { o.Turn = nil })
	start := time.Now()
	for range 5 {
		_, err := client.Send(t.Context(), letter(t, "r", person))
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, time.Since(start), 4*time.Second/40)
}

func TestOpenBreaker(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{}, func(o *notify.Options) { o.Limits.Trip = 2 })
	server.Fault(simulate.Fault{Kinds: []simulate.Kind{http.MethodPost}, Names: []simulate.Name{simulate.Error(500)}, Times: -1})
	for range 2 {
		_, err := client.Send(t.Context(), letter(t, "r", person))
		failed(t, err, people.MailUnclear)
	}
	_, err := client.Send(t.Context(), letter(t, "r", person))
	require.Contains(t, failed(t, err, people.MailRetry).Reason, "nothing was sent")
	_, found, err := client.Find(t.Context(), "r")
	require.NoError(t, err, "looking up still works")
	require.False(t, found)
}

// TestOtherAnswers: answers of something that is not Notify.
func TestOtherAnswers(t *testing.T) {
	t.Parallel()
	const id = "201b576e-c09b-467b-9dfa-9c3b689ee730"
	for body, row := range map[string]struct {
		status int
		want   people.MailAnswer
	}{
		`{"id":"` + id + `","reference":"other"}`:   {201, people.MailUnclear},
		`{"id":"` + person + `","reference":"r"}`:   {201, people.MailUnclear},
		`{"id":"` + id + `","reference":"r","x":1}`: {202, people.MailUnclear},
		`moved`:  {307, people.MailAlert},
		`{}`:     {404, people.MailAlert},
		`later`:  {408, people.MailUnclear},
		`<html>`: {400, people.MailUnclear},
	} {
		var requests atomic.Int32
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(row.status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(web.Close)
		_, client := simulated(t, notifytest.Options{}, func(o *notify.Options) { o.BaseURL = web.URL })
		_, err := client.Send(t.Context(), letter(t, "r", person))
		failed(t, err, row.want)
		require.EqualValues(t, 1, requests.Load(), body)
		_, _, err = client.Status(t.Context(), id)
		require.Error(t, err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	good := func() notify.Options {
		return notify.Options{APIKey: func() (string, error) { return notifytest.Key, nil }, Templates: templates()}
	}
	_, err := notify.New(good())
	require.NoError(t, err)
	for want, change := range map[string]func(*notify.Options){
		"no template id (a UUID) for check-28-days, report-ready": func(o *notify.Options) {
			delete(o.Templates, people.LetterReport)
			o.Templates[people.LetterFourWeeks] = "Check 28 days"
		},
		"check-opening, check-28-days":  func(o *notify.Options) { o.Templates = nil },
		"the reply-to id is not a UUID": func(o *notify.Options) { o.ReplyTo = person },
		"no API key":                    func(o *notify.Options) { o.APIKey = nil },
		"not a key of GOV.UK Notify":    func(o *notify.Options) { o.APIKey = func() (string, error) { return "x-" + person, nil } },
		"its API key: no such file": func(o *notify.Options) {
			o.APIKey = func() (string, error) { return "", errors.New("no such file") }
		},
		"want http(s)://host":            func(o *notify.Options) { o.BaseURL = "ftp://host" },
		"Notify: want http(s)://host":    func(o *notify.Options) { o.BaseURL = "https://" + person },
		"of GOV.UK Notify: want http(s)": func(o *notify.Options) { o.BaseURL = "://" },
	} {
		o := good()
		change(&o)
		_, err := notify.New(o)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), person)
	}
}

// TestReadsAreOneRequest: a token would expire before our retries end.
func TestReadsAreOneRequest(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{})
	server.Fault(simulate.Fault{Names: []simulate.Name{simulate.Error(500)}, Times: -1})
	_, _, err := client.Find(t.Context(), "r")
	failed(t, err, people.MailUnclear)
	require.Len(t, server.Ledger(), 1)
}

// TestFindAcceptsNoOther: behind a proxy that drops the query, another letter is
// neither ours nor proof that there is none.
func TestFindAcceptsNoOther(t *testing.T) {
	t.Parallel()
	server, client := simulated(t, notifytest.Options{})
	_, err := client.Send(t.Context(), letter(t, "other", person))
	require.NoError(t, err)
	handler := server.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = ""
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	_, client = simulated(t, notifytest.Options{}, func(o *notify.Options) { o.BaseURL = web.URL })
	_, found, err := client.Find(t.Context(), "r")
	failed(t, err, people.MailUnclear)
	require.False(t, found)
}
