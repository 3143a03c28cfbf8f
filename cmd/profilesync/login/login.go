package login

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// Options configure signing in.
type Options struct {
	// Issuer is the identity provider; without it nobody can sign in.
	Issuer   string
	ClientID string
	// ClientSecret returns the secret each time it is needed; nil for a public client.
	ClientSecret func() (string, error)
	// PublicURL is where browsers reach us, without a path: https://console.example. Only with
	// https are cookies Secure.
	PublicURL string
	// Groups are the verbs of each group that lets people in.
	Groups map[string][]guard.Verb
	// GroupsClaim names the claim with the groups, ActorClaim the one with the pseudonym that
	// the audit records.
	GroupsClaim, ActorClaim string
	// Idle is how long a session lasts without a request, Lifetime how long at most.
	Idle, Lifetime time.Duration
	// Store keeps the sessions.
	Store scs.CtxStore
	// Page answers with a message for people; nil means a plain page.
	Page func(http.ResponseWriter, *http.Request, Message)
	// HTTP asks the identity provider.
	HTTP *http.Client
	Now  func() time.Time
	Log  *slog.Logger
}

// Login signs people in and out.
type Login struct {
	Options

	sessions *scs.SessionManager
	provider provider
	secure   bool
}

// What a session holds.
const (
	actorKey  = "actor"
	groupsKey = "groups"
)

// New returns a login. It asks nobody anything yet.
func New(o Options) *Login {
	l := &Login{Options: o, sessions: scs.New(), secure: strings.HasPrefix(o.PublicURL, "https://")}
	l.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	if l.Page == nil {
		l.Page = plainPage
	}
	s := l.sessions
	s.Store, s.HashTokenInStore = o.Store, true
	s.IdleTimeout, s.Lifetime = o.Idle, o.Lifetime
	s.Cookie.Name, s.Cookie.Secure, s.Cookie.HttpOnly = l.cookie("profilesync"), l.secure, true
	s.Cookie.SameSite, s.Cookie.Path, s.Cookie.Persist = http.SameSiteLaxMode, "/", false
	s.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		if !errors.Is(err, context.Canceled) {
			l.Log.ErrorContext(r.Context(), "sessions", "request", guard.RequestID(r.Context()), "error", err)
		}
		guard.Problem(w, r, http.StatusServiceUnavailable, "sessions cannot be looked up now: try again in a moment")
	}
	return l
}

// cookie is the name of a cookie of ours, which no other host can set where we have TLS.
func (l *Login) cookie(name string) string {
	if l.secure {
		return "__Host-" + name
	}
	return name
}

// Cookie is the name of the cookie that holds the session.
func (l *Login) Cookie() string { return l.sessions.Cookie.Name }

// Load loads the session of each request, for Principal, and saves it.
func (l *Login) Load(next http.Handler) http.Handler { return l.sessions.LoadAndSave(next) }

// Principal returns who has signed in, with the verbs that his groups have today.
func (l *Login) Principal(ctx context.Context) (guard.Principal, bool) {
	actor := l.sessions.GetString(ctx, actorKey)
	if actor == "" {
		return guard.Principal{}, false
	}
	verbs := l.verbsOf(strings.Split(l.sessions.GetString(ctx, groupsKey), "\n"))
	return guard.Principal{Name: actor, Person: true, Verbs: verbs}, len(verbs) > 0
}

// verbsOf returns the verbs of groups, each once, in the order of guard.Verbs.
func (l *Login) verbsOf(groups []string) []guard.Verb {
	var all []guard.Verb
	for _, group := range groups {
		all = append(all, l.Groups[group]...)
	}
	return slices.DeleteFunc(guard.Verbs(), func(v guard.Verb) bool { return !slices.Contains(all, v) })
}
