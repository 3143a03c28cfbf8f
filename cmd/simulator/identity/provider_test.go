package identity

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

var ada = Person{Subject: "p-1", Login: "ada", Password: "right", Groups: []string{"admins", "leads"}}

// client is a program of which ada is a user, in the words of a library that knows
// nothing of this package.
type client struct {
	t        *testing.T
	now      time.Time
	browser  *http.Client
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func newClient(t *testing.T) *client {
	t.Helper()
	c := &client{t: t, now: time.Now()}
	provider, err := Serve(t.Context(), Client{ID: "console", Secret: "s", Redirects: []string{"http://console.test/back"}},
		[]Person{ada}, func() time.Time { return c.now })
	require.NoError(t, err)
	t.Cleanup(provider.Close)
	found, err := oidc.NewProvider(t.Context(), provider.Issuer())
	require.NoError(t, err)
	c.browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	c.config = oauth2.Config{
		ClientID: "console", ClientSecret: "s", Endpoint: found.Endpoint(), RedirectURL: "http://console.test/back", Scopes: []string{"openid"},
	}
	c.verifier = found.Verifier(&oidc.Config{ClientID: "console"})
	return c
}

var hidden = regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`)

// signIn walks through the form, and returns where the browser is sent.
func (c *client) signIn(address, password string) *url.URL {
	page, err := c.browser.Get(address)
	require.NoError(c.t, err)
	body, err := io.ReadAll(page.Body)
	require.NoError(c.t, err)
	require.NoError(c.t, page.Body.Close())
	require.Equal(c.t, http.StatusOK, page.StatusCode, string(body))
	form := url.Values{"login": {"ada"}, "password": {password}}
	for _, field := range hidden.FindAllStringSubmatch(string(body), -1) {
		form.Set(field[1], field[2])
	}
	return c.sentTo(c.browser.PostForm(c.config.Endpoint.AuthURL, form))
}

// sentTo is where an answer sends the browser; nil where nowhere.
func (c *client) sentTo(answer *http.Response, err error) *url.URL {
	require.NoError(c.t, err)
	require.NoError(c.t, answer.Body.Close())
	to, err := answer.Location()
	if err != nil {
		return nil
	}
	return to
}

func TestAPersonSignsIn(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	proof := oauth2.GenerateVerifier()
	back := c.signIn(c.config.AuthCodeURL("state", oauth2.S256ChallengeOption(proof), oidc.Nonce("once")), "right")
	require.Equal(t, "state", back.Query().Get("state"))
	code := back.Query().Get("code")
	token, err := c.config.Exchange(t.Context(), code, oauth2.VerifierOption(proof))
	require.NoError(t, err)
	id, err := c.verifier.Verify(t.Context(), token.Extra("id_token").(string))
	require.NoError(t, err)
	var claims struct{ Groups []string }
	require.NoError(t, id.Claims(&claims))
	require.Equal(t, ada.Subject, id.Subject)
	require.Equal(t, "once", id.Nonce)
	require.Equal(t, ada.Groups, claims.Groups)

	_, err = c.config.Exchange(t.Context(), code, oauth2.VerifierOption(proof))
	require.ErrorContains(t, err, "invalid_grant", "a code is good once")
}

func TestWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	proof := oauth2.GenerateVerifier()
	challenge := oauth2.S256ChallengeOption(proof)
	require.Nil(t, c.signIn(c.config.AuthCodeURL("state", challenge), "wrong"), "the form again")

	code := func() string { return c.signIn(c.config.AuthCodeURL("state", challenge), "right").Query().Get("code") }
	_, err := c.config.Exchange(t.Context(), code(), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	require.ErrorContains(t, err, "invalid_grant", "another proof")
	late := code()
	c.now = c.now.Add(codeLasts)
	_, err = c.config.Exchange(t.Context(), late, oauth2.VerifierOption(proof))
	require.ErrorContains(t, err, "invalid_grant", "too late")
	c.config.ClientSecret = "another"
	_, err = c.config.Exchange(t.Context(), code(), oauth2.VerifierOption(proof))
	require.ErrorContains(t, err, "invalid_client")

	require.Equal(t, "invalid_request", c.sentTo(c.browser.Get(c.config.AuthCodeURL("state"))).Query().Get("error"), "no challenge")
	c.config.RedirectURL = "http://elsewhere.test/"
	require.Nil(t, c.sentTo(c.browser.Get(c.config.AuthCodeURL("state", challenge))), "never sent elsewhere")
}
