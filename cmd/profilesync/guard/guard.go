package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// Tokens knows who holds a token.
type Tokens interface {
	// HolderOf returns postgres.ErrNotFound for a token that is unknown, revoked or expired.
	HolderOf(ctx context.Context, hash accessstore.Hash) (accessstore.Holder, error)
}

// Sessions knows who has signed in.
type Sessions interface {
	// Cookie is the name of the cookie that holds the session.
	Cookie() string
	// Load makes the session of a request known to Principal in what follows. It asks the
	// database.
	Load(next http.Handler) http.Handler
	// Principal returns who has signed in; false if nobody has.
	Principal(ctx context.Context) (Principal, bool)
}

// Audit keeps what was done.
type Audit interface {
	BeginAction(ctx context.Context, a accessstore.Action) (int64, error)
	ForbidAction(ctx context.Context, a accessstore.Action) error
	EndAction(ctx context.Context, id int64, outcome accessstore.Outcome) error
}

// Keys keeps the keys of requests that may be repeated, and their answers.
type Keys interface {
	BeginKey(ctx context.Context, principal, key string) (claimed bool, before accessstore.Answer, err error)
	AnswerKey(ctx context.Context, principal, key string, a accessstore.Answer) error
	ForgetKey(ctx context.Context, principal, key string, again bool) error
}

// Options are what a guard needs. Sessions may be nil: then nobody can sign in.
type Options struct {
	Tokens   Tokens
	Sessions Sessions
	Audit    Audit
	Keys     Keys
	// PublicURL is the origin under which browsers reach us, as https://console.example:
	// the only other origin that a form may come from.
	PublicURL string
	// LargestBody is how many bytes any operation allows, for what is sent again under its
	// key; 0 is 1 MiB.
	LargestBody int64
	// Stopping ends when the daemon stops: what was asked for under a key goes on without its
	// caller until then. Nil is never.
	Stopping context.Context //nolint:containedctx // of the program, not of a call
	// Limits are the defaults where they are zero.
	Limits Limits
	// Page answers browsers with a page that says what is wrong; nil answers them as all others.
	Page func(w http.ResponseWriter, r *http.Request, status int, detail string)
	// Counted is told the result of each request.
	Counted func(Result)
	Now     func() time.Time
	Log     *slog.Logger
}

// Guard stands in front of the API and the console.
type Guard struct {
	Options

	crossOrigin *http.CrossOriginProtection
	secure      bool // browsers reach us by TLS
	limits      limiters
	known       *known
}

// New returns a guard.
func New(o Options) (*Guard, error) {
	if o.Stopping == nil {
		o.Stopping = context.Background()
	}
	g := &Guard{Options: o, crossOrigin: http.NewCrossOriginProtection(), known: newKnown(), limits: newLimiters(o.Limits.orDefaults())}
	origin, secure, err := originOf(o.PublicURL)
	if err != nil {
		return nil, err
	}
	g.secure = secure
	if origin != "" {
		err = g.crossOrigin.AddTrustedOrigin(origin)
	}
	g.crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		callOf(r.Context()).result = CrossOrigin
		Problem(w, r, http.StatusForbidden, "another site sent this request: only our own pages may")
	}))
	return g, err
}

// Wrap guards everything that next serves. Whoever shows no token and no session passes as
// nobody: RequireCaller, Allow and Begin refuse him.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	inner := g.limitRate(onlyText(g.limitAtOnce(g.identify(next))))
	guarded := g.crossOrigin.Handler(inner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{guard: g, id: newRequestID()}
		c.body = &body{ReadCloser: r.Body, limit: defaultBody, writer: w}
		counting := &counted{ResponseWriter: w, call: c}
		ctx := context.WithValue(r.Context(), callKey{}, c)
		r = r.WithContext(ctx)
		r.Body = c.body
		g.setHeaders(w, c.id)
		defer func() { c.end(ctx, counting, recover()) }()
		guarded.ServeHTTP(counting, r)
	})
}

// setHeaders sets what every answer has. A page may add what it needs, from us alone.
func (g *Guard) setHeaders(w http.ResponseWriter, id string) {
	h := w.Header()
	h.Set("X-Request-ID", id)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if g.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// end counts the request, writes what became of its actions, and answers if the handler
// did not. An answer that had begun is cut off, so that it does not look whole.
func (c *call) end(ctx context.Context, w *counted, panicked any) {
	began := w.status != 0
	if panicked != nil {
		c.result = Failed
		if err, ok := panicked.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			c.guard.Log.ErrorContext(ctx, "a request panicked", "request", c.id, "panic", panicked, "stack", string(debug.Stack()))
		}
		if !began {
			w.Header().Set("Connection", "close")
			problem(w, c.id, http.StatusInternalServerError, "something went wrong here")
		}
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	c.endActions(ctx, w.status, panicked != nil)
	c.guard.Counted(c.resultOf(w.status))
	if panicked != nil && began {
		panic(http.ErrAbortHandler)
	}
}
