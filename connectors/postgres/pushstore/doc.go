// Package pushstore stores pushes: which are wanted, which job carries each, what
// the sinks accepted, drift, and holds.
//
// # What fences each write
//
//	write                            fence
//	push: number                     that job carries it (job_id), and it has the number the job knows; identical content
//	                                 under another number is this job's own, and keeps that number
//	push: what it overwrites         the same statement: stored with a new number, and only then
//	push: outcome                    the same; settled_job names the job that recorded it before. A job that is no longer
//	                                 running rolls back what it recorded. The same statement stores the attempt
//	pushes: queued                   how far changes were read (horizon, dispatched_early), the pushes they ask for and
//	                                 their jobs (job_id) are one transaction of the dispatcher
//	pushes: of bank holidays         the days that pushes were last asked for (dispatch.holidays), in the same transaction
//	pushes: read first               dispatch.place is another than this_place(), and moves in the same transaction of the
//	                                 dispatcher: what is sent or seen afterwards is not noted again; all sessions end there, too
//	push: claimed by a command       no job, or the number of the same process
//	push: forced by a person         none: until it is sent, asking twice has the same effect as asking once
//	route: paused, resumed           whether it is paused; a probe postponed twice is only tried later. A retried job
//	                                 asks the sink again, and pauses or resumes by the new answer
//	drift: check ended, repaired     one transaction, while the check is running; only pushes with nothing pending and not sent
//	                                 since they were compared, and those that wait for a person. A job that fails starts a new check
//	hold: added, removed             an identical hold in force; removed_at
//
// There is a second line of defence: a push counts how often changes asked for it
// (asked), and how many of those were included in what the sink last accepted or
// refused, or in what waits for a person (answered). FindLeftBehind asks again for
// pushes that were asked for and that nothing would send.
package pushstore
