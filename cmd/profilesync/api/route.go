package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

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
}

func (r route) operation() huma.Operation {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: base + r.path, Summary: r.summary, DefaultStatus: r.status,
		Description: strings.TrimSpace(fmt.Sprintf("Needs the verb `%s`. %s", r.verb, r.about)), Responses: r.answers,
		Tags:       []string{strings.Split(strings.TrimPrefix(r.path, "/"), "/")[0]},
		Extensions: map[string]any{"x-verb": string(r.verb)},
	}
	if r.keyed {
		one, most := 1, 200
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: KeyHeader, In: "header", Required: true, Schema: &huma.Schema{Type: "string", MinLength: &one, MaxLength: &most},
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
			if err := s.audit(ctx, r, subject, "asked"); err != nil {
				return nil, s.problem(ctx, r, err)
			}
		}
		out, err := do(ctx, in)
		if err != nil {
			err = s.problem(ctx, r, err)
		}
		if r.verb != guard.Read {
			s.ended(ctx, r, subject, err)
		}
		return out, err
	})
}

// ended records the outcome. What was done is done: a record that is lost is logged, and
// the record that it was asked for stays.
func (s *server) ended(ctx context.Context, r route, subject string, err error) {
	outcome := "done"
	if problem, ok := errors.AsType[huma.StatusError](err); ok {
		outcome = "refused " + strconv.Itoa(problem.GetStatus())
	}
	if err := s.audit(context.WithoutCancel(ctx), r, subject, outcome); err != nil {
		s.Log.ErrorContext(ctx, "the outcome of an operation was not recorded", "operation", r.id, "subject", subject,
			"outcome", outcome, "error", err)
	}
}

func (s *server) audit(ctx context.Context, r route, subject, outcome string) error {
	principal, _ := guard.From(ctx)
	if err := s.Audit.Audit(ctx, principal.Name, string(r.verb), r.id, subject, outcome); err != nil {
		return fmt.Errorf("%w: %w", errNotAudited, err)
	}
	return nil
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
			if err := s.audit(hc.Context(), r, subject, "refused "+strconv.Itoa(http.StatusForbidden)); err != nil {
				s.Log.ErrorContext(hc.Context(), "a refusal was not recorded", "operation", r.id, "error", err)
			}
			refuse(s.api, hc, http.StatusForbidden, fmt.Sprintf("%s needs the verb %s, which %s does not have", r.id, r.verb, principal.Name))
		case r.keyed && hc.Header(KeyHeader) == "":
			refuse(s.api, hc, http.StatusBadRequest, "header "+KeyHeader+" is missing: give a text of your own, another for each thing "+
				"that is to happen, so that asking again does not do it twice")
		default:
			next(huma.WithValue(hc, subjectKey{}, subject))
		}
	}
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
