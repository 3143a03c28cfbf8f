// Package reconcile is the map of the pure core. Each folder decides one thing.
//
//	reconcile/profile   what a profile is: fields and who owns them, values, codes, dates,
//	                    hours, postcodes; what is noise; how names are cased
//	reconcile/runs      what a register's records change: compute, plan, guard, approve, undo
//	reconcile/services  the same for the services of e-RS, which move between sites
//	reconcile/push      what a sink should show, what it shows instead, what its answers mean
//	reconcile/history   what a profile was at an instant, and what takes one change back
//	reconcile/quality   what the quality checks look for in the estate, whose task it is, what to do
//	reconcile/people    who must check what by when: calendar, quarters, reminders, idle accounts, letters
//	reconcile/cases     what waits for people, who owns it, who is told of it and when
//	reconcile/report    the daily change report: its columns, its texts, who is overdue
//
// They import each other one way only:
//
//	  report ──────▶ push, people, runs, profile
//	services ──────▶ runs, profile
//	    runs ──────▶ profile
//	    push ──────▶ profile
//	 history ──────▶ push, runs, profile
//	   cases ──────▶ quality, people, profile
//	 quality ──────▶ push, profile
//	  people ──────▶ profile
//
// The core may not do any of these: read a clock, log, open a file or a
// connection, take a context, or let the order of a map show in a result. Time,
// ownership, local profiles and people's decisions come in as values; plans come
// out as values, sorted, with a digest. Tests enforce this: arch_test.go checks
// what may import what, bounds_test.go how large files, functions and packages
// may be, citations_test.go that comments cite headings that exist, and
// places_test.go that every field of a profile is everywhere it has to be. The
// rules themselves are in RULES.md "Rules"; ADDING.md "Adding" says how to add a
// field, a source, a sink or a job kind.
package reconcile
