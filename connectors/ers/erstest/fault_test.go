package erstest_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// answers has the answer of every fault that replaces one: the code of the R4 body, or
// the body itself, and the same for the STU3 path (CONTRACT.md "Errors").
var answers = map[simulate.Name]struct{ r4, stu3 string }{
	simulate.Error(400):           {"invalid REC_BAD_REQUEST http-error-codes", ""},
	erstest.MissingHeader:         {"required MISSING_HEADER NHSD-API-ErrorOrWarningCode", ""},
	simulate.Unauthorized:         {"login ACCESS_DENIED NHSD-API-ErrorOrWarningCode", ""},
	erstest.UnauthorizedForbidden: {"forbidden ACCESS_DENIED NHSD-API-ErrorOrWarningCode", ""},
	simulate.Error(403):           {"forbidden REC_FORBIDDEN http-error-codes", "forbidden FORBIDDEN eRS-APIErrorCode-1"},
	erstest.AccessDenied:          {"forbidden ACCESS_DENIED NHSD-API-ErrorOrWarningCode", "forbidden NO_ACCESS eRS-APIErrorCode-1"},
	erstest.NoASID:                {"forbidden ACCESS_DENIED NHSD-API-ErrorOrWarningCode", "forbidden NO_ACCESS eRS-APIErrorCode-1"},
	erstest.NoRelationship:        {"forbidden NO_RELATIONSHIP ers-error-codes", "forbidden NO_ACCESS eRS-APIErrorCode-1"},
	erstest.ForbiddenEmpty:        {"", ""},
	simulate.Error(404):           {"not-found REC_NOT_FOUND http-error-codes", ""},
	erstest.NotFoundText:          {"Not Found\n", "Not Found\n"},
	simulate.Error(406):           {"not-supported REC_NOT_ACCEPTABLE http-error-codes", "Not Acceptable"},
	simulate.Error(415):           {"not-supported REC_UNSUPPORTED_MEDIA_TYPE http-error-codes", "Unsupported Media Type"},
	simulate.Throttled:            {"throttled TOO_MANY_REQUESTS NHSD-API-ErrorOrWarningCode", ""},
	erstest.ThrottledEmpty:        {"", ""},
	simulate.Error(500):           {"exception REC_SERVER_ERROR http-error-codes", ""},
	erstest.ServiceError:          {"exception SERVICE_ERROR NHSD-API-ErrorOrWarningCode", ""},
	erstest.ServerErrorApigee:     {`{"fault":`, `{"fault":`},
	erstest.ServerErrorHTML:       {"<!DOCTYPE html>", "<!DOCTYPE html>"},
	erstest.ServerErrorEmpty:      {"", ""},
	simulate.Error(503):           {"transient REC_UNAVAILABLE http-error-codes", "transient SYSTEM_UNAVAILABLE eRS-APIErrorCode-1"},
	erstest.UnavailableEmpty:      {"", ""},
}

func TestEveryErrorBody(t *testing.T) {
	t.Parallel()
	server, base := erstest.Start(t, erstest.Options{World: many(1)})
	for _, name := range erstest.FaultNames() {
		want, known := answers[name]
		if !known {
			require.True(t, erstest.StatusOf(name) == 0 || strings.HasPrefix(string(name), "no-") || name == erstest.JWKSUnreachable, name)
			continue
		}
		for path, body := range map[string]string{servicesPath + "/1": want.r4, servicesPath + "?_id=1": want.r4, specials: want.stu3} {
			server.Fault(simulate.Fault{Names: []simulate.Name{name}, RetryAfter: 7})
			got := get(path).to(t, base)
			require.Equal(t, erstest.StatusOf(name), got.status, name)
			require.Equal(t, "7", got.header.Get("Retry-After"))
			require.Equal(t, erstest.StatusOf(name) == 401, got.header.Get("WWW-Authenticate") != "")
			switch {
			case got.body["resourceType"] == "OperationOutcome":
				require.Equal(t, body, got.code(), name)
				require.Equal(t, "application/fhir+json", got.header.Get("Content-Type"))
			case body == "":
				require.Empty(t, got.text, "%s at %s", name, path)
			default:
				require.True(t, strings.HasPrefix(got.text, body), "%s at %s: %s", name, path, got.text)
			}
			require.NotEmpty(t, got.header.Get("X-Request-ID"))
		}
		server.Fault(simulate.Of(name))
		head := call{method: http.MethodHead, path: servicesPath + "/1"}.to(t, base)
		require.Equal(t, erstest.StatusOf(name), head.status)
		require.Empty(t, head.header.Get("Retry-After"))
	}
	require.Equal(t, 200, get(servicesPath+"/1").to(t, base).status)
}

func TestSpoiltAnswers(t *testing.T) {
	t.Parallel()
	server, base := erstest.Start(t, erstest.Options{World: many(4)})
	batch, single := servicesPath+"?_id=1,2,3,4", servicesPath+"/1"
	for _, row := range []struct {
		name simulate.Name
		path string
		see  func(reply) bool
	}{
		{simulate.DroppedBefore, single, func(r reply) bool { return r.status == 0 }},
		{simulate.Truncated, single, func(r reply) bool { return r.status == -200 }},
		{simulate.HTML, single, func(r reply) bool { return r.status == 200 && r.text[0] == '<' }},
		{erstest.EmptyBundle, batch, func(r reply) bool { return r.status == 200 && r.body["entry"] == nil && r.body["total"] == 0.0 }},
		{erstest.PartialBundle, batch, func(r reply) bool { return slices.Equal(r.found(), []string{"1", "3"}) && r.body["total"] == 2.0 }},
		{erstest.EmptyBundle, single, func(r reply) bool { return r.body["id"] == "1" }},
		{simulate.NoETag, single, func(r reply) bool { return r.status == 200 && r.header.Get("ETag") == "" }},
		{erstest.StrongETag, single, func(r reply) bool { return r.header.Get("ETag") == `"1"` }},
		{erstest.BadETag, single, func(r reply) bool { return r.header.Get("ETag") == "W/1" }},
	} {
		server.Fault(simulate.Of(row.name))
		require.True(t, row.see(get(row.path).to(t, base)), row.name)
		entries := server.Ledger()
		require.Equal(t, row.name, entries[len(entries)-1].Fault)
	}
}

// TestWhichRequestsMeetFaults: by call, service, order and a test's own function.
func TestWhichRequestsMeetFaults(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault simulate.Fault
		want  [4]int // of /1, /2, ?_id=1,2 and the code system
	}{
		"once":   {simulate.Fault{}, [4]int{500, 200, 200, 200}},
		"twice":  {simulate.Fault{Times: 2}, [4]int{500, 500, 200, 200}},
		"later":  {simulate.Fault{Skip: 2, Times: -1}, [4]int{200, 200, 500, 500}},
		"search": {simulate.Fault{Kinds: []erstest.Kind{erstest.Search}, Times: -1}, [4]int{200, 200, 500, 200}},
		"an id":  {simulate.Fault{IDs: []string{"2"}, Times: -1}, [4]int{200, 500, 500, 200}},
		"nobody": {simulate.Fault{Clients: []string{"c1"}, Times: -1}, [4]int{200, 200, 200, 200}},
		"matched": {
			simulate.Fault{Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/2") }},
			[4]int{200, 500, 200, 200},
		},
	} {
		server, base := erstest.Start(t, erstest.Options{World: many(2)})
		row.fault.Names = []simulate.Name{simulate.Error(500)}
		server.Fault(row.fault)
		for i, path := range []string{servicesPath + "/1", servicesPath + "/2", servicesPath + "?_id=1,2", specials} {
			require.Equal(t, row.want[i], get(path).to(t, base).status, "%s: %s", name, path)
		}
	}
	require.Panics(t, func() { erstest.New(erstest.Options{}).Fault(simulate.Of("x")) })
	require.Panics(t, func() { erstest.New(erstest.Options{Clients: []erstest.Client{{}}}) })
}

// TestFaultsOfTokens: rows of the table that no assertion can cause, and faults of any
// server.
func TestFaultsOfTokens(t *testing.T) {
	t.Parallel()
	server, base := erstest.Start(t, erstest.Options{Clients: twoClients})
	for name, want := range map[simulate.Name]string{
		erstest.NoJWKS: "register a public key", erstest.JWKSUnreachable: "can't be reached", erstest.NoProduct: "unauthorized_client",
		simulate.Throttled: "too_many_requests", erstest.ThrottledEmpty: "", erstest.ServerErrorHTML: "<!DOCTYPE",
	} {
		server.Fault(simulate.Fault{Kinds: []erstest.Kind{erstest.Token}, Names: []simulate.Name{name}})
		got := call{method: "POST", path: erstest.TokenPath}.to(t, erstest.Root(base))
		require.Equal(t, erstest.StatusOf(name), got.status)
		require.Contains(t, got.text, want)
	}
	server.Fault(simulate.Fault{Names: []simulate.Name{simulate.DroppedBefore}, Times: -1})
	_, err := tokenOf(t, base, "c1")
	require.NoError(t, err, "a fault that names no kind does not affect tokens")
}

func TestHeldBackAndWatched(t *testing.T) {
	t.Parallel()
	world := many(1)
	server, base := erstest.Start(t, erstest.Options{World: world})
	free := make(chan struct{})
	// The service is renamed before the request is answered, which waits for it.
	server.Fault(simulate.Fault{Wait: free, LatencyMS: 1, Do: func() { _ = world.Rename("1", "Meanwhile") }})
	time.AfterFunc(10*time.Millisecond, func() { close(free) })
	require.Equal(t, "Meanwhile", get(servicesPath+"/1").to(t, base).body["name"])
	<-free
	ctx, gone := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer gone()
	server.Fault(simulate.Fault{Wait: make(chan struct{})})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+servicesPath+"/1", http.NoBody)
	require.NoError(t, err)
	_, err = http.DefaultClient.Do(req) //nolint:bodyclose // there is none
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
