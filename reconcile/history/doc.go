// Package history says how a profile came to be what it is: from the rows of the
// audit, and never from what anybody remembers.
//
//	change.go   a row of the audit, and a profile with its parts
//	instant.go  an instant, or a day, as people type it
//	at.go       the profile as it stood at an instant
//	parts.go    parts of a profile as text: opening times, facilities, services
//	told.go     everything that explains a value
//	undo.go     what takes a single change back
package history
