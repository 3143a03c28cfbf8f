package erstest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

func id(n int) services.ID { return services.ID(strconv.Itoa(n)) }

func upTo(n int) string {
	ids := make([]string, 0, n)
	for i := range n {
		ids = append(ids, strconv.Itoa(i+1))
	}
	return strings.Join(ids, ",")
}

// TestSearchRules covers the rules of CONTRACT.md "Asking for many", with 400 for
// anything else.
func TestSearchRules(t *testing.T) {
	t.Parallel()
	_, base := erstest.Start(t, erstest.Options{World: many(30)})
	const bad = "invalid REC_BAD_REQUEST http-error-codes"
	for query, want := range map[string]struct {
		code string
		ids  []string
	}{
		"?_id=3":                {ids: []string{"3"}},
		"?_id=3,99,1":           {ids: []string{"3", "1"}},
		"?_id=3%2C1":            {ids: []string{"3", "1"}},
		"?_id=1,1":              {ids: []string{"1"}},
		"?_id=98,99":            {},
		"?_id=" + upTo(20):      {ids: strings.Split(upTo(20), ",")},
		"?_id=" + upTo(21):      {code: bad},
		"":                      {code: bad},
		"?_id=":                 {code: bad},
		"?_id=1,":               {code: bad},
		"?_id=1,,2":             {code: bad},
		"?_id=1,x":              {code: bad},
		"?_id=1,%202":           {code: bad},
		"?_id=1&_id=2":          {code: bad},
		"?organization=R69":     {code: bad},
		"?_id=1&_lastUpdated=1": {code: bad},
	} {
		got := get(servicesPath+query).to(t, base)
		require.Equal(t, want.code, got.code(), query)
		if want.code != "" {
			require.Equal(t, 400, got.status, query)
			continue
		}
		require.Equal(t, 200, got.status, query)
		require.Equal(t, want.ids, got.found(), query)
		require.InDelta(t, len(want.ids), got.body["total"], 0)
		require.Equal(t, len(want.ids) > 0, got.body["entry"] != nil, "no entry if nothing is found: %s", query)
		require.NotContains(t, got.text, base, "URLs are those of another environment")
	}
}

func TestHeadersOfAnswers(t *testing.T) {
	t.Parallel()
	server, base := erstest.Start(t, erstest.Options{World: many(3)})
	for _, path := range []string{servicesPath + "/1", servicesPath + "/9", servicesPath + "?_id=1", servicesPath, specials, "/R4/Nope"} {
		c := get(path)
		c.header = map[string]string{"X-Correlation-Id": "mine", "X-Request-Id": "dropped"}
		got := c.to(t, base)
		require.Equal(t, "mine", got.header.Get("X-Correlation-ID"))
		entries := server.Ledger()
		last := entries[len(entries)-1]
		require.Equal(t, last.RequestID, got.header.Get("X-Request-ID"))
		require.Len(t, last.RequestID, len("58621d65-d5ad-4c3a-959f-0438e355990e-1"))
		require.Equal(t, "mine", last.Correlation)
		require.Equal(t, got.status, last.Status)
	}
	require.Empty(t, get(servicesPath+"/1").to(t, base).header.Get("X-Correlation-ID"))
	require.Equal(t, "not-found REC_NOT_FOUND http-error-codes", get(servicesPath+"/9").to(t, base).code())
	require.Equal(t, 404, get(servicesPath+"/x1").to(t, base).status)
	require.Equal(t, 200, get("/_ping").to(t, erstest.Root(base)).status)
	require.Equal(t, 200, get("/referrals/_ping").to(t, erstest.Root(base)).status)
}

func TestAccept(t *testing.T) {
	t.Parallel()
	_, base := erstest.Start(t, erstest.Options{World: many(1)})
	for accept, status := range map[string]int{
		"application/fhir+json": 200, "*/*": 200, "text/html, application/*;q=0.1": 200, "application/xml": 406, "application/json": 406,
	} {
		c := get(servicesPath + "/1")
		c.header = map[string]string{"Accept": accept}
		require.Equal(t, status, c.to(t, base).status, accept)
		if c.path = specials; status == 406 {
			got := c.to(t, base)
			require.Equal(t, 406, got.status)
			require.Contains(t, got.header.Get("Content-Type"), "text/plain")
		}
	}
}

// TestTypeShapes covers both forms of type (CONTRACT.md "The service resource").
func TestTypeShapes(t *testing.T) {
	t.Parallel()
	typed := func(n int, shape erstest.TypeShape) erstest.Service {
		s := erstest.Service{Published: true, Type: shape}
		s.ID, s.Sites, s.Name = id(n), []profile.ODSCode{"R6901"}, "S"
		s.AppointmentTypes = []services.Coding{{Code: "DAY_CASE", Display: "Day Case"}, {Code: "GPSI", Display: "GPSI"}}
		return s
	}
	object, array := map[string]any{}, []any{}
	for _, row := range []struct {
		option, own erstest.TypeShape
		n           int
		want        any
	}{
		{"", "", 1, object},
		{erstest.TypeArray, "", 2, array},
		{erstest.TypeMixed, "", 1, array},
		{erstest.TypeMixed, "", 2, object},
		{erstest.TypeArray, erstest.TypeObject, 1, object},
		{"", erstest.TypeArray, 1, array},
	} {
		world := erstest.NewWorld(1, nil, 0)
		require.NoError(t, world.Add(typed(row.n, row.own)))
		_, base := erstest.Start(t, erstest.Options{World: world, Type: row.option, Extras: row.n == 2})
		got := get(servicesPath+"/"+strconv.Itoa(row.n)).to(t, base)
		require.IsType(t, row.want, got.body["type"], row)
		require.Equal(t, 2, strings.Count(got.text, "eRS-AppointmentType"))
		require.Equal(t, row.n == 2, strings.Contains(got.text, "Unheard"), "extras")
	}
}

// TestVisibility: NO_RELATIONSHIP for the whole batch, and for each id alone.
func TestVisibility(t *testing.T) {
	t.Parallel()
	world := many(4)
	require.NoError(t, world.Hide("2", "c1"))
	require.NoError(t, world.Hide("3"))
	require.NoError(t, world.Remove("4"))
	_, base := erstest.Start(t, erstest.Options{World: world, Clients: []erstest.Client{{ID: "c1", KeyID: "k"}, {ID: "c2", KeyID: "k"}}})
	const hidden = "forbidden NO_RELATIONSHIP ers-error-codes"
	for _, row := range []struct {
		client, path string
		status       int
		code         string
	}{
		{"c1", "?_id=1,4", 200, ""},
		{"c1", "?_id=1,2", 403, hidden},
		{"c2", "?_id=1,2", 200, ""},
		{"c2", "?_id=1,2,3", 403, hidden},
		{"c1", "/1", 200, ""},
		{"c1", "/2", 403, hidden},
		{"c2", "/2", 200, ""},
		{"c2", "/3", 403, hidden},
		{"c2", "/4", 404, "not-found REC_NOT_FOUND http-error-codes"},
	} {
		token, err := tokenOf(t, base, row.client)
		require.NoError(t, err)
		c := get(servicesPath + row.path)
		c.token = token
		got := c.to(t, base)
		require.Equal(t, row.status, got.status, row)
		require.Equal(t, row.code, got.code(), row)
		if c.method = "HEAD"; row.path[0] == '/' {
			require.Equal(t, row.status, c.to(t, base).status)
		}
	}
}

// TestUnpublished covers the three possible answers (CONTRACT.md "Assumptions").
func TestUnpublished(t *testing.T) {
	t.Parallel()
	for option, want := range map[int]struct{ single, batch, found int }{0: {200, 200, 2}, 403: {403, 403, 0}, 404: {404, 200, 1}} {
		world := many(2)
		s, _ := world.Service("2")
		s.Published = false
		require.NoError(t, world.Add(s))
		_, base := erstest.Start(t, erstest.Options{World: world, Unpublished: option})
		require.Equal(t, want.single, get(servicesPath+"/2").to(t, base).status)
		batch := get(servicesPath+"?_id=1,2").to(t, base)
		require.Equal(t, want.batch, batch.status)
		require.Len(t, batch.found(), want.found)
	}
}

// TestVersions: the ETag is the version, which every change except of a label raises.
func TestVersions(t *testing.T) {
	t.Parallel()
	world := recorded()
	_, base := erstest.Start(t, erstest.Options{World: world})
	last := get(servicesPath+"/2").to(t, base)
	for n, row := range []struct {
		do      func() error
		version bool
		says    string
	}{
		{func() error { return world.Change("2") }, true, "Mon-Fri 0900-1700"},
		{func() error { return world.Restamp("2") }, true, "Mon-Fri 0900-1700"},
		{func() error { return world.Rename("2", "Other") }, true, `"Other"`},
		{func() error { return world.Move("2", "R6902") }, true, "R6902"},
		{func() error { return world.Relabel("DAY_CASE", "Day surgery") }, false, "Day surgery"},
	} {
		require.NoError(t, row.do())
		next := get(servicesPath+"/2").to(t, base)
		require.Contains(t, next.text, row.says)
		require.NotEqual(t, last.text, next.text)
		require.Equal(t, row.version, last.header.Get("ETag") != next.header.Get("ETag"), n)
		meta := next.body["meta"].(map[string]any)
		require.Equal(t, fmt.Sprintf("W/%q", meta["versionId"]), next.header.Get("ETag"))
		last = next
	}
	require.NoError(t, world.Remove("2"))
	require.Equal(t, 404, get(servicesPath+"/2").to(t, base).status)
	require.Nil(t, get(servicesPath+"?_id=2").to(t, base).body["entry"])
	require.NoError(t, world.Return("2"))
	require.Equal(t, last.text, get(servicesPath+"/2").to(t, base).text)
	require.Error(t, world.Change("2", "99"))
	require.Equal(t, last.text, get(servicesPath+"/2").to(t, base).text, "all or none")
}
