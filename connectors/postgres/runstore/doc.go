// Package runstore stores runs: each is planned in one transaction, sealed, and
// applied chunk by chunk, under the lock of its source.
//
//	Store.Lock ─▶ Session ─▶ OpenPlan ... Seal ─▶ ApplyChunk ... ─▶ Complete
//	                 ▲            └▶ DiscardPlan              └▶ Fail
//	OrganisationSession (here), servicestore.Session
//
// # What fences each write
//
//	write                            fence
//	run: stored by a job             run.job_id
//	run: stored by a person          its second run waits for the source's lock, and is planned from the current profiles,
//	                                 marks and decisions: it finds nothing left to do, and keeps what others did since.
//	                                 An undo of which a person saw a preview does exactly that, or is refused. Asking
//	                                 again for an undo that was taken back meanwhile is a new request
//	run: stored by a request         run.once, its key and part: a request that is begun again finds the run that it stored
//	run: plan, chunk, end, failure   planned; applied_to, moved with the chunk; state queued or running: each on the
//	                                 connection that holds the source's lock, and so lost with the lock
//	run: progress                    none: no decision depends on it
//	run: approval, rejection         waits, and decision is empty: whoever decides second learns what was decided. What an
//	                                 approval did not apply is released when it ends
//	run: plan of a kept plan         no other run is planned by that plan (run_applies_plan), and this one does the same
//	plan                             none: a plan of which nobody learned the number is removed after a week
//	upload                           none: an upload that no run and no plan needs is removed after a day
package runstore
