package dos

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/push"
)

// The ingest uses one token of the platform for all pushes, gets a new one if it is
// refused, and only pauses if there is none.
func TestIngestWithTokens(t *testing.T) {
	t.Parallel()
	endpoint := apimtest.New(apimtest.Options{ClientID: "client", KeyID: "kid-1"})
	platform := httptest.NewServer(endpoint)
	t.Cleanup(platform.Close)
	server, address := dostest.Start(t, dostest.Options{Token: endpoint.Valid})
	server.SeedOrganization("A81001", "ELM ROAD SURGERY")

	application := Application{
		TokenURL: platform.URL + "/oauth2/token", ClientID: "client", KeyID: "kid-1", PrivateKey: string(apimtest.PEM(apimtest.Key())),
	}
	pushAs := func(a Application, name string) error {
		tokens, err := a.Tokens()
		require.NoError(t, err)
		ingest, err := NewIngest(IngestOptions{URL: address + dostest.FHIRPath, Tokens: tokens, Limits: httpx.Limits{PerSecond: 1000}})
		require.NoError(t, err)
		for range 2 {
			if _, err = ingest.Push(t.Context(), fhirDelivery(t, "A81001", "name", name, "status", "open", "phone", "01234 567890",
				"email", "", "website", "")); err != nil {
				return err
			}
			endpoint.ExpireAll()
		}
		return nil
	}
	require.NoError(t, pushAs(application, "Oak Road Surgery"))
	require.Equal(t, 2, endpoint.Calls(), "one token until it is refused")
	require.Equal(t, "Oak Road Surgery", server.Organizations("A81001")[0].Name)

	application.KeyID = "another"
	require.Equal(t, push.AnswerUnauthorized, answerIn(t, pushAs(application, "Ash Road Surgery")))
	require.Equal(t, "Oak Road Surgery", server.Organizations("A81001")[0].Name)
	application.PrivateKey = "no key"
	_, err := application.Tokens()
	require.Error(t, err, "at the start, not later")
}
