// Package screen prints what the simulator shows: finished lines, and on a
// terminal a line that says what is being done.
//
//	Linef, Say ─▶ finished lines
//	Do, Note ───▶ the line below them, with the seconds
package screen
