// Package operation is how an operation of the API is declared: who may do it, what is
// recorded of it, its inputs, and pages of lists.
//
//	route.go   a Route, and Add, which lets those in who may do it
//	page.go    pages of lists, and answers
//	parse.go   inputs, and everything that is wrong with them
package operation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// Base is the path of every operation.
const Base = "/api/v1"

const (
	// FileWithin is how long a file may take to be sent, and to be worked on.
	FileWithin = time.Hour
	// PlanWithin is for what is asked of others before it is answered: minutes.
	PlanWithin = 15 * time.Minute
)

// Set is what operations are added to.
type Set struct {
	API huma.API
	// Begin writes to the audit that the caller begins an operation that needs more than
	// the verb read, or that they may not, and returns an error if it cannot be begun. The
	// subject is ids, as 17 or FA002/phone: no text of a caller, and nothing about people.
	// Whoever wraps the handler writes the outcome once the request is answered.
	Begin func(ctx context.Context, verb guard.Verb, operation, subject string) error
	// AllowBody lets the body of a request have that many bytes, where the guard would
	// allow less.
	AllowBody func(ctx context.Context, bytes int64) error
	// ShowOnce has an answer kept nowhere, although its request may be repeated.
	ShowOnce func(ctx context.Context)
	Log      *slog.Logger
}

// Route declares an operation.
type Route struct {
	ID      string // as list-runs
	Method  string
	Path    string // below Base
	Verb    guard.Verb
	Summary string
	About   string // more, for the document
	Keyed   bool   // it starts something, and needs a KeyHeader
	Secret  bool   // its answer is shown once
	Status  int    // of success; 0 is 200
	Body    string // the content type of a body that is read as it comes; empty for JSON or none
	Answers map[string]*huma.Response
	Within  time.Duration // it may take so long, and its body; 0 is ordinary, once its body has arrived
	Stream  bool          // its answer lasts as long as the caller stays
}

func (r Route) operation() huma.Operation {
	op := huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: Base + r.Path, Summary: r.Summary, DefaultStatus: r.Status,
		Description: strings.TrimSpace(fmt.Sprintf("Needs the verb `%s`. %s", r.Verb, r.About)), Responses: r.Answers,
		Tags:       []string{strings.Split(strings.TrimPrefix(r.Path, "/"), "/")[0]},
		Extensions: map[string]any{"x-verb": string(r.Verb)},
	}
	if r.Keyed {
		one, most := 1, guard.MaxKey
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: KeyHeader, In: "header", Required: true,
			Schema:      &huma.Schema{Type: "string", MinLength: &one, MaxLength: &most, Pattern: "^[ -~]+$"},
			Description: "Any text of the caller's own, another for each thing that is to happen.",
		})
	}
	if r.Body != "" {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			r.Body: {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}}
	}
	return op
}

// subjects are inputs that name what they are about beside what the path names.
type subjects interface{ Subject() string }

type subjectKey struct{}

var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

// Add adds an operation.
func Add[I, O any](s *Set, r Route, do func(context.Context, *I) (*O, error)) {
	op := r.operation()
	op.Middlewares = huma.Middlewares{s.admit(r)}
	huma.Register(s.API, op, func(ctx context.Context, in *I) (*O, error) {
		subject, _ := ctx.Value(subjectKey{}).(string)
		if named, ok := any(in).(subjects); ok {
			subject = strings.Trim(subject+" "+named.Subject(), " ")
		}
		if r.Secret {
			s.ShowOnce(ctx)
		}
		if r.Verb != guard.Read {
			if err := s.Begin(ctx, r.Verb, r.ID, subject); err != nil {
				return nil, problem.Of(ctx, s.Log, r.ID, fmt.Errorf("%w: %w", problem.ErrNotBegun, err))
			}
		}
		ctx, cancel := r.bounded(ctx)
		defer cancel()
		out, err := do(ctx, in)
		if cause := context.Cause(ctx); err != nil && errors.As(cause, new(problem.TooLongError)) {
			err = cause
		}
		if err != nil {
			err = problem.Of(ctx, s.Log, r.ID, err)
		}
		return out, err
	})
}

// ordinary is how long an operation may take that says nothing else.
const ordinary = time.Minute

// bounded ends the operation itself when its time is over, and leaves time to say so.
func (r Route) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Stream {
		return ctx, func() {}
	}
	within := cmp.Or(r.Within, ordinary)
	if r.Within == 0 {
		_ = guard.AllowTime(ctx, ordinary) // where it cannot be allowed, there is no limit
	}
	within -= min(within/10, 5*time.Second)
	return context.WithTimeoutCause(ctx, within, problem.TooLongError{Within: within})
}

// admit lets those in who may do it.
func (s *Set) admit(r Route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		principal, known := guard.From(hc.Context())
		subject := subjectOf(r, hc)
		switch {
		case !known:
			refuse(s.API, hc, http.StatusUnauthorized, "say who you are: with a token, or by signing in")
		case !principal.May(r.Verb):
			if r.Verb != guard.Read {
				_ = s.Begin(hc.Context(), r.Verb, r.ID, subject) // records that it was forbidden
			}
			refuse(s.API, hc, http.StatusForbidden, fmt.Sprintf("%s needs the verb %s, which %s does not have", r.ID, r.Verb, principal.Name))
		case r.Keyed && hc.Header(KeyHeader) == "":
			refuse(s.API, hc, http.StatusBadRequest, "header "+KeyHeader+" is missing: give a text of your own, another for each thing "+
				"that is to happen, so that asking again does not do it twice")
		default:
			allowTime(hc, r.Within)
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
func subjectOf(r Route, hc huma.Context) string {
	var parts []string
	for _, name := range inPath.FindAllStringSubmatch(r.Path, -1) {
		part := hc.Param(name[1])
		if !plainID.MatchString(part) {
			part = "?"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "/")
}

// Safe is ids for the audit: nothing else of what was given.
func Safe(ids ...string) string {
	var kept []string
	for _, id := range ids {
		if plainID.MatchString(id) {
			kept = append(kept, id)
		}
	}
	return strings.Join(kept, " ")
}

// plainID is what ids look like: anything else is not recorded.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

func refuse(api huma.API, hc huma.Context, status int, text string) {
	_ = huma.WriteErr(api, hc, status, text) // an error means that the caller is gone
}
