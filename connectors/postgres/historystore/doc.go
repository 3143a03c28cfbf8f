// Package historystore reads how a profile came to be what it is, and takes single
// changes of it back. It reads the tables of all rooms, each time as of one moment.
package historystore
