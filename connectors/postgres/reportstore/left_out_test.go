package reportstore_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// What pushes leave out is in every report while it lasts, and the change of such a field
// has failed, also where an earlier report had to leave that open.
func TestFieldsThatPushesLeaveOutAreReported(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-19 09:00+00")
	p.Exec("update profile set website = 'https://x.com', phone = '111' where code in ('FA001', 'FA002')")
	const left = `[{"field": "website", "value": "https://x.com", "reason": "one-letter label", "since": "2026-11-19T10:00:00Z"},
		{"field": "email", "reason": "it holds a space", "since": "2026-11-19T10:00:00Z"}]`
	p.Exec(`insert into push (code, sink, route, state, wanted_at, accepted_at, left_out) values
		('FA001', 'dos', 'change-event', 'accepted', '2026-11-19 09:00+00', '2026-11-19 10:00+00', $1),
		('FA002', 'dos', 'change-event', 'wanted', '2026-11-19 09:00+00', null, '[]')`, left)
	status := func() []string {
		return pgtest.All[string](p.Database, `select cells[6] || ' ' || cells[15] || ' ' || cells[23] from report_row
			where section = 'changes' and cells[15] in ('https://x.com', '111') order by report_id, position`)
	}
	named := func() []string {
		return pgtest.All[string](p.Database,
			"select array_to_string(cells, '|') from report_row where section = 'left-out' order by report_id, position")
	}
	rows := func(code, name string) []string {
		return []string{
			"dos|" + code + "|" + name + "|email||it holds a space|2026-11-19T10:00:00Z", // a value that is not shown
			"dos|" + code + "|" + name + "|website|https://x.com|one-letter label|2026-11-19T10:00:00Z",
		}
	}
	p.makes("2026-11-20")
	require.ElementsMatch(t, []string{
		"FA001 111 ACCEPTED", "FA001 https://x.com FAILED", "FA002 111 PENDING", "FA002 https://x.com PENDING",
	}, status())
	require.Equal(t, rows("FA001", "First"), named())

	p.Exec("update push set state = 'accepted', accepted_at = '2026-11-20 10:00+00', left_out = $1 where code = 'FA002'", left)
	p.makes("2026-11-23")
	require.ElementsMatch(t, slices.Concat(rows("FA001", "First"), rows("FA001", "First"), rows("FA002", "Second")), named())
	ended := []string{"profile ACCEPTED ", "phone ACCEPTED ", "website FAILED one-letter label"}
	require.ElementsMatch(t, ended, pgtest.All[string](p.Database,
		"select cells[4] || ' ' || cells[6] || ' ' || cells[8] from report_row where section = 'updates' and cells[2] = 'FA002'"))
}
