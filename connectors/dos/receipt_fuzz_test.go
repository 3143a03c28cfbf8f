package dos

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/push"
)

// FuzzReceipt: a push counts as done only after the exact answers that say so, and no
// error repeats what DoS wrote.
func FuzzReceipt(f *testing.F) {
	f.Add(200, `{"message":"Change event received"}`)
	f.Add(200, `{"resourceType":"OperationOutcome","issue":[{"details":{"coding":[{"code":"MSG_UPDATED"}]}}]}`)
	f.Add(200, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","details":{"coding":[{"code":"MSG_NOT_UPDATED"}]}}]}`)
	f.Add(403, `{"Message":"Access Denied from 192.0.2.1 canary"}`)
	f.Add(404, `{"issue":[{"code":"not-found","diagnostics":"canary telecom"}]}`)
	f.Add(422, `{"issue":null}`)
	f.Fuzz(func(t *testing.T, status int, content string) {
		var said struct {
			Message string `json:"message"`
		}
		event, err := receipt("FA123", &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(content))})
		if err == nil {
			require.NoError(t, json.Unmarshal([]byte(content), &said))
			require.Equal(t, "Change event received", said.Message)
			require.Equal(t, push.Receipt{Status: http.StatusOK}, event)
		} else {
			requireOwnWords(t, err)
		}
		ingest, _, err := readReceipt("A81001", &httpx.Answer{Status: status, Body: []byte(content)})
		if err == nil {
			require.Less(t, status, http.StatusBadRequest)
			require.True(t, json.Valid([]byte(content)))
			require.Equal(t, status, ingest.Status)
		} else {
			requireOwnWords(t, err)
		}
	})
}

func requireOwnWords(t *testing.T, err error) {
	t.Helper()
	failure := requireSinkError(t, err)
	require.NotEmpty(t, failure.Answer)
	require.NotEmpty(t, failure.Reason)
	require.NotContains(t, failure.Error(), "canary")
	require.NotContains(t, failure.Error(), "\n")
}
