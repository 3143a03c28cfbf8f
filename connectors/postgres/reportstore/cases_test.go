package reportstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/report"
)

// Who must act by now depends on the official list of bank holidays, as in lists of cases.
func TestReportsNameOwnersByTheOfficialCalendar(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-16 09:00+00")
	p.Exec(`insert into holiday (date, title) values ('2026-01-01', 'New Year'), ('2026-11-23', 'A coronation'), ('2026-12-25', 'Christmas')`)
	p.Exec(`insert into cases (kind, subject, about, code, board, facts, deadline)
		values ('closure-confirmed', 'FA001', '', 'FA001', 'QAA', '{}', '2026-11-20')`)
	for _, want := range [][]string{{"2026-11-30", "board"}, {"2026-12-01", "service-desk"}} {
		p.makes(want[0])
		rows := p.rows(want[0], report.SectionCases, "QAA")
		require.Len(t, rows, 1)
		require.Equal(t, []string{want[1], "2026-11-20", "open"}, rows[0][3:6], want[0])
	}
}
