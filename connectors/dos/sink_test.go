package dos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const received = `{"Message":"Change event received"}`

func secretOf(value string) func() (string, error) {
	return func() (string, error) { return value, nil }
}

func newSink(t *testing.T, options Options) *Sink {
	t.Helper()
	fast := httpx.Limits{PerSecond: 10000}
	options.Events.Limits, options.Read.Limits = fast, fast
	sink, err := New(options)
	require.NoError(t, err)
	return sink
}

// pharmacySink returns a sink that sends its requests to the handler.
func pharmacySink(t *testing.T, handler http.HandlerFunc) *Sink {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return newSink(t, Options{
		Events: EventOptions{URL: server.URL + "/", Key: secretOf("hush-key")},
		Read:   ReadOptions{URL: server.URL, User: "reader", Password: secretOf("hush-password")},
	})
}

func handlerWith(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestPushSendsTheEvent(t *testing.T) {
	t.Parallel()
	want, err := body(example(t))
	require.NoError(t, err)
	var calls atomic.Int32
	sink := pharmacySink(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		content, _ := io.ReadAll(r.Body)
		for name, value := range map[string]string{
			"x-api-key": "hush-key", "sequence-number": "417", "correlation-id": "11111111-2222-4333-8444-555555555555",
			"Content-Type": "application/json",
		} {
			if got := r.Header.Get(name); got != value {
				t.Errorf("%s: %q", name, got)
			}
		}
		if r.Method != http.MethodPost || r.URL.Path != "/v1/change-event" || string(content) != string(want) {
			t.Errorf("%s %s %s", r.Method, r.URL, content)
		}
		_, _ = io.WriteString(w, `{"message":"Change event received"}`)
	})
	for range 2 {
		receipt, err := sink.Push(t.Context(), example(t))
		require.NoError(t, err)
		require.Equal(t, push.Receipt{Status: 200}, receipt)
	}
	require.EqualValues(t, 2, calls.Load())
}

func TestAnswersToAPush(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		answer  push.Answer
		words   string
	}{
		"wrong key":      {handlerWith(403, `{"message":"Forbidden"}`), push.AnswerUnauthorized, "API key"},
		"other address":  {handlerWith(403, `{"Message":"Access Denied, please ask Ada Person"}`), push.AnswerUnauthorized, "allow-list"},
		"forbidden page": {handlerWith(403, "<html>Ada Person"), push.AnswerUnauthorized, "API key"},
		"unauthorised":   {handlerWith(401, ""), push.AnswerUnauthorized, ""},
		"bad request":    {handlerWith(400, `{"Message":"Bad Request Ada Person"}`), push.AnswerRefused, "status 400"},
		"not found":      {handlerWith(404, ""), push.AnswerRefused, ""},
		"too large":      {handlerWith(413, ""), push.AnswerRefused, ""},
		"content type":   {handlerWith(415, ""), push.AnswerRefused, ""},
		"conflict":       {handlerWith(409, ""), push.AnswerConflict, ""},
		"throttled":      {handlerWith(429, "Ada Person", "Retry-After", "7"), push.AnswerLater, "retry after 7s"},
		"queue down":     {handlerWith(500, `{"Message":"Server Error"}`), push.AnswerUnclear, "status 500"},
		"unavailable":    {handlerWith(503, "", "Retry-After", "7"), push.AnswerUnclear, ""},
		"other success":  {handlerWith(200, `{"Message":"Hello Ada Person"}`), push.AnswerUnclear, "malformed success"},
		"no JSON":        {handlerWith(200, "Ada Person"), push.AnswerUnclear, "malformed success"},
		"empty":          {handlerWith(200, ""), push.AnswerUnclear, "malformed success"},
		"other 2xx":      {handlerWith(202, received), push.AnswerUnclear, "malformed success"},
		"not modified":   {handlerWith(304, ""), push.AnswerUnclear, "malformed success"},
		"truncated":      {handlerWith(200, received[:9], "Content-Length", "35"), push.AnswerUnclear, "reading the answer"},
		"endless":        {handlerWith(200, strings.Repeat(" ", 64<<10)+received), push.AnswerUnclear, "larger than the limit"},
		"moved":          {handlerWith(307, "", "Location", "https://elsewhere.test/"), push.AnswerUnclear, ""},
		"lost":           {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, push.AnswerUnclear, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			sink := pharmacySink(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				test.handler(w, r)
			})
			_, err := sink.Push(t.Context(), example(t))
			refusal := requireSinkError(t, err)
			require.Equal(t, test.answer, refusal.Answer)
			require.Contains(t, err.Error(), test.words)
			require.Contains(t, refusal.Reason, "FZZ99")
			require.EqualValues(t, 1, calls.Load(), "each call sends one request")
			if name == "throttled" || name == "unavailable" {
				require.Equal(t, 7*time.Second, refusal.Wait)
			}
		})
	}
}

// requireSinkError also checks that the error holds nothing of the other side and no
// secret.
func requireSinkError(t *testing.T, err error) *push.SinkError {
	t.Helper()
	var refusal *push.SinkError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, push.SinkDoS, refusal.Sink)
	for _, private := range []string{"Person", "hush", "01772"} {
		require.NotContains(t, err.Error(), private)
	}
	return refusal
}

func TestPushWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	sink := newSink(t, Options{Events: EventOptions{URL: strings.Replace(server.URL, "//", "//ada:hush@", 1), Key: secretOf("hush-key")}})
	for range 8 {
		_, err := sink.Push(t.Context(), example(t))
		require.Equal(t, push.AnswerUnclear, requireSinkError(t, err).Answer)
	}
	_, err := sink.Push(t.Context(), example(t))
	require.Equal(t, push.AnswerDown, requireSinkError(t, err).Answer, "the breaker is open: nothing was sent")
}

func TestNoKeyPausesTheSink(t *testing.T) {
	t.Parallel()
	for _, key := range []func() (string, error){secretOf(""), func() (string, error) { return "", errors.New("no such file") }} {
		sink := newSink(t, Options{
			Events: EventOptions{URL: "http://dos.test", Key: key},
			Read:   ReadOptions{URL: "http://dos.test", User: "reader", Password: key},
		})
		_, err := sink.Push(t.Context(), example(t))
		require.Equal(t, push.AnswerUnauthorized, requireSinkError(t, err).Answer)
		_, err = sink.Show(t.Context(), "FA123", profile.Pharmacy)
		require.Equal(t, push.AnswerUnauthorized, requireSinkError(t, err).Answer)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	sink := pharmacySink(t, handlerWith(200, received))
	route, ok := sink.Route(profile.Pharmacy)
	require.True(t, ok)
	require.Equal(t, "change-event", route.Name)
	require.Len(t, route.Fields, 11)
	require.Len(t, route.Readable, 7)
	for _, f := range append(route.Readable, route.Omittable...) {
		require.Contains(t, route.Fields, f)
	}
	for _, kind := range profile.OrgTypes() {
		if kind == profile.Pharmacy {
			continue
		}
		_, ok := sink.Route(kind)
		require.False(t, ok, kind)
		_, err := sink.Push(t.Context(), push.Delivery{Code: "A81001", Type: kind})
		requireRefused(t, err, "A81001", "no DoS route")
		_, err = sink.Show(t.Context(), "A81001", kind)
		requireRefused(t, err, "no DoS route")
		_, err = sink.ShowMany(t.Context(), []profile.ODSCode{"A81001"}, kind)
		requireRefused(t, err, "no DoS route")
	}
}

func TestReadingSwitchedOff(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(handlerWith(200, received))
	t.Cleanup(server.Close)
	sink := newSink(t, Options{Events: EventOptions{URL: server.URL, Key: secretOf("hush-key")}})
	route, ok := sink.Route(profile.Pharmacy)
	require.True(t, ok)
	require.Empty(t, route.Readable)
	_, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.ErrorIs(t, err, push.ErrNotRead)
	_, err = sink.ShowMany(t.Context(), []profile.ODSCode{"FA123"}, profile.Pharmacy)
	require.ErrorIs(t, err, push.ErrNotRead)
	effects, err := sink.Effects(t.Context(), example(t), profile.Date{})
	require.NoError(t, err)
	require.Equal(t, "each service", effects.Entries[0].Entry)
	require.Equal(t, push.FieldEffect{Field: profile.FieldPhone, Before: push.NotVisible, After: "01772000000"}, effects.Entries[0].Fields[2])
	_, err = sink.Push(t.Context(), example(t))
	require.NoError(t, err)
}

// withoutHours is a reader like the one that is announced: it shows no hours.
type withoutHours struct{ services []Service }

func (r withoutHours) readServices(context.Context, profile.ODSCode) ([]Service, error) {
	return r.services, nil
}

func (withoutHours) fields() []profile.Field {
	return []profile.Field{profile.FieldAddress, profile.FieldPostcode, profile.FieldPhone, profile.FieldWebsite}
}

// What a reader cannot see is readable nowhere.
func TestTheRouteShowsWhatItsReaderSees(t *testing.T) {
	t.Parallel()
	sink := pharmacySink(t, handlerWith(200, received))
	s := Service{ID: 1, ODSCode: "FZZ99", Type: 13, Status: 1, Values: example(t).Values}
	sink.reader = withoutHours{[]Service{s}}
	route, _ := sink.Route(profile.Pharmacy)
	require.Equal(t, sink.reader.fields(), route.Readable)
	d := example(t)
	known := push.Push{Desired: push.DesiredState{Profile: profile.Profile{Code: d.Code, Values: d.Values}}}
	known.Desired.Profile.Values.Set(profile.FieldType, string(profile.Pharmacy))
	shown, err := sink.Show(t.Context(), d.Code, profile.Pharmacy)
	require.NoError(t, err)
	drifted, ok := known.Drift(route, shown)
	require.True(t, ok)
	require.Empty(t, drifted.Differences)
	require.Equal(t, []profile.Field{
		profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldServices,
	}, drifted.NotVisible)

	own := d.Values
	own.Forget(profile.FieldDatedOpeningTimes)
	own.Forget(profile.FieldOpeningTimes)
	c := known.Compose(route, own, &shown)
	require.Equal(t, []push.Overwrite{
		{Entry: "service 1 (type 13)", Field: profile.FieldDatedOpeningTimes, Before: push.NotVisible},
	}, c.Overwrites, "weekly hours can be left out, dates cannot")
	require.False(t, c.Urgent)
}

func TestNewRefusesHalfAConfiguration(t *testing.T) {
	t.Parallel()
	key := secretOf("k")
	for name, options := range map[string]Options{
		"nothing":     {},
		"no key":      {Events: EventOptions{URL: "http://dos.test"}},
		"no address":  {Events: EventOptions{URL: "//ada:hush@dos.test", Key: key}},
		"no URL":      {Events: EventOptions{URL: "http://ada:hush@dos.test:port", Key: key}},
		"query":       {Events: EventOptions{URL: "http://dos.test?key=hush", Key: key}},
		"no user":     {Events: EventOptions{URL: "http://dos.test", Key: key}, Read: ReadOptions{URL: "http://dos.test", Password: key}},
		"no password": {Events: EventOptions{URL: "http://dos.test", Key: key}, Read: ReadOptions{URL: "http://dos.test", User: "u"}},
		"reading":     {Events: EventOptions{URL: "http://dos.test", Key: key}, Read: ReadOptions{URL: "dos", User: "u", Password: key}},
	} {
		_, err := New(options)
		require.ErrorContains(t, err, "dos: ", name)
		require.NotContains(t, err.Error(), "hush")
	}
}

func TestPushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	sink := pharmacySink(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client leaves
		cancel()
		<-r.Context().Done()
	})
	_, err := sink.Push(ctx, example(t))
	require.Equal(t, push.AnswerUnclear, requireSinkError(t, err).Answer)
}
