// Package guard says who calls the API and the console, and what he may do.
//
// A caller is a Principal: a machine with a token or a person who has signed in. Every operation names the Verb it
// needs, and whoever may not use it is refused before the operation starts.
package guard

import (
	"context"
	"slices"
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

// Principal is who calls.
type Principal struct {
	Name   string // what the audit records as actor: a token's name or a person's pseudonym, never a name or an e-mail address
	Person bool   // signed in as a person; false for a machine's token
	Verbs  []Verb // what the principal may do
}

// May reports whether the principal may do what needs the verb.
func (p Principal) May(v Verb) bool { return slices.Contains(p.Verbs, v) }

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
