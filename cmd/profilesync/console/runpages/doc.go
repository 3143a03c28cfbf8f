// Package runpages are the pages of runs: the list, a run with what it did and what waits
// of it, its undo, one-off reconciliations with their plans, and rehearsals.
//
//	routes.go      addresses
//	list.go        runs
//	run.go         a run: how far it has come, and what it did
//	groups.go      changes, kind by kind, as tables
//	decide.go      what waits of a run, and decisions on it
//	undo.go        the undo of a run, after its preview
//	reconcile.go   asking for a reconciliation
//	plan.go        its plan, which is applied exactly or not at all
//	rehearsals.go  plans of a day to come
//	ahead.go       what one of them would withhold; ahead_decide.go decides on it before that day
package runpages
