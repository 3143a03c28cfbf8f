// Package admin serves the daemon's health, readiness and metrics over HTTP on
// loopback.
//
// All metrics are declared in declarations.go and named
// profilesync_<noun>_<unit>. Events are counted from the start of the process
// (total, or a histogram of seconds); the current state is read from the
// database on a scrape. Label values come from short lists: they are never
// codes of organisations, run numbers or people's data.
package admin
