// Package historystore reads how a profile came to be what it is, and takes single
// changes of it back. It reads the tables of all rooms, each time as of one moment.
//
//	store.go      a profile as it stands, and its audit
//	explain.go    everything that explains a value, as explained.go holds it
//	undo.go       takes one change of a field back
//
// # What fences each write
//
//	write    fence
//	undo     the profile is locked, and for a field of the register no run of it works or waits to go on; what is taken
//	         back is read then, and the key of taken_back lets each change be taken back once
package historystore
