// Package serve is the daemon.
//
//	serve.go                     the command: log, database, listener
//	service.go                   runs the workers, the dispatcher and recovery, and restarts them
//	schedules.go                 what runs by itself, and when
//	health.go                    /healthz and /readyz
//	api.go                       the API and the console, behind the guard
//	receipts.go                  delivery receipts of letters
//	outage.go, outage_errors.go  an outage of the database is logged in two lines
//	log_lines.go                 a slow reader of the log blocks nobody
package serve
