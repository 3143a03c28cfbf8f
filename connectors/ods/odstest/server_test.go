package odstest_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const key = "a-key"

type client struct {
	t    *testing.T
	s    *odstest.Server
	base string
}

func start(t *testing.T, o odstest.Options) client {
	t.Helper()
	if o.APIKey == "" {
		o.APIKey = key
	}
	s, base := odstest.Start(t, register.New(register.Options{Seed: 1, Size: 2000}), o)
	return client{t, s, base}
}

type reply struct {
	status int
	header http.Header
	body   []byte
	err    error // of reading the body
}

func (c client) do(method, address string, header http.Header) reply {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, address, nil)
	require.NoError(c.t, err)
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body, err}
}

func (c client) fhir(path string) reply {
	c.t.Helper()
	return c.do(http.MethodGet, c.base+odstest.FHIRPath+path, http.Header{"Apikey": {key}})
}

func (c client) report(query string) reply {
	c.t.Helper()
	return c.do(http.MethodGet, c.base+odstest.DSEPath+query, http.Header{})
}

type bundle struct {
	Total *int `json:"total"`
	Link  []struct {
		Relation string `json:"relation"`
		URL      string `json:"url"`
	} `json:"link"`
	Entry []struct {
		Resource resource `json:"resource"`
	} `json:"entry"`
}

type resource struct {
	ID            string `json:"id"`
	Participating struct {
		Identifier struct {
			Value string `json:"value"`
		} `json:"identifier"`
	} `json:"participatingOrganization"`
	Code []struct {
		Coding []struct {
			Code string `json:"code"`
		} `json:"coding"`
	} `json:"code"`
}

func (c client) bundle(path string) bundle {
	c.t.Helper()
	r := c.fhir(path)
	require.Equal(c.t, http.StatusOK, r.status, string(r.body))
	require.Equal(c.t, "application/fhir+json", r.header.Get("Content-Type"))
	var b bundle
	require.NoError(c.t, json.Unmarshal(r.body, &b))
	return b
}

func (b bundle) next() string {
	for _, l := range b.Link {
		if l.Relation == "next" {
			return l.URL
		}
	}
	return ""
}

// sweep follows the next links and returns every id, in the order met.
func (c client) sweep(path string) (ids []string) {
	c.t.Helper()
	for path != "" {
		b := c.bundle(path)
		for _, e := range b.Entry {
			ids = append(ids, e.Resource.ID)
		}
		path = strings.TrimPrefix(b.next(), c.base+odstest.FHIRPath)
	}
	return ids
}

func TestDownloadInBothLayouts(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	for _, layout := range []register.Layout{register.DSE, register.Legacy} {
		c.s.SetLayout(layout)
		r := c.report("?report=edispensary")
		require.Equal(t, http.StatusOK, r.status)
		require.Contains(t, r.header.Get("Content-Type"), "text/csv")
		reader := csv.NewReader(strings.NewReader(string(r.body)))
		reader.FieldsPerRecord = 27
		rows, err := reader.ReadAll()
		require.NoError(t, err)
		require.NotEmpty(t, rows)
		require.Regexp(t, map[register.Layout]string{register.DSE: "ACTIVE", register.Legacy: "^[ACDP]$"}[layout], rows[0][12])
	}
}

func TestDownloadIsNotSentTwice(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	first := c.report("?report=etr")
	require.NotEmpty(t, first.header.Get("ETag"))
	again := func() reply {
		return c.do(http.MethodGet, c.base+odstest.DSEPath+"?report=etr", http.Header{"If-None-Match": {first.header.Get("ETag")}})
	}
	require.Equal(t, http.StatusNotModified, again().status)
	require.Empty(t, again().body)
	code := c.s.Register().Codes(register.Dispensaries)[0]
	touch := func(code string) {
		require.NoError(t, c.s.Register().Update(code, c.s.Register().AsOf(), func(o *register.Organisation) { o.Name += " X" }))
	}
	touch(code)
	require.Equal(t, http.StatusNotModified, again().status, "another report changed")
	touch(c.s.Register().Codes(register.Trusts)[0])
	require.Equal(t, http.StatusOK, again().status)
}

func TestDownloadRefusesWhatTheRealOneDoes(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	for query, want := range map[string]string{
		"":                                               "Missing report query parameter",
		"?Report=etr":                                    "Missing report query parameter",
		"?report=nothing":                                "Invalid report name",
		"?report=etr&lastChangeStart=2031-01":            "Invalid lastChangeStart",
		"?report=etr&lastChangeStart=2031-01-01":         "Invalid lastChangeStart",
		"?report=etr&lastChangePeriod=7":                 "Invalid lastChangePeriod",
		"?report=etr,ets&lastChangePeriod=8":             "Invalid lastChangePeriod",
		"?report=etr,ets&lastChangeStart=2026-01-01":     "Conflicting",
		"?report=etr&lastChangeStart=x&lastChangePeriod": "Invalid lastChangeStart",
	} {
		r := c.report(query)
		require.Equal(t, http.StatusBadRequest, r.status, query)
		var body map[string]string
		require.NoError(t, json.Unmarshal(r.body, &body))
		require.Contains(t, body["error"], want, query)
	}
	require.Equal(t, http.StatusMethodNotAllowed, c.do(http.MethodPost, c.base+odstest.DSEPath, http.Header{}).status)
}

func TestDownloadOfChanges(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	whole := c.report("?report=epraccur,edispensary")
	week := c.report("?report=epraccur,edispensary&lastChangePeriod=30")
	require.Less(t, len(week.body), len(whole.body)/5)
	day := c.s.Register().AsOf().AddDays(5)
	code := c.s.Register().Codes(register.Practices)[0]
	require.NoError(t, c.s.Register().Update(code, day, func(*register.Organisation) {}))
	r := c.report("?report=epraccur&lastChangeStart=" + day.String())
	require.Equal(t, 1, strings.Count(string(r.body), "\r\n"))
	require.Contains(t, string(r.body), code)
	require.Contains(t, r.header.Get("Content-Disposition"), "epraccur_changes_20260227_to_20260227.csv")
}

func TestPagingMeetsEveryOrganisationOnce(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	count := c.bundle("/Organization?roleCode=RO182&_summary=count")
	require.Empty(t, count.Entry)
	ids := c.sweep("/Organization?roleCode=RO182&_count=50")
	require.Len(t, ids, *count.Total)
	require.Len(t, unique(ids), len(ids))
	for _, size := range []int{len(ids) - 1, len(ids)} {
		require.Equal(t, ids, c.sweep("/Organization?roleCode=RO182&_count="+strconv.Itoa(size)), "a last page of one, and none")
	}
	first := c.bundle("/Organization?roleCode=RO182")
	require.Nil(t, first.Total, "the real one leaves it out when there are results")
	require.Len(t, first.Entry, 20)
}

func unique(ids []string) map[string]bool {
	set := make(map[string]bool)
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func TestSearchFilters(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	reg := c.s.Register()
	day := reg.AsOf().AddDays(10)
	for i := range 3 {
		require.NoError(t, reg.Update(reg.Codes(register.Dispensaries)[i*40], day.AddDays(i), func(*register.Organisation) {}))
	}
	count := func(query string) int { return *c.bundle("/Organization?_summary=count&" + query).Total }
	require.Equal(t, 2, count("lastChangeDate=gt"+day.String()))
	require.Equal(t, 1, count("lastChangeDate="+day.String()))
	require.Equal(t, 1, count("lastChangeDate=gt"+day.String()+"&lastChangeDate=lt"+day.AddDays(2).String()))
	require.Zero(t, count("lastChangeDate=gt"+day.String()+"&roleCode=RO177"))

	gp, pcc := count("roleCode=RO177&roleCode=RO76"), count("roleCode=RO177")
	require.Less(t, gp, pcc, "repeated parameters are and")
	require.Equal(t, pcc+count("roleCode=RO182"), count("roleCode=RO177,RO182"), "commas are or")
	require.Less(t, count("activeRoleCode=RO177"), pcc)

	code := reg.Codes(register.Trusts)[0]
	o, _ := reg.Get(code)
	for _, query := range []string{
		"_id=" + code,
		"identifier=" + url.QueryEscape("https://fhir.nhs.uk/Id/ods-organization-code|"+code),
		"name:exact=" + url.QueryEscape(o.Name),
		"name=" + url.QueryEscape(strings.ToLower(o.Name[:30])),
		"name:contains=" + url.QueryEscape(o.Name[2:30]),
	} {
		require.Equal(t, 1, count(query), query)
	}
	empty := c.bundle("/Organization?_id=NOSUCH")
	require.Zero(t, *empty.Total)
	require.Empty(t, empty.Entry)
}

func TestFHIRRefusesWhatTheRealOneDoes(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{MaxBytes: 50_000})
	good := http.Header{"Apikey": {key}}
	for _, test := range []struct {
		method, path string
		header       http.Header
		status       int
		text         string
	}{
		{"GET", "/Organization", http.Header{}, 401, `"code":"401"`},
		{"GET", "/Organization", http.Header{"Apikey": {"wrong"}}, 401, `Unauthorized`},
		{"GET", "/Organization?count=2", good, 400, `HAPI-0524: Unknown search parameter \"count\" for resource type \"Organization\"`},
		{"GET", "/Organization?lastChangeDate=yesterday", good, 400, "HAPI-1940"},
		{"GET", "/Organization?_count=x", good, 400, "_count"},
		{"GET", "/Organization/8J632648493", good, 404, "HAPI-2001: Resource Organization/8J632648493 is not known"},
		{"GET", "/OrganizationAffiliation/1", good, 404, "HAPI-2001"},
		{"GET", "/List/nothing", good, 404, "HAPI-2001"},
		{"GET", "/Practitioner", good, 404, "Practitioner"},
		{"POST", "/Organization", good, 405, "HAPI-0427"},
		{"GET", "/Organization", http.Header{"Apikey": {key}, "Accept": {"text/html"}}, 406, "OperationOutcome"},
		{"GET", "/Organization?_count=1000", good, 422, `"code":"too-costly"`},
	} {
		r := c.do(test.method, c.base+odstest.FHIRPath+test.path, test.header)
		require.Equal(t, test.status, r.status, test.path)
		require.Contains(t, string(r.body), test.text)
		outcome := make(map[string]any)
		require.NoError(t, json.Unmarshal(r.body, &outcome))
		require.Equal(t, "OperationOutcome", outcome["resourceType"])
	}
	require.Equal(t, http.StatusOK, c.do(http.MethodGet, c.base+odstest.FHIRPath+"/_ping", http.Header{}).status)
}

func TestRelationshipsFromBothEnds(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	var site register.Organisation
	for site = range c.s.Register().All(register.TrustSites) {
		break
	}
	from := c.bundle("/OrganizationAffiliation?primary-organization=" + site.Code)
	require.Equal(t, len(site.Relationships()), *from.Total)
	for _, e := range from.Entry {
		if e.Resource.Code[0].Coding[0].Code == "RE6" && e.Resource.Participating.Identifier.Value == site.Parent().Target {
			require.Contains(t, c.sweep("/OrganizationAffiliation?_count=500&participating-organization="+site.Parent().Target), e.Resource.ID)
			require.Equal(t, http.StatusOK, c.fhir("/OrganizationAffiliation/"+e.Resource.ID).status)
		}
	}
	inactive := c.bundle("/OrganizationAffiliation?active=false&primary-organization=" + site.Code)
	require.Less(t, *inactive.Total, *from.Total)
}

func TestDeletionsAndSuccession(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	code := c.s.Register().Codes(register.Dentists)[0]
	require.NotContains(t, string(c.fhir("/List/Organization-deletion").body), code)
	require.NoError(t, c.s.Register().Delete(code, c.s.Register().AsOf()))
	require.Contains(t, string(c.fhir("/List/Organization-deletion").body), code)
	require.NotContains(t, string(c.fhir("/List/Organization-role-deletion").body), code)
	require.Equal(t, http.StatusNotFound, c.fhir("/Organization/"+code).status)

	c.s.Register().Recode(profile.NewDate(2026, 4, 1))
	system := url.QueryEscape("https://fhir.nhs.uk/Id/ods-organization-code")
	lookup := string(c.fhir("/CodeSystem/$lookup?property=*&code=QMJ&system=" + system).body)
	require.Contains(t, lookup, "successor")
	require.Contains(t, lookup, "Z9B2Z")
}

func TestRequestsAreCountedAndTheirPeakKnown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	c := start(t, odstest.Options{Now: func() time.Time { return now }, PerSecond: 3})
	for range 3 {
		require.Equal(t, http.StatusOK, c.report("?report=eccg").status)
	}
	crowded := c.report("?report=eccg")
	require.Equal(t, http.StatusTooManyRequests, crowded.status)
	require.Equal(t, "1", crowded.header.Get("Retry-After"))
	now = now.Add(time.Second)
	require.Equal(t, http.StatusOK, c.fhir("/Organization").status)
	require.Equal(t, 5, c.s.Count())
	require.Equal(t, 4, c.s.Peak())
	require.Eventually(t, func() bool { return c.s.Ledger()[4].Status == http.StatusOK }, time.Second, time.Millisecond)
	requests := c.s.Ledger()
	require.Equal(t, http.StatusTooManyRequests, requests[3].Status)
	require.Equal(t, "report=eccg", requests[0].Query)
	require.True(t, requests[4].Key)
}
