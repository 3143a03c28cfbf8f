package ers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/services"
)

type ids = []services.ID

// TestRefusedBatchIsHalved: one bad id in twenty costs nine more requests.
func TestRefusedBatchIsHalved(t *testing.T) {
	t.Parallel()
	var all ids
	for n := range 20 {
		all = append(all, services.ID(strconv.Itoa(100+n)))
	}
	api, there := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(idsOf(r), "113") {
			respond(w, http.StatusBadRequest, outcome("REC_BAD_REQUEST"))
			return
		}
		respond(w, http.StatusOK, searchset(idsOf(r), func(id string) bool { return id != "105" }))
	})
	found, err := api.Batch(t.Context(), "", all)
	require.NoError(t, err)
	require.Equal(t, []Refusal{{ID: "113", Reason: "e-RS refuses a request for this id: check it"}}, found.Refused)
	require.Equal(t, ids{"105"}, found.Absent)
	require.Len(t, found.Services, 18)
	require.LessOrEqual(t, len(there.asked()), 11)
}

func TestRefusalThatIsNotAboutIDs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status       int
		body         string
		unauthorized bool
		says         string
	}{
		{400, outcome(codeMissingHeader), false, "status 400 MISSING_HEADER: e-RS refuses the request"},
		{403, outcome("REC_FORBIDDEN"), true, "REFERRER_AUTHORISED_APPLICATION"},
		{403, strings.ReplaceAll(outcome(codeAccessDenied), "secret words", "ASID is not configured in the application"), true, "has no ASID"},
		{403, "", true, "REFERRER_AUTHORISED_APPLICATION"},
		{404, outcome(codeNotFound), false, "e-RS does not know it"},
		{406, outcome("REC_NOT_ACCEPTABLE"), false, "e-RS refuses the request"},
	} {
		api, there := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, test.status, test.body) })
		found, err := api.Services(t.Context(), ids{"1", "2"})
		require.Equal(t, Found{}, found)
		require.Len(t, there.requests, 1, "there is no second request")
		var failure *Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, test.unauthorized, failure.Unauthorized())
		require.False(t, failure.Retryable())
		require.ErrorContains(t, err, test.says)
		require.NotContains(t, err.Error(), "secret")
	}
}

// TestNoRelationship: a batch is refused because of some of its ids. Those that are
// refused alone are not visible, whatever the text says.
func TestNoRelationship(t *testing.T) {
	t.Parallel()
	api, there := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] {
		case "HealthcareService", "2":
			respond(w, http.StatusForbidden, outcome(codeNoRelationship))
		case "1":
			respond(w, http.StatusOK, service("1", "4"))
		case "3":
			respond(w, http.StatusNotFound, "Not Found\n")
		case "4":
			respond(w, http.StatusForbidden, outcome("REC_FORBIDDEN"))
		case "5":
			respond(w, http.StatusBadRequest, "")
		case "6":
			respond(w, http.StatusOK, strings.Replace(service("6", "4"), `"name"`, `"other"`, 1))
		}
	})
	found, err := api.Services(t.Context(), ids{"6", "5", "4", "3", "2", "1"})
	require.NoError(t, err)
	require.Len(t, there.requests, 7)
	require.Equal(t, services.ID("1"), found.Services[0].ID)
	require.Equal(t, ids{"2", "4"}, found.NotVisible)
	require.Equal(t, ids{"3"}, found.Absent)
	require.Equal(t, services.ID("5"), found.Refused[0].ID)
	require.Equal(t, services.ID("6"), found.Unreadable[0].ID)
	require.Contains(t, found.Unreadable[0].Reason, "name: missing")
	require.Contains(t, string(found.Unreadable[0].Raw), `"other"`)
}

func TestAccessDeniedAmongSingleCalls(t *testing.T) {
	t.Parallel()
	for _, code := range []string{codeAccessDenied, ""} {
		api, _ := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
			if idsOf(r) != nil {
				respond(w, http.StatusForbidden, outcome(codeNoRelationship))
				return
			}
			respond(w, http.StatusForbidden, outcome(code))
		})
		found, err := api.Services(t.Context(), ids{"1"})
		if code == "" {
			require.NoError(t, err)
			require.Equal(t, ids{"1"}, found.NotVisible)
			continue
		}
		require.ErrorContains(t, err, "service 1 (credential R1A): status 403 ACCESS_DENIED")
		require.Equal(t, Found{}, found)
	}
}

// TestCredentials: the preferred credential comes first, and each next one is used
// for the ids that the ones before do not see.
func TestCredentials(t *testing.T) {
	t.Parallel()
	sees := map[string]string{"A": "1 2", "B": "2 3", "C": "4"}
	answer := func(w http.ResponseWriter, r *http.Request) {
		mine := strings.Fields(sees[bearer(r)])
		if slices.Contains(idsOf(r), "9") && bearer(r) == "A" { // hidden from A, unknown to the others
			respond(w, http.StatusForbidden, outcome(codeNoRelationship))
			return
		}
		if asked := idsOf(r); asked != nil {
			respond(w, http.StatusOK, searchset(asked, func(id string) bool { return slices.Contains(mine, id) }))
			return
		}
		switch id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; {
		case slices.Contains(mine, id):
			w.Header().Set("ETag", `W/"1"`)
			respond(w, http.StatusOK, service(id, "1"))
		case bearer(r) == "A":
			respond(w, http.StatusForbidden, outcome(codeNoRelationship))
		default:
			respond(w, http.StatusNotFound, outcome(codeNotFound))
		}
	}
	api, there := apiOf(t, answer, credentials("A", "B", "C"))
	found, err := api.Batch(t.Context(), "B", ids{"1", "2", "3", "4", "5"})
	require.NoError(t, err)
	require.Equal(t, map[services.ID]string{"1": "A", "2": "B", "3": "B", "4": "C"}, found.SeenBy)
	require.Equal(t, ids{"5"}, found.Absent)
	require.Equal(t, []string{
		"GET R4/HealthcareService?_id=1,2,3,4,5", "GET R4/HealthcareService?_id=1,4,5", "GET R4/HealthcareService?_id=4,5",
	}, there.asked())

	found, err = api.Batch(t.Context(), "gone from the configuration", ids{"1", "9"})
	require.NoError(t, err)
	require.Equal(t, map[services.ID]string{"1": "A"}, found.SeenBy)
	require.Equal(t, ids{"9"}, found.NotVisible, "hidden outweighs unknown")

	read, err := api.Service(t.Context(), "4")
	require.NoError(t, err)
	require.Equal(t, services.ID("4"), read.ID)
	version, err := api.Version(t.Context(), "3")
	require.NoError(t, err)
	require.Equal(t, "1", version)
	_, err = api.Service(t.Context(), "5")
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.NotVisible())
	require.False(t, failure.Unauthorized())

	api, _ = apiOf(t, answer, credentials("C", "A", "B"))
	_, err = api.Service(t.Context(), "5")
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.NotVisible(), "in any order")
}

// TestNotFound: only if the answer says so, or for A037, which cannot.
func TestNotFound(t *testing.T) {
	t.Parallel()
	api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusNotFound, outcome(codeNotFound)) })
	_, err := api.Service(t.Context(), "1")
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.NotFound())
	require.False(t, failure.Retryable() || failure.Unauthorized() || failure.NotVisible())

	for status, visible := range map[int]bool{404: true, 403: false} {
		api, _ = apiOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err = api.Version(t.Context(), "1")
		require.ErrorAs(t, err, &failure)
		require.Equal(t, visible, failure.NotFound())
		require.Equal(t, !visible, failure.NotVisible())
	}
	for _, id := range []services.ID{"", "a", " 1", "../1", "1?x"} {
		_, err = api.Service(t.Context(), id)
		require.ErrorContains(t, err, "e-RS service id")
	}
}

// TestUnreliableAnswers: an unreliable success proves nothing, least of all absence,
// and is retryable.
func TestUnreliableAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":           ``,
		"HTML":              `<html>`,
		"empty object":      `{}`,
		"no total":          `{"resourceType":"Bundle","entry":[{"resource":` + service("1", "1") + `}]}`,
		"fewer than total":  `{"resourceType":"Bundle","total":2,"entry":[{"resource":` + service("1", "1") + `}]}`,
		"an outcome":        outcome("X"),
		"one without an id": `{"total":1,"entry":[{"resource":{"name":"x"}}]}`,
		"broken off":        searchset([]string{"1"}, func(string) bool { return true })[:120],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, there := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, body) })
			found, err := api.Services(t.Context(), ids{"1", "2"})
			require.Equal(t, Found{}, found)
			var failure *Error
			require.ErrorAs(t, err, &failure)
			require.True(t, failure.Retryable())
			require.Equal(t, there.requests[0].Header.Get("X-Correlation-ID"), failure.CorrelationID)
			require.Equal(t, "ers-1", failure.RequestID)
			require.ErrorContains(t, err, "the answer cannot be read")
		})
	}
	for name, body := range map[string]string{
		"another service":  service("2", "1"),
		"no version":       strings.Replace(service("1", "1"), `"versionId":"1"`, `"x":1`, 1),
		"no site":          strings.Replace(service("1", "1"), "ods-site-code", "other", 1),
		"another resource": strings.Replace(service("1", "1"), "HealthcareService", "Location", 1),
	} {
		api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, body) })
		_, err := api.Service(t.Context(), "1")
		require.ErrorContains(t, err, "the answer cannot be read", name)
	}
}

// TestUnreadableServiceOfABundle: the service is not absent, and the rest is read.
func TestUnreadableServiceOfABundle(t *testing.T) {
	t.Parallel()
	bad := strings.Replace(service("2", "1"), `"versionId":"1"`, `"versionId":"one"`, 1)
	api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, `{"total":3,"entry":[{"resource":`+service("3", "9")+`},{"resource":`+bad+`},{"resource":`+
			service("3", "10")+`},{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}]}`)
	})
	found, err := api.Services(t.Context(), ids{"1", "2", "3"})
	require.NoError(t, err)
	require.Equal(t, ids{"1"}, found.Absent)
	require.Equal(t, []Unreadable{{ID: "2", Reason: `meta.versionId "one": want digits`, Raw: []byte(bad)}}, found.Unreadable)
	require.Len(t, found.Services, 1)
	require.Equal(t, "10", found.Services[0].Version, "the newest of two")
}

// TestLostConnections: they are retried, and open the breaker.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := true
		there := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
			if down {
				respond(w, http.StatusBadGateway, "")
				return
			}
			respond(w, http.StatusOK, searchset(idsOf(r), func(string) bool { return true }))
		}}
		api, _ := apiOf(t, nil, func(o *Options) { o.Transport = there })
		for range 2 {
			_, err := api.Services(t.Context(), ids{"1"})
			require.ErrorContains(t, err, "status 502")
		}
		require.Len(t, there.requests, 8)
		_, err := api.Services(t.Context(), ids{"1"})
		var failure *Error
		require.ErrorAs(t, err, &failure)
		require.True(t, failure.Retryable())
		require.Equal(t, 30*time.Second, failure.Wait())
		require.ErrorContains(t, err, "not asked")
		require.Len(t, there.requests, 8)

		down = false
		<-time.After(31 * time.Second)
		_, err = api.Services(t.Context(), ids{"1"})
		require.NoError(t, err)
	})
}

func TestContextThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusServiceUnavailable, "") })
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err := api.Services(ctx, ids{"1"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "status 503")
		cancel()
		_, err = api.Services(ctx, ids{"1"})
		require.Error(t, err)
	})
}

type brokenTransport struct{ err error }

func (b brokenTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, b.err }

func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	cut := errors.New("connection reset")
	api, _ := apiOf(t, nil, withoutRetries, func(o *Options) { o.Transport = brokenTransport{cut} })
	_, err := api.Service(t.Context(), "1")
	require.ErrorIs(t, err, cut)
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.Retryable())
	require.Zero(t, failure.Status)
	for range 7 {
		_, err = api.Service(t.Context(), "1")
		require.ErrorIs(t, err, cut)
	}
	_, err = api.Service(t.Context(), "1")
	require.ErrorContains(t, err, "not asked", "eight in a row open the breaker")

	api, _ = apiOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Del(requestHeader)
		respond(w, http.StatusServiceUnavailable, "")
	}, withoutRetries)
	_, err = api.Service(t.Context(), "1")
	require.ErrorAs(t, err, &failure)
	require.NotEmpty(t, failure.CorrelationID)
	require.Empty(t, failure.RequestID, "our id does not stand in for theirs")

	api, _ = apiOf(t, func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, service("1", strings.Repeat("1", 1000)))
	}, func(o *Options) { o.Limits.MaxBytes = 100 })
	_, err = api.Service(t.Context(), "1")
	require.ErrorAs(t, err, &failure)
	require.False(t, failure.Retryable())
	require.ErrorContains(t, err, "larger than the limit")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	one := []Credential{{Name: "A"}}
	for name, o := range map[string]Options{
		"no address":      {Credentials: one},
		"another scheme":  {URL: "ftp://x/FHIR", Credentials: one},
		"a password":      {URL: "https://u:secret@x/FHIR", Credentials: one},
		"a query":         {URL: "https://x/FHIR?secret=1", Credentials: one},
		"no credential":   {URL: base},
		"no name":         {URL: base, Credentials: []Credential{{}}},
		"the same name":   {URL: base, Credentials: []Credential{{Name: "A"}, {Name: "A"}}},
		"no host at all":  {URL: "https:///FHIR", Credentials: one},
		"not an address":  {URL: "://secret", Credentials: one},
		"only a fragment": {URL: "https://x/#f", Credentials: one},
	} {
		_, err := New(o)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "secret", name)
	}
	_, err := Application{TokenURL: "https://x/token", ClientID: "c", KeyID: "k", PrivateKey: "none"}.Tokens()
	require.ErrorContains(t, err, "private key")
}

// TestEveryIDInOneList: whatever e-RS answers, each id is returned once, and the same
// ids and answers give the same Found.
func TestEveryIDInOneList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		asked := rapid.SliceOfDistinct(rapid.IntRange(1, 400), rapid.ID[int]).Draw(t, "ids")
		state := make(map[string]int)
		var all ids
		for _, id := range asked {
			state[strconv.Itoa(id)] = rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2, 3}).Draw(t, "state")
			all = append(all, services.ID(strconv.Itoa(id)))
		}
		seen := rapid.SampledFrom([]string{"A", "B"}).Draw(t, "who sees")
		there := &fake{answer: func(w http.ResponseWriter, r *http.Request) { stateful(w, r, state, seen) }}
		o := Options{URL: base, Transport: there, Turn: func(context.Context, string) error { return nil }}
		credentials("A", "B")(&o)
		api, err := New(o)
		require.NoError(t, err)
		found, err := api.Services(context.Background(), all)
		require.NoError(t, err)
		got := make(map[string]int)
		for _, s := range found.Services {
			got[string(s.ID)] += 0
			require.NotEmpty(t, found.SeenBy[s.ID])
		}
		for _, id := range found.Absent {
			got[string(id)] += 1
		}
		for _, id := range found.NotVisible {
			got[string(id)] += 2
		}
		for _, r := range found.Refused {
			got[string(r.ID)] += 3
		}
		require.Equal(t, state, got)
		require.Len(t, found.Services, len(found.SeenBy))
		require.Empty(t, found.Unasked)
	})
}

// stateful answers by the state of each id: 0 found, 1 unknown, 2 hidden, 3 bad.
func stateful(w http.ResponseWriter, r *http.Request, state map[string]int, seen string) {
	of := func(id string) int {
		if state[id] == 0 && bearer(r) != seen {
			return 1
		}
		return state[id]
	}
	asked := idsOf(r)
	if asked == nil {
		id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		status := []int{200, 404, 403, 400}[of(id)]
		respond(w, status, map[int]string{200: service(id, "1"), 404: outcome(codeNotFound), 403: outcome(codeNoRelationship)}[status])
		return
	}
	if len(asked) > MaxBatch {
		panic(fmt.Sprint(len(asked), " ids"))
	}
	is := func(want int) bool { return slices.ContainsFunc(asked, func(id string) bool { return of(id) == want }) }
	switch {
	case is(3):
		respond(w, http.StatusBadRequest, outcome("REC_BAD_REQUEST"))
	case is(2):
		respond(w, http.StatusForbidden, outcome(codeNoRelationship))
	default:
		respond(w, http.StatusOK, searchset(asked, func(id string) bool { return of(id) == 0 }))
	}
}
