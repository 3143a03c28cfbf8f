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

// decodedServices reads services, all of which make sense.
func decodedServices(t *testing.T, services ...string) []Service {
	t.Helper()
	read, bad, err := decodeServices("FA123", []byte(wireServices(services...)))
	require.NoError(t, err)
	require.Empty(t, bad.parts)
	require.Len(t, read, len(services))
	return read
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

	effects, err := sink.Effects(t.Context(), push.Delivery{Code: "FA123", Type: profile.Pharmacy}, profile.Date{})
	require.NoError(t, err)
	require.Len(t, effects.Entries, 2)
	require.Equal(t, "type 100 GP Practice", effects.Entries[0].LeftAlone)
	require.Empty(t, effects.Entries[1].LeftAlone)
}

// Values that were read can be sent in an event, and come back the same.
func TestShownValuesCanBeSentBack(t *testing.T) {
	t.Parallel()
	services := decodedServices(t, wirePharmacy)
	_, err := body(push.Delivery{Code: "FA123", Values: services[0].Values})
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
			shown, err := sink.ShowMany(t.Context(), []profile.ODSCode{"FA123", "FA124"}, profile.Pharmacy)
			if test.answer == push.AnswerRefused || test.answer == push.AnswerUnclear { // it may be about the code
				require.NoError(t, err)
				require.True(t, shown[0].Failed() && shown[1].Failed())
				require.NotContains(t, push.Reasons(shown[0].Unreadable), "Person")
			} else {
				require.Equal(t, test.answer, requireSinkError(t, err).Answer)
			}
			effects, err := sink.Effects(t.Context(), push.Delivery{Code: "FA123", Type: profile.Pharmacy}, profile.Date{})
			require.NoError(t, err, "what would be sent is shown, over what is not visible")
			require.Equal(t, push.NotVisible, effects.Entries[0].Fields[0].Before)
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

// A field that is missing or makes no sense is not treated as empty: a push that keeps
// it would empty it. It stops no other field of its row, and no other row.
func TestOneBadRowStopsOneRow(t *testing.T) {
	t.Parallel()
	const whole, weekly, dated = "", "opening-times", "dated-opening-times"
	for _, c := range []struct{ old, changed, field string }{
		{`"id":"100013",`, ``, whole},
		{`"id":"100013"`, `"id":"x"`, whole},
		{`"id":"100013"`, `"id":100013`, whole},
		{`"odsCode":"FA123",`, ``, whole},
		{`"status":{"id":1,"name":"active"},`, ``, whole},
		{`"type":{"id":13,"name":"Pharmacy"},`, ``, whole},
		{`"type":{"id":13,"name":"Pharmacy"},`, `"type":"Person",`, whole},
		{`"address":`, `"a":`, "address"},
		{`"postcode":`, `"p":`, "postcode"},
		{`"web":`, `"w":`, "website"},
		{`"phone":`, `"p":`, "phone"},
		{`"public":`, `"p":`, "phone"},
		{`"public":"01772000000"`, `"public":1772000000`, "phone"},
		{`"zCodes":`, `"z":`, "services"},
		{`"zCodes":[{"sg":360,"sd":14167}]`, `"zCodes":[{"sg":"Person"}]`, "services"},
		{`"web":"https://shop.test"`, `"web":["Person"]`, "website"},
		{`"day":"Monday"`, `"day":"Person"`, weekly},
		{`"end":"17:30"`, `"end":"Person"`, weekly},
		{`"end":"17:30"`, `"end":null`, weekly},
		{`"end":"17:30"`, `"end":17`, weekly},
		{`"end":"17:30"`, `"end":"09:00"`, weekly},
		{`"end":"17:30"`, `"end":"17:30:30"`, weekly},
		{`"day":"Monday"`, `"day":"Mon\n"`, weekly},
		{`"end":"17:30"`, `"end":"17:30\nPerson"`, weekly},
		{`"date":"2026-12-24"`, `"date":"24 Dec"`, dated},
		{`"date":"2026-12-24"`, `"date":""`, dated},
		{`"date":"2026-12-25"`, `"date":"2026-12-24\n2026-12-25"`, dated},
		{`"start":"10:00"`, `"start":""`, dated},
		{`"closed":true`, `"closed":"Person"`, dated},
	} {
		broken := strings.Replace(wirePharmacy, c.old, c.changed, 1)
		require.NotEqual(t, wirePharmacy, broken, c)
		services, bad, err := decodeServices("FA123", []byte(wireServices(broken, wireGP)))
		require.NoError(t, err, c)
		require.Len(t, bad.parts, 1, c)
		require.Equal(t, profile.ODSCode("FA123"), bad.parts[0].Code)
		require.NotContains(t, bad.Error(), "Person")
		if c.field == whole {
			require.Equal(t, "service 1 of 2: no id, ODS code, status or type", bad.parts[0].String(), c)
			require.Len(t, services, 1, "the other row")
			continue
		}
		require.Equal(t, "service 100013 (type 13), "+c.field, bad.parts[0].Part, c)
		require.Len(t, services, 2)
		field, err := profile.ParseField(c.field)
		require.NoError(t, err)
		require.Equal(t, []profile.Field{field}, services[0].NotVisible, c)
		require.False(t, services[0].Values.States(field), c)
		good := decodedServices(t, wirePharmacy)[0].Values
		good.Forget(field)
		require.Equal(t, good, services[0].Values, "all other fields of the row: %v", c)
	}
	_, bad, err := decodeServices("FA123", []byte(wireServices(strings.Replace(wirePharmacy, `"openingTimes":`, `"o":`, 1))))
	require.NoError(t, err)
	require.Len(t, bad.parts, 2, "both kinds of hours")

	nulls := strings.NewReplacer(`"web":"https://shop.test"`, `"web":null`, `"public":"01772000000"`, `"public":null`).Replace(wirePharmacy)
	services := decodedServices(t, nulls)
	require.True(t, services[0].Values.States(profile.FieldPhone))
	require.Empty(t, services[0].Values.Get(profile.FieldWebsite))
}

// What makes no sense is named, and not visible: a check compares the rest, and a push
// that would overwrite it waits for a person, unless it brings hours.
func TestWhatMakesNoSenseIsNotVisible(t *testing.T) {
	t.Parallel()
	noEnd, noID := strings.Replace(wirePharmacy, `"end":"17:30"`, `"end":null`, 1), `{"name":"Person"}`
	whole := "service 100013 (type 13)"
	for name, test := range map[string]struct {
		services  string
		reasons   string
		invisible map[string][]profile.Field // by entry
		failed    bool                       // nothing can be compared
	}{
		"a field": {
			services: wireServices(noEnd), reasons: whole + ", opening-times: " + errHours.Error(),
			invisible: map[string][]profile.Field{whole: {profile.FieldOpeningTimes}},
		},
		"a row": {
			services: wireServices(wirePharmacy, noID), reasons: "service 2 of 2: no id, ODS code, status or type",
			invisible: map[string][]profile.Field{whole: nil, "service 2 of 2": (&byODSCode{}).fields()},
		},
		"every row": {
			services: wireServices(noID), reasons: "FA123: reading its services: service 1 of 1: no id, ODS code, status or type",
			invisible: map[string][]profile.Field{"service 1 of 1": (&byODSCode{}).fields()}, failed: true,
		},
		"none active": {
			services: wireServices(noID, wireGP), reasons: "FA123: reading its services: service 1 of 2: no id, ODS code, status or type",
			invisible: map[string][]profile.Field{"service 1 of 2": (&byODSCode{}).fields()}, failed: true,
		},
	} {
		sink := pharmacySink(t, handlerWith(200, test.services))
		shown, err := sink.ShowMany(t.Context(), []profile.ODSCode{"FA123"}, profile.Pharmacy)
		require.NoError(t, err, name)
		require.Equal(t, test.failed, shown[0].Failed(), name)
		require.Equal(t, test.reasons, push.Reasons(shown[0].Unreadable), name)
		require.Len(t, shown[0].Entries, len(test.invisible), name)
		for _, e := range shown[0].Entries {
			require.Equal(t, test.invisible[e.Name], e.NotVisible, name)
		}
		alone, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
		require.NoError(t, err, "a push must see that there are services: %s", name)
		require.Equal(t, shown[0], alone, name)
		effects, err := sink.Effects(t.Context(), push.Delivery{Code: "FA123", Type: profile.Pharmacy}, profile.Date{})
		require.NoError(t, err, "one bad row does not end the preview")
		require.Contains(t, test.reasons, push.Reasons(effects.Unreadable), name)
	}
}

func FuzzDecodeServices(f *testing.F) {
	for _, seed := range []string{wireServices(), wireServices(wireGP), wireServices(wirePharmacy, wireGP), `{"error":{"code":401}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		services, _, err := decodeServices("FA123", []byte(content))
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
			require.NotContains(t, m.LeftAlone, "\n")
		}
	})
}
