// Package api is the admin API: every action over HTTP, with an OpenAPI document that
// comes from the handlers.
//
//	guard (who calls) ─▶ Handler ─▶ admit: principal, verb, key ─▶ operation ─▶ actions
//	                                         │                         │
//	                                         └▶ 401, 403, 400          └▶ audit: it is begun
//
//	api.go                     the handler
//	operation, problem, cursor how an operation is declared; problems in words, pages of lists
//	status.go, runs.go, plans.go, decide.go, cases.go, profiles.go, pushes.go, ers.go, quality.go
//	                           the operations
//	office                     those on accounts, letters, reports and tokens
//	progress.go, stream        the progress of a run, as server-sent events
//
// Nothing here decides anything: package actions does, for the commands too. Handler
// expects to be wrapped by package guard, which says who calls (guard.From).
package api
