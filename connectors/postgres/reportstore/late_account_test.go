package reportstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/report"
)

// A transaction that began before a report and commits after it is in the next one.
func TestAnAccountThatEndsLateIsInTheNextReport(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec("insert into account (email, name, state) values ('ann@example.nhs.uk', 'Ann', 'active')")
	p.makes("2026-11-20")
	late := pgtest.Connect(t, p.URL)
	_, err := late.Exec(t.Context(), "set profilesync.now = '2026-11-20 12:00+00'; begin; update account set state = 'deactivated'")
	require.NoError(t, err)
	p.makes("2026-11-23")
	_, err = late.Exec(t.Context(), "commit")
	require.NoError(t, err)
	p.makes("2026-11-24")
	p.makes("2026-11-25")
	all := fmt.Sprint(p.rows("2026-11-23", report.SectionAccounts, ""), p.rows("2026-11-24", report.SectionAccounts, ""),
		p.rows("2026-11-25", report.SectionAccounts, ""))
	require.Equal(t, 1, strings.Count(all, "deactivated"), all)
}

// A dump that is restored on a new server has a new count of transactions.
func TestReportsGoOnAfterARestore(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.makes("2026-11-20")
	p.Exec("update report set floor = '4000000000'") // as the old server's, which had counted further
	p.at("2026-11-20 12:00+00")
	p.Exec("update profile set phone = '0113 496 0000' where code = 'FA001'")
	p.makes("2026-11-23")
	require.Contains(t, fmt.Sprint(p.rows("2026-11-23", report.SectionChanges, "")), "0113 496 0000")

	p.Exec("update report set server = 'another', floor = pg_snapshot_xmax(pg_current_snapshot())") // which had counted as far
	p.at("2026-11-23 12:00+00")
	p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	p.makes("2026-11-24")
	require.Contains(t, fmt.Sprint(p.rows("2026-11-24", report.SectionChanges, "")), "0113 496 0001")
	p.makes("2026-11-25")
	require.Empty(t, p.rows("2026-11-25", report.SectionChanges, ""), "nothing twice")
}

// What a push overwrote is in one report, however late its transaction ended.
func TestWhatWasOverwrittenLateIsInTheNextReport(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.makes("2026-11-20")
	late := pgtest.Connect(t, p.URL)
	_, err := late.Exec(t.Context(), "set profilesync.now = '2026-11-20 12:00+00'; begin; "+
		"insert into push_overwrite (code, sink, sequence, entry, field, before, after) values ('FA001', 'dos', 7, '', 'phone', '111', '222')")
	require.NoError(t, err)
	p.makes("2026-11-23")
	_, err = late.Exec(t.Context(), "commit")
	require.NoError(t, err)
	p.makes("2026-11-24")
	p.makes("2026-11-25")
	count := 0
	for _, day := range []string{"2026-11-23", "2026-11-24", "2026-11-25"} {
		count += len(p.rows(day, report.SectionOverwritten, ""))
	}
	require.Equal(t, 1, count)
}
