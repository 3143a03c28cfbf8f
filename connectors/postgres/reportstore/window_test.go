package reportstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/report"
)

// No date keeps a row out of every report: neither one after the present nor one of
// long ago, and no row is in two.
func TestARowOfAnotherTimeIsInTheNextReport(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.makes("2026-11-20")
	for i, instant := range []string{"2999-01-01 00:00+00", "infinity", "1999-01-01 00:00+00", "2026-11-23 06:00+00"} {
		p.at(instant)
		p.Exec("update profile set phone = '0113 496 000' || $1::int where code = 'FA001'", i)
	}
	p.makes("2026-11-23")
	listed := fmt.Sprint(p.rows("2026-11-23", report.SectionChanges, ""))
	for _, phone := range []string{"0113 496 0000", "0113 496 0001", "0113 496 0002"} {
		require.Contains(t, listed, phone)
	}
	in, of := p.reported()
	require.Equal(t, of-1, in, "that of this morning is in the next one")
	p.makes("2026-11-24")
	p.makes("2026-11-25")
	in, of = p.reported()
	require.Equal(t, of, in)
	require.Equal(t, of, pgtest.One[int](p.Database, "select sum(rows)::int from report"), "each in one")
}
