// Package year simulates the financial year 2026-27 for the jobs that write to
// people: reminders, idle accounts and letters. It uses a real Postgres and the
// simulated mail service, and kills the process at arbitrary calls. It contains
// only tests.
//
//	rules_test.go   the rules again, by hand and for this year only, without using the core
//	world_test.go   organisations, people, the clock and the mail service
//	people_test.go  what people do, by their habits
//	writes_test.go  what the editing application writes for them
//	daemon_test.go  a process that dies before, during or after a call
//	proof_test.go   checks the mail service's ledger and the tables against the rules
//	stood_test.go   profiles as they stood, rebuilt from the audit
//	year_test.go    the year, day by day
package year
