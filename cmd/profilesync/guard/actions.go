package guard

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

var (
	// ErrUnauthenticated means that nobody has signed in, and no token was shown.
	ErrUnauthenticated = errors.New("sign in, or send a token")
	// ErrForbidden means that the principal lacks the verb.
	ErrForbidden = errors.New("you may not do this")
	// ErrUnaudited means that nothing is done because it could not be audited.
	ErrUnaudited = errors.New("nothing was done, since it cannot be audited now: try again in a moment")
)

// Allow returns nil if the caller may use the verb, else ErrUnauthenticated or ErrForbidden.
func Allow(ctx context.Context, verb Verb) error {
	p, ok := From(ctx)
	switch {
	case !ok:
		return ErrUnauthenticated
	case !p.May(verb):
		return ErrForbidden
	default:
		return nil
	}
}

// Begin is Allow for what changes something, or shows names of people: it also writes the
// action to the audit, by the operation's name and its subject, such as a run or a code. Its
// outcome is written when the request has been answered: done below 400, refused below 500,
// else failed.
func Begin(ctx context.Context, verb Verb, operation, subject string) error {
	err := Allow(ctx, verb)
	if errors.Is(err, ErrUnauthenticated) {
		return err
	}
	p, _ := From(ctx)
	c := callOf(ctx)
	action := accessstore.Action{
		Actor: p.Name, Person: p.Person, Verb: string(verb), Operation: operation, Subject: subject, Request: c.id,
	}
	if err != nil {
		c.forbid(ctx, action)
		return err
	}
	id, err := c.guard.Audit.BeginAction(ctx, action)
	if err != nil {
		c.guard.Log.ErrorContext(ctx, "auditing", "request", c.id, "error", err)
		return ErrUnaudited
	}
	c.actions = append(c.actions, id)
	return nil
}

// forbid audits what was forbidden, unless the same was a moment ago.
func (c *call) forbid(ctx context.Context, action accessstore.Action) {
	if !c.guard.limits.forbidden.allow(action.Actor+" "+action.Operation, c.guard.Now()) {
		return
	}
	if err := c.guard.Audit.ForbidAction(ctx, action); err != nil {
		c.guard.Log.ErrorContext(ctx, "auditing what was forbidden", "request", c.id, "error", err)
	}
}

// endTime is how long it may take to write what became of an action, or of a repeated
// request, also when the caller is gone.
const endTime = 5 * time.Second

// endActions writes the outcome of the actions of a request that was answered.
func (c *call) endActions(ctx context.Context, status int, panicked bool) {
	outcome := accessstore.Done
	switch {
	case panicked || status >= http.StatusInternalServerError:
		outcome = accessstore.Failed
	case status >= http.StatusBadRequest:
		outcome = accessstore.Refused
	}
	for _, id := range c.actions {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		if err := c.guard.Audit.EndAction(ending, id, outcome); err != nil {
			c.guard.Log.ErrorContext(ctx, "auditing an outcome", "request", c.id, "outcome", outcome, "error", err)
		}
		cancel()
	}
}

// StatusOf is the HTTP status that says an error of Allow or Begin; 0 for any other.
func StatusOf(err error) int {
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return http.StatusUnauthorized
	case errors.Is(err, ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, ErrUnaudited):
		return http.StatusServiceUnavailable
	default:
		return 0
	}
}

// Refuse answers an error of Allow or Begin with a problem, any other with 500.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	if status := StatusOf(err); status != 0 {
		Problem(w, r, status, err.Error())
		return
	}
	Problem(w, r, http.StatusInternalServerError, "something went wrong here")
}

// RequireCaller lets nobody through who has not signed in and shows no token: unknown
// answers him, or a problem with 401 if that is nil.
func RequireCaller(next, unknown http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, ok := From(r.Context()); {
		case ok:
			next.ServeHTTP(w, r)
		case unknown != nil:
			callOf(r.Context()).result = Unauthenticated
			unknown.ServeHTTP(w, r)
		default:
			Refuse(w, r, ErrUnauthenticated)
		}
	})
}

// Require lets only those through who may use the verb.
func Require(verb Verb, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := Allow(r.Context(), verb); err != nil {
			Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
