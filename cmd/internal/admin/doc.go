// Package admin is how the daemon is watched: health, readiness and metrics
// over HTTP on loopback.
//
// Metrics have one home, the table in declarations.go, and one naming rule:
// profilesync_<noun>_<unit>. What happened is counted (a unit of total, or a
// histogram of seconds) and grows from the start of the process; how things
// stand is read from the database when somebody asks. Labels hold words of a
// short list, never codes of organisations, run numbers or people's data.
package admin
