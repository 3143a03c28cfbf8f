package dos

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// shownAs decodes a practice from the answer to a search.
func shownAs(tb testing.TB, p fhirObject) *practice {
	tb.Helper()
	content := fhirJSON(fhirObject{"resourceType": "Bundle", "entry": []any{fhirObject{"resource": p}}})
	found, err := decodePractice("A81001", []byte(content))
	require.NoError(tb, err)
	require.NotNil(tb, found)
	return found
}

func overwritten(tb testing.TB, p fhirObject, pairs ...string) (sent fhirObject) {
	tb.Helper()
	body, err := shownAs(tb, p).overwrite(fhirDelivery(tb, "A81001", pairs...))
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(body, &sent))
	return sent
}

func TestOverwriteEchoesWhatIsNotStated(t *testing.T) {
	t.Parallel()
	p := fhirPractice("A81001")
	sent := overwritten(t, p)
	require.Equal(t, p["telecom"], sent["telecom"])
	require.Equal(t, p["name"], sent["name"])
	require.Equal(t, true, sent["active"])
	require.Empty(t, modelError(sent))
	delete(p, "meta")
	require.Equal(t, fhirObject{"profile": []any{organizationProfile}}, overwritten(t, p)["meta"])
}

func TestOverwriteContacts(t *testing.T) {
	t.Parallel()
	point := func(system, value string) any { return fhirObject{"system": system, "value": value} }
	worked := func(system, value string) any { return fhirObject{"system": system, "value": value, "use": "work"} }
	rows := map[string]struct {
		shown []any
		pairs []string
		sent  []any
	}{
		"nothing shown, nothing stated": {sent: []any{}},
		"first ones": {
			pairs: []string{"website", "https://a.nhs.uk", "phone", "01632 960111", "email", "a@nhs.net"},
			sent:  []any{point("phone", "01632 960111"), point("email", "a@nhs.net"), point("url", "https://a.nhs.uk")},
		},
		"ours replaces the first, in its place": {
			shown: []any{point("fax", "1"), worked("phone", "01632 960111"), point("phone", "01632 960112"), point("sms", "2")},
			pairs: []string{"phone", "01632 960113"},
			sent:  []any{point("fax", "1"), worked("phone", "01632 960113"), point("phone", "01632 960112"), point("sms", "2")},
		},
		"ours further down is not repeated": {
			shown: []any{worked("phone", "01632 960111"), point("phone", "01632-960112")},
			pairs: []string{"phone", "01632960112"},
			sent:  []any{worked("phone", "01632960112")},
		},
		"stated empty withdraws": {
			shown: []any{worked("phone", "01632 960111"), point("email", "a@nhs.net"), point("phone", "01632 960112")},
			pairs: []string{"phone", ""},
			sent:  []any{point("email", "a@nhs.net")},
		},
		"all withdrawn is sent as an empty list": {
			shown: []any{worked("phone", "01632 960111")}, pairs: []string{"phone", " "}, sent: []any{},
		},
		"an invalid value shown there stays": {
			shown: []any{worked("phone", "call us")}, pairs: []string{"phone", "call us"}, sent: []any{worked("phone", "call us")},
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fhirPractice("A81001")
			p["telecom"] = row.shown
			require.Equal(t, row.sent, overwritten(t, p, row.pairs...)["telecom"])
		})
	}
}

func TestOverwritePhone(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"0300 311 22 34": "0300 311 22 34", "+44 (0) 7900 000001": "+44 (0) 7900 000001", " 01632-960.111": "01632 960 111",
		"01632 –\u00a0960111": "01632 960111",
	} {
		got, err := phone(given)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.True(t, profile.Same(profile.FieldPhone, given, got) || given != want)
	}
}

func TestOverwriteRoles(t *testing.T) {
	t.Parallel()
	legal := fhirPeriod("Legal", "2020-01-15", "")
	later := fhirPeriod("Legal", "2021-01-01", "2030-01-01")
	primary, gp := fhirShownRole("RO177", legal), fhirShownRole("RO76")
	number := fhirObject{"url": "instanceID", "valueInteger": float64(12345)}
	made := func(code string) any {
		return fhirObject{"url": roleURL, "extension": []any{fhirObject{"url": "roleCode", "valueCodeableConcept": fhirObject{
			"coding": []any{fhirObject{"system": roleSystem, "code": code}},
		}}, legal}}
	}
	rows := map[string]struct {
		shown []any
		roles string // "-": not stated
		sent  any
	}{
		"nothing shown": {roles: "RO177|RO76"},
		"others only":   {shown: []any{fhirObject{"url": "https://other"}}, roles: "RO177|RO76"},
		"echoed":        {shown: []any{primary, gp}, roles: "-", sent: []any{primary, fhirShownRole("RO76", legal)}},
		"the same, in another order": {
			shown: []any{primary, gp}, roles: "RO76|RO177", sent: []any{primary, fhirShownRole("RO76", legal)},
		},
		"own dates and parts are kept": {
			shown: []any{primary, fhirShownRole("RO76", number, later), fhirObject{"url": "https://other"}}, roles: "RO177|RO76",
			sent: []any{primary, fhirShownRole("RO76", number, later)},
		},
		"dates that DoS refuses are not": {
			shown: []any{primary, fhirShownRole("RO76", fhirPeriod("Legal", "2021-01-01", "2021-01-01"), number)}, roles: "-",
			sent: []any{primary, fhirShownRole("RO76", number, legal)},
		},
		"another kind of date stays": {
			shown: []any{primary, fhirShownRole("RO76", fhirPeriod("Operational", "2019-01-01", ""))}, roles: "-",
			sent: []any{primary, fhirShownRole("RO76", fhirPeriod("Operational", "2019-01-01", ""), legal)},
		},
		"one more of ours": {
			shown: []any{primary, gp}, roles: "RO177|RO268|RO76",
			sent: []any{primary, made("RO268"), fhirShownRole("RO76", legal)},
		},
		"one fewer of ours": {
			shown: []any{primary, gp, fhirShownRole("RO80")}, roles: "RO177|RO76", sent: []any{primary, fhirShownRole("RO76", legal)},
		},
		"a practice no more":      {shown: []any{primary, gp}, roles: "RO177", sent: []any{primary, fhirShownRole("RO76", legal)}},
		"two primaries":           {shown: []any{primary, gp}, roles: "RO177|RO177|RO76", sent: []any{primary, fhirShownRole("RO76", legal)}},
		"nonsense":                {shown: []any{primary, gp}, roles: "RO177|RO76|GP", sent: []any{primary, fhirShownRole("RO76", legal)}},
		"repetitions are dropped": {shown: []any{primary, gp, gp}, roles: "-", sent: []any{primary, fhirShownRole("RO76", legal)}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fhirPractice("A81001")
			p["extension"] = row.shown
			pairs := []string{"roles", row.roles}
			if row.roles == "-" {
				pairs = nil
			}
			sent := overwritten(t, p, pairs...)
			require.Equal(t, row.sent, sent["extension"])
			require.Empty(t, modelError(sent))
		})
	}
}

// We would send back what the API's own tests send.
func TestOverwriteLikeTheRealPayloads(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"put-org-request-accepted-by-code.json", "put-org-request-real-test-payload.json"} {
		var recorded, p, sent fhirObject
		require.NoError(t, json.Unmarshal(fhirSample(t, name), &recorded))
		require.NoError(t, json.Unmarshal(fhirSample(t, name), &p))
		code := p["identifier"].([]any)[0].(fhirObject)["value"].(string)
		found, err := decodePractice(profile.ODSCode(code),
			[]byte(fhirJSON(fhirObject{"resourceType": "Bundle", "entry": []any{fhirObject{"resource": p}}})))
		require.NoError(t, err)
		body, err := found.overwrite(fhirDelivery(t, code))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(body, &sent))
		recorded["identifier"] = []any{fhirObject{"system": odsSystem, "value": code}}
		require.Equal(t, recorded, sent)
		require.Empty(t, modelError(sent))
	}
}

// Whatever is shown and stated, DoS accepts what we send and shows it, and a second
// push changes nothing.
func TestOverwriteSettles(t *testing.T) {
	t.Parallel()
	stated := [][]string{
		{"phone", "01632 960111", "01632960111", "+44 1632 960112", "(01632) 960113", ""},
		{"email", "a@nhs.net", ""},
		{"website", "https://a.nhs.uk/", ""},
		{"roles", "RO177|RO76", "RO177|RO268|RO76", "RO177|RO76|RO80"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := fhirPractice("A81001")
		var telecom []any
		for range rapid.IntRange(0, 4).Draw(rt, "shown") {
			system := rapid.SampledFrom([]string{"phone", "email", "url", "fax"}).Draw(rt, "system")
			telecom = append(telecom, fhirObject{"system": system, "value": "0" + rapid.StringMatching(`[0-9]{3}`).Draw(rt, "value")})
		}
		p["telecom"] = telecom
		pairs := []string{"name", "Elm", "status", rapid.SampledFrom([]string{"open", "closed"}).Draw(rt, "status")}
		for _, row := range stated {
			if rapid.Bool().Draw(rt, "states "+row[0]) {
				pairs = append(pairs, row[0], rapid.SampledFrom(row[1:]).Draw(rt, row[0]))
			}
		}
		sent := overwritten(t, p, pairs...)
		require.Empty(rt, modelError(sent))

		// DoS shows roles with displays of its own.
		sent["extension"] = shownAgain(sent["extension"])
		p["name"], p["active"], p["telecom"], p["extension"] = sent["name"], sent["active"], sent["telecom"], sent["extension"]
		d := fhirDelivery(t, "A81001", pairs...)
		route := (&Ingest{}).Route()
		require.Empty(rt, push.Differences(route, d.Values, shownAs(t, p).show("A81001"), ingestToday))
		again := overwritten(t, p, pairs...)
		again["extension"] = shownAgain(again["extension"])
		require.Equal(rt, sent, again)
	})
}
