package ers

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// These tests have the numbers of CONTRACT.md "Acceptance"; 9 to 11 and 16 are in
// pace_test.go, 14 and 15 in apim: TestLifeAsTextOrNumber, TestRenewal,
// TestOneCallForManyWorkers and TestEveryRefusal.

func TestAcceptance01FixturesFieldByField(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]services.Service{"A033_get_service_1": minimal, "A033_get_service_2": full} {
		api, _ := apiOf(t, record(t, name).replay(t))
		got, err := api.Service(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for name, want := range map[string][]services.Service{
		"A035_search_ids_1_2": pair, "A035_search_ids_3_4": {indirect, second}, "A035_search_ids_5_6_empty": nil,
	} {
		held, err := decodeBundle([]byte(record(t, name).body(t)))
		require.NoError(t, err)
		require.Equal(t, want, held.services, name)
	}
}

func TestAcceptance02NoneFoundIsSuccess(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		record(t, "A035_search_ids_5_6_empty").body(t), `{"resourceType":"Bundle","total":0,"entry":[]}`, `{"total":0,"entry":null}`,
	} {
		api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, body) })
		found, err := api.Services(t.Context(), []services.ID{"5", "6"})
		require.NoError(t, err)
		require.Equal(t, Found{Absent: []services.ID{"5", "6"}}, found)
	}
}

func TestAcceptance03TypeAsArrayAndAsObject(t *testing.T) {
	t.Parallel()
	body := record(t, "A033_get_service_2").body(t)
	var whole map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &whole))
	whole["type"] = whole["type"].([]any)[0]
	object, err := json.Marshal(whole)
	require.NoError(t, err)
	for _, written := range []string{body, string(object)} {
		read, err := decodeService([]byte(written))
		require.NoError(t, err)
		require.Equal(t, full, read)
		require.Equal(t, full.Hash(), read.Hash())
	}
}

const contactURL = "x/Extension-eRS-HealthcareService-Contact"

func TestAcceptance04UnknownAndMissingParts(t *testing.T) {
	t.Parallel()
	plain := services.Service{ID: "7", Version: "3", Name: "Service 7", Sites: []profile.ODSCode{"R1A01"}}
	for name, test := range map[string]struct {
		part string
		want func(*services.Service)
	}{
		"nothing else":              {part: `"language":null`},
		"active":                    {part: `"active":false`},
		"unknown field":             {part: `"program":[{"coding":[{"code":"X"}]}]`},
		"unknown extension":         {part: `"extension":[{"url":"https://fhir.nhs.uk/New","valueQuantity":{"value":1}}]`},
		"unknown characteristic":    {part: `"characteristic":[{"coding":[{"system":"https://fhir.nhs.uk/CodeSystem/Other","code":"X"}]}]`},
		"lists that are null":       {part: `"type":null,"characteristic":null,"extension":null`},
		"a contact without telecom": {part: `"extension":[{"url":"` + contactURL + `","extension":[{"url":"purpose"}]}]`},
		"another system of locations": {
			part: `"location":[{"identifier":{"system":"urn:x/y","value":"ZZZ"}},{"identifier":{"value":" r1a01 "}}]`,
		},
		"a code we do not know, without label": {
			part: `"type":{"coding":{"system":"https://fhir.nhs.uk/CodeSystem/eRS-AppointmentType","code":"ROBOT"}}`,
			want: func(s *services.Service) { s.AppointmentTypes = []services.Coding{{Code: "ROBOT"}} },
		},
		"a contact without a purpose": {
			part: `"extension":[{"url":"` + contactURL + `","extension":[{"url":"telecom","valueContactPoint":{"value":"1"}}]}]`,
			want: func(s *services.Service) { s.Contacts = []services.Point{{Value: "1"}} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := plain
			if test.want != nil {
				test.want(&want)
			}
			read, err := decodeService([]byte(strings.TrimSuffix(service("7", "3"), "}") + "," + test.part + "}"))
			require.NoError(t, err)
			require.Equal(t, want, read)
		})
	}
}

func TestAcceptance05IDsAndVersions(t *testing.T) {
	t.Parallel()
	held, err := decodeBundle([]byte(record(t, "A035_search_ids_3_4").body(t)))
	require.NoError(t, err)
	require.Equal(t, services.ID("1"), held.services[0].ID, "although its fullUrl ends in 3")

	for tag, want := range map[string]string{
		`W/"7"`: "7", `W/"0012"`: "0012",
		`"7"`: "", `W/7`: "", `w/"7"`: "", `W/"7`: "", `W/""`: "", `W/"a"`: "", `W/"-1"`: "", ``: "", `W/"7", W/"8"`: "",
	} {
		api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", tag) })
		version, err := api.Version(t.Context(), "7")
		require.Equal(t, want, version, tag)
		require.Equal(t, want == "", err != nil, tag)
	}
	for tag, good := range map[string]bool{`W/"3"`: true, `"strong"`: true, "": true, `W/"4"`: false} {
		api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", tag)
			respond(w, http.StatusOK, service("7", "3"))
		})
		read, err := api.Service(t.Context(), "7")
		require.Equal(t, good, err == nil, "ETag %s: %v", tag, err)
		if good {
			require.Equal(t, "3", read.Version)
		}
	}
}

func TestAcceptance06SixCodeSystems(t *testing.T) {
	t.Parallel()
	read := make(map[CodeKind]CodeSystem)
	for kind, body := range examples(t) {
		system, err := decodeCodeSystem(kind, body)
		require.NoError(t, err)
		requireSame(t, body, system)
		read[kind] = system
	}
	for _, kind := range []CodeKind{Specialties, ClinicTypes, Priorities, CancelAppointments, CancelReferrals, MissedAppointments} {
		require.NotEmpty(t, read[kind].Concepts, kind)
	}
	var current []string
	for _, c := range read[Specialties].Concepts {
		if c.Current(profile.NewDate(2026, 11, 22)) {
			current = append(current, c.Code)
		}
	}
	require.Equal(t, []string{"ALLERGY"}, current)
	require.Equal(t, []string{"AUDIOLOGICAL_MEDICINE"}, read[ClinicTypes].Concepts[3].Specialties)
	require.Equal(t, Property{Code: "triageContactDays", Type: "Integer", Value: "5"}, read[Priorities].Concepts[1].Properties[2])
}

func TestAcceptance07Headers(t *testing.T) {
	t.Parallel()
	var calls []Call
	api, there := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `W/"1"`)
		switch {
		case r.URL.Path == "/referrals/FHIR/STU3/CodeSystem/SPECIALTY":
			respond(w, http.StatusOK, `{"id":"SPECIALTY","concept":[{"code":"A"}]}`)
		case r.URL.RawQuery != "":
			respond(w, http.StatusOK, searchset([]string{"1"}, func(string) bool { return true }))
		default:
			respond(w, http.StatusOK, service("1", "1"))
		}
	}, credentials("R1A"), func(o *Options) {
		o.Answered = func(_ context.Context, c Call) { calls = append(calls, c) }
	})
	_, err := api.Services(t.Context(), []services.ID{"1"})
	require.NoError(t, err)
	_, err = api.Service(t.Context(), "1")
	require.NoError(t, err)
	_, err = api.Version(t.Context(), "1")
	require.NoError(t, err)
	_, err = api.CodeSystem(t.Context(), Specialties)
	require.NoError(t, err)

	require.Len(t, there.requests, 4)
	seen := make(map[string]bool)
	for n, r := range there.requests {
		for name := range r.Header {
			require.Contains(t, []string{"Authorization", "X-Correlation-Id", "Accept", "User-Agent"}, name)
		}
		require.Equal(t, "Bearer R1A", r.Header.Get("Authorization"))
		require.Equal(t, "application/fhir+json", r.Header.Get("Accept"))
		id := r.Header.Get("X-Correlation-ID")
		require.NotEmpty(t, id)
		require.False(t, seen[id], "each question has its own")
		seen[id] = true
		require.Equal(t, Call{
			Credential: "R1A", Endpoint: []string{"A035", "A033", "A037", "A004"}[n], Status: 200,
			CorrelationID: id, RequestID: "ers-1", Elapsed: calls[n].Elapsed,
		}, calls[n])
	}

	api, there = apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusForbidden, "") })
	_, err = api.Service(t.Context(), "1")
	require.ErrorContains(t, err, "correlation "+there.requests[0].Header.Get("X-Correlation-ID"))
	require.ErrorContains(t, err, "request ers-1")
}

func TestAcceptance08AtMostTwentyAndNeverNone(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 19, 20, 21, 40, 41, 137} {
		var ids []services.ID
		for n := range count {
			ids = append(ids, services.ID(strconv.Itoa(11*n+7)))
		}
		api, there := apiOf(t, func(w http.ResponseWriter, r *http.Request) {
			asked := idsOf(r)
			assert.NotContains(t, asked, "")
			assert.LessOrEqual(t, len(asked), 20)
			assert.True(t, slices.IsSortedFunc(asked, compareNumbers))
			respond(w, http.StatusOK, searchset(asked, func(string) bool { return true }))
		})
		found, err := api.Services(t.Context(), slices.Concat(ids, ids))
		require.NoError(t, err)
		require.Len(t, found.Services, count)
		require.Len(t, there.asked(), (count+19)/20)
	}
	api, there := apiOf(t, nil)
	found, err := api.Services(t.Context(), []services.ID{"", " 1", "1,2", "x"})
	require.NoError(t, err)
	require.Len(t, found.Refused, 4)
	require.Empty(t, there.requests)

	var many []services.ID
	for n := range 21 {
		many = append(many, services.ID(strconv.Itoa(n)))
	}
	_, err = api.Batch(t.Context(), "", many)
	require.ErrorContains(t, err, "at most 20")
	require.Empty(t, there.requests)
}

func TestAcceptance12NoRelationshipAndPlainNotFoundTakeNothingAway(t *testing.T) {
	t.Parallel()
	api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusForbidden, outcome(codeNoRelationship))
	})
	found, err := api.Services(t.Context(), []services.ID{"1", "2"})
	require.NoError(t, err)
	require.Equal(t, Found{NotVisible: []services.ID{"1", "2"}}, found, "and none absent")

	api, _ = apiOf(t, record(t, "A035_search_single_id").replay(t))
	found, err = api.Services(t.Context(), []services.ID{"1"})
	require.Equal(t, Found{}, found)
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.False(t, failure.NotFound(), "a 404 that says nothing may be a wrong address")
	require.ErrorContains(t, err, "check the address of the API")

	api, _ = apiOf(t, record(t, "A033_get_service_3_not_found").replay(t))
	_, err = api.Service(t.Context(), "3")
	require.ErrorAs(t, err, &failure)
	require.False(t, failure.NotFound())
}

func TestAcceptance13Assertion(t *testing.T) {
	t.Parallel()
	const address = "https://int.example.test/oauth2/token"
	jtis := make(map[string]bool)
	var ask http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		assert.NoError(t, r.ParseForm())
		claims := jwt.MapClaims{}
		token, err := jwt.ParseWithClaims(r.Form.Get("client_assertion"), claims,
			func(*jwt.Token) (any, error) { return &apimtest.Key().PublicKey, nil }, jwt.WithValidMethods([]string{"RS512"}))
		assert.NoError(t, err)
		assert.Equal(t, map[string]any{"alg": "RS512", "typ": "JWT", "kid": "key-1"}, token.Header)
		assert.Equal(t, "client-1", claims["iss"])
		assert.Equal(t, "client-1", claims["sub"])
		assert.Equal(t, address, claims["aud"])
		jti, ok := claims["jti"].(string)
		assert.True(t, ok)
		assert.False(t, jtis[jti])
		jtis[jti] = true
		exp, ok := claims["exp"].(float64)
		assert.True(t, ok)
		assert.LessOrEqual(t, exp-float64(time.Now().Unix()), 300.0)
		respond(w, http.StatusOK, `{"access_token":"t","expires_in":"599","token_type":"Bearer"}`)
	}
	tokens, err := apim.New(apim.Options{
		TokenURL: address, ClientID: "client-1", KeyID: "key-1", Key: apimtest.Key(), Transport: &fake{answer: ask},
	})
	require.NoError(t, err)
	for range 3 {
		token, err := tokens.Token(t.Context())
		require.NoError(t, err)
		tokens.Expire(token)
	}
	require.Len(t, jtis, 3)
}
