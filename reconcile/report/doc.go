// Package report says what the daily change report tells: its sections and
// columns, the words of each change, and who is overdue. What writes it as CSV,
// XLSX, HTML or JSON stands with the commands.
//
//	audit ──▶ AuditedChange ──▶ cells of ChangeColumns ──▶ Report, frozen once
//	checks ─▶ Overdue ─────────▶ Extra ──────────────────┘
package report
