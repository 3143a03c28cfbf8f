package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// columnsOfEditors are the texts that editors write, one statement each.
var columnsOfEditors = []string{
	"update profile set name = $1", "update profile set address = array['1 High Street', $1]", "update profile set postcode = $1",
	"update profile set roles = array[$1]", "update profile set parent = $1", "update profile set commissioner = $1",
	"update profile set icb = $1", "update profile set region = $1", "update profile set successor = $1",
	"update profile set phone = $1", "update profile set email = $1", "update profile set website = 'https://x.uk/' || $1",
	"update profile set description = $1",
	"insert into facility (code, name, value) values ('FA0000', $1, 'Yes')",
	"insert into facility (code, name, value) values ('FA0000', 'Lift', $1)",
	"insert into service (code, source, name) values ('FA0000', 'editor', $1)",
	"insert into service (code, source, name, kind) values ('FA0000', 'editor', 'Feet', $1)",
	"insert into service (code, source, name, specialty) values ('FA0000', 'editor', 'Feet', $1)",
	"insert into service (code, source, name, hours) values ('FA0000', 'editor', 'Feet', $1)",
	"insert into service (code, source, name, instructions) values ('FA0000', 'editor', 'Feet', $1)",
	"insert into service (code, source, name, booking) values ('FA0000', 'editor', 'Feet', $1)",
	"insert into service (code, source, name, contacts) values ('FA0000', 'editor', 'Feet', jsonb_build_array($1::text))",
	"insert into service_text (code, external_id, text) values ('FA0000', '7', $1)",
	"insert into service_text (code, external_id, text) values ('FA0000', $1, 'Bring a friend')",
	"insert into hold (code, sink, reason, actor) values ('FA0000', 'dos', $1, 'jo')",
	"insert into hold (code, sink, reason, actor) values ('FA0000', 'dos', 'A', $1)",
	"update hold set removed_at = now(), removed_by = $1",
	"insert into account (email, name) values ('ann@example.nhs.uk', $1)",
	"insert into account (email, name) values ($1, 'Ann')",
	"insert into account (email, name, region) values ('ann@example.nhs.uk', 'Ann', $1)",
}

func TestNoColumnTakesWhatNobodySees(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("insert into hold (code, sink, reason, actor) values ('FA0000', 'dos', 'A', 'jo')")
	for _, statement := range columnsOfEditors {
		for _, sign := range "\u200b\u200e\u200f\u061c\ufeff\u2060\u00ad\u3164\U000e0041\u202e\u0085" {
			for _, text := range []string{string(sign), "111" + string(sign), "a@b.uk" + string(sign)} {
				_, err := w.SQL.Exec(t.Context(), statement, text)
				require.ErrorContains(t, err, "23514", "%s: %q", statement, text)
			}
		}
	}
	for _, name := range []string{"\u00a0", " \u2003\u3000", "\u200d", "\ufe0f"} {
		_, err := w.SQL.Exec(t.Context(), "update profile set name = $1", name)
		require.ErrorContains(t, err, "it is blank", "%q", name)
	}
	_, err := w.SQL.Exec(t.Context(), "select set_config('profilesync.actor', e'u-1\\u200b', false)")
	require.NoError(t, err)
	_, err = w.SQL.Exec(t.Context(), "update profile set name = 'Other'")
	require.ErrorContains(t, err, "nobody sees")
}

func TestFormsOfTheInterface(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("insert into account (email, name) values ('jo@example.nhs.uk', 'Jo')")
	const (
		phone    = "update profile set phone = $1"
		email    = "update profile set email = $1"
		own      = "update account set email = $1"
		region   = "update profile set region = $1"
		address  = "update profile set address = $1::text::text[]"
		facility = "insert into facility (code, name, value) values ('FA0000', $1, 'Yes')"
		contacts = "insert into service (code, source, name, contacts) values ('FA0000', 'editor', 'Feet', $1::text::jsonb)"
		number   = "insert into service_text (code, external_id, text) values ('FA0000', $1, 'A')"
		until    = "insert into hold (code, sink, reason, actor, until) values ('FA0000', 'dos', 'A', 'jo', $1::text::date)"
		leave    = "update account set leave_from = $1::text::date, leave_until = $1::text::date"
	)
	for statement, values := range map[string][]string{
		phone: {
			"0113.496.0000", "0113 496 0000 extension 12", "0113.496.0000 ext 12", "0113 496 0000 ext. 12", "0113 496 0000 / 0001",
			"0113 496 0000/0001", "0113 496 0000 (option 2)", "0113 496 0000 option 2", "(0113) 496-0000 x12", "+44 (0)113 496 0000, ext 7",
		},
		email:    {"o'brien+leeds@example.nhs.uk", "a.b@x-y.co.uk"},
		own:      {"a.b@x-y.co.uk"},
		region:   {"North East and Yorkshire"},
		address:  {"{}", `{"1 High Street",Leeds}`, "{a,b,c,d,e,f,g,h,i,j,k,l}"},
		facility: {"Play area", "Caf\u00e9"},
		contacts: {`[{"value": "C:\\new\\table"}]`, `[{"value": "\\b"}]`, `[]`},
		number:   {"1", "123456789012345678"},
		until:    {"1900-01-01", "2100-12-31"},
		leave:    {"2026-12-25"},
	} {
		for _, value := range values {
			_, err := w.SQL.Exec(t.Context(), statement, value)
			require.NoError(t, err, "%s: %q", statement, value)
		}
	}
	for statement, values := range map[string][]string{
		phone:    {"ring", "12", "0113 496 0000; 0113 496 0001", "/ 0113", "0113 496 0000 (option)", "0113 496 0000 ext", "...---"},
		email:    {"a@b..c", ".a.@-b-.c", "a..b@c.uk", "a@b-.uk", "a@b.uk.", "a\u00a0b@c.uk", "a@b\u2003c.uk"},
		own:      {"a@b..c", ".a.@-b-.c"},
		address:  {"{NULL}", "{{a,b},{c,d}}", `{a,"",b}`, `{" "}`, "[5:6]={a,b}", "{a,b,c,d,e,f,g,h,i,j,k,l,m}", "{\"\u00a0\"}"},
		facility: {" Parking", "Parking ", "Play\u00a0area"},
		contacts: {`[{"value": "a\n"}]`, `[{"value": "\\\n"}]`, `[{"a\u0007": 1}]`, `["\u202e"]`, `["\r"]`},
		number:   {"x", "-1", "1234567890123456789", "7 ", "", "http://x"},
		until:    {"infinity", "-infinity", "4000-01-01 BC", "1899-12-31", "2101-01-01", "30000-01-01"},
		leave:    {"infinity", "4000-01-01 BC", "2101-01-01"},
	} {
		for _, value := range values {
			_, err := w.SQL.Exec(t.Context(), statement, value)
			require.ErrorContains(t, err, "23514", "%s: %q", statement, value)
		}
	}
	w.Exec("select set_config('profilesync.run', '7', false)")
	w.Exec("update profile set address = string_to_array(e'a\\n\\nb', e'\\n'), name = e'\\u200b'") // what a register says
}
