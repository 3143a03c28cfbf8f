// Package wiring puts the parts together: from the settings, App opens the
// stores and makes the sources, the sinks, the mail service and the jobs that
// concern people. Commands and the daemon use it; it decides nothing.
//
//	main ─┬▶ commands ─┬▶ wiring ─▶ settings
//	      └▶ serve ────┘
//
//	app.go                         the App, its database, what is closed at the end
//	runs.go, ods.go, ers.go        runs and the registers they pull from
//	ers_register.go, upload.go     files that people or a schedule import
//	sinks.go                       DoS and the website: pushes, drift
//	people.go, mail.go             reminders, inactivity, letters
//	reports.go, report_files.go    the daily report: delivering and reading it
//	schedules.go                   what the daemon does by itself, and when
//	trials.go                      tries whether what is configured answers
//	submit.go, await_pushes.go     what a command waits for: done by a daemon, else here
//	announce.go                    announces the process to others
package wiring
