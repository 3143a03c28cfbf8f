// Package cases says what waits for a person. A case is something that is not as
// it should be and that a person has to do something about.
//
//	case.go       the words: kinds, signals, cases, who owns them
//	kinds.go      what every kind has: owners, deadline, texts, rule
//	of_*.go       the kinds, about runs, pushes, profiles and people
//	same_name.go  the rule of probable duplicates
//	runbook/      a page for each kind: what it means for patients, and what to do
//	standing.go   which cases ought to stand, from what the tables show
//	compare.go    what opens, changes and ends, so that those stand
//	tell.go       who is told of which case, and when
//	letter.go     what a letter says
//
// Nobody closes a case by saying so: it ends when what it is about is gone. A person
// decides what it asks for, waits for somebody, or sets it aside until a day.
package cases
