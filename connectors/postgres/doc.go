// Package postgres is the store: the only package that uses SQL. The schema is in
// migrations/*.sql. Each part of the store (a room) has a folder, with its
// statements beside its Go:
//
//	runstore       runs, their plans, what upstream said last, uploads
//	servicestore   the e-Referral Service: its register, codes, and runs of it
//	pushstore      pushes, drift, holds
//	qualitystore   quality checks, findings
//	peoplestore    accounts, letters, the calendar
//	reportstore    frozen reports
//	referencestore the last good copies of reports that others are read with
//	watchstore     what monitoring reads of all the others
//
// This package has the connections to the database, its migrations, the processes
// that use it, schedules, and profiles as the editing application writes them.
// `make generate` turns each room's statements into Go, in a folder below it. Rooms
// use this package, and not each other, with one exception: runs of services are
// runs, so servicestore builds on runstore.
//
// # What fences each write
//
// When the answer to a COMMIT is lost, nobody knows whether it took effect, and the
// writer tries again: the queue its job, a batch its parts, a person their command.
// By then others may have made further changes. So a write takes effect only if the
// rows are in the state that its writer knew, and it recognises its own work when it
// sees it again. The tests of lost answers (lost_answer*_test.go here and in the
// rooms, lost_*_test.go in jobs/pushjobs, and one for the ledger in jobs) lose the
// answer to each write, let others make changes, and require that the write took
// effect once. `make mutants` removes each fence, and requires its test to fail. The
// doc.go of each room lists the fences of its own writes.
//
//	write                            fence
//	jobs: recovered, completed       running, that attempt, by that process; clearing a process again changes nothing
//	schedules: jobs queued           jobs and entries are one transaction under the ledger's lock, from the newest entry on
//	profile: kind                    what is already so is not written
//	turn of a client                 none: a turn that nobody takes is only lost
package postgres
