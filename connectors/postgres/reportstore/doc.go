// Package reportstore stores reports: they are frozen once, and read, verified
// and delivered as they were frozen.
//
// # What fences each write
//
//	write                            fence
//	report: frozen, delivered        the newest report's day, read under the reports' lock; the primary key
//	report: named an event          no report has named it (report_event), in the same statement; the primary key
package reportstore
