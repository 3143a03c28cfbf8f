// Package watchstore reads the current state of all the other stores for
// monitoring, and writes nothing.
package watchstore
