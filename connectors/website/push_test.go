package website_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const (
	secret = "canary-of-the-key"
	person = "canary.person@nhs.example"
)

func sinkAt(t *testing.T, address string, search bool) *website.Sink {
	t.Helper()
	o := website.Options{
		URL: address, Key: func() (string, error) { return secret, nil },
		Limits: httpx.Limits{PerSecond: 100_000, Timeout: 10 * time.Second, Trip: 1000},
	}
	if search {
		o.SearchURL = address + websitetest.SearchPath
	}
	sink, err := website.New(o)
	require.NoError(t, err)
	return sink
}

func simulated(t *testing.T) (*websitetest.Server, *website.Sink) {
	t.Helper()
	server, address := websitetest.Start(t, websitetest.Options{APIKey: secret})
	return server, sinkAt(t, address, true)
}

func delivery(code string, sequence int64, version string) push.Delivery {
	d := push.Delivery{
		Code: profile.ODSCode(code), Type: profile.Pharmacy, Sequence: sequence, Version: version,
		Key: code + "-" + time.Duration(sequence).String(),
		Edited: map[profile.Field]time.Time{
			profile.FieldEmail: time.Date(2026, 11, 20, 9, 15, 0, 0, time.UTC),
		},
	}
	for f, value := range map[profile.Field]string{
		profile.FieldName: "Fake Pharmacy", profile.FieldType: "pharmacy", profile.FieldStatus: "open",
		profile.FieldHidden: "false", profile.FieldAddress: "62 Fake Street\nBath\nSomerset",
		profile.FieldPostcode: "TE5 7ER", profile.FieldICB: "QOX", profile.FieldEmail: person,
		profile.FieldOpeningTimes: "mon 09:00-13:00\nmon 14:00-17:30",
		profile.FieldServices:     "SRV0257 New medicine service\nSRV0559 Palliative care",
	} {
		d.Values.Set(f, value)
	}
	return d
}

func refused(t *testing.T, err error) *push.SinkError {
	t.Helper()
	var e *push.SinkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, push.SinkWebsite, e.Sink)
	require.NotContains(t, e.Error(), secret)
	require.NotContains(t, e.Error(), person)
	return e
}

func TestPushThenShow(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.NoError(t, err)
	require.Equal(t, push.Shown{Code: "FA123"}, shown)

	d := delivery("FA123", 41, "")
	receipt, err := sink.Push(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, receipt.Status)
	require.NotEmpty(t, receipt.Version)

	shown, err = sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.NoError(t, err)
	require.True(t, shown.Found())
	require.EqualValues(t, 41, shown.Sequence)
	require.Equal(t, receipt.Version, shown.Version)
	require.Empty(t, shown.Entries[0].NeverShown)
	route, ok := sink.Route(profile.Pharmacy)
	require.True(t, ok)
	require.Empty(t, push.Differences(route, d.Values, shown, profile.NewDate(2026, time.November, 22)))

	d = delivery("FA123", 42, receipt.Version)
	d.Values.Set(profile.FieldPhone, "01234 567890")
	receipt, err = sink.Push(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, receipt.Status)
	require.NotEqual(t, shown.Version, receipt.Version)
	effects := server.Effects("FA123")
	require.Len(t, effects, 2)
	require.Equal(t, shown.Version, effects[1].IfMatch)
	require.Equal(t, d.Key, effects[1].Key)
	require.Equal(t, d.Key, effects[1].Correlation)
	require.Equal(t, "*", effects[0].IfNoneMatch)
}

// TestBehindOurBack: a change that somebody makes there is found, and only that.
func TestBehindOurBack(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	d := delivery("FA123", 1, "")
	d.Values.Set(profile.FieldPhone, "01234 567890")
	d.Values.Set(profile.FieldFacilities, "Wheelchair access: Yes")
	_, err := sink.Push(t.Context(), d)
	require.NoError(t, err)
	route, _ := sink.Route(profile.Pharmacy)
	for field, change := range map[profile.Field][2]string{
		profile.FieldPhone: {"phone", ""}, profile.FieldFacilities: {"facility", "Wheelchair access: No"},
		profile.FieldOpeningTimes: {"weekly", "tue 09:00-17:00"}, profile.FieldName: {"name", "Another"},
		profile.FieldPostcode: {"postcode", "LS1 1AA"},
		profile.FieldHidden:   {"status", "Hidden"},
		profile.FieldICB:      {"document", `{"ParentOrganisation": null}`},
		profile.FieldServices: {"service", "SRV0001 X"},
	} {
		before, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
		require.NoError(t, err)
		require.NoError(t, server.Change("FA123", change[0], change[1]))
		for _, read := range []func() push.Shown{
			func() push.Shown { return showFA123(t, sink) },
			func() push.Shown {
				shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
				require.NoError(t, err)
				require.NotEqual(t, before.Version, shown.Version)
				return shown
			},
		} {
			found := push.Differences(route, d.Values, read(), profile.NewDate(2026, time.November, 22))
			require.Len(t, found, 1, field)
			require.Equal(t, field, found[0].Field)
		}
		again := d
		again.Sequence = before.Sequence + 1
		again.Key = field.String()
		shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
		require.NoError(t, err)
		again.Version = shown.Version
		_, err = sink.Push(t.Context(), again)
		require.NoError(t, err)
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	_, err := sink.Push(t.Context(), delivery("FA123", 57, ""))
	require.NoError(t, err)

	_, err = sink.Push(t.Context(), delivery("FA123", 41, ""))
	e := refused(t, err)
	require.Equal(t, push.AnswerConflict, e.Answer)
	require.Equal(t, 409, e.Status)
	require.EqualValues(t, 57, e.Sequence)

	_, err = sink.Push(t.Context(), delivery("FA123", 58, ""))
	e = refused(t, err)
	require.Equal(t, push.AnswerConflict, e.Answer)
	require.Equal(t, 412, e.Status)
	require.Len(t, server.Effects(), 1)
}

func TestRepeatsHaveTheSameBytes(t *testing.T) {
	t.Parallel()
	var requests []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("ETag", `"v"`)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"ODSCode":"FA123","Zoo":1,"AcceptingPatients":{"GP":"Yes"},"Contacts":[{"ContactType":"PALS"}],
				"LastUpdatedDates":{"KeyValueData":[],"Facilities":null}}`)
			return
		}
		var b bytes.Buffer
		_ = r.Header.Write(&b)
		_, _ = io.Copy(&b, r.Body)
		requests = append(requests, b.String())
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(web.Close)
	for _, version := range []string{"", `"v"`} {
		requests = nil
		for range 2 {
			_, err := sinkAt(t, web.URL, false).Push(t.Context(), delivery("FA123", 9, version))
			require.Equal(t, push.AnswerUnclear, refused(t, err).Answer)
		}
		require.Len(t, requests, 2, "a push is sent once")
		require.Equal(t, requests[0], requests[1])
		require.Contains(t, requests[0], "Sequence-Number: 9")
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	server.Fault(simulate.Of(simulate.DroppedAfter))
	_, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
	require.Equal(t, push.AnswerUnclear, refused(t, err).Answer)
	receipt, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, receipt.Status)
	sum := server.Summary()
	require.Equal(t, map[websitetest.Outcome]int{websitetest.Stored: 1, websitetest.Replayed: 1}, sum.Effects)
	require.Zero(t, sum.Twice)

	other := delivery("FA123", 1, "")
	other.Values.Set(profile.FieldName, "Other")
	_, err = sink.Push(t.Context(), other)
	require.Equal(t, push.AnswerRefused, refused(t, err).Answer)
}

// TestAReusedConnectionBreaks: net/http automatically repeats requests with an
// idempotency key, unless that is prevented.
func TestAReusedConnectionBreaks(t *testing.T) {
	t.Parallel()
	for _, dropped := range []simulate.Name{simulate.DroppedBefore, simulate.DroppedAfter} {
		server, sink := simulated(t)
		_, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
		require.NoError(t, err)
		server.Fault(simulate.Of(dropped))
		_, err = sink.Push(t.Context(), delivery("FA124", 2, ""))
		require.Equal(t, push.AnswerUnclear, refused(t, err).Answer)
		require.Len(t, server.Ledger("FA124"), 1, "sent once")
	}
}

// TestAnswers covers the table of CONTRACT.md "Answers".
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		fault simulate.Fault
		want  push.Answer
		says  string
	}{
		{"400", simulate.Of(simulate.Error(400)), push.AnswerRefused, "our document is refused"},
		{"401", simulate.Of(simulate.Unauthorized), push.AnswerUnauthorized, "check the API key"},
		{"403", simulate.Of(simulate.Error(403)), push.AnswerUnauthorized, "check the API key"},
		{"404", simulate.Of(simulate.Error(404)), push.AnswerRefused, "knows no such organisation"},
		{"408", simulate.Of(simulate.Error(408)), push.AnswerUnclear, ""},
		{"409 without a number", simulate.Of(simulate.Error(409)), push.AnswerConflict, "stale"},
		{"410", simulate.Of(simulate.Error(410)), push.AnswerRefused, "removed"},
		{"412", simulate.Of(simulate.Error(412)), push.AnswerConflict, "another version"},
		{"413", simulate.Of(simulate.Error(413)), push.AnswerRefused, "our document is refused"},
		{"415", simulate.Of(simulate.Error(415)), push.AnswerRefused, "our document is refused"},
		{"422", simulate.Of(simulate.Error(422)), push.AnswerRefused, "our document is refused"},
		{"425", simulate.Fault{Names: []simulate.Name{simulate.Error(425)}, RetryAfter: 3}, push.AnswerLater, ""},
		{"428", simulate.Of(simulate.Error(428)), push.AnswerRefused, "If-Match"},
		{"429", simulate.Fault{Names: []simulate.Name{simulate.Throttled}, RetryAfter: 3}, push.AnswerLater, "too many requests"},
		{"500", simulate.Of(simulate.Error(500)), push.AnswerUnclear, ""},
		{"503", simulate.Fault{Names: []simulate.Name{simulate.Error(503)}, RetryAfter: 3}, push.AnswerUnclear, ""},
		{"202", simulate.Of(websitetest.Queued), push.AnswerUnclear, "queued"},
		{"no etag", simulate.Of(simulate.NoETag), push.AnswerUnclear, "without an entity tag"},
		{"dropped before", simulate.Of(simulate.DroppedBefore), push.AnswerUnclear, ""},
		{"dropped after", simulate.Of(simulate.DroppedAfter), push.AnswerUnclear, ""},
		{"truncated", simulate.Of(simulate.Truncated), push.AnswerUnclear, ""},
		{"html", simulate.Of(simulate.HTML), push.AnswerUnclear, "not JSON"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server, sink := simulated(t)
			server.Fault(row.fault)
			_, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
			e := refused(t, err)
			require.Equal(t, row.want, e.Answer)
			require.Contains(t, e.Reason, row.says)
			require.Contains(t, e.Reason, "/organisation-profiles/FA123: ")
			require.Equal(t, time.Duration(row.fault.RetryAfter)*time.Second, e.Wait)
			require.Len(t, server.Ledger(), 1, "a push is sent once")
			receipt, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
			require.NoError(t, err, "the same push once more")
			require.NotEmpty(t, receipt.Version)
			require.Len(t, server.Effects(), 1)
		})
	}
}

// TestOddSuccesses: a success that is not about our push is unclear.
func TestOddSuccesses(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter){
		"another organisation": func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"ODSCode":"FA124"}`) },
		"broken JSON":          func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"ODSCode":"FA123"`) },
		"another number": func(w http.ResponseWriter) {
			w.Header().Set("Sequence-Number", "2")
			_, _ = io.WriteString(w, `{}`)
		},
		"206": func(w http.ResponseWriter) { w.WriteHeader(http.StatusPartialContent) },
		"304": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotModified) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("ETag", `"v"`)
				w.Header().Set("Content-Type", "application/json")
				answer(w)
			}))
			t.Cleanup(web.Close)
			_, err := sinkAt(t, web.URL, false).Push(t.Context(), delivery("FA123", 1, ""))
			require.Equal(t, push.AnswerUnclear, refused(t, err).Answer)
		})
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"v"`)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(web.Close)
	receipt, err := sinkAt(t, web.URL, false).Push(t.Context(), delivery("FA123", 1, ""))
	require.NoError(t, err)
	require.Equal(t, push.Receipt{Status: http.StatusNoContent, Version: `"v"`}, receipt)
}

// TestPointersAndCodesOnly: of a 422, only what cannot hold anybody's data is shown.
func TestPointersAndCodesOnly(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"detail":"`+person+`","errors":[
			{"pointer":"/OpeningTimes/3/ClosingTime","code":"CLOSES_BEFORE_OPENS","message":"`+person+`"},
			{"pointer":"`+person+`","code":"`+person+`"}`+strings.Repeat(`,{"pointer":"/X","code":"Y"}`, 10)+`]}`)
	}))
	t.Cleanup(web.Close)
	_, err := sinkAt(t, web.URL, false).Push(t.Context(), delivery("FA123", 1, ""))
	e := refused(t, err)
	require.Contains(t, e.Reason, "/OpeningTimes/3/ClosingTime CLOSES_BEFORE_OPENS, (unreadable pointer), /X Y, ")
	require.Contains(t, e.Reason, ", and 2 more")
}

func TestNothingIsSent(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	bad := delivery("FA123", 1, "")
	bad.Values.Set(profile.FieldOpeningTimes, "bank-holiday 10:00-12:00")
	for _, d := range []push.Delivery{bad, delivery("FA123", 0, ""), {Code: "FA123", Type: profile.Trust, Sequence: 1}} {
		_, err := sink.Push(t.Context(), d)
		e := refused(t, err)
		require.Equal(t, push.AnswerRefused, e.Answer)
		require.Contains(t, e.Reason, "profile FA123: ")
	}
	keyless, err := website.New(website.Options{
		URL: "http://127.0.0.1:1", Key: func() (string, error) { return "", errors.New("no such file") },
	})
	require.NoError(t, err)
	_, err = keyless.Push(t.Context(), delivery("FA123", 1, ""))
	require.Equal(t, push.AnswerUnauthorized, refused(t, err).Answer)
	require.Empty(t, server.Ledger())
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	server, address := websitetest.Start(t, websitetest.Options{})
	sink, err := website.New(website.Options{URL: address, Limits: httpx.Limits{Trip: 2, Cooldown: time.Hour}})
	require.NoError(t, err)
	server.Fault(simulate.Fault{Names: []simulate.Name{simulate.Down}, Times: -1})
	for i := range 3 {
		_, err = sink.Push(t.Context(), delivery("FA123", 1, ""))
		want := push.AnswerUnclear
		if i == 2 {
			want = push.AnswerDown
		}
		require.Equal(t, want, refused(t, err).Answer)
	}
	require.Len(t, server.Ledger(), 2)
}

func TestNewRefusesAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "website.example", "ftp://x", "http://"} {
		_, err := website.New(website.Options{URL: address})
		require.ErrorContains(t, err, "address of the website")
		_, err = website.New(website.Options{URL: "http://x", SearchURL: address + " "})
		require.ErrorContains(t, err, "address of the website's search")
	}
	sink, err := website.New(website.Options{URL: "http://x"})
	require.NoError(t, err)
	for _, of := range profile.OrgTypes() {
		route, ok := sink.Route(of)
		require.True(t, ok)
		require.Equal(t, "profile", route.Name)
	}
	_, ok := sink.Route(profile.NoType)
	require.False(t, ok)
}
