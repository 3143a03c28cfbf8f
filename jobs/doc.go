// Package jobs puts the daemon's jobs together: which workers and queues it has,
// and the tick that finds what is due. The rest stands in rooms of its own:
//
//	runjobs     runs of the registers
//	pushjobs    pushes to the sinks, dispatching, drift
//	peoplejobs  reminders, accounts, mail, calendar, the daily report
//	queue       the queue itself: clients, processes, jobs that nobody works
//
// Jobs are thin: load, ask the core, write in one transaction, queue what
// follows. They import no connector: what a job needs of the outside it states as
// an interface beside it, and the wiring of cmd/profilesync supplies it.
package jobs
