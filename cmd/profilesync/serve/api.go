package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api"
	"github.com/profilesync/profilesync/cmd/profilesync/console"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/login"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/tracing"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs/queue"
)

const (
	// apiConnections are those of the API and the console, beside those of actions.Previews:
	// however much is asked there, jobs and pushes have their own.
	apiConnections = 4
	// previewPatience is how long a plan waits for its turn, and then for a run of its source.
	previewPatience = 10 * time.Second
	// providerTimeout is how long the identity provider may take to answer.
	providerTimeout = 5 * time.Second
)

// Parts are what is served behind the guard; either may be nil, which serves nothing there.
// Traces may be nil, too.
type Parts struct {
	API     http.Handler // below /api/, to those who have signed in or show a token
	Console http.Handler // everything else; it asks guard.From who calls, and login.Redirect if nobody does
	Traces  *tracing.Traces
}

// Guarded joins the parts and signing in, behind the guard.
func Guarded(g *guard.Guard, l *login.Login, parts Parts) http.Handler {
	mux := http.NewServeMux()
	l.Register(mux)
	mux.Handle("/api/", guard.RequireCaller(g.Repeatable(tracing.Named(orNothing(parts.API))), nil))
	mux.Handle("/", tracing.Named(orNothing(parts.Console))) // its forms have tokens of their own: answers with secrets or names are not kept
	return g.Wrap(parts.Traces.Requests(mux, isTraced))
}

// isTraced reports whether a request has a trace: that of whoever is known, unless it lasts
// as long as a run does, and asks the database all the time.
func isTraced(r *http.Request) bool {
	_, known := guard.From(r.Context())
	return known && !strings.HasSuffix(r.URL.Path, "/progress")
}

func orNothing(part http.Handler) http.Handler {
	if part != nil {
		return part
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard.Problem(w, r, http.StatusNotFound, "there is nothing here")
	})
}

// access is who may use the API and the console: the guard and signing in, on connections
// of their own.
type access struct {
	store *wiring.Store
	guard *guard.Guard
	login *login.Login
}

func newAccess(ctx context.Context, a *wiring.App, log *slog.Logger, metrics *admin.Metrics) (x access, err error) {
	if x.store, err = a.OpenBeside(ctx, apiConnections); err != nil {
		return x, err
	}
	if x.login, err = newLogin(a.Settings, x.store, log); err != nil {
		return x, err
	}
	store := x.store.Access
	x.guard, err = guard.New(guard.Options{
		Tokens: store, Page: console.ProblemPage, Sessions: x.login, Audit: store, Keys: store, PublicURL: a.Settings.PublicURL(),
		LargestBody: a.Settings.FileLimit(), Stopping: ctx,
		Counted: func(result guard.Result) { metrics.APIAnswered(string(result), 1) }, Now: time.Now, Log: log,
	})
	return x, err
}

func newLogin(s *settings.Settings, store *wiring.Store, log *slog.Logger) (*login.Login, error) {
	groups, err := s.GroupVerbs()
	if err != nil {
		return nil, err
	}
	o := login.Options{
		Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, PublicURL: s.PublicURL(), Groups: groups, GroupsClaim: s.OIDCGroupsClaim,
		ActorClaim: s.OIDCActorClaim, Idle: s.APISessionIdle, Lifetime: s.APISessionLifetime, Store: store.Access.Sessions(),
		HTTP: &http.Client{Timeout: providerTimeout}, Now: time.Now, Log: log, Page: console.SignInPage,
	}
	if s.OIDCClientSecret != "" {
		o.ClientSecret = settings.Rotating("OIDC_CLIENT_SECRET")
	}
	return login.New(o), nil
}

// parts are the API and the console, which work on connections of their own.
func (x access) parts(ctx context.Context, a *wiring.App, log *slog.Logger) (parts Parts, err error) {
	do := &actions.Actions{App: a.Beside(x.store), Previews: actions.NewPreviews(previewPatience)}
	parts.Traces = a.Traces
	parts.API = api.Handler(api.Options{ //nolint:contextcheck // each request has its own
		Actions: do, Begin: guard.Begin, AllowBody: guard.AllowBody, ShowOnce: guard.ShowOnce, Log: log, Version: a.Version, Stopping: ctx,
	})
	pool, err := a.QueuePool(ctx)
	if err != nil {
		return parts, err
	}
	a.OnClose(func() error { pool.Close(); return nil })
	client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
	if err != nil {
		return parts, err
	}
	parts.Console, err = console.Handler(ctx, console.Options{Actions: do, Keys: x.store.Access, Queue: client, Log: log})
	return parts, err
}

// listen listens for the API and the console.
func (x access) listen(ctx context.Context, s *settings.Settings, parts Parts, log *slog.Logger) (*admin.Server, error) {
	encryption, err := s.ServerTLS(time.Now, func(err error) {
		log.ErrorContext(ctx, "the certificate of the API cannot be read again: the one from before is used", "error", err)
	})
	if err != nil {
		return nil, err
	}
	o := admin.Options{Address: s.APIAddress, TLS: encryption, Log: log}
	if u, err := url.Parse(s.PublicURL()); err == nil {
		o.Hosts = []string{u.Host}
	}
	server, err := admin.Listen(ctx, o, Guarded(x.guard, x.login, parts))
	if err != nil {
		return nil, fmt.Errorf("the API (PROFILESYNC_API_ADDRESS): %w", err)
	}
	log.InfoContext(ctx, "serving the API", "address", server.Address())
	return server, nil
}

// serveAPI listens for the API and the console, and opens their connections. It returns
// nothing if the settings turn them off.
func serveAPI(ctx context.Context, a *wiring.App, log *slog.Logger, metrics *admin.Metrics) (*admin.Server, *wiring.Store, error) {
	for _, result := range guard.Results() {
		metrics.APIAnswered(string(result), 0) // so that its first increase is seen
	}
	if !a.Settings.ServesAPI() {
		return nil, nil, nil
	}
	x, err := newAccess(ctx, a, log, metrics)
	if err != nil {
		return nil, nil, err
	}
	parts, err := x.parts(ctx, a, log)
	if err != nil {
		return nil, nil, err
	}
	server, err := x.listen(ctx, a.Settings, parts, log)
	return server, x.store, err
}
