// Package statuscommands implements the commands that say whether everything is all
// right.
//
//	status.go      status: how things stand
//	screen.go      its one screen
//	check.go       check: the settings, and whether everything that they name answers
package statuscommands
