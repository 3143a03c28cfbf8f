// Package wiring puts the parts together: App opens the stores and makes the
// sources, the sinks, the mail service and the work for people from the
// settings. Commands and the daemon work with it; it decides nothing.
//
//	main ─┬▶ commands ─┬▶ wiring ─▶ settings
//	      └▶ serve ────┘
//
//	app.go                         the App, its database, what is closed at the end
//	runs.go, ods.go, ers.go        runs, and the registers they pull from
//	ers_register.go, upload.go     files that people or a schedule hand in
//	sinks.go                       DoS and the website: pushes, drift
//	people.go, mail.go             reminders, inactivity, letters
//	reports.go, report_files.go    the daily report: delivering and reading it
//	submit.go, await_pushes.go     what a command waits for: worked by a daemon, else here
//	announce.go                    the process, announced to others
package wiring
