package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// Verb is one kind of thing a principal may do.
type Verb string

// The verbs. None of them holds another: who may approve and read has both.
const (
	Read       Verb = "read"       // see runs, cases, profiles, pushes and reports, without people's names
	Reconcile  Verb = "reconcile"  // plan and start reconciliations, and cancel one's own
	Approve    Verb = "approve"    // approve, reject and undo what waits
	Administer Verb = "administer" // pause sinks, change cadences, keep tokens
	People     Verb = "people"     // see the names and addresses of people
)

// Verbs returns every verb, in the order they are shown in.
func Verbs() []Verb { return []Verb{Read, Reconcile, Approve, Administer, People} }

// ParseVerb returns the verb of a name.
func ParseVerb(name string) (Verb, error) {
	if verb := Verb(strings.TrimSpace(name)); slices.Contains(Verbs(), verb) {
		return verb, nil
	}
	return "", fmt.Errorf("%q is no verb: want read, reconcile, approve, administer or people", name)
}

// ParseVerbs returns the verbs of a list like "read,approve", each once.
func ParseVerbs(list string) ([]Verb, error) {
	var verbs []Verb
	for name := range strings.SplitSeq(list, ",") {
		verb, err := ParseVerb(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(verbs, verb) {
			verbs = append(verbs, verb)
		}
	}
	return verbs, nil
}

// Principal is who calls.
type Principal struct {
	Name   string // what the audit records as actor: token:NAME, or a person's pseudonym
	Person bool   // signed in as a person; false for a machine's token
	Verbs  []Verb // what the principal may do
}

// May reports whether the principal may do what needs the verb.
func (p Principal) May(v Verb) bool { return slices.Contains(p.Verbs, v) }

// By is the caller of a context, for what is done with tokens and sessions.
func By(ctx context.Context) accessstore.By {
	p, _ := From(ctx)
	return accessstore.By{Actor: p.Name, Person: p.Person, Verbs: postgres.Texts(p.Verbs), Request: RequestID(ctx)}
}

// MaxKey is how many characters a header Idempotency-Key may have.
const MaxKey = maxKey

type contextKey struct{}

// With returns a context that carries the principal.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the principal the context carries, and whether it carries one.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(Principal)
	return p, ok
}
