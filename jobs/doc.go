// Package jobs puts the daemon's jobs together: which workers and queues it
// has, and the tick that finds what is due. The rest is in subpackages:
//
//	runjobs      runs of the registers
//	pushjobs     pushes to the sinks, dispatching, drift
//	qualityjobs  the quality checks of the estate
//	peoplejobs   reminders, accounts, mail, calendar, the daily report
//	queue        the queue itself: clients, processes, recovery of abandoned jobs
//
// Jobs are thin: load, ask the core, write in one transaction, queue what
// follows. They import no connector: a job declares what it needs from outside
// as an interface in its own file, and cmd/profilesync supplies it.
package jobs
