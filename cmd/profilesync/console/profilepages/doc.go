// Package profilepages are the pages of profiles: a search, a profile with everything that
// stands about it, why a value is what it is, and what ever happened to it. People who edit
// do so elsewhere: here a field can be held, or its newest change taken back, and no value is typed in.
//
//	routes.go    addresses, and what the forms do
//	find.go      the search
//	one.go       a profile, also as it stood on a day
//	hours.go     its opening times, as a week
//	about.go     its holds, pushes, services, confirmations, closures and cases
//	history.go   why, and its history
//	undo.go      the undo of one field, after its preview
//	push.go      what a push would change
//	kind.go      whether a trust or one of its sites is a hospital
package profilepages
