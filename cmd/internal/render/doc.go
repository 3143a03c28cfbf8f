// Package render writes the daily change report in its forms: CSV, XLSX, HTML
// and JSON (reconcile/RULES.md "Report").
//
// The writers are pure: the same report gives the same bytes, whoever asks and
// whenever. They read rows one by one and keep none, the capped tables of the
// HTML apart. All forms carry the same values, with these differences:
//
//   - CSV and XLSX put ' before a text that a spreadsheet would take for a
//     formula. In XLSX such a text is a string anyway; the guard is for the day
//     when somebody saves the sheet as CSV.
//   - XLSX holds numbers, dates and times as such, times on the clock of
//     Europe/London. HTML shows that clock too and has the instant in the
//     element's datetime.
//   - XLSX cuts texts at Excel's 32,767 characters and says so in the cell.
//   - HTML lists the first rows of long sections only, and says so.
package render
