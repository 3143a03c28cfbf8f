// Package reportstore is the room of the store for reports: they are frozen once,
// and read, verified and delivered as they were frozen.
//
// # What fences each write
//
//	write                            fence
//	report: frozen, delivered        the day of the newest under the reports' lock; the primary key
package reportstore
