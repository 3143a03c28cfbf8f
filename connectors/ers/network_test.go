package ers

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOverANetwork: net/http adds one header of its own, and unpacks the answer. The
// base address may have another path, like that of the local sandbox.
func TestOverANetwork(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			assert.Contains(t, []string{"X-Correlation-Id", "Accept", "User-Agent", "Accept-Encoding"}, name)
		}
		assert.Equal(t, "/FHIR/R4/HealthcareService?_id=1,2", r.RequestURI, "the sandbox knows it in this form")
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer func() { assert.NoError(t, packed.Close()) }()
		_, err := packed.Write([]byte(searchset(idsOf(r), func(string) bool { return true })))
		assert.NoError(t, err)
	}))
	defer server.Close()
	api, err := New(Options{URL: server.URL + "/FHIR/", Credentials: []Credential{{Name: "sandbox"}}})
	require.NoError(t, err)
	found, err := api.Services(t.Context(), ids{"2", "1"})
	require.NoError(t, err)
	require.Len(t, found.Services, 2)
}
