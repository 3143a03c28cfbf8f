package historystore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// stands is a profile by the tables alone, in the forms of a push.
const stands = `select concat_ws('|', p.name, array_to_string(p.address, e'\n'), p.postcode, p.type,
	array_to_string(p.roles, ','), p.status, p.phone, p.website, p.description, p.hidden, p.kind,
	'hours', (select string_agg(o.day || ' ' || to_char(o.opens, 'HH24:MI') || '-' || to_char(o.closes, 'HH24:MI'), e'\n'
		order by array_position('{mon,tue,wed,thu,fri,sat,sun,bank-holiday}', o.day), o.opens) from opening_period o where o.code = p.code),
	'dates', (select string_agg(d.date || ' ' || coalesce(to_char(d.opens, 'HH24:MI') || '-' || to_char(d.closes, 'HH24:MI'), 'closed'), e'\n'
		order by d.date, d.opens) from dated_opening_period d where d.code = p.code),
	'facilities', (select string_agg(facility_line(f.name, f.value), e'\n' order by f.name collate "C")
		from facility f where f.code = p.code),
	'services', (select string_agg(coalesce(nullif(s.nhs_code, ''), '-') || ' ' || s.name, e'\n'
		order by s.nhs_code collate "C", s.name collate "C")
		from service s where s.code = p.code and s.source = 'editor' and not s.withdrawn),
	'ers', (select string_agg(s.external_id || ' ' || s.name, e'\n' order by s.external_id collate "C", s.name collate "C")
		from service s where s.code = p.code and s.source = 'ers' and not s.withdrawn),
	'texts', (select string_agg(t.external_id || ' ' || t.text, e'\n' order by t.external_id) from service_text t where t.code = p.code))
from profile p where p.code = $1`

// shown is the same of a rebuilt profile.
func shown(s history.Standing) (text string) {
	all := s.Whole()
	add := func(value string) {
		if text != "" {
			text += "|"
		}
		text += value
	}
	for _, f := range []profile.Field{
		profile.FieldName, profile.FieldAddress, profile.FieldPostcode, profile.FieldType, profile.FieldRoles, profile.FieldStatus,
		profile.FieldPhone, profile.FieldWebsite, profile.FieldDescription,
	} {
		value := all.Get(f)
		if f == profile.FieldRoles {
			value = strings.ReplaceAll(value, "|", ",")
		}
		add(value)
	}
	add(map[string]string{"true": "t", "false": "f"}[all.Get(profile.FieldHidden)])
	add(all.Get(profile.FieldKind))
	for _, part := range []struct {
		name  string
		field profile.Field
	}{
		{"hours", profile.FieldOpeningTimes},
		{"dates", profile.FieldDatedOpeningTimes},
		{"facilities", profile.FieldFacilities},
		{"services", profile.FieldServices},
		{"ers", profile.FieldERSServices},
		{"texts", profile.FieldServiceTexts},
	} {
		add(part.name)
		if value := all.Get(part.field); value != "" { // concat_ws leaves nulls out
			add(value)
		}
	}
	return text
}

// edits are what anybody may write, by chance.
var edits = []string{
	"update profile set name = 'Name ' || {n} % 7 where code = {code}",
	"update profile set address = array['A ' || {n} % 5, 'Leeds'], postcode = 'LS1 ' || {n} % 9 || 'AA' where code = {code}",
	"update profile set phone = case when {n} % 4 = 0 then '' else '0113 496 000' || {n} % 7 end where code in ({code}, {other})",
	"update profile set status = (array['open', 'dormant', 'closed'])[1 + {n} % 3], hidden = {n} % 2 = 0 where code = {code}",
	"update profile set roles = array['RO182', 'RO' || {n} % 5] where code = {code}",
	`insert into opening_period (code, day, opens, closes) values ({code}, (array['mon', 'tue', 'wed', 'bank-holiday'])[1 + {n} % 4],
		time '08:00' + {n} % 5 * interval '1 hour', '17:30') on conflict do nothing`,
	"update opening_period set closes = time '16:00' + {n} % 5 * interval '1 hour' where code = {code}",
	"delete from opening_period where code = {code} and {n} % 3 = 1",
	"insert into dated_opening_period (code, date) values ({code}, date '2026-12-20' + {n} % 9) on conflict do nothing",
	"update dated_opening_period set opens = '10:00', closes = time '12:00' + {n} % 5 * interval '1 hour' where code in ({code}, {other})",
	"delete from dated_opening_period where code = {code} and {n} % 2 = 0",
	"insert into facility (code, name, value) values ({code}, 'Parking ' || {n} % 3, 'yes, ' || {n}) on conflict do nothing",
	"update facility set value = 'no ' || {n} % 4 where code = {code}",
	"delete from facility where code = {code} and {n} % 2 = 0",
	`insert into service (code, source, name, nhs_code)
		values ({code}, 'editor', 'Vaccination ' || {n} % 2, case when {n} % 2 = 0 then '' else 'SRV0560' end)`,
	"delete from service where id = (select min(id) from service where code = {code} and source = 'editor')",
	"insert into service (code, source, external_id, name) values ({code}, 'ers', {n} % 6, 'Clinic ' || {n} % 6) on conflict do nothing",
	"update service set withdrawn = not withdrawn, name = name || '.' where code = {code} and source = 'ers'",
	// it moves to another profile
	"update service set code = {other} where id = (select min(id) from service where code = {code} and source = 'editor')",
	"insert into service_text (code, external_id, text) values ({code}, {n} % 6, 'Text ' || {n}) on conflict do nothing",
	"update service_text set text = 'New ' || {n} % 4 where code = {code}",
}

// moment is how a profile stood from an instant on.
type moment struct {
	from time.Time
	text string
}

func TestAnInstantIsWhatStood(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := historystore.New(db.DB)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var codes []profile.ODSCode
	stood := map[profile.ODSCode][]moment{}
	note := func(tx pgx.Tx, code profile.ODSCode, at time.Time) {
		var text string
		require.NoError(t, tx.QueryRow(t.Context(), stands, code).Scan(&text))
		stood[code] = append(stood[code], moment{at, text})
	}
	refused := 0
	in := func(code, other profile.ODSCode, statements ...string) {
		err := pgx.BeginFunc(t.Context(), db.SQL, func(tx pgx.Tx) error {
			var at time.Time
			require.NoError(t, tx.QueryRow(t.Context(), "select now()").Scan(&at))
			for _, statement := range statements {
				if _, err := tx.Exec(t.Context(), statement); err != nil {
					return err
				}
			}
			note(tx, code, at)
			note(tx, other, at)
			return nil
		})
		var rule *pgconn.PgError
		if errors.As(err, &rule) && rule.Code == "23514" { // hours or facilities that no profile may have: nothing is changed
			refused++
			return
		}
		require.NoError(t, err)
	}
	for n := range 800 {
		if n%40 == 0 {
			code := profile.ODSCode(fmt.Sprintf("FA%03d", n))
			codes = append(codes, code)
			in(code, code, fmt.Sprintf("insert into profile (code, name, type, phone) values ('%s', 'New', '%s', '0113 496 0999')",
				code, []string{"pharmacy", "trust-site"}[n/40%2]))
		}
		one, other := codes[random.IntN(len(codes))], codes[random.IntN(len(codes))]
		statements := make([]string, 1+random.IntN(3)) // some fields at once
		for i := range statements {
			statements[i] = strings.NewReplacer("{code}", "'"+string(one)+"'", "{other}", "'"+string(other)+"'",
				"{n}", strconv.Itoa(random.IntN(1000))).Replace(edits[random.IntN(len(edits))])
		}
		in(one, other, statements...)
	}
	require.Less(t, refused, 400)
	type read struct {
		now   history.Standing
		audit []history.Change
	}
	present := map[profile.ODSCode]read{}
	for _, code := range codes {
		now, audit, err := store.Profile(t.Context(), code)
		require.NoError(t, err)
		require.Equal(t, stood[code][len(stood[code])-1].text, shown(now))
		present[code] = read{now, audit}
	}
	for range 1000 {
		code := codes[random.IntN(len(codes))]
		instant := stood[code][random.IntN(len(stood[code]))].from.Add(time.Duration(random.IntN(5)-2) * 300 * time.Microsecond)
		requireStood(t, present[code].now, present[code].audit, stood[code], instant)
	}
}

// requireStood requires a profile to be rebuilt as it stood at an instant.
func requireStood(t *testing.T, now history.Standing, audit []history.Change, stood []moment, instant time.Time) {
	t.Helper()
	then, unfit, err := history.At(now, audit, instant)
	if instant.Before(stood[0].from) {
		require.ErrorAs(t, err, &history.NotYetError{})
		return
	}
	require.NoError(t, err)
	require.Empty(t, unfit)
	want := ""
	for _, m := range stood {
		if !m.from.After(instant) {
			want = m.text
		}
	}
	require.Equal(t, want, shown(then), "%s at %s", now.Code, instant)
}

func TestThereIsNoHistoryOfNoProfile(t *testing.T) {
	t.Parallel()
	_, _, err := historystore.New(pgtest.Open(t)).Profile(t.Context(), "FA999")
	require.ErrorIs(t, err, postgres.ErrNotFound)
}
