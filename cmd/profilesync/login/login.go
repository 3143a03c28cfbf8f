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
	l := &Login{Options: o, secure: strings.HasPrefix(o.PublicURL, "https://")}
	l.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	if l.Page == nil {
		l.Page = plainPage
	}
	// scs.New would start a goroutine, which nobody can stop safely, for a store that is not used.
	l.sessions = &scs.SessionManager{
		Store: o.Store, HashTokenInStore: true, Codec: scs.GobCodec{},
		IdleTimeout: o.Idle, Lifetime: o.Lifetime,
		Cookie: scs.SessionCookie{
			Name: l.cookie("profilesync"), Secure: l.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, Path: "/",
		},
	}
	return l
}

// fail answers a request whose session could not be looked up, begun or ended.
func (l *Login) fail(w http.ResponseWriter, r *http.Request, err error) {
	l.log(r.Context(), err)
	guard.Problem(w, r, http.StatusServiceUnavailable, "sessions cannot be looked up now: try again in a moment")
}

func (l *Login) log(ctx context.Context, err error) {
	if !errors.Is(err, context.Canceled) {
		l.Log.ErrorContext(ctx, "sessions", "request", guard.RequestID(ctx), "error", err)
	}
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

// Load loads the session of each request, for Principal, and extends it before anything is
// done: what is done afterwards does not fail because of the session.
func (l *Login) Load(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		var token string
		if cookie, err := r.Cookie(l.Cookie()); err == nil {
			token = cookie.Value
		}
		ctx, err := l.sessions.Load(r.Context(), token)
		if err != nil {
			l.fail(w, r, err)
			return
		}
		if l.sessions.GetString(ctx, actorKey) != "" {
			if _, _, err := l.sessions.Commit(ctx); err != nil {
				l.log(ctx, err)
			}
			if l.isOld(r, ctx) && l.answers(ctx) {
				Redirect(w, r)
				return
			}
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// isOld reports whether a page is asked for in the second half of a session: the provider is
// asked again then who it is, and in which groups. What is sent, such as a form that was
// opened before, still goes through.
func (l *Login) isOld(r *http.Request, ctx context.Context) bool { //nolint:revive // the session is in the second
	left := l.sessions.Deadline(ctx).Sub(l.Now())
	return left < l.Lifetime/2 && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") &&
		!strings.HasPrefix(r.URL.Path, SignInPath) && r.URL.Path != signedOutPath
}

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
