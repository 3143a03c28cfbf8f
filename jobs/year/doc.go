// Package year plays the financial year 2026-27 through the jobs that write to
// people: reminders, idle accounts and letters, on a real Postgres and against the
// simulated mail service, with a process that is killed at any call. It is tests
// only.
//
//	rules_test.go   the rules once more, by hand and for this year alone; asks the core nothing
//	world_test.go   organisations, people, the clock and the mail service
//	people_test.go  what people do, by their habits
//	writes_test.go  what the editing application writes for them
//	daemon_test.go  a process that dies, before, during or after a call
//	proof_test.go   what the mail service's ledger and the tables say against the rules
//	year_test.go    the days, one after the other
package year
