package erstest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/services"
)

// exchange is a recorded answer of the official sandbox.
type exchange struct {
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    map[string]any    `json:"body"`
	} `json:"response"`
}

func record(t *testing.T, name string) exchange {
	t.Helper()
	var e exchange
	require.NoError(t, json.Unmarshal(realdata.Read(t, "ers", name+".json"), &e))
	return e
}

// TestServicesAsRecorded: the same body and ETag as the sandbox.
func TestServicesAsRecorded(t *testing.T) {
	t.Parallel()
	_, base := erstest.Start(t, erstest.Options{World: recorded()})
	for name, path := range map[string]string{
		"A033_get_service_1": servicesPath + "/1", "A033_get_service_2": servicesPath + "/2",
	} {
		want, got := record(t, name), get(path).to(t, base)
		require.Equal(t, want.Response.Status, got.status)
		require.Equal(t, want.Response.Body, got.body)
		require.Equal(t, want.Response.Headers["etag"], got.header.Get("ETag"))
		require.Equal(t, want.Response.Headers["content-type"], got.header.Get("Content-Type"))
		head := call{method: "HEAD", path: path}.to(t, base)
		require.Equal(t, want.Response.Headers["etag"], head.header.Get("ETag"))
		require.Empty(t, head.text)
	}
	require.Equal(t, 404, call{method: "HEAD", path: servicesPath + "/3"}.to(t, base).status)
}

// TestBundlesAsRecorded: the same except for the time, and for `active`, which the
// sandbox still has from an older design.
func TestBundlesAsRecorded(t *testing.T) {
	t.Parallel()
	world := recorded()
	two, _ := world.Service("2")
	plain := func(id services.ID, name string) erstest.Service {
		s := erstest.Service{Published: true}
		s.ID, s.Name, s.Sites = id, name, two.Sites
		return s
	}
	require.NoError(t, world.Add(plain("1", "Direct SVC 1"), plain("2", "Direct SVC 2")))
	_, base := erstest.Start(t, erstest.Options{World: world, BaseURL: "_baseUrl_"})
	for name, query := range map[string]string{
		"A035_search_ids_1_2": "1,2", "A035_search_ids_1_2_percent_encoded": "1%2C2", "A035_search_ids_5_6_empty": "5,6",
	} {
		want, got := record(t, name).Response.Body, get(servicesPath+"?_id="+query).to(t, base).body
		for _, body := range []map[string]any{want, got} {
			delete(body, "id")
			delete(body, "meta")
			delete(body, "timestamp")
			entries, _ := body["entry"].([]any)
			for _, entry := range entries {
				delete(entry.(map[string]any)["resource"].(map[string]any), "active")
			}
		}
		require.Equal(t, want, got, name)
	}
}

// TestCodeSystemsAsRecorded: the same metadata, and every recorded concept.
func TestCodeSystemsAsRecorded(t *testing.T) {
	t.Parallel()
	_, base := erstest.Start(t, erstest.Options{BaseURL: "_baseUrl_"})
	for _, system := range []string{"SPECIALTY", "CLINIC-TYPE", "PRIORITY"} {
		want, got := record(t, "A004_codesystem_"+system).Response.Body, get("/STU3/CodeSystem/"+system).to(t, base).body
		concepts, _ := got["concept"].([]any)
		require.Subset(t, concepts, want["concept"], system)
		delete(want, "concept")
		delete(got, "concept")
		require.Equal(t, want, got)
	}
	unknown := get("/STU3/CodeSystem/NOPE").to(t, base)
	require.Equal(t, record(t, "A004_codesystem_unknown").Response.Status, unknown.status)
	require.Empty(t, unknown.text)
}
