// Package program runs the real profilesync: commands at a played time, with what
// they print, and the daemon.
//
//	settings.go ─▶ Program ─┬▶ Rows, Runs: a command to its end, and its JSON
//	                        ├▶ Serve: a Daemon at a played time
//	                        └▶ Command: for the caller to run
//
//	program.go   the binary and its commands
//	settings.go  its settings: the simulated systems, and no others
//	people.go    who signs in to its console
//	daemon.go    profilesync serve
//	lines.go     its standard error, line by line
package program
