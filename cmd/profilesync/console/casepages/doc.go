// Package casepages are the pages of what waits for people: the list, where the
// reader's own come first, and each case.
//
//	routes.go   addresses, and what the forms do
//	list.go     what waits
//	one.go      a case
//	doors.go    where something can be done about it
package casepages
