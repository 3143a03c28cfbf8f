// Package watchstore is the room of the store for monitoring: it reads how things
// stand in all the others, and writes nothing.
package watchstore
