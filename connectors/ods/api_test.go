package ods_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func since() profile.Date { return profile.NewDate(2026, time.March, 30) }

func changes(t *testing.T, api *ods.API) *ods.Delta {
	t.Helper()
	d, err := api.Changes(t.Context(), since())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func many(n int) []object {
	organisations := make([]object, 0, n)
	for i := range n {
		organisations = append(organisations, organisation(fmt.Sprintf("FA%03d", i), true, "RO182"))
	}
	return organisations
}

func TestChanges(t *testing.T) {
	t.Parallel()
	fake := &fakeAPI{
		organisations: []object{
			organisation("A81001", true, "RO76", "RO177"), organisation("FA002", true, "RO182"),
			organisation("RVVKC", true, "RO198"), organisation("RW6", false, "RO197", "RO57"), organisation("FA003", false, "RO182"),
		},
		affiliations: []object{
			relationship("A81001", "RE4", "16C", "2020-04-01", true), relationship("A81001", "RE6", "97R", "2020-04-01", true),
			relationship("FA002", "RE6", "P001", "2001-01-01", false), relationship("FA002", "RE6", "P002", "2010-01-01", true),
			relationship("FA002", "RE6", "P003", "2015-01-01", true), relationship("RVVKC", "RE5", "QKS", "2015-01-01", true),
		},
		successors: map[string]any{"RW6": "R0A"},
	}
	d := changes(t, fake.serve(t))
	require.Equal(t, "2026-04-02", d.Newest().String())
	records := recordsByCode(t, d)
	require.Len(t, records, 5)
	common := facts{"address": "1 ELM ROAD\nLEEDS", "postcode": "LS9 7TF", "phone": "0113 243 3144", "website": ""}
	for code, own := range map[string]facts{
		"A81001": {"roles": "RO177|RO76", "type": "gp-practice", "commissioner": "16C"},
		"FA002":  {"roles": "RO182", "type": "pharmacy", "parent": "P003"},
		"RVVKC":  {"roles": "RO198", "type": "trust-site", "parent": ""},
		"RW6":    {"roles": "RO197", "type": "trust", "successor": "R0A"},
		"FA003":  {"roles": "RO182", "type": "pharmacy"},
	} {
		own["name"] = "ORGANISATION " + code
		maps.Copy(own, common)
		require.Equal(t, own, stated(records[code]), code)
		require.Equal(t, "2001-04-01", records[code].Opened.String())
	}
	require.Equal(t, profile.Alive, records["A81001"].Standing, "the API cannot tell a dormant practice")
	require.Equal(t, profile.Active, records["FA002"].Standing)
	require.Equal(t, profile.Inactive, records["RW6"].Standing)
	require.Equal(t, 2, fake.count("lastChangeDate=gt2026-03-30&roleCode=RO177%2CRO182"), "the count asks for the same")
	require.Equal(t, 1, fake.count("_summary=count"))
}

func TestChangesFollowPagesAndDropDoubles(t *testing.T) {
	t.Parallel()
	fake := &fakeAPI{organisations: append(many(120), many(1)...), tooMany: 70, total: func(int) int { return 120 }}
	require.Len(t, recordsByCode(t, changes(t, fake.serve(t))), 120)
	require.Equal(t, 2, fake.count("Organization?_count=62"), "1000, 500, 250 and 125 are too many")
	require.Equal(t, 1, fake.count("_count=62&_offset=62"))
}

func TestChangesGiveUpOnPagesTooLarge(t *testing.T) {
	t.Parallel()
	_, err := (&fakeAPI{organisations: many(3), tooMany: 1}).serve(t).Changes(t.Context(), since())
	status, ok := errors.AsType[*httpx.StatusError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 422, status.Status)
}

func TestChangesRunAgainWhenTheCountMoved(t *testing.T) {
	t.Parallel()
	calls := 0
	fake := &fakeAPI{organisations: many(3), total: func(actual int) int {
		if calls++; calls == 1 {
			return actual + 1
		}
		return actual
	}}
	require.Len(t, recordsByCode(t, changes(t, fake.serve(t))), 3)
	require.Equal(t, 2, calls)

	moving := &fakeAPI{organisations: many(3), total: func(actual int) int { return actual + 1 }}
	_, err := moving.serve(t).Changes(t.Context(), since())
	require.ErrorContains(t, err, "kept moving")
}

func TestNextLinksStayAtHome(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(string) string{
		"another host": func(string) string { return "http://elsewhere.test/fhir/Organization?_offset=1" },
		"other scheme": func(u string) string { return strings.Replace(u, "http://", "https://", 1) },
		"other path":   func(u string) string { return strings.Replace(u, "/fhir/Organization", "/fhir/../Organization", 1) },
		"with a user":  func(u string) string { return strings.Replace(u, "http://", "http://me:pw@", 1) },
		"a circle":     func(u string) string { return strings.Split(u, "_offset=")[0] + "_offset=0" },
		"no address":   func(string) string { return "http://[" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeAPI{organisations: many(60), next: next, pageSize: 50}
			_, err := fake.serve(t).Changes(t.Context(), since())
			require.ErrorContains(t, err, "page")
			require.NotContains(t, err.Error(), "pw")
		})
	}
	relative := &fakeAPI{organisations: many(120), pageSize: 50, next: func(u string) string { return "?" + strings.Split(u, "?")[1] }}
	require.Len(t, recordsByCode(t, changes(t, relative.serve(t))), 120)
}

func TestRelationshipsWithoutCommas(t *testing.T) {
	t.Parallel()
	fake := &fakeAPI{
		organisations: many(3), noCommas: true,
		affiliations: []object{relationship("FA001", "RE6", "P001", "2001-01-01", true)},
	}
	records := recordsByCode(t, changes(t, fake.serve(t)))
	require.Equal(t, "P001", orNone(records["FA001"], profile.FieldParent))
	require.Empty(t, orNone(records["FA000"], profile.FieldParent))
}

func TestRelationshipsAreAskedForInBatches(t *testing.T) {
	t.Parallel()
	fake := &fakeAPI{organisations: many(120)}
	for i := range 120 {
		fake.affiliations = append(fake.affiliations, relationship(fmt.Sprintf("FA%03d", i), "RE6", "P001", "2001-01-01", true))
	}
	for _, record := range recordsByCode(t, changes(t, fake.serve(t))) {
		require.Equal(t, "P001", record.Values.Get(profile.FieldParent))
	}
	require.Equal(t, 3, fake.count("OrganizationAffiliation"))
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, noCommas := range []bool{false, true} {
		fake := &fakeAPI{organisations: many(3), noCommas: noCommas}
		d, err := fake.serve(t).Lookup(t.Context(), []profile.ODSCode{"FA002", "FZ999", "FA001", "FA001"})
		require.NoError(t, err)
		require.Len(t, recordsByCode(t, d), 2)
		require.Equal(t, []profile.ODSCode{"FZ999"}, d.Missing())
		require.NoError(t, d.Close())
	}
	fake := &fakeAPI{organisations: many(3)}
	d, err := fake.serve(t).Lookup(t.Context(), []profile.ODSCode{"FA002"})
	require.NoError(t, err)
	require.Len(t, recordsByCode(t, d), 1)
	require.Empty(t, d.Missing())
	require.Equal(t, 0, fake.count("identifier="))
	require.NoError(t, d.Close())
}

func TestUnreadableOrganisationsAreRejected(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(object)
		field string
	}{
		"no state":      {func(o object) { delete(o, "active") }, "active"},
		"state in text": {func(o object) { o["active"] = "yes" }, "active"},
		"no role":       {func(o object) { o["extension"] = []object{} }, "OrganisationRole"},
		"odd role":      {func(o object) { o["extension"] = []object{roleOf("177", true, "2001-04-01", "")} }, "OrganisationRole.roleCode"},
		"odd date":      {func(o object) { o["extension"] = []object{roleOf("RO177", true, "April", "")} }, "OrganisationRole.period.start"},
		"no code":       {func(o object) { o["identifier"], o["id"] = nil, "?" }, "identifier"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := organisation("A81001", true, "RO177")
			test.spoil(bad)
			d := changes(t, (&fakeAPI{organisations: append(many(2), bad)}).serve(t))
			rejections := 0
			for row, err := range d.Rows() {
				require.NoError(t, err)
				_, err = d.Record(row)
				if rejected, ok := errors.AsType[*profile.Rejected](err); ok {
					rejections++
					require.Equal(t, test.field, rejected.Field)
					require.Contains(t, string(rejected.Raw), "ORGANISATION A81001")
				} else {
					require.NoError(t, err)
				}
			}
			require.Equal(t, 1, rejections)
		})
	}
}

func TestDeltaIsTheSameAfterAReload(t *testing.T) {
	t.Parallel()
	hashes := map[profile.Hash]bool{}
	for _, stamp := range []string{"2026-04-03T02:00:00Z", "2026-04-04T02:00:00Z"} {
		org := organisation("FA002", true, "RO182")
		org["meta"] = object{"lastUpdated": stamp}
		d := changes(t, (&fakeAPI{organisations: []object{org}}).serve(t))
		for row, err := range d.Rows() {
			require.NoError(t, err)
			hashes[row.Hash] = true
		}
	}
	require.Len(t, hashes, 1)
}

// An entry that is no organisation is named, left out, and stops nobody.
func TestDeltaWithWhatIsNoOrganisation(t *testing.T) {
	t.Parallel()
	location := object{"resourceType": "Location", "id": "FA009", "extension": organisation("FA009", true, "RO182")["extension"]}
	location["extension"].([]object)[1]["extension"].([]object)[1]["valueDateTime"] = "2027-01-01"
	fake := &fakeAPI{
		organisations: []object{organisation("FA001", true, "RO182"), location, nil, organisation("FA002", true, "RO182")},
		beside: []object{
			{"resource": object{"resourceType": "OperationOutcome"}},
			{"resource": object{"resourceType": "Endpoint", "id": "E1"}, "search": object{"mode": "include"}},
			{"resource": object{"resourceType": "OperationOutcome"}, "search": object{"mode": "outcome"}},
		},
		pageSize: 2,
	}
	d := changes(t, fake.serve(t))
	var read, left []string
	for row, err := range d.Rows() {
		require.NoError(t, err)
		record, err := d.Record(row)
		if rejected, ok := errors.AsType[*profile.Rejected](err); ok {
			require.Empty(t, rejected.Code, "its id is no code of an organisation")
			left = append(left, rejected.Field+" "+rejected.Value+": "+rejected.Reason)
			continue
		}
		require.NoError(t, err)
		read = append(read, record.Code.String())
	}
	require.Equal(t, []string{"FA001", "FA002"}, read)
	require.Equal(t, []string{"resourceType Location/FA009: want Organization", "resourceType : want Organization"}, left)
	require.Equal(t, "2026-04-02", d.Newest().String(), "what is left out moves no watermark")
	require.Equal(t, 1, fake.count("_summary"), "read once: nothing was taken for a moving register")
}

func TestEmptyDelta(t *testing.T) {
	t.Parallel()
	d := changes(t, (&fakeAPI{}).serve(t))
	require.Empty(t, recordsByCode(t, d))
	require.True(t, d.Newest().IsZero())
}

func TestAPIErrors(t *testing.T) {
	t.Parallel()
	fake := &fakeAPI{}
	api := fake.serve(t)
	_, err := api.Changes(t.Context(), profile.Date{})
	require.ErrorContains(t, err, "since when")
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	keyless, err := ods.NewAPI(ods.APIOptions{URL: server.URL + "/fhir", Limits: quick})
	require.NoError(t, err)
	_, err = keyless.Changes(t.Context(), since())
	status, ok := errors.AsType[*httpx.StatusError](err)
	require.True(t, ok)
	require.True(t, status.Unauthorized())
	_, err = ods.NewAPI(ods.APIOptions{URL: "ftp://x"})
	require.Error(t, err)
	for _, body := range []string{"<html>", `{"resourceType":"OperationOutcome"}`, `{"resourceType":"Bundle"}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		t.Cleanup(server.Close)
		odd, err := ods.NewAPI(ods.APIOptions{URL: server.URL, Limits: quick})
		require.NoError(t, err)
		_, err = odd.Changes(t.Context(), since())
		require.Error(t, err, body)
	}
}

// TestRealBodies plays recorded answers of the API.
func TestRealBodies(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"/fhir/Organization": "Organization_get_200_fhir_json.json", "/fhir/Organization/RR8": "Organization_id_get_200_fhir_json.json",
		"/fhir/List/Organization-deletion": "List_id_get_200_fhir_json.json",
		"/fhir/OrganizationAffiliation":    "OrganizationAffiliation_get_200_fhir_json.json",
	}
	for path, name := range answers {
		content, err := os.ReadFile(realData(t, "fhir", name))
		require.NoError(t, err)
		answers[path] = string(content)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, known := answers[r.URL.Path]
		switch {
		case r.URL.Query().Get("_summary") == "count":
			body = `{"resourceType":"Bundle","total":2}`
		case !known:
			w.WriteHeader(http.StatusNotFound)
		}
		body = strings.ReplaceAll(body, "https://int.api.service.nhs.uk/organisation-data-terminology-api", "http://"+r.Host)
		if r.URL.Query().Get("_offset") != "" {
			body = `{"resourceType":"Bundle","total":2}`
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	api, err := ods.NewAPI(ods.APIOptions{URL: server.URL + "/fhir/", Limits: quick})
	require.NoError(t, err)

	records := recordsByCode(t, changes(t, api))
	require.Len(t, records, 2)
	require.Equal(t, "AILSA HOUSE 3 TURNBERRY HOUSE\n4400 PARKWAY\nWHITELEY\nFAREHAM", orNone(records["AQN"], profile.FieldAddress))

	d, err := api.Lookup(t.Context(), []profile.ODSCode{"RR8"})
	require.NoError(t, err)
	trust := recordsByCode(t, d)["RR8"]
	require.Equal(t, facts{
		"name": "LEEDS TEACHING HOSPITALS NHS TRUST", "postcode": "LS9 7TF",
		"address": "ST. JAMES'S UNIVERSITY HOSPITAL\nBECKETT STREET\nLEEDS",
		"type":    "trust", "roles": "RO197", "phone": "0113 243 3144", "website": "HTTPS://WWW.LEEDSTH.NHS.UK/",
	}, stated(trust))
	require.Equal(t, "1998-04-01", trust.Opened.String())
	require.Equal(t, "2023-11-14", d.Newest().String())
	require.NoError(t, d.Close())

	deletions, err := api.Deletions(t.Context())
	require.NoError(t, err)
	day := profile.NewDate(2024, time.January, 17)
	require.Equal(t, []ods.Deletion{{Code: "FVG57", On: day}, {Code: "FJE57", On: day}}, deletions)
}
