package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

const (
	// SignInPath is where signing in starts; its parameter "to" is a path of ours to go on to.
	SignInPath    = "/sign-in"
	callbackPath  = "/sign-in/callback"
	signOutPath   = "/sign-out"
	signedOutPath = "/signed-out"

	// startedFor is how long people may take at the identity provider.
	startedFor = 10 * time.Minute
	// exchangeTime is how long asking the provider may take.
	exchangeTime = 10 * time.Second
)

// Register serves signing in and out. All of it must be inside Load.
func (l *Login) Register(mux *http.ServeMux) {
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET " + SignInPath: l.signIn, "GET " + callbackPath: l.callback, "POST " + signOutPath: l.signOut, "GET " + signedOutPath: l.signedOut,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if p, ok := guard.From(r.Context()); ok && !p.Person {
				guard.Problem(w, r, http.StatusBadRequest, "people sign in here: a token needs no session")
				return
			}
			handler(w, r)
		})
	}
}

// started is what we must remember of somebody who is at the provider.
type started struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	To       string `json:"t"`
}

// startedCookie is the cookie of the sign-in with a state: each tab has one of its own.
func (l *Login) startedCookie(state string) string {
	return l.cookie("profilesync-sign-in-" + state[:min(len(state), lettersOfState)])
}

// lettersOfState is how much of a state tells one sign-in of a browser from another.
const lettersOfState = 8

// remember keeps what was started in a cookie.
func (l *Login) remember(w http.ResponseWriter, s started) {
	text, err := json.Marshal(s)
	if err != nil { // texts always can be
		panic(err)
	}
	l.setStarted(w, s.State, base64.RawURLEncoding.EncodeToString(text), int(startedFor.Seconds()))
}

// forget removes that cookie.
func (l *Login) forget(w http.ResponseWriter, s started) { l.setStarted(w, s.State, "", -1) }

// mostStarted is how many sign-ins of one browser are remembered.
const mostStarted = 8

// forgetOldest removes the cookies of the oldest sign-ins of a browser that has started many: browsers
// send cookies in the order in which they were made.
func (l *Login) forgetOldest(w http.ResponseWriter, r *http.Request) {
	var states []string
	for _, cookie := range r.Cookies() {
		if state, found := strings.CutPrefix(cookie.Name, l.startedCookie("")); found {
			states = append(states, state)
		}
	}
	for _, state := range states[:max(0, len(states)-mostStarted+1)] {
		l.setStarted(w, state, "", -1)
	}
}

func (l *Login) setStarted(w http.ResponseWriter, state, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure unless people reach this machine by plain http
		Name: l.startedCookie(state), Path: "/", Secure: l.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, Value: value, MaxAge: age,
	})
}

// recall returns what the browser's cookie says was started with a state.
func (l *Login) recall(r *http.Request, state string) (s started, err error) {
	cookie, err := r.Cookie(l.startedCookie(state))
	if err != nil {
		return s, errors.New("the browser sent no cookie of a sign-in that was started")
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err == nil && (s.State == "" || s.Nonce == "" || s.Verifier == "") {
		err = errors.New("it is not whole")
	}
	if err != nil {
		return s, fmt.Errorf("the cookie of the sign-in: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(s.State), []byte(state)) != 1 {
		return s, errors.New("the state does not match")
	}
	return s, nil
}

// local returns a path of ours, or / for everything else.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\\r\n\t") || len(path) > 1024 {
		return "/"
	}
	return path
}

func (l *Login) signIn(w http.ResponseWriter, r *http.Request) {
	found, d, err := l.discover(r.Context())
	var config *oauth2.Config
	if err == nil {
		config, err = l.config(found, d)
	}
	if err != nil {
		l.refuse(w, r, unavailable(err), err)
		return
	}
	s := started{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), To: local(r.URL.Query().Get("to"))}
	l.forgetOldest(w, r)
	l.remember(w, s)
	http.Redirect(w, r, config.AuthCodeURL(s.State, oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier)), http.StatusFound)
}

func unavailable(err error) Message {
	if errors.Is(err, errNoProvider) {
		return Message{Status: http.StatusNotFound, Title: "Nobody can sign in here", Text: "No identity provider is configured."}
	}
	return Message{
		Status: http.StatusServiceUnavailable, Title: "Signing in does not work at the moment", Again: true,
		Text: "The identity provider does not answer. Try again in a minute.",
	}
}

// again is what people read when they should simply start again.
var again = Message{
	Status: http.StatusBadRequest, Title: "You are not signed in", Again: true,
	Text: "This sign-in was not started in this browser, took too long, or was used before. Start again.",
}

func (l *Login) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s, err := l.recall(r, query.Get("state"))
	if err == nil {
		l.forget(w, s) // whatever comes of it: a sign-in is finished once
	}
	switch {
	case err != nil:
	case query.Get("error") != "":
		err = fmt.Errorf("the provider answered %s", knownError(query.Get("error")))
	case query.Get("code") == "":
		err = errors.New("there is no code")
	}
	if err != nil {
		l.refuse(w, r, again, err)
		return
	}
	id, err := l.identify(r.Context(), query.Get("code"), s)
	switch {
	case errors.Is(err, errNoGroup):
		if err := l.end(w, r); err != nil { // the one that he may have from before
			l.fail(w, r, err)
			return
		}
		l.refuse(w, r, Message{
			Status: http.StatusForbidden, Title: "You may not use this",
			Text: "The identity provider knows you, but you are in none of the groups that may use this service. " +
				"Ask whoever administers it to add you to one.",
		}, err)
	case err != nil:
		l.refuse(w, r, again, err)
	default:
		l.begin(w, r, id, local(s.To)) // whoever can set cookies leads nobody elsewhere
	}
}

// knownError returns one of the errors that the standards know, so that the log repeats
// nothing that somebody made up.
func knownError(text string) string {
	for _, known := range []string{
		"access_denied", "login_required", "interaction_required", "consent_required", "invalid_request", "invalid_scope",
		"unauthorized_client", "unsupported_response_type", "server_error", "temporarily_unavailable",
	} {
		if text == known {
			return known
		}
	}
	return "an error that no standard knows"
}

// identify trades the code for an identity token, and reads it.
func (l *Login) identify(ctx context.Context, code string, s started) (identity, error) {
	found, d, err := l.discover(ctx)
	if err != nil {
		return identity{}, err
	}
	config, err := l.config(found, d)
	if err != nil {
		return identity{}, err
	}
	ctx, cancel := context.WithTimeout(l.client(ctx), exchangeTime)
	defer cancel()
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(s.Verifier))
	if err != nil {
		return identity{}, withoutAnswer(err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return identity{}, errors.New("the provider gave no identity token")
	}
	token, err := found.Verifier(&oidc.Config{ClientID: l.ClientID, Now: l.Now}).Verify(ctx, raw) // it keeps the keys
	if err != nil {
		return identity{}, fmt.Errorf("identity token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(s.Nonce)) != 1 {
		return identity{}, errors.New("identity token: the nonce does not match")
	}
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return identity{}, errors.New("identity token: its claims cannot be read")
	}
	return l.identityOf(claims)
}

// withoutAnswer is an error of the token endpoint without the text of its answer, which may
// hold anything.
func withoutAnswer(err error) error {
	if answer := new(oauth2.RetrieveError); errors.As(err, &answer) && answer.Response != nil {
		return fmt.Errorf("the provider answered %d to the code", answer.Response.StatusCode)
	}
	return fmt.Errorf("trading the code: %w", err)
}

// begin begins a session, under an id that nobody knew before.
func (l *Login) begin(w http.ResponseWriter, r *http.Request, id identity, to string) {
	ctx := r.Context()
	err := l.sessions.Clear(ctx)
	if err == nil {
		err = l.sessions.RenewToken(ctx)
	}
	if err != nil {
		l.fail(w, r, err)
		return
	}
	l.sessions.Put(ctx, actorKey, id.actor)
	l.sessions.Put(ctx, groupsKey, strings.Join(id.groups, "\n"))
	token, expires, err := l.sessions.Commit(accessstore.Of(ctx, id.actor))
	if err != nil {
		l.fail(w, r, err)
		return
	}
	l.sessions.WriteSessionCookie(ctx, w, token, expires)
	l.Log.InfoContext(ctx, "signed in", "request", guard.RequestID(ctx), "actor", id.actor)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// end ends the session of the browser, if it has one, and removes its cookie.
func (l *Login) end(w http.ResponseWriter, r *http.Request) error {
	err := l.sessions.Destroy(r.Context())
	if err == nil {
		l.sessions.WriteSessionCookie(r.Context(), w, "", time.Time{}) // removes it
	}
	return err
}

func (l *Login) signOut(w http.ResponseWriter, r *http.Request) {
	if err := l.end(w, r); err != nil {
		l.fail(w, r, err)
		return
	}
	to := signedOutPath
	if p, ok := guard.From(r.Context()); ok {
		l.Log.InfoContext(r.Context(), "signed out", "request", guard.RequestID(r.Context()), "actor", p.Name)
		to += "?provider=1"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// signedOut also signs out at the provider, if that can be: by a page, since a form may not
// lead to another host (Content-Security-Policy).
func (l *Login) signedOut(w http.ResponseWriter, r *http.Request) {
	m := Message{Status: http.StatusOK, Title: "You have signed out", Text: "You are signed out in this browser.", Again: true}
	if r.URL.Query().Get("provider") != "" {
		if _, d, err := l.discover(r.Context()); err == nil && d.EndSession != "" {
			m.Text, m.Next = "Signing out at the identity provider too.", l.endSession(d.EndSession)
		}
	}
	l.Page(w, r, m)
}

// endSession is where the provider signs people out. It gets no identity token as a hint:
// none is kept.
func (l *Login) endSession(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	query := u.Query()
	query.Set("client_id", l.ClientID)
	query.Set("post_logout_redirect_uri", l.PublicURL+signedOutPath)
	u.RawQuery = query.Encode()
	return u.String()
}

// Redirect sends whoever has not signed in to do so, and to come back to the page that he
// asked for.
func Redirect(w http.ResponseWriter, r *http.Request) {
	to := "/"
	if r.Method == http.MethodGet {
		to = r.URL.RequestURI()
	}
	http.Redirect(w, r, SignInPath+"?"+url.Values{"to": {to}}.Encode(), http.StatusSeeOther)
}
