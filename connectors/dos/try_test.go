package dos

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestTheKeyOfChangeEventsIsTriedWithoutAnEvent(t *testing.T) {
	t.Parallel()
	server, address := dostest.Start(t, dostest.Options{APIKey: "hush-key"})
	try := func(address, key string) error {
		return newSink(t, Options{Events: EventOptions{URL: address, Key: secretOf(key)}}).TryEvents(t.Context())
	}
	require.NoError(t, try(address, "hush-key"))

	err := try(address, "hush-old")
	failure := new(push.SinkError)
	require.ErrorAs(t, err, &failure)
	require.Equal(t, push.AnswerUnauthorized, failure.Answer)
	require.Contains(t, failure.Reason, "refused the API key")
	require.NotContains(t, err.Error(), "hush")
	require.Empty(t, server.Summary().Effects, "nothing was queued")

	for name, status := range map[string]int{"an error": http.StatusInternalServerError, "any success": http.StatusOK} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(other.Close)
		require.ErrorAs(t, try(other.URL, "hush-key"), &failure, name)
		require.Equal(t, push.AnswerUnclear, failure.Answer, name)
	}
	require.Error(t, (&Sink{}).TryEvents(t.Context()))
}
