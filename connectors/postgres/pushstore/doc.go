// Package pushstore is the room of the store for pushes: which are wanted and
// which job brings each, what the sinks took, drift, and holds.
//
// # What fences each write
//
//	write                            fence
//	push: its number                 it is carried by that job (job_id) and stands at the number the job knows; the
//	                                 very same content under another number is this job's own, and keeps that number
//	push: what became of it          the same; settled_job tells who did so before. A job that was not running takes
//	                                 back what it would have recorded. The attempt is in the same statement
//	pushes: queued                   how far changes were read (horizon, dispatched_early), what they want and the jobs of it
//	                                 (job_id) are one transaction of the dispatcher
//	push: claimed by a command       no job, or the number of the very process
//	push: forced by a person         none: until it is brought, asking twice is asking once
//	route: paused, resumed           whether it is paused; a probe postponed twice is postponed. The job that comes again asks
//	                                 the sink again, and pauses or resumes by what it says then
//	drift: a look ends and repairs   one transaction, of a look that is running; only of pushes that are at rest. A job
//	                                 that fails looks anew
//	hold: added, removed             the very same one that stands; removed_at
//
// Behind these stands a second line: a push counts how often changes asked for it
// (asked), and how many of those were in what the sink took or refused last
// (answered). FindLeftBehind wants those again that were asked for and that nothing
// would bring.
package pushstore
