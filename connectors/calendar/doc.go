// Package calendar reads the official bank holidays of England and Wales
// (CONTRACT.md "What it is").
//
// The list lacks two things, which this package does not add: past years, and days
// on which a holiday falls but is not observed. The core keeps every day that was
// once known (people.MergeHolidays), and adds 25 December itself and Easter Sunday
// (people.Calendar.MustState).
package calendar
