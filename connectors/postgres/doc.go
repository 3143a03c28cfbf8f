// Package postgres is the store: the one place that speaks SQL. The schema stands
// in migrations/*.sql. Each room has a folder, its statements beside its Go:
//
//	pushstore      pushes, drift, holds
//	peoplestore    accounts, letters, the calendar
//	reportstore    frozen reports
//	watchstore     what monitoring reads of all the others
//
// `make generate` turns the statements into the Go of a folder below each. Rooms
// use what is here, and never each other.
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
//	run: stored by a job             run.job_id
//	run: stored by a person          its second run waits for the source's lock, and is planned from profiles, marks and
//	                                 decisions as they stand: it finds nothing left to do, and leaves what others did since. An
//	                                 undo that was taken back meanwhile, and is said again, is a new wish
//	run: plan, chunk, end, failure   planned; applied_to, moved with the chunk; state queued or running: each on the
//	                                 connection that holds the source's lock, and lost with it
//	run: progress                    none: nothing follows from it
//	run: rejection                   decision is empty
//	run of services: answers kept    pulled_to, moved with them
//	profile: its kind                what is so already is not written
//	e-RS: register, codes            rows say what they are to be; those that say so already are not written
//	upload                           none: what no run reads goes after a day
//	turn of a client                 none: a turn that nobody took is lost
package postgres
