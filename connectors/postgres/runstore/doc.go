// Package runstore is the room of the store for runs: each is planned in one
// transaction, sealed, and applied chunk by chunk, under the lock of its source.
//
//	Store.Lock ─▶ Session ─▶ OpenPlan ... Seal ─▶ ApplyChunk ... ─▶ Complete
//	                 ▲            └▶ DiscardPlan              └▶ Fail
//	OrganisationSession (here), servicestore.Session
//
// # What fences each write
//
//	write                            fence
//	run: stored by a job             run.job_id
//	run: stored by a person          its second run waits for the source's lock, and is planned from profiles, marks and
//	                                 decisions as they stand: it finds nothing left to do, and leaves what others did since. An
//	                                 undo that was taken back meanwhile, and is said again, is a new wish
//	run: plan, chunk, end, failure   planned; applied_to, moved with the chunk; state queued or running: each on the
//	                                 connection that holds the source's lock, and lost with it
//	run: progress                    none: nothing follows from it
//	run: rejection                   decision is empty
//	upload                           none: what no run reads goes after a day
package runstore
