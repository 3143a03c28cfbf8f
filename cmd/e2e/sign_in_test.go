package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"
	"github.com/stretchr/testify/require"
)

// A person signs in at one daemon. It is killed: the session is known to the other, until
// the person signs out there.
func TestASessionOutlivesItsDaemon(t *testing.T) {
	t.Parallel()
	provider, err := mockoidc.Run()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, provider.Shutdown()) })
	provider.QueueUser(
		&mockoidc.MockUser{Subject: "u-4711", Email: nobodysAddress, PreferredUsername: nobodysAddress, Groups: []string{"leads"}},
	)

	first, second := freeAddress(t), freeAddress(t)
	s := newSite(t).with("OIDC_ISSUER="+provider.Issuer(), "OIDC_CLIENT_ID="+provider.ClientID,
		"OIDC_CLIENT_SECRET="+provider.ClientSecret, "OIDC_VERBS=leads=read,approve")
	d, other := s.serveAPI(first), s.serveAPI(second)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	ask := func(method, address string) int {
		request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		require.NoError(t, err)
		answer, err := browser.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		return answer.StatusCode
	}
	const page = "/api/v1/nowhere"
	require.Equal(t, http.StatusUnauthorized, ask(http.MethodGet, "http://"+first+page))
	require.Equal(t, http.StatusNotFound, ask(http.MethodGet, "http://"+first+"/sign-in?to="+url.QueryEscape(page)), "let in")

	require.NoError(t, d.cmd.Process.Kill())
	require.True(t, d.wait(t).killed)
	require.Equal(t, http.StatusNotFound, ask(http.MethodGet, "http://"+second+page)) // cookies are those of a host, whatever the port
	stolen := jar.Cookies(&url.URL{Scheme: "http", Host: second})
	require.Equal(t, http.StatusOK, ask(http.MethodPost, "http://"+second+"/sign-out"))
	jar.SetCookies(&url.URL{Scheme: "http", Host: second}, stolen)
	require.Equal(t, http.StatusUnauthorized, ask(http.MethodGet, "http://"+second+page), "a stolen cookie is worth nothing")
	other.untilItSays(`"msg":"signed out"`)
	require.NotContains(t, d.log()+other.log(), nobodysAddress)
	require.Zero(t, s.count("select count(*) from session where position($1 in encode(data, 'escape')) > 0", nobodysAddress))
}

// nobodysAddress is a personal address, which must be nowhere.
const nobodysAddress = "ann.other@canary.example"

// serveAPI starts a daemon whose API has an address.
func (s *site) serveAPI(address string) daemon {
	s.t.Helper()
	d := daemon{site: s, started: s.with("HTTP_ADDRESS=127.0.0.1:0", "API_ADDRESS="+address).start(s.t.Context(), "serve")}
	require.Eventually(s.t, func() bool { return d.address() != "" }, patience, 10*time.Millisecond, "it serves: %s", d.log())
	return d
}
