// Package closurepages are the pages of places that have closed although the register says
// that they are open: what was said and by whom, and the steps that can be taken.
//
//	routes.go   addresses, and what the forms do
//	list.go     what was said
//	one.go      the closure of one place
package closurepages
