// Package remote does what commands ask for over the API of a daemon (PROFILESYNC_SERVER),
// so that whoever runs commands needs no database.
//
//	commands ─▶ Client ─▶ HTTP ─▶ api ─▶ actions
//	               ▲                        │
//	               └── the same types, and errors of the same kinds and texts
//
//	client.go, problem.go      a request until it is answered; what refusals mean
//	list.go                    lists, page by page
//	follow.go                  the progress of runs
//	runs.go, decide.go, profiles.go, cases.go, pushes.go, people.go, letters.go, reports.go, quality.go, ers.go, upkeep.go
//	                           the methods, as those of upkeep.Upkeep
//
// A request that may change something carries one idempotency key however often it is sent:
// what it asks for is done once, and its first answer given again.
package remote
