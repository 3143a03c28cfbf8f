// Package guard says who calls the API and the console, and what he may do.
//
// A caller is a Principal: a machine with a token, or a person who has signed in. Guard.Wrap
// goes around everything that the listener serves: it limits, finds out who calls, and
// counts what became of each request. What an operation then does is
//
//	if err := guard.Allow(ctx, guard.Read); err != nil {...}                             to read
//	if err := guard.Begin(ctx, guard.Approve, "approve-run", "4711"); err != nil {...}   to change something
//
// and answers an error with guard.Refuse. Begin writes the action to the audit before it
// begins; the guard adds its outcome once the request is answered. A request that is given
// with an Idempotency-Key is done once (Guard.Repeatable).
//
//	principal.go     principals and verbs
//	guard.go         the order of it all, around every request
//	call.go          what is known of one request
//	caller.go        who it is: tokens and sessions
//	limits.go        rates and numbers at the same time
//	body.go          sizes of bodies
//	actions.go       what a principal may do, and the audit
//	repeated.go      requests that are given again
//	once.go          what a request that is begun again did before
//	answers.go       problems (RFC 9457), and the counting of answers
package guard
