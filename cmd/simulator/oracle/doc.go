// Package oracle predicts what profilesync must make of a made-up register: the
// result of every run, what arrives at DoS and the website, and the services of e-RS.
// It has rules of its own; it asks the core only when services that are gone are
// pulled again.
//
//	register ─▶ Oracle ─▶ prediction ─┐
//	   │                              ├▶ CheckRun, CheckTally: every wrong number
//	   └▶ profilesync ─▶ result ──────┘
//
//	oracle.go    profiles, listings, approval, undo
//	pushes.go    pushes to DoS and the website
//	services.go  the services of e-RS
//	check.go     comparing
package oracle
