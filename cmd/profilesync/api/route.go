package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// KeyHeader is the header that makes an operation happen once however often it is asked
// for.
const KeyHeader = "Idempotency-Key"

// route declares an operation.
type route struct {
	id      string // as list-runs
	method  string
	path    string // below base
	verb    guard.Verb
	summary string
	about   string // more, for the document
	keyed   bool   // it starts something, and needs a KeyHeader
	status  int    // of success; 0 is 200
	body    string // the content type of a body that is read as it comes; empty for JSON or none
	answers map[string]*huma.Response
	within  time.Duration // it may take so long, and its body; 0 is ordinary, once its body has arrived
	stream  bool          // its answer lasts as long as the caller stays
}

func (r route) operation() huma.Operation {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: Base + r.path, Summary: r.summary, DefaultStatus: r.status,
		Description: strings.TrimSpace(fmt.Sprintf("Needs the verb `%s`. %s", r.verb, r.about)), Responses: r.answers,
		Tags:       []string{strings.Split(strings.TrimPrefix(r.path, "/"), "/")[0]},
		Extensions: map[string]any{"x-verb": string(r.verb)},
	}
	if r.keyed {
		one, most := 1, guard.MaxKey
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: KeyHeader, In: "header", Required: true, Schema: &huma.Schema{Type: "string", MinLength: &one, MaxLength: &most, Pattern: "^[ -~]+$"},
			Description: "Any text of the caller's own, another for each thing that is to happen.",
		})
	}
	if r.body != "" {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			r.body: {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}}
	}
	return op
}

// subjects are inputs that name what they are about beside what the path names.
type subjects interface{ subject() string }

type subjectKey struct{}

var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

// add adds an operation.
func add[I, O any](s *server, r route, do func(context.Context, *I) (*O, error)) {
	op := r.operation()
	op.Middlewares = huma.Middlewares{s.admit(r)}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		subject, _ := ctx.Value(subjectKey{}).(string)
		if named, ok := any(in).(subjects); ok {
			subject = strings.Trim(subject+" "+named.subject(), " ")
		}
		if r.verb != guard.Read {
			if err := s.Begin(ctx, r.verb, r.id, subject); err != nil {
				return nil, problem.Of(ctx, s.Log, r.id, fmt.Errorf("%w: %w", problem.ErrNotBegun, err))
			}
		}
		ctx, cancel := r.bounded(ctx)
		defer cancel()
		out, err := do(ctx, in)
		if cause := context.Cause(ctx); err != nil && errors.As(cause, new(problem.TooLongError)) {
			err = cause
		}
		if err != nil {
			err = problem.Of(ctx, s.Log, r.id, err)
		}
		return out, err
	})
}

// ordinary is how long an operation may take that says nothing else.
const ordinary = time.Minute

// bounded ends the operation itself when its time is over, and leaves time to say so.
func (r route) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.stream {
		return ctx, func() {}
	}
	within := cmp.Or(r.within, ordinary)
	if r.within == 0 {
		_ = guard.AllowTime(ctx, ordinary) // where it cannot be allowed, there is no limit
	}
	within -= min(within/10, 5*time.Second)
	return context.WithTimeoutCause(ctx, within, problem.TooLongError{Within: within})
}

// admit lets those in who may do it.
func (s *server) admit(r route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		principal, known := guard.From(hc.Context())
		subject := subjectOf(r, hc)
		switch {
		case !known:
			refuse(s.api, hc, http.StatusUnauthorized, "say who you are: with a token, or by signing in")
		case !principal.May(r.verb):
			if r.verb != guard.Read {
				_ = s.Begin(hc.Context(), r.verb, r.id, subject) // records that it was forbidden
			}
			refuse(s.api, hc, http.StatusForbidden, fmt.Sprintf("%s needs the verb %s, which %s does not have", r.id, r.verb, principal.Name))
		case r.keyed && hc.Header(KeyHeader) == "":
			refuse(s.api, hc, http.StatusBadRequest, "header "+KeyHeader+" is missing: give a text of your own, another for each thing "+
				"that is to happen, so that asking again does not do it twice")
		default:
			allowTime(hc, r.within)
			hc = problem.WithInputsOf(hc)
			next(huma.WithValue(hc, subjectKey{}, subject))
		}
	}
}

// allowTime lets an operation and its body take longer than others.
func allowTime(hc huma.Context, within time.Duration) {
	if within == 0 {
		return
	}
	_, w := humago.Unwrap(hc)
	control, until := http.NewResponseController(w), time.Now().Add(within)
	_ = control.SetReadDeadline(until) // where they cannot be set, there are none
	_ = control.SetWriteDeadline(until)
}

// subjectOf is what the path names, as FA002/phone.
func subjectOf(r route, hc huma.Context) string {
	var parts []string
	for _, name := range inPath.FindAllStringSubmatch(r.path, -1) {
		part := hc.Param(name[1])
		if !plainID.MatchString(part) {
			part = "?"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "/")
}

// plainID is what ids look like: anything else is not recorded.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

func refuse(api huma.API, hc huma.Context, status int, text string) {
	_ = huma.WriteErr(api, hc, status, text) // an error means that the caller is gone
}
