package website_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// showFA123 reads FA123 through the search, as the drift check does.
func showFA123(t *testing.T, sink *website.Sink) push.Shown {
	t.Helper()
	shown, err := sink.ShowMany(t.Context(), []profile.ODSCode{"FA123"}, profile.Pharmacy)
	require.NoError(t, err)
	require.Len(t, shown, 1)
	require.EqualValues(t, "FA123", shown[0].Code)
	return shown[0]
}

func TestShowMany(t *testing.T) {
	t.Parallel()
	for _, search := range []bool{true, false} {
		server, address := websitetest.Start(t, websitetest.Options{APIKey: secret, PageSize: 30})
		sink := sinkAt(t, address, search)
		codes := []profile.ODSCode{"NOBODY", "FZ999"}
		for i := range 98 {
			d := delivery(fmt.Sprintf("FA%03d", i), 1, "")
			if i == 3 {
				d.Values.Set(profile.FieldHidden, "true")
			}
			_, err := sink.Push(t.Context(), d)
			require.NoError(t, err)
			codes = append(codes, d.Code)
		}
		before := len(server.Ledger())
		shown, err := sink.ShowMany(t.Context(), codes, profile.Pharmacy)
		require.NoError(t, err)
		require.Len(t, shown, len(codes))
		route, _ := sink.Route(profile.Pharmacy)
		found := 0
		for _, s := range shown {
			if !s.Found() {
				require.Contains(t, codes[:2], s.Code)
				continue
			}
			found++
			own := delivery(s.Code.String(), 1, "").Values
			if s.Code == "FA003" {
				own.Set(profile.FieldHidden, "true")
			}
			require.Empty(t, push.Differences(route, own, s, profile.NewDate(2026, time.November, 22)), s.Code)
			require.Equal(t, search && s.Code != "FA003", len(s.Entries[0].NeverShown) == 1, "the search never shows SRV0559")
		}
		require.Equal(t, 98, found)
		asked := server.Ledger()[before:]
		if search { // 97 visible ones on four pages, then the three others one by one
			require.Len(t, asked, 4+3)
			require.Equal(t, http.MethodPost, asked[0].Method)
			require.Equal(t, http.MethodGet, asked[1].Method)
			require.Equal(t, 7, asked[3].Records)
		} else {
			require.Len(t, asked, 100)
		}
	}
}

// A page that makes no sense, or that is never answered, stops nothing: the profiles
// that are on no other page are read one by one.
func TestABadSearchPageStopsNoProfile(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body, kind string
		status     int
	}{
		"no page":      {`{}`, "application/json", 200},
		"html":         {`{"value":[]}`, "text/html", 200},
		"broken":       {`{"value":[`, "application/json", 200},
		"another host": {`{"value":[],"@odata.nextLink":"http://elsewhere.example/?$skip=1"}`, "application/json", 200},
		"another path": {`{"value":[],"@odata.nextLink":"/other?$skip=1"}`, "application/json", 200},
		"a circle":     {`{"value":[],"@odata.nextLink":"?api-version=3"}`, "application/json", 200},
		"500":          {`{"value":[]}`, "application/json", 500},
		"second page":  {`{"value":[{"ODSCode":"FA123"}],"@odata.nextLink":"?api-version=3&page=2"}`, "application/json", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var single atomic.Int32
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if at, found := strings.CutPrefix(r.URL.Path, websitetest.ProfilesPath); found {
					single.Add(1)
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("ETag", `"1"`)
					_, _ = fmt.Fprintf(w, `{"ODSCode":%q}`, strings.Trim(at, "/"))
					return
				}
				w.Header().Set("Content-Type", row.kind)
				status := row.status
				if r.URL.Query().Get("page") != "" {
					status = http.StatusInternalServerError
				}
				w.WriteHeader(status)
				_, _ = io.WriteString(w, row.body)
			}))
			t.Cleanup(web.Close)
			shown, err := sinkAt(t, web.URL, true).ShowMany(t.Context(), []profile.ODSCode{"FA123", "FA124"}, profile.Pharmacy)
			require.NoError(t, err)
			require.Len(t, shown, 2)
			for _, s := range shown {
				require.True(t, s.Found(), s.Code)
				require.Empty(t, s.Unreadable)
			}
			want := 2
			if name == "second page" {
				want = 1
			}
			require.EqualValues(t, want, single.Load(), "FA123 was on the first page")
		})
	}
}

func TestASearchThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for status, answer := range map[int]push.Answer{404: push.AnswerRefused, 401: push.AnswerUnauthorized} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(web.Close)
		_, err := sinkAt(t, web.URL, true).ShowMany(t.Context(), []profile.ODSCode{"FA123"}, profile.Pharmacy)
		require.Equal(t, answer, refused(t, err).Answer)
	}
}

// One record that makes no sense stops one record: the others of its page are
// read, it is read by itself, and named if that makes no sense either. The same for
// one whose request always fails.
func TestOneBadRecordStopsOneRecord(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"1"`)
		switch code := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `{"value":[{"ODSCode":7},{"ODSCode":"FA001"},
				{"ODSCode":"FA002","OpeningTimes":[{"IsOpen":"yes"}]},{"ODSCode":"FA003","OpeningTimes":[
				{"Weekday":"Monday","OpeningTime":"9","ClosingTime":"17:00","OpeningTimeType":"General","IsOpen":true}]}]}`)
		case code == "FA002":
			_, _ = io.WriteString(w, `{"ODSCode":"FA002"}`)
		case code == "FA004":
			_, _ = io.WriteString(w, `{"ODSCode":"FA004","Contacts":{"secret":true}}`)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(web.Close)
	sink := sinkAt(t, web.URL, true)
	shown, err := sink.ShowMany(t.Context(), []profile.ODSCode{"FA001", "FA002", "FA003", "FA004", "FA005"}, profile.Pharmacy)
	require.NoError(t, err)
	byCode := map[profile.ODSCode]push.Shown{}
	for _, s := range shown {
		byCode[s.Code] = s
	}
	require.Len(t, byCode, 5)
	for _, code := range []profile.ODSCode{"FA001", "FA002"} {
		require.True(t, byCode[code].Found() && len(byCode[code].Unreadable) == 0, code)
	}
	require.True(t, byCode["FA003"].Found())
	require.False(t, byCode["FA003"].Failed())
	require.Equal(t, "opening-times: a row of its opening times makes no sense", push.Reasons(byCode["FA003"].Unreadable))
	for _, code := range []profile.ODSCode{"FA004", "FA005"} {
		require.True(t, byCode[code].Failed(), code)
		require.Equal(t, code, byCode[code].Unreadable[0].Code)
		require.NotContains(t, push.Reasons(byCode[code].Unreadable), "secret")
	}

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = sink.ShowMany(stopped, []profile.ODSCode{"FA001"}, profile.Pharmacy)
	require.ErrorContains(t, err, "context canceled", "not the fault of a profile")
}

func TestTheKeyStaysOnItsHost(t *testing.T) {
	t.Parallel()
	elsewhere, address := websitetest.Start(t, websitetest.Options{})
	server, here := websitetest.Start(t, websitetest.Options{APIKey: secret, PageSize: 1})
	sink := sinkAt(t, here, true)
	codes := []profile.ODSCode{"FA123", "FA124"}
	for _, code := range codes {
		_, err := sink.Push(t.Context(), delivery(code.String(), 1, ""))
		require.NoError(t, err)
	}
	server.Fault(simulate.Fault{Names: []simulate.Name{simulate.NextElsewhere}, NextHost: address})
	shown, err := sink.ShowMany(t.Context(), codes, profile.Pharmacy)
	require.NoError(t, err)
	require.Len(t, shown, 2)
	require.Empty(t, elsewhere.Ledger())
}

// TestOtherCodesAreNotShown: the search is tokenised, so it may find other
// organisations.
func TestOtherCodesAreNotShown(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, websitetest.ProfilesPath) {
			w.WriteHeader(http.StatusGone)
			return
		}
		_, _ = io.WriteString(w, `{"value":[{"ODSCode":"FA1234"},{"ODSCode":"FA124","OrganisationName":"first"},
			{"ODSCode":"FA124","OrganisationName":"second"}]}`)
	}))
	t.Cleanup(web.Close)
	shown, err := sinkAt(t, web.URL, true).ShowMany(t.Context(), []profile.ODSCode{"FA123", "FA124"}, profile.Pharmacy)
	require.NoError(t, err)
	require.Len(t, shown, 2)
	require.Equal(t, "first", shown[0].Entries[0].Values.Get(profile.FieldName))
	require.Equal(t, push.Shown{Code: "FA123"}, shown[1])
}

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	_, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
	require.NoError(t, err)
	server.Fault(simulate.Of(simulate.Error(503)), simulate.Fault{Names: []simulate.Name{simulate.Truncated}, Skip: 1})
	require.True(t, showFA123(t, sink).Found())
	shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.NoError(t, err)
	require.True(t, shown.Found())
	require.Len(t, server.Ledger(), 5)
}

func TestShowFails(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault simulate.Fault
		want  push.Answer
	}{
		"unauthorized": {simulate.Of(simulate.Unauthorized), push.AnswerUnauthorized},
		"html":         {simulate.Of(simulate.HTML), push.AnswerUnclear},
		"no etag":      {simulate.Of(simulate.NoETag), push.AnswerUnclear},
		"a long wait":  {simulate.Fault{Names: []simulate.Name{simulate.Throttled}, RetryAfter: 3600}, push.AnswerLater},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, sink := simulated(t)
			_, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
			require.NoError(t, err)
			server.Fault(row.fault)
			_, err = sink.Show(t.Context(), "FA123", profile.Pharmacy)
			require.Equal(t, row.want, refused(t, err).Answer)
			server.Fault(row.fault)
			_, err = sink.ShowMany(t.Context(), []profile.ODSCode{"FA123", "FA124"}, profile.Pharmacy)
			if row.want == push.AnswerUnclear { // the profiles are read one by one
				require.NoError(t, err)
			} else {
				require.Equal(t, row.want, refused(t, err).Answer)
			}
		})
	}
}

func TestRemovedIsNotFound(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	_, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
	require.NoError(t, err)
	require.NoError(t, server.Remove("FA123"))
	require.False(t, showFA123(t, sink).Found())
	_, err = sink.Push(t.Context(), delivery("FA123", 2, ""))
	require.Equal(t, 410, refused(t, err).Status)
}
