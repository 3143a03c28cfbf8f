package reportstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestALostAnswerAboutReports(t *testing.T) {
	t.Parallel()
	making := func(t *testing.T) pgtest.Write {
		t.Helper()
		p := newPressed(t)
		p.at("2026-11-19 09:00+00")
		p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
		p.today = profile.NewDate(2026, time.November, 20)
		reporter := func() *peoplejobs.Reporter {
			r := p.reporter()
			r.Channels = []peoplejobs.ReportChannel{slot{}}
			return r
		}
		return pgtest.Write{Database: p.Database, Try: func() error { return reporter().Run(t.Context()) }, Rows: `
			select concat_ws(' ', 'report', day, from_at, until_at, rows, digest) from report
			union all select concat_ws(' ', 'row', report_id, section, icb, position, cells::text) from report_row
			union all select concat_ws(' ', 'change', report_id, count(*)) from report_change group by report_id
			union all select concat_ws(' ', 'delivery', report_id, list, channel) from report_delivery`}
	}
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"freezing":   {Statement: "SealReport", Begin: making},
		"delivering": {Statement: "Delivered", Begin: making},
	})
}

// slot accepts reports and discards them.
type slot struct{}

func (slot) Name() string { return "slot" }

func (slot) Deliver(context.Context, profile.Date, profile.ODSCode) error { return nil }
