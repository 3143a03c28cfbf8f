// Package report decides the content of the daily change report: its sections and
// columns, the text of each change, and who is overdue. The code that writes it as
// CSV, XLSX, HTML or JSON is with the commands.
//
//	audit ──▶ AuditedChange ──▶ cells of ChangeColumns ──▶ Report, frozen once
//	checks ─▶ Overdue ─────────▶ StandingRow ────────────┘
package report
