package apim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/connectors/realdata"
)

const (
	tokenURL = "https://int.api.example.test/oauth2/token"
	clientID = "client-7f3a"
	keyID    = "key-2026"
)

// inProcess carries requests to a handler without a network, so that tests run
// on synctest's clock.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func options(handler http.Handler) apim.Options {
	return apim.Options{
		TokenURL: tokenURL, ClientID: clientID, KeyID: keyID, Key: apimtest.Key(), Transport: inProcess{handler},
	}
}

func tokens(t *testing.T, o apim.Options) *apim.Tokens {
	t.Helper()
	made, err := apim.New(o)
	require.NoError(t, err)
	return made
}

func endpoint() *apimtest.Endpoint {
	return apimtest.New(apimtest.Options{ClientID: clientID, KeyID: keyID, URL: tokenURL})
}

// tokenCase is a row of the platform's own tests.
type tokenCase struct {
	When        string `json:"when"`
	Status      int    `json:"status"`
	Error       string `json:"error"`
	Description string `json:"description"`
}

func tokenCases(t *testing.T) []tokenCase {
	t.Helper()
	content := realdata.Read(t, "ers", "token_endpoint_cases.json")
	var file struct {
		Errors []tokenCase `json:"errors"`
	}
	require.NoError(t, json.Unmarshal(content, &file))
	require.NotEmpty(t, file.Errors)
	return file.Errors
}
