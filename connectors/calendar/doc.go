// Package calendar reads the official bank holidays of England and Wales
// (CONTRACT.md "What it is").
//
// The list is short of two things, and neither is mended here: years that have
// passed are dropped from it, and only observed days are in it. The core keeps
// what was once known (people.MergeHolidays) and adds the real 25 December
// and Easter Sunday (people.Calendar.MustState).
package calendar
