// Package demo plays the whole main job once against the real program and the
// simulated systems, and compares every number with the oracle's.
//
//	          ┌▶ something happens in an outside system, or somebody edits
//	chapter ──┼▶ program: a command, or the daemon
//	          └▶ the result against oracle; on to the next, or the end
//
//	story.go              Play, and a story being played
//	chapters.go           the chapters in their order
//	register_chapters.go  runs from the register; listings.go checks them
//	push.go, edit.go      the daemon, and an edit (editor.go: its SQL)
//	drift.go              the website is altered
//	services.go           the services of e-RS
//	people.go             people, reminders, letters
//	report.go             the daily report
//	summary.go, words.go  summary.json and what is printed
package demo
