package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"

	"github.com/oauth2-proxy/mockoidc"
	"github.com/stretchr/testify/require"
)

// Whoever opens a page of the console signs in, and comes back to that page; after signing
// out, the page asks to sign in again.
func TestTheConsoleLeadsThroughSigningIn(t *testing.T) {
	t.Parallel()
	provider, err := mockoidc.Run()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, provider.Shutdown()) })
	for range 2 {
		provider.QueueUser(&mockoidc.MockUser{Subject: "u-4711", Email: nobodysAddress, Groups: []string{"leads"}})
	}
	address := freeAddress(t)
	d := newSite(t).with("OIDC_ISSUER="+provider.Issuer(), "OIDC_CLIENT_ID="+provider.ClientID,
		"OIDC_CLIENT_SECRET="+provider.ClientSecret, "OIDC_VERBS=leads=read,approve").serveAPI(address)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	ask := func(method, path string) (at, text string) {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, nil)
		require.NoError(t, err)
		answer, err := browser.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode, "%s %s: %s", method, path, content)
		return answer.Request.URL.RequestURI(), string(content)
	}
	at, text := ask(http.MethodGet, "/runs?source=ods")
	require.Equal(t, "/runs?source=ods", at)
	require.Contains(t, text, "<h1>Runs</h1>")
	require.Contains(t, text, "u-4711")
	require.NotContains(t, text, `href="/tokens"`, "only who administers sees tokens")
	_, text = ask(http.MethodPost, "/sign-out")
	require.Contains(t, text, "<h1>You have signed out</h1>")
	require.Contains(t, text, "/assets/console.css")
	at, _ = ask(http.MethodGet, "/now")
	require.Equal(t, "/now", at, "signed in again")
	require.NotContains(t, d.log(), nobodysAddress)
}
