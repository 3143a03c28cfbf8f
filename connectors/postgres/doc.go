// Package postgres is the store: the one place that speaks SQL. The schema stands
// in migrations/*.sql. Each room has a folder, its statements beside its Go:
//
//	runstore       runs, their plans, what upstream said last, uploads
//	servicestore   the e-Referral Service: its register, codes, and runs of it
//	pushstore      pushes, drift, holds
//	peoplestore    accounts, letters, the calendar
//	reportstore    frozen reports
//	watchstore     what monitoring reads of all the others
//
// Here are the ways to the database, its migrations, the processes that work it,
// schedules, and profiles as the editing application writes them. `make generate`
// turns the statements into the Go of a folder below each. Rooms use what is here,
// and not each other; only runs of services are runs, so that servicestore builds
// on runstore.
//
// # What fences each write
//
// When the answer to a COMMIT is lost, nobody knows whether it was done, and
// whoever wrote tries again: the queue its job, a batch its parts, a person their
// command. By then others may have gone on from there. So a write takes effect
// only where things stand as its writer knew them, and knows its own work when it
// sees it again. The tests of lost answers (lost_answer*_test.go here and in the
// rooms, lost_*_test.go in jobs/pushjobs, and one of the ledger in jobs) have each
// lose the answer, others go on, and want it once. `make mutants` takes each fence
// out, and wants its test to fail. The doc.go of each room has the fences of its own
// writes.
//
//	write                            fence
//	jobs: given away, completed      running, that attempt, by that process; a process that was cleared is cleared
//	schedules: jobs queued           jobs and entries are one transaction under the ledger's lock, from the newest entry on
//	profile: its kind                what is so already is not written
//	turn of a client                 none: a turn that nobody took is lost
package postgres
