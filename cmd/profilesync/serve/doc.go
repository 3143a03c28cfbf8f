// Package serve is the daemon.
//
//	serve.go                     the command: log, database, listener
//	service.go                   one life after the other: workers, dispatcher, recovery
//	schedules.go                 what it does by itself, and when
//	health.go                    /healthz and /readyz
//	receipts.go                  delivery receipts of letters
//	outage.go, outage_errors.go  an outage of the database is two lines of the log
//	log_lines.go                 nobody waits for whoever reads the log
package serve
