package login_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
	"github.com/stretchr/testify/require"
)

// What the provider sends back is refused unless it is the answer to what this browser
// started, and is used once.
func TestOnlyTheAnswerToWhatWasStartedCounts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world, ann *person, server *httptest.Server, callback *url.URL){
		"wrong state":  func(_ *world, _ *person, _ *httptest.Server, callback *url.URL) { set(callback, "state", "AAAA") },
		"no state":     func(_ *world, _ *person, _ *httptest.Server, callback *url.URL) { set(callback, "state", "") },
		"no code":      func(_ *world, _ *person, _ *httptest.Server, callback *url.URL) { set(callback, "code", "") },
		"made-up code": func(_ *world, _ *person, _ *httptest.Server, callback *url.URL) { set(callback, "code", "made-up") },
		"refused by the provider": func(_ *world, _ *person, _ *httptest.Server, callback *url.URL) {
			set(callback, "error", "access_denied")
		},
		"used code": func(w *world, _ *person, _ *httptest.Server, callback *url.URL) {
			used, err := w.provider.SessionStore.GetSessionByID(callback.Query().Get("code"))
			require.NoError(w.t, err)
			used.Granted = true
		},
		"another browser": func(_ *world, ann *person, server *httptest.Server, _ *url.URL) {
			ann.gives(server, ann.started(server), "")
		},
		"another one's cookie": func(_ *world, ann *person, server *httptest.Server, _ *url.URL) {
			other := base64.RawURLEncoding.EncodeToString([]byte(`{"s":"A","n":"B","v":"C","t":"/"}`))
			ann.gives(server, ann.started(server), other)
		},
		"a verifier of nobody": func(w *world, ann *person, server *httptest.Server, _ *url.URL) {
			w.alter(ann, server, "v", "another-verifier-of-at-least-43-characters-x")
		},
		"wrong nonce": func(w *world, ann *person, server *httptest.Server, _ *url.URL) { w.alter(ann, server, "n", "AAAA") },
		"expired token": func(w *world, _ *person, _ *httptest.Server, _ *url.URL) {
			w.later = time.Hour
		},
		"forged token": func(w *world, _ *person, _ *httptest.Server, _ *url.URL) {
			w.changeToken(func(token string) string {
				parts := strings.Split(token, ".")
				text, err := base64.RawURLEncoding.DecodeString(parts[1])
				require.NoError(w.t, err)
				parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), "u-4711", "u-1", 1)))
				return strings.Join(parts, ".")
			})
		},
		"token of another's key": func(w *world, _ *person, _ *httptest.Server, _ *url.URL) {
			other, err := mockoidc.RandomKeypair(2048)
			require.NoError(w.t, err)
			other.Kid, err = w.provider.Keypair.KeyID()
			require.NoError(w.t, err)
			w.changeToken(func(token string) string {
				claims := jwt.MapClaims{}
				_, _, err := jwt.NewParser().ParseUnverified(token, claims)
				require.NoError(w.t, err)
				forged, err := other.SignJWT(claims)
				require.NoError(w.t, err)
				return forged
			})
		},
		"unsigned token": func(w *world, _ *person, _ *httptest.Server, _ *url.URL) {
			w.changeToken(func(token string) string {
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(token, ".")[1] + "."
			})
		},
		"token for somebody else": func(w *world, _ *person, _ *httptest.Server, _ *url.URL) {
			w.changeToken(func(token string) string {
				claims := jwt.MapClaims{}
				_, _, err := jwt.NewParser().ParseUnverified(token, claims)
				require.NoError(w.t, err)
				claims["aud"] = "another"
				forged, err := w.provider.Keypair.SignJWT(claims)
				require.NoError(w.t, err)
				return forged
			})
		},
		"no token": func(w *world, _ *person, _ *httptest.Server, _ *url.URL) {
			w.changeToken(func(string) string { return "" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			server := w.daemon()
			ann := w.browser()
			w.is("u-4711", "leads")
			stopped := ann.stopAt("/sign-in/callback")
			ann.open(server.URL + "/sign-in")
			callback := stopped()
			whole := *callback
			change(w, ann, server, callback)
			refused := ann.open(callback.String())
			require.Equal(t, http.StatusBadRequest, refused.status)
			require.Contains(t, refused.text, "You are not signed in")
			require.Contains(t, refused.text, refused.header.Get("X-Request-ID"))
			require.Contains(t, w.log.String(), "request="+refused.header.Get("X-Request-ID"))
			require.NotContains(t, ann.cookies(server), session)
			require.NotContains(t, w.log.String(), callback.Query().Get("code")+"&")

			w.change, w.later = nil, 0
			if strings.HasSuffix(name, " state") {
				require.Equal(t, http.StatusOK, ann.open(whole.String()).status, "whoever makes up a state stops no sign-in")
				return
			}
			require.Equal(t, http.StatusBadRequest, ann.open(whole.String()).status, "there is no second try")
			require.Zero(t, w.sessions())
		})
	}
}

func set(address *url.URL, name, value string) {
	query := address.Query()
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	address.RawQuery = query.Encode()
}

// alter changes a field of what the browser's cookie remembers.
func (w *world) alter(p *person, server *httptest.Server, name, value string) {
	text, err := base64.RawURLEncoding.DecodeString(p.cookies(server)[p.started(server)])
	require.NoError(w.t, err)
	p.gives(server, p.started(server), base64.RawURLEncoding.EncodeToString(field(w.t, text, name, func(any) any { return value })))
}

// changeToken changes the identity tokens that the provider gives.
func (w *world) changeToken(change func(token string) string) {
	w.change = func(path string, answer []byte) []byte {
		if path != mockoidc.TokenEndpoint {
			return answer
		}
		return field(w.t, answer, "id_token", func(token any) any {
			if token == nil { // an error
				return nil
			}
			return change(token.(string))
		})
	}
}

// Whoever can set cookies in a browser gets nothing by it: no session under an id that he
// knows, and no way to another host.
func TestPlantedCookiesAreWorthNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	w.is("u-4711", "leads")
	ann := w.browser()
	const known = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	ann.gives(server, "profilesync", known)
	stopped := ann.stopAt("/sign-in/callback")
	ann.open(server.URL + "/sign-in?to=/runs")
	callback := stopped()
	w.alter(ann, server, "t", "https://evil.example/")
	ann.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer := ann.open(callback.String())
	require.Equal(t, http.StatusSeeOther, answer.status)
	require.Equal(t, "/", answer.header.Get("Location"))
	require.NotEqual(t, known, ann.cookies(server)["profilesync"], "a new id")
	mallory := w.browser()
	mallory.gives(server, "profilesync", known)
	mallory.CheckRedirect = ann.CheckRedirect
	require.Equal(t, http.StatusSeeOther, mallory.open(server.URL+"/").status, "nobody has signed in there")
}
