package dostest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

func TestByODSCodeShowsTheServices(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.AddService(dostest.Service{
		Name: "Pharmacy: X", ODSCode: "FA123", Address: "1 High Street$Leeds", Postcode: "LS1 1AA", Web: "https://x.uk", Phone: "01132000000",
		Weekly: "mon 09:00-12:00\nmon 13:00-17:30\nsat 09:00-10:00", Specified: "2026-12-24 10:00-16:00\n2026-12-25 closed",
		ZCodes: []string{dostest.PalliativeZCode},
	})
	w.s.AddService(dostest.Service{ODSCode: "FA123CON", Type: dostest.TypeContraception, Status: dostest.StatusCommissioning})
	got := w.do(http.MethodGet, dostest.ReadPath+"FA123", "")
	require.Equal(t, 200, got.status)
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
	require.JSONEq(t, `{"success":{"code":200,"serviceCount":2,"services":[
	 {"id":"100001","name":"Pharmacy: X","odsCode":"FA123","status":{"id":1,"name":"active"},"type":{"id":13,"name":"Pharmacy"},
	  "address":"1 High Street$Leeds","postcode":"LS1 1AA","web":"https://x.uk","phone":{"public":"01132000000","nonPublic":""},
	  "openAllHours":false,"openingTimes":{"days":[
	   {"day":"Monday","sessions":[{"start":"09:00","end":"12:00"},{"start":"13:00","end":"17:30"}]},
	   {"day":"Saturday","sessions":[{"start":"09:00","end":"10:00"}]}],"bankHoliday":[],"specified":[
	   {"date":"2026-12-24","closed":false,"sessions":[{"start":"10:00","end":"16:00"}]},{"date":"2026-12-25","closed":true,"sessions":[]}]},
	  "zCodes":[{"sg":360,"sd":14167}]},
	 {"id":"100002","name":"","odsCode":"FA123CON","status":{"id":3,"name":"commissioning"},"type":{"id":149,"name":"Pharmacy Contraception"},
	  "address":"","postcode":"","web":"","phone":{"public":"","nonPublic":""},"openAllHours":false,
	  "openingTimes":{"days":[],"bankHoliday":[],"specified":[]},"zCodes":[]}]}}`, got.body)

	none := `{"success":{"code":200,"serviceCount":0,"services":[]}}`
	require.JSONEq(t, none, w.do(http.MethodGet, dostest.ReadPath+"FB123", "").body)
	require.JSONEq(t, none, w.do(http.MethodGet, dostest.ReadPath+"FA123BPS", "").body)
	require.Contains(t, w.do(http.MethodGet, dostest.ReadPath+"FA123C", "").body, `"serviceCount":1`)
	require.Equal(t, "FA123", w.s.Ledger()[0].Code)
}

func TestByODSCodeRequiresItsPassword(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{User: "user", Password: "secret"})
	got := w.do(http.MethodGet, dostest.ReadPath+"FA123", "")
	require.Equal(t, 401, got.status)
	require.JSONEq(t, `{"error":{"code":401,"message":"Unauthorized: wrong user name or password"}}`, got.body)
	require.NotEmpty(t, got.header.Get("WWW-Authenticate"))
	require.Equal(t, 200, w.do(http.MethodGet, dostest.ReadPath+"FA123", "", "Authorization", "Basic dXNlcjpzZWNyZXQ=").status)
	require.Equal(t, 401, w.do(http.MethodGet, dostest.ReadPath+"FA123", "", "Authorization", "Basic dXNlcjpvdGhlcg==").status)
	require.Equal(t, 405, w.do(http.MethodPut, dostest.ReadPath+"FA123", "", "Authorization", "Basic dXNlcjpzZWNyZXQ=").status)
}

func TestVariantsFollowAFixedRule(t *testing.T) {
	t.Parallel()
	one, other := dostest.New(dostest.Options{Variants: true}), dostest.New(dostest.Options{Variants: true})
	codes := []string{"FA001", "FA002", "FA003", "FA004", "FA005", "FA006", "FA007", "FA008", "FA009", "FA010"}
	one.Seed(codes...)
	one.Seed(codes...)
	other.Seed(codes...)
	require.Equal(t, one.Services(""), other.Services(""))
	types := map[int]int{}
	for _, s := range one.Services("") {
		types[s.Type]++
	}
	require.Equal(t, 10, types[dostest.TypePharmacy], "seeding twice adds nothing")
	require.Positive(t, types[dostest.TypeEnhanced])
	require.Positive(t, types[dostest.TypePressure])
	require.Positive(t, types[dostest.TypeContraception])
}

func TestOtherProcessesSeedAndChange(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	seeded := w.do(http.MethodPost, "/control/services", `["FA001","FA002",{"odsCode":"FA003","type":134,"phone":"1"}]`)
	require.JSONEq(t, `{"services":3}`, seeded.body)
	require.JSONEq(t, `{"organizations":2}`, w.do(http.MethodPost, "/control/organizations",
		`["A81001",{"code":"A81002","name":"X","telecom":[{"system":"phone","value":"1"}]}]`).body)
	require.JSONEq(t, `{"changed":3}`, w.do(http.MethodPost, "/control/change", `[{"code":"FA001","field":"weekly","value":"mon 09:00-10:00"},
	  {"code":"FA003","field":"website","value":"x.uk"},{"code":"A81002","field":"phone","value":"2"}]`).body)
	require.JSONEq(t, `{"changed":1}`, w.do(http.MethodPost, "/control/change", `{"code":"A81001","field":"name","value":"Y"}`).body)
	require.JSONEq(t, `{"changed":0}`, w.do(http.MethodPost, "/control/change", `{"code":"ZZZZZ","field":"phone","value":"Y"}`).body)
	require.Equal(t, "mon 09:00-10:00", w.service("FA001").Weekly)
	require.Equal(t, "x.uk", w.service("FA003").Web)
	require.Equal(t, []dostest.Telecom{{System: "phone", Value: "2"}}, w.s.Organizations("A81002")[0].Telecom)
	require.Equal(t, "Y", w.s.Organizations("A81001")[0].Name)

	var listed []dostest.Service
	require.NoError(t, json.Unmarshal([]byte(w.do(http.MethodGet, "/control/services?code=FA003", "").body), &listed))
	require.Equal(t, w.s.Services("FA003"), listed)
	require.JSONEq(t, `[]`, w.do(http.MethodGet, "/control/organizations?code=A1", "").body)
	for path, body := range map[string]string{
		"/control/services": `[{"odscodes":1}]`, "/control/organizations": `[7]`, "/control/change": `{"code":"FA001","field":"colour"}`,
	} {
		require.Equal(t, 400, w.do(http.MethodPost, path, body).status, path)
	}
	require.Equal(t, 400, w.do(http.MethodPost, "/control/change", `{"field":"phone"}`).status)
	require.Empty(t, w.s.Ledger(), "control is not part of DoS")
}

func TestTheLedgerIsReadOverHTTP(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001", "FA002")
	w.send(3, eventOf(t, nil))
	w.send(4, eventOf(t, fields{"ODSCode": "FA002"}))
	w.send(5, eventOf(t, fields{"ODSCode": "FA009"}))
	lines := func(path string) (out []dostest.Entry) {
		got := w.do(http.MethodGet, path, "")
		require.Equal(t, "application/x-ndjson", got.header.Get("Content-Type"))
		for line := range linesOf(got.body) {
			var e dostest.Entry
			require.NoError(t, json.Unmarshal([]byte(line), &e))
			out = append(out, e)
		}
		return out
	}
	require.Equal(t, w.s.Ledger(), lines("/ledger"))
	require.Len(t, lines("/ledger"), 6)
	require.Len(t, lines("/ledger?code=FA002"), 2)
	var sum dostest.Summary
	require.NoError(t, json.Unmarshal([]byte(w.do(http.MethodGet, "/ledger/summary", "").body), &sum))
	require.Equal(t, w.s.Summary(), sum)
	require.Equal(t, 2, sum.Codes)
	state := w.do(http.MethodGet, "/ledger/state", "").body
	require.Contains(t, state, `{"code":"FA001","at":"2026-11-02T12:00:00Z","sequence":3,"key":"cid-3","body":"`)
	require.NotContains(t, state, "FA009")
}
