package runstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatUnsettlesARecord(t *testing.T) {
	t.Parallel()
	const mark = `insert into mark (code, field, verdict, value, run_id, actor)
		select 'FA0000', 'name', 'rejected', 'X', max(id), 'me' from run`
	const hold = "insert into hold (code, field, reason, actor) values ('FA0000', 'name', 'why', 'me')"
	const other = "insert into hold (code, field, reason, actor) values ('FA0001', 'name', 'why', 'me')"
	cases := map[string]struct {
		before, written string
		settled         bool
	}{
		"an owned field":           {written: "update profile set name = 'X' where code = 'FA0000'"},
		"an owned list":            {written: "update profile set roles = '{RO182}' where code = 'FA0000'"},
		"an editor's field":        {written: "update profile set phone = '111', hidden = true where code = 'FA0000'", settled: true},
		"the same value":           {written: "update profile set name = name", settled: true},
		"another profile":          {written: "update profile set name = 'X' where code = 'FA0001'", settled: true},
		"opening times":            {written: "insert into facility (code, name, value) values ('FA0000', 'Parking', 'yes')", settled: true},
		"a mark":                   {written: mark},
		"a mark withdrawn":         {before: mark, written: "delete from mark"},
		"a hold":                   {written: hold},
		"a hold changed":           {before: hold, written: "update hold set until = '2025-05-01'"},
		"a hold lifted":            {before: hold, written: "delete from hold"},
		"a hold of another":        {written: other, settled: true},
		"an owned field and phone": {written: "update profile set phone = '111', icb = 'QOQ'"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listing(1, pharmacies(2))
			if c.before != "" {
				w.Exec(c.before)
				w.Exec("update upstream_record set settled = true")
			}
			require.True(t, w.settled("FA0000"))
			w.Exec(c.written)
			require.Equal(t, c.settled, w.settled("FA0000"))
		})
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"profile_code_is_ods":                 "insert into profile (code, name, type) values ('fa1', 'X', 'pharmacy')",
		"profile_name_stated":                 "update profile set name = ''",
		"profile_type_known":                  "update profile set type = 'pub'",
		"profile_status_known":                "update profile set status = 'shut'",
		"profile_website_is_http":             "update profile set website = 'javascript:alert(1)'",
		"opening_period_day_known":            "insert into opening_period (code, day, opens, closes) values ('FA0000', 'x', '9:00', '9:30')",
		"opening_period_profile_fkey":         "insert into opening_period (code, day, opens, closes) values ('FB999', 'mon', '9:00', '9:30')",
		"dated_opening_period_open_or_closed": "insert into dated_opening_period (code, date, opens) values ('FA0000', '2025-05-01', '9:00')",
		"service_external_id_with_source":     "insert into service (code, source, name) values ('FA0000', 'ers', 'X')",
		"hold_field_known":                    "insert into hold (code, field, reason, actor) values ('FA0000', 'colour', 'why', 'me')",
		"hold_field_or_sink":                  "insert into hold (code, reason, actor) values ('FA0000', 'why', 'me')",
		"hold_reason_stated":                  "insert into hold (code, field, reason, actor) values ('FA0000', 'name', '', 'me')",
	}
	w := newWorld(t)
	w.listing(1, pharmacies(1))
	for constraint, sql := range cases {
		_, err := w.SQL.Exec(t.Context(), sql)
		require.ErrorContains(t, err, constraint)
	}
}
