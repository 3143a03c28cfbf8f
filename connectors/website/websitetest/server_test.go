package websitetest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// body returns a small valid document; rows are its opening times.
func body(code, name, rows string) string {
	return `{"ODSCode":"` + code + `","OrganisationName":"` + name + `","OrganisationTypeId":"PHA","OrganisationStatus":"Visible",` +
		`"Contacts":[{"ContactType":"Primary","ContactAvailabilityType":"Office hours","ContactMethodType":"Telephone",` +
		`"ContactValue":"01"}],"OpeningTimes":[` + rows + `],"Services":[{"ServiceName":"S","ServiceCode":"SRV0257"}],` +
		`"UecServices":[{"ServiceName":"P","ServiceCode":"SRV0559"}],"City":"Leeds"}`
}

type call struct {
	method, path, body string
	header             map[string]string
}

type reply struct {
	status int
	header http.Header
	body   map[string]any
}

func (c call) to(t *testing.T, address string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, address+c.path, strings.NewReader(c.body))
	require.NoError(t, err)
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	req.Close = true // on a reused connection net/http repeats requests with an idempotency key
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{status: -resp.StatusCode}
	}
	r := reply{status: resp.StatusCode, header: resp.Header}
	_ = json.Unmarshal(text, &r.body)
	return r
}

func put(code, document string, sequence int, key, match string) call {
	header := map[string]string{
		"Content-Type": "application/json", "Sequence-Number": strconv.Itoa(sequence), "Idempotency-Key": key, "If-Match": match,
	}
	if match == "" {
		header["If-None-Match"] = "*"
		delete(header, "If-Match")
	}
	return call{http.MethodPut, websitetest.ProfilesPath + code, document, header}
}

func get(path string) call { return call{method: http.MethodGet, path: path} }

func TestPutGet(t *testing.T) {
	t.Parallel()
	server, address := websitetest.Start(t, websitetest.Options{})
	require.Equal(t, 404, get(websitetest.ProfilesPath+"FA1").to(t, address).status)
	c := put("FA1", body("FA1", "A", ""), 5, "k5", "")
	c.header["X-Correlation-Id"] = "c"
	first := c.to(t, address)
	require.Equal(t, 201, first.status)
	require.Equal(t, "5", first.header.Get("Sequence-Number"))
	require.Equal(t, "c", first.header.Get("X-Correlation-ID"))
	etag := first.header.Get("ETag")

	again := put("FA1", body("FA1", "A", ""), 5, "k5", "").to(t, address)
	require.Equal(t, 201, again.status)
	require.Equal(t, etag, again.header.Get("ETag"))
	require.Equal(t, 422, put("FA1", body("FA1", "B", ""), 5, "k5", "").to(t, address).status)
	require.Equal(t, 422, put("FA2", body("FA2", "A", ""), 5, "k5", "").to(t, address).status)

	for sequence := range 6 {
		stale := put("FA1", body("FA1", "B", ""), sequence, "other", etag).to(t, address)
		if sequence == 0 {
			require.Equal(t, 400, stale.status)
			continue
		}
		require.Equal(t, 409, stale.status)
		require.InDelta(t, 5, stale.body["currentSequenceNumber"], 0)
	}
	require.Equal(t, 412, put("FA1", body("FA1", "B", ""), 6, "k6", "").to(t, address).status)
	require.Equal(t, 412, put("FA1", body("FA1", "B", ""), 6, "k6", `"x"`).to(t, address).status)
	require.Equal(t, 412, put("FA2", body("FA2", "B", ""), 6, "k6", `"x"`).to(t, address).status)
	bare := put("FA1", body("FA1", "B", ""), 6, "k6", "")
	delete(bare.header, "If-None-Match")
	require.Equal(t, 428, bare.to(t, address).status)
	require.Equal(t, 200, put("FA1", body("FA1", "B", ""), 6, "k6", etag).to(t, address).status, "a refused key is not used up")

	read := get(websitetest.ProfilesPath+"FA1").to(t, address)
	require.Equal(t, "B", read.body["OrganisationName"])
	require.Equal(t, "6", read.header.Get("Sequence-Number"))
	require.NotEqual(t, etag, read.header.Get("ETag"))
	sum := server.Summary()
	require.Equal(t, map[websitetest.Outcome]int{
		websitetest.Stored: 2, websitetest.Replayed: 1, websitetest.Stale: 5, websitetest.Refused: 7,
	}, sum.Effects)
	require.Equal(t, 1, sum.Codes)
	require.Zero(t, sum.Twice+sum.Backwards)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	_, address := websitetest.Start(t, websitetest.Options{APIKey: "w", ReadKey: "r", NoCreate: true, MaxBody: 1000})
	c := put("FA1", body("FA1", "A", ""), 1, "k", "")
	require.Equal(t, 401, c.to(t, address).status)
	c.header["Apikey"] = "r"
	require.Equal(t, 403, c.to(t, address).status)
	c.header["Apikey"] = "w"
	require.Equal(t, 404, c.to(t, address).status, "profiles are not created")
	large := put("FA1", body("FA1", strings.Repeat("A", 1000), ""), 1, "k", "")
	large.header["Apikey"] = "w"
	require.Equal(t, 413, large.to(t, address).status)
	large.header["Content-Type"] = "text/plain"
	require.Equal(t, 415, large.to(t, address).status)
	c.body = "{"
	require.Equal(t, 400, c.to(t, address).status)
	c.method = http.MethodPatch
	require.Equal(t, 405, c.to(t, address).status)
	require.Equal(t, 401, get(websitetest.SearchPath+"?api-version=3").to(t, address).status)
}

func TestValidation(t *testing.T) {
	t.Parallel()
	_, address := websitetest.Start(t, websitetest.Options{})
	row := func(day, from, to, kind, date string) string {
		minute := func(s string) int {
			at, _ := time.Parse("15:04", s)
			return at.Hour()*60 + at.Minute()
		}
		return fmt.Sprintf(`{"Weekday":%q,"OpeningTime":%q,"ClosingTime":%q,"OffsetOpeningTime":%d,"OffsetClosingTime":%d,`+
			`"OpeningTimeType":%q,"AdditionalOpeningDate":%q,"IsOpen":true}`, day, from, to, minute(from), minute(to), kind, date)
	}
	const at = "/OpeningTimes/"
	for _, check := range [][2]string{
		{row("Monday", "09:00", "09:00", "General", ""), at + "0/ClosingTime CLOSES_BEFORE_OPENS"},
		{row("Monday", "09:00", "12:00", "General", "") + "," + row("Monday", "11:00", "13:00", "General", ""), at + "1 OVERLAPS"},
		{row("", "09:00", "12:00", "Additional", "2026-12-25"), at + "0/AdditionalOpeningDate BAD_DAY"},
		{row("Someday", "09:00", "12:00", "General", ""), at + "0/Weekday BAD_DAY"},
		{row("Monday", "9:00", "12:00", "General", ""), at + "0/OpeningTime BAD_TIME"},
		{row("Monday", "09:00", "24:00", "General", ""), at + "0/ClosingTime BAD_TIME"},
		{
			`{"Weekday":"Monday","OpeningTimeType":"General","OpeningTime":"09:00","ClosingTime":"10:00","IsOpen":true}`,
			at + "0/OffsetOpeningTime BAD_OFFSET",
		},
		{
			row("Monday", "09:00", "12:00", "General", "") + "," + row("Monday", "12:00", "13:00", "General", "") + "," +
				row("", "09:00", "12:00", "Additional", "Apr  7 2026"), "stored",
		},
	} {
		rows, want := check[0], check[1]
		answer := put("FA1", body("FA1", "A", rows), 1, rows, "").to(t, address)
		if want == "stored" {
			require.Equal(t, 201, answer.status)
			continue
		}
		require.Equal(t, 422, answer.status, want)
		first := answer.body["errors"].([]any)[0].(map[string]any)
		require.Equal(t, want, first["pointer"].(string)+" "+first["code"].(string))
	}
	for _, document := range []string{
		body("FA2", "A", ""), body("FA1", " ", ""), strings.Replace(body("FA1", "A", ""), "PHA", "XXX", 1),
		strings.Replace(body("FA1", "A", ""), "{", `{"Geocode":null,`, 1), strings.Replace(body("FA1", "A", ""), "Visible", "Excluded", 1),
		strings.Replace(body("FA1", "A", ""), "Telephone", "Pigeon", 1),
	} {
		require.Equal(t, 422, put("FA1", document, 9, "k9", "").to(t, address).status, document)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	server, address := websitetest.Start(t, websitetest.Options{PageSize: 2})
	rows := `{"Weekday":"","OpeningTime":"","ClosingTime":"","OpeningTimeType":"Additional","AdditionalOpeningDate":"Apr 07 2026"}`
	for i, name := range []string{"Shire Dental", "Shire Pharmacy", "York Pharmacy", "Hull Pharmacy"} {
		code := "FA" + strconv.Itoa(i+1)
		require.Equal(t, 201, put(code, body(code, name, rows), 1, code, "").to(t, address).status)
	}
	require.NoError(t, server.Change("FA4", "status", "Hidden"))
	path := websitetest.SearchPath + "?api-version=3"
	find := func(query string) reply { return get(path+query).to(t, address) }
	codes := func(r reply) (codes []string) {
		require.Equal(t, 200, r.status)
		for _, record := range r.body["value"].([]any) {
			codes = append(codes, record.(map[string]any)["ODSCode"].(string))
		}
		return codes
	}
	require.Equal(t, 404, get(websitetest.SearchPath+"?api-version=2").to(t, address).status)
	require.Equal(t, 400, find("&$filter=geo").status)
	require.Empty(t, codes(find("&search=FA9&searchFields=ODSCode")))
	one := find("&search=FA1&searchFields=ODSCode&$top=1")
	require.Equal(t, []string{"FA1"}, codes(one))
	record := one.body["value"].([]any)[0].(map[string]any)
	require.Len(t, record, 33)
	require.NotContains(t, record, "UecServices")
	dated := record["OpeningTimes"].([]any)[0].(map[string]any)
	require.Equal(t, "Apr  7 2026", dated["AdditionalOpeningDate"])
	require.Nil(t, dated["OpeningTime"])

	all := find("&$count=true&$orderby=OrganisationName%20desc")
	require.Equal(t, []string{"FA3", "FA2"}, codes(all), "FA4 is hidden")
	require.InDelta(t, 3, all.body["@odata.count"], 0)
	next := strings.TrimPrefix(all.body["@odata.nextLink"].(string), address)
	last := get(next).to(t, address)
	require.Equal(t, []string{"FA1"}, codes(last))
	require.NotContains(t, last.body, "@odata.nextLink")

	require.Equal(t, []string{"FA2"}, codes(find("&search=shire+pharmacy&searchMode=all")))
	require.Equal(t, []string{"FA1", "FA2"}, codes(find("&search=shire+pharmacy&$skip=0&$top=2")))
	require.Equal(t, []string{"FA2", "FA3"}, codes(find("&search=*&$skip=1&$top=2")))
	post := call{http.MethodPost, path, `{"filter":"ODSCode eq 'FA2' or ODSCode eq 'O''X'","select":"ODSCode"}`, nil}.to(t, address)
	require.Equal(t, []string{"FA2"}, codes(post))
	require.Len(t, post.body["value"].([]any)[0], 2)
	require.Equal(t, []string{"FA2"}, codes(find("&$filter=OrganisationName+eq+'Shire+Pharmacy'")))
}

func TestControl(t *testing.T) {
	t.Parallel()
	server, address := websitetest.Start(t, websitetest.Options{APIKey: "w"})
	c := put("FA1", body("FA1", "A", ""), 1, "k", "")
	c.header["Apikey"] = "w"
	etag := c.to(t, address).header.Get("ETag")
	post := func(path, text string) int { return call{http.MethodPost, path, text, nil}.to(t, address).status }
	for field, value := range map[string]string{
		"name": "N", "postcode": "LS1", "address1": "X", "city": "Y", "status": "Closed", "phone": "02", "email": "a@b", "website": "w",
		"weekly": "mon 09:00-12:00\ntue 09:00-12:00", "facility": "Toilet: Yes", "service": "SRV1 X",
		"document": `{"GPRegistration": null}`,
	} {
		text, err := json.Marshal(map[string]string{"code": "FA1", "field": field, "value": value})
		require.NoError(t, err)
		require.Equal(t, 204, post("/control/change", string(text)), field)
		state := server.States("FA1")[0]
		require.NotEqual(t, etag, state.ETag)
		require.Contains(t, string(state.Document), strings.Split(strings.Split(value, ": ")[0], " ")[0][:1])
		require.EqualValues(t, 1, state.Sequence)
		etag = state.ETag
	}
	for _, text := range []string{
		`{"code":"FA2","field":"name","value":"N"}`, `{"code":"FA1","field":"nose","value":"N"}`, `{"x":1}`,
		`{"code":"FA1","field":"weekly","value":"mon 12-13"}`, `{"code":"FA1","field":"weekly","value":"mon 13:00-12:00"}`,
		`{"code":"FA1","field":"facility","value":"Toilet"}`,
		`{"code":"FA1","field":"document","value":"[]"}`, `{"code":"FA1","field":"document","value":"{\"Staff\":[]}"}`,
	} {
		require.Equal(t, 400, post("/control/change", text), text)
	}
	lines := func(path string) (n int) {
		resp, err := http.Get(address + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); n++ {
			require.True(t, json.Valid(scanner.Bytes()))
		}
		return n
	}
	require.Equal(t, 1, lines("/ledger"))
	require.Equal(t, 0, lines("/ledger?code=FA9"))
	require.Equal(t, 1, lines("/ledger/state"))
	require.InDelta(t, 1, get("/ledger/summary").to(t, address).body["codes"], 0)

	require.Equal(t, 204, post("/control/remove", `{"code":"FA1"}`))
	read := get(websitetest.ProfilesPath + "FA1")
	read.header = c.header
	require.Equal(t, 410, read.to(t, address).status)
	require.Equal(t, 204, post("/control/wipe", ""))
	require.Equal(t, 404, read.to(t, address).status)
	require.Equal(t, 201, c.to(t, address).status, "its key is forgotten")
	require.Zero(t, server.Summary().Twice)
}

// TestFaultsOverHTTP tries every fault with a share, and checks the ledger.
func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	for text, name := range map[string]simulate.Name{
		`{"share":0.3,"seed":1,"names":["throttled"],"retry_after":1}`: simulate.Throttled,

		`{"share":0.3,"names":["error-503"]}`:      simulate.Error(503),
		`{"share":0.3,"names":["dropped-before"]}`: simulate.DroppedBefore,
		`{"share":0.3,"names":["dropped-after"]}`:  simulate.DroppedAfter,
		`{"share":0.3,"names":["truncated"]}`:      simulate.Truncated,
		`{"share":0.3,"names":["html"]}`:           simulate.HTML,
		`{"share":0.3,"names":["unauthorized"]}`:   simulate.Unauthorized,
		`{"share":0.3,"names":["down"]}`:           simulate.Down,
		`{"share":0.3,"latency_ms":1}`:             simulate.Slow,
	} {
		server, address := websitetest.Start(t, websitetest.Options{})
		require.Equal(t, 204, call{http.MethodPut, "/control/faults", text, nil}.to(t, address).status)
		spoiled := 0
		for i := range 60 {
			code := "FA" + strconv.Itoa(i)
			if answer := put(code, body(code, "A", ""), 1, code, "").to(t, address); answer.status != 201 || answer.body == nil {
				spoiled++
			}
		}
		hit := 0
		for _, e := range server.Ledger() {
			if e.Fault != "" {
				require.Equal(t, name, e.Fault)
				hit++
			}
			lost := e.Fault == simulate.DroppedBefore || e.Fault == simulate.Down || e.Fault.Status() != 0
			require.Equal(t, !lost, e.Outcome == websitetest.Stored)
		}
		switch name {
		case simulate.Down:
			require.Equal(t, 60, hit)
		case simulate.Slow:
			require.Zero(t, spoiled)
		default:
			require.Equal(t, spoiled, hit)
		}
		require.Greater(t, hit, 8)
		require.Equal(t, name == simulate.Down, hit > 30)
		require.Equal(t, 200, get("/control/faults").to(t, address).status)
		require.Equal(t, 204, call{http.MethodDelete, "/control/faults", "", nil}.to(t, address).status)
		require.Equal(t, 404, get(websitetest.ProfilesPath+"FB").to(t, address).status)
	}
	_, address := websitetest.Start(t, websitetest.Options{})
	for _, text := range []string{`{"share":2}`, `{"names":["x"]}`, `{"names":["error-200"]}`, `{"latency_ms":-1}`, `{"nose":1}`} {
		require.Equal(t, 400, call{http.MethodPut, "/control/faults", text, nil}.to(t, address).status)
	}
}

// TestTheLedgerForgets: it keeps counting when it drops entries and keys.
func TestTheLedgerForgets(t *testing.T) {
	t.Parallel()
	server, address := websitetest.Start(t, websitetest.Options{KeptEntries: 10, KeptKeys: 10})
	for i := range 25 {
		code := "FA" + strconv.Itoa(i)
		require.Equal(t, 201, put(code, body(code, "A", ""), 1, code, "").to(t, address).status)
	}
	require.LessOrEqual(t, len(server.Ledger()), 10)
	require.Equal(t, 25, server.Summary().Effects[websitetest.Stored])
	require.Equal(t, 201, put("FA24", body("FA24", "A", ""), 1, "FA24", "").to(t, address).status)
	require.Equal(t, 409, put("FA0", body("FA0", "A", ""), 1, "FA0", "").to(t, address).status, "its key is forgotten")
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	server, address := websitetest.Start(t, websitetest.Options{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 20 {
				put("FA1", body("FA1", "A", ""), i+1, "k"+strconv.Itoa(i), "*").to(t, address)
				put("FA1", body("FA1", "A", ""), i+1, "k"+strconv.Itoa(i), "").to(t, address)
				server.Summary()
			}
		})
	}
	all.Wait()
	sum := server.Summary()
	require.Zero(t, sum.Twice+sum.Backwards)
	require.Positive(t, sum.Effects[websitetest.Replayed])
}

func TestDoesNotKnowTheConnector(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
		require.NoError(t, err)
		for _, imported := range parsed.Imports {
			require.NotEqual(t, `"github.com/profilesync/profilesync/connectors/website"`, imported.Path.Value, file)
		}
	}
}

// BenchmarkPut measures one PUT of a 6 KB document, without a network.
func BenchmarkPut(b *testing.B) {
	server := websitetest.New(websitetest.Options{})
	handler := server.Handler()
	var rows []string
	for _, day := range []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"} {
		for _, hours := range [][2]int{{9, 13}, {14, 18}} {
			rows = append(rows, fmt.Sprintf(`{"Weekday":%q,"OpeningTime":"%02d:00","ClosingTime":"%02d:00","OffsetOpeningTime":%d,`+
				`"OffsetClosingTime":%d,"OpeningTimeType":"General","AdditionalOpeningDate":"","IsOpen":true}`,
				day, hours[0], hours[1], hours[0]*60, hours[1]*60))
		}
	}
	document := body("FA1", strings.Repeat("A", 3000), strings.Join(rows, ","))
	b.SetBytes(int64(len(document)))
	for i := 0; b.Loop(); i++ {
		c := put("FA1", document, i+1, strconv.Itoa(i), "*")
		if i == 0 {
			c = put("FA1", document, i+1, strconv.Itoa(i), "")
		}
		req := httptest.NewRequestWithContext(b.Context(), c.method, c.path, strings.NewReader(c.body))
		for name, value := range c.header {
			req.Header.Set(name, value)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, req)
		if recorder.Code > 201 {
			b.Fatal(recorder.Code, recorder.Body)
		}
	}
}
