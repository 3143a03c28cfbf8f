package dos

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const wirePharmacy = `{"id":"100013","name":"Pharmacy: X","odsCode":"FA123","status":{"id":1,"name":"active"},
 "type":{"id":13,"name":"Pharmacy"},"address":"1 High Street$ $Leeds","postcode":"LS11AA","web":"https://shop.test",
 "phone":{"public":"01772000000","nonPublic":"07700"},
 "openAllHours":false,"openingTimes":{"days":[{"day":"Tuesday","sessions":[
 {"start":"13:00:00","end":"24:00"},{"start":"09:00","end":"13:00"}]},
 {"day":"Monday","sessions":[{"start":"09:00","end":"17:30"}]},{"day":"Sunday","sessions":[]},
 {"day":"BankHoliday","sessions":[{"start":"x","end":"y"}]}],
 "bankHoliday":[],"specified":[{"date":"2026-12-25","closed":true,"sessions":[]},
 {"date":"2026-12-24","closed":false,"sessions":[{"start":"10:00","end":"16:00"}]}]},
 "zCodes":[{"sg":360,"sd":14167}]}`

const wireGP = `{"id":"7","name":"Surgery","odsCode":"FA123","status":{"id":1,"name":"active"},"type":{"id":100,"name":"GP Practice"}}`

func wireServices(services ...string) string {
	return fmt.Sprintf(`{"success":{"code":200,"serviceCount":%d,"services":[%s]}}`, len(services), strings.Join(services, ","))
}

func TestShowAPharmacy(t *testing.T) {
	t.Parallel()
	sink := pharmacySink(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Method != http.MethodGet || r.URL.Path != "/app/controllers/api/v1.0/services/byOdsCode/FA123" ||
			user != "reader" || password != "hush-password" {
			t.Errorf("%s %s by %s", r.Method, r.URL, user)
		}
		_, _ = io.WriteString(w, wireServices(wireGP, wirePharmacy))
	})
	shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.NoError(t, err)
	require.True(t, shown.Found())
	require.Equal(t, valuesOf(t, map[string]string{
		"address": "1 High Street\nLeeds", "postcode": "LS1 1AA", "phone": "01772000000", "website": "https://shop.test",
		"opening-times":       "mon 09:00-17:30\ntue 09:00-23:59",
		"dated-opening-times": "2026-12-24 10:00-16:00\n2026-12-25 closed",
		"services":            "SRV0559 Pharmacy palliative care medication stockholder",
	}), shown.Entries[0].Values)
	require.Equal(t, []string{"EPS0004", "SRV0560", "SRV2000"}, shown.Entries[0].NeverShown)

	matched, err := sink.Preview(t.Context(), "FA123", "")
	require.NoError(t, err)
	require.Len(t, matched, 2)
	require.Equal(t, "left alone: type 100 GP Practice", matched[0].Why)
	require.True(t, matched[1].Updated)
	require.Equal(t, "Pharmacy: X", matched[1].Name)
}

// Values that were read can be sent in an event, and come back the same.
func TestShownValuesCanBeSentBack(t *testing.T) {
	t.Parallel()
	services, err := decodeServices([]byte(wireServices(wirePharmacy)))
	require.NoError(t, err)
	_, err = body(push.Delivery{Code: "FA123", Values: services[0].Values})
	require.NoError(t, err)
}

func TestShowWhatIsNotThere(t *testing.T) {
	t.Parallel()
	sink := pharmacySink(t, handlerWith(200, wireServices()))
	shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.NoError(t, err)
	require.Equal(t, push.Shown{Code: "FA123"}, shown)

	sink = pharmacySink(t, func(http.ResponseWriter, *http.Request) { t.Error("asked for a code that no pharmacy has in DoS") })
	shown, err = sink.Show(t.Context(), "FA1234", profile.Pharmacy)
	require.NoError(t, err)
	require.False(t, shown.Found())
}

func TestShowMany(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int32
	sink := pharmacySink(t, func(w http.ResponseWriter, r *http.Request) {
		now := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		code := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if code == "FA199" {
			_, _ = io.WriteString(w, wireServices())
			return
		}
		_, _ = io.WriteString(w, wireServices(strings.ReplaceAll(wirePharmacy, "FA123", code)))
	})
	var codes []profile.ODSCode
	for i := 100; i < 200; i++ {
		codes = append(codes, profile.ODSCode(fmt.Sprintf("FA%d", i)))
	}
	shown, err := sink.ShowMany(t.Context(), codes, profile.Pharmacy)
	require.NoError(t, err)
	for i, s := range shown {
		require.Equal(t, codes[i], s.Code)
		require.Equal(t, codes[i] != "FA199", s.Found())
	}
	require.LessOrEqual(t, int(most.Load()), readers)
	shown, err = sink.ShowMany(t.Context(), nil, profile.Pharmacy)
	require.NoError(t, err)
	require.Empty(t, shown)
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	const unauthorised = `{"error":{"code":401,"message":"Unauthorized: Ada Person"}}`
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		answer  push.Answer
	}{
		"unauthorised":            {handlerWith(401, unauthorised), push.AnswerUnauthorized},
		"unauthorised in success": {handlerWith(200, unauthorised), push.AnswerUnauthorized},
		"no such page":            {handlerWith(404, "Ada Person"), push.AnswerRefused},
		"HTML":                    {handlerWith(200, "<html>Ada Person"), push.AnswerUnclear},
		"nothing":                 {handlerWith(200, "{}"), push.AnswerUnclear},
		"fewer than counted":      {handlerWith(200, `{"success":{"serviceCount":2,"services":[`+wireGP+`]}}`), push.AnswerUnclear},
		"large":                   {handlerWith(200, strings.Repeat(" ", 5<<20)), push.AnswerUnclear},
		"throttled":               {handlerWith(429, "", "Retry-After", "90"), push.AnswerLater},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := pharmacySink(t, test.handler)
			_, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
			require.Equal(t, test.answer, requireSinkError(t, err).Answer)
			_, err = sink.ShowMany(t.Context(), []profile.ODSCode{"FA123", "FA124"}, profile.Pharmacy)
			require.Equal(t, test.answer, requireSinkError(t, err).Answer)
			_, err = sink.Preview(t.Context(), "FA123", "")
			require.Equal(t, test.answer, requireSinkError(t, err).Answer)
		})
	}
}

func TestReadsAreRetried(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		handlerWith(200, wireServices(wirePharmacy))(w, r)
	}))
	t.Cleanup(server.Close)
	sink := newSink(t, Options{
		Events: EventOptions{URL: server.URL, Key: secretOf("k")},
		Read:   ReadOptions{URL: server.URL, User: "reader", Password: secretOf("p")},
	})
	shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.NoError(t, err)
	require.True(t, shown.Found())
}

// A missing field must not be treated as empty: a push that keeps it would empty it.
func TestDecodeRefusesWhatIsIncomplete(t *testing.T) {
	t.Parallel()
	for _, change := range [][2]string{
		{`"id":"100013",`, ``},
		{`"id":"100013"`, `"id":"x"`},
		{`"odsCode":"FA123",`, ``},
		{`"status":{"id":1,"name":"active"},`, ``},
		{`"type":{"id":13,"name":"Pharmacy"},`, ``},
		{`"address":`, `"a":`},
		{`"postcode":`, `"p":`},
		{`"web":`, `"w":`},
		{`"phone":`, `"p":`},
		{`"public":`, `"p":`},
		{`"openingTimes":`, `"o":`},
		{`"zCodes":`, `"z":`},
		{`"web":"https://shop.test"`, `"web":["Person"]`},
		{`"day":"Monday"`, `"day":"Person"`},
		{`"end":"17:30"`, `"end":"Person"`},
		{`"day":"Monday"`, `"day":"Mon\n"`},
		{`"end":"17:30"`, `"end":"17:30\nPerson"`},
		{`"date":"2026-12-24"`, `"date":"24 Dec"`},
		{`"date":"2026-12-24"`, `"date":""`},
		{`"start":"10:00"`, `"start":""`},
	} {
		broken := strings.Replace(wirePharmacy, change[0], change[1], 1)
		if change[0] != `"type":{"id":13,"name":"Pharmacy"},` && change[1] != "" {
			require.NotEqual(t, wirePharmacy, broken)
		}
		_, err := decodeServices([]byte(wireServices(broken)))
		require.ErrorIs(t, err, errMalformed, change)
		require.NotContains(t, err.Error(), "Person")
	}
	nulls := strings.NewReplacer(`"web":"https://shop.test"`, `"web":null`, `"public":"01772000000"`, `"public":null`).Replace(wirePharmacy)
	services, err := decodeServices([]byte(wireServices(nulls)))
	require.NoError(t, err)
	require.True(t, services[0].Values.States(profile.FieldPhone))
	require.Empty(t, services[0].Values.Get(profile.FieldWebsite))
}

func FuzzDecodeServices(f *testing.F) {
	for _, seed := range []string{wireServices(), wireServices(wireGP), wireServices(wirePharmacy, wireGP), `{"error":{"code":401}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		services, err := decodeServices([]byte(content))
		if err != nil {
			return
		}
		for _, s := range services {
			_, err := weeklyRows(s.Values.Get(profile.FieldOpeningTimes))
			require.NoError(t, err, "what is read can be sent")
			_, err = datedRows(s.Values.Get(profile.FieldDatedOpeningTimes))
			require.NoError(t, err, "what is read can be sent")
			require.NotContains(t, s.Values.Get(profile.FieldPhone), "\n")
		}
		for _, m := range Match("FA123", services, "") {
			require.NotEmpty(t, m.Why)
		}
	})
}
