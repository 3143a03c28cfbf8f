package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordedAnswer is a request to the official sandbox and its answer.
type recordedAnswer struct {
	Request struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"request"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Kind    string            `json:"body_kind"`
		Body    json.RawMessage   `json:"body"`
	} `json:"response"`
}

// sandbox answers with the recordings of the official sandbox, which accepts
// exactly these requests and no others.
func sandbox(t *testing.T, names ...string) (base string) {
	t.Helper()
	answers := map[string]recordedAnswer{}
	for _, name := range names {
		text, err := os.ReadFile(realData(t, filepath.Join("..", "ers", name+".json")))
		require.NoError(t, err)
		var r recordedAnswer
		require.NoError(t, json.Unmarshal(text, &r))
		address, err := url.Parse(r.Request.URL)
		require.NoError(t, err)
		answers[r.Request.Method+" "+address.RequestURI()] = r
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, _ := url.QueryUnescape(r.URL.RequestURI())
		answer, known := answers[r.Method+" "+query]
		if !known || r.Header.Get("Authorization") != "" {
			http.Error(w, "Not Found", http.StatusNotFound)
			return
		}
		for _, name := range []string{"Content-Type", "Etag", "X-Request-Id"} {
			for key, value := range answer.Response.Headers {
				if http.CanonicalHeaderKey(key) == name {
					w.Header().Set(name, value)
				}
			}
		}
		w.WriteHeader(answer.Response.Status)
		body := []byte(answer.Response.Body)
		if answer.Response.Kind == "text" {
			var text string
			_ = json.Unmarshal(body, &text)
			body = []byte(text)
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/FHIR"
}

// The program runs unchanged against the official sandbox: only its address and
// "no authentication" are configured (connectors/ers/CONTRACT.md "Acceptance",
// item 18).
func TestTheSandboxIsReadAsItWasRecorded(t *testing.T) {
	t.Parallel()
	base := sandbox(t, "A033_get_service_1", "A033_get_service_2", "A033_get_service_3_not_found", "A035_search_ids_1_2",
		"A035_search_ids_3_4", "A035_search_ids_5_6_empty", "A035_search_single_id", "A004_codesystem_SPECIALTY", "A004_codesystem_CLINIC-TYPE")
	s := newSite(t).with("ERS_URL="+base, "ERS_AUTH=none", "ERS_COLUMNS="+twoColumns)
	s.write("insert into profile (code, name, type) values ('R6901', 'Site', 'trust-site')")

	registers := func(rows string) {
		path := filepath.Join(s.dir, "EBSX05.csv")
		require.NoError(t, os.WriteFile(path, []byte("a,b\n"+rows), 0o600))
		s.exits(0, "ers", "register", "import", path)
	}
	s.exits(0, "ers", "codes", "--pull")
	require.Equal(t, 4, s.count("select count(*) from ers_code where kind = 'SPECIALTY'"))
	require.Equal(t, 7, s.count("select count(*) from ers_code where kind = 'CLINIC-TYPE' and parents <> '{}'"))
	s.exits(0, "ers", "register", "add", "2", "--site", "R6901")
	s.exits(1, "ers", "register", "add", "3", "--site", "R6901")
	registers("1,R6901\n2,R6901\n")
	require.Equal(t, map[string]int{"ers-services": 2}, s.on("2026-11-02").asJSON(0, "reconcile", "--source", "ers", "--wait").Fields)
	require.Equal(t, "Direct SVC 1,Direct SVC 2", one[string](s,
		"select string_agg(name, ',' order by name) from service where code = 'R6901' and source = 'ers' and not withdrawn"))

	// an answer with other services, and an empty one: nothing is removed
	for day, rows := range map[string]string{"2026-11-03": "3,R6902\n4,R6902\n", "2026-11-04": "5,R6902\n6,R6902\n"} {
		s.write("delete from ers_service where id not in ('1', '2')")
		s.write("update ers_service set claimed = '{R6901}'")
		registers(rows)
		run := s.on(day).asJSON(0, "reconcile", "--source", "ers", "--ods", "R6902", "--wait")
		require.Equal(t, 2, run.Records)
		require.Zero(t, run.Changes)
		require.Equal(t, 2, s.count("select count(*) from ers_service where state = 'missing'"))
	}
	require.Equal(t, 2, s.count("select count(*) from service where not withdrawn"))
}
