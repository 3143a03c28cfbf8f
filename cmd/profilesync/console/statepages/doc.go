// Package statepages are the pages of how things are: now, pushes and drift.
//
//	routes.go   addresses, and what the forms do
//	now.go      sources, queue, sinks, letters, report, schedules, daemons
//	pushes.go   pushes to the sinks, and holds
//	again.go    pushing again
//	drift.go    what the sinks show instead of what they should
package statepages
