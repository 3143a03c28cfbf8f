// Package postgres is the store: the one place that speaks SQL. Statements
// stand in queries/*.sql, the schema in migrations/*.sql; dbsqlc is generated
// from both by `make generate`.
//
// # What fences each write
//
// When the answer to a COMMIT is lost, nobody knows whether it was done, and
// whoever wrote tries again: the queue its job, a batch its parts, a person their
// command. By then others may have gone on from there. So a write takes effect
// only where things stand as its writer knew them, and knows its own work when it
// sees it again. The tests of lost answers (lost_answer*_test.go here, lost_*_test.go
// in package jobs) have each lose the answer, and want it once.
//
//	write                            fence
//	push: its number                 it is carried by that job (job_id) and stands at the number the job knows; the
//	                                 very same content under another number is this job's own, and keeps that number
//	push: what became of it          the same; settled_job tells who did so before. A job that was not running takes
//	                                 back what it would have recorded. The attempt is in the same statement
//	pushes: queued                   changes read, pushes wanted and jobs queued are one transaction of the dispatcher
//	push: claimed by a command       no job, or the number of the very process
//	push: forced by a person         none: until it is brought, asking twice is asking once
//	route: paused, resumed           whether it is paused; a probe postponed twice is postponed
//	drift: a look ends and repairs   one transaction, of a look that is running; only of pushes that are at rest. A job
//	                                 that fails looks anew
//	hold: added, removed             the very same one that stands; removed_at
//	schedules: jobs queued           jobs and entries are one transaction under the ledger's lock, from the newest entry on
//	run: stored by a job             run.job_id
//	run: stored by a person          none: the second run waits for the source's lock, and finds nothing left to do, since
//	                                 it is planned from profiles, marks and decisions as they stand
//	run: plan, chunk, end, failure   planned; applied_to, moved with the chunk; state queued or running: each on the
//	                                 connection that holds the source's lock, and lost with it
//	run: progress                    none: nothing follows from it
//	run: rejection                   decision is empty
//	run of services: answers kept    pulled_to, moved with them
//	e-RS: register, codes            rows say what they are to be; those that say so already are not written
//	upload                           none: what no run reads goes after a day
//	letter: due                      its reference, once and for all
//	letter: claimed                  the outbox's lock, on the connection that writes; what was claimed and surely not
//	                                 begun (untouched) is due again
//	letter: begun                    that claim (claimed_at), untouched. Who never heard that it had begun knows that it
//	                                 was not sent, and says so
//	letter: what became of it        that claim; what goes out is counted to its text in the same statement
//	letter: its fate                 it is accepted: the first word stands
//	account: ended                   its state, and last_active_at as it was judged; letters by their references
//	look at accounts: waits          the newest takes the place of those that wait; approved while it waits
//	membership, account kept         ended_at is empty; the primary key
//	calendar, kill switch            rows say what they are to be
//	report: frozen, delivered        the day of the newest under the reports' lock; the primary key
//	turn of a client                 none: a turn that nobody took is lost
//
// Behind the fences of pushes stands a second line: a push counts how often
// changes asked for it (asked), and how many of those were in what the sink took
// or refused last (answered). FindLeftBehind wants those again that were asked for
// and that nothing would bring.
package postgres
