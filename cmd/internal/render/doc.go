// Package render writes the daily change report in its forms: CSV, XLSX, HTML
// and JSON (reconcile/RULES.md "Report").
//
// The writers are pure: the same report always gives the same bytes. They read
// rows one by one and keep none, except for the capped tables of the HTML. CSV and
// JSON are for programs: they have the columns' names and the codes as frozen. XLSX
// and HTML are for people: they have labels and words (report.Section.Worded). Other
// differences:
//
//   - CSV and XLSX put ' before a text that a spreadsheet might take for a
//     formula. In XLSX such a text is a string anyway; the guard matters if
//     the sheet is saved as CSV.
//   - XLSX stores numbers, dates and times as such, with times in UK time.
//     HTML shows UK time too, with the instant in the element's
//     datetime.
//   - XLSX cuts texts at Excel's 32,767 characters and says so in the cell.
//   - HTML lists the first rows of long sections only, and says so. Of wide ones
//     it shows the columns that people read first; a switch shows the others, but
//     for those that are empty.
package render
