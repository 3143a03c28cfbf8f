package reportstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/report"
)

// Whatever is written after the end of a report's days, and before it is made, is in
// the next report, in however many transactions it was written.
func TestWhatIsLeftToTheNextReportIsInIt(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-20 03:00+00")
	p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	p.Exec("update profile set phone = '0113 496 0002' where code = 'FA002'")
	p.makes("2026-11-20")
	require.Len(t, p.rows("2026-11-20", report.SectionChanges, ""), 3, "the creations")
	p.makes("2026-11-23")
	require.Len(t, p.rows("2026-11-23", report.SectionChanges, ""), 2)
}

func TestOnlyALaterChangeSupersedes(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	for _, hour := range []string{"08", "09", "10"} {
		p.at("2026-11-19 " + hour + ":00+00")
		p.Exec("update profile set phone = '0113 496 00" + hour + "' where code = 'FA001'")
	}
	p.Exec(`insert into push (code, sink, route, state, accepted_at) values
		('FA001', 'dos', 'change-event', 'accepted', '2026-11-19 11:00+00')`)
	p.makes("2026-11-20")
	var statuses []string
	for _, row := range p.rows("2026-11-20", report.SectionChanges, "QAA")[:3] {
		statuses = append(statuses, row[11]+" "+row[22])
	}
	require.Equal(t, []string{"Telephone SUPERSEDED", "Telephone SUPERSEDED", "Telephone ACCEPTED"}, statuses)
}

func TestAFindingThatIsGoneIsNotNamed(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec(`insert into quality_finding (code, kind, service, about, detail, owner, first_check, last_check, gone_at) values
		('FA001', 'no-dos-place', '', 'SRV0560', 'no place', 'dos-lead', 1, 2, '2026-11-19 09:00+00'),
		('FA002', 'no-dos-place', '', 'SRV0561', 'no place', 'dos-lead', 1, 2, null)`)
	p.makes("2026-11-20")
	rows := p.rows("2026-11-20", report.SectionQuality, "")
	require.Len(t, rows, 1)
	require.Equal(t, "FA002", rows[0][1])
}

// Who edits a section has checked it too, but confirmed nothing.
func TestAnEditIsNoConfirmation(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec("insert into account (email, name, state) values ('a@example.org', 'A', 'active')")
	p.Exec(`insert into section_check (code, section, account_id, edited, at) values
		('FA001', 'contact', 1, false, '2026-11-19 09:00+00'), ('FA001', 'services', 1, true, '2026-11-19 09:00+00')`)
	p.makes("2026-11-20")
	require.Equal(t, 1, pgtest.One[int](p.Database, "select sum(count) from report_figure where name = $1", report.FigureChecked))
}
