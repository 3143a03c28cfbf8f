package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// entry is one row of the audit without its time.
type entry struct {
	Code, Field, Old, New, Actor string
	Run                          int64
}

// entries returns the audit rows after a given one, in order.
func entries(w *pgtest.Database, after int) []entry {
	w.Helper()
	rows, err := w.SQL.Query(w.Context(), `select code, field, coalesce(old, '-'), coalesce(new, '-'), actor, coalesce(run_id, 0)
		from change order by id offset $1`, after)
	require.NoError(w, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[entry])
	require.NoError(w, err)
	return found
}

const creation = "insert into profile (code, name, type, address) values ('FA0000', 'A', 'pharmacy', '{1 High Street,Leeds}')"

func TestAuditOfProfiles(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	me := pgtest.One[string](w, "select session_user::text")
	require.Equal(t, []entry{{"FA0000", "profile", "-", "A", me, 0}}, entries(w, 0), "one row")

	w.Exec("update profile set name = 'B', address = '{2 High Street,Leeds}', hidden = true, phone = phone")
	require.Equal(t, []entry{
		{"FA0000", "address", "1 High Street\nLeeds", "2 High Street\nLeeds", me, 0},
		{"FA0000", "hidden", "false", "true", me, 0},
		{"FA0000", "name", "A", "B", me, 0},
	}, sorted(entries(w, 1)), "one row per field")

	w.Exec("update profile set name = name")
	require.Equal(t, 4, pgtest.One[int](w, "select count(*) from change"), "no change, no row")
}

func sorted(entries []entry) []entry {
	for i := range entries {
		for j := i; j > 0 && entries[j].Field < entries[j-1].Field; j-- {
			entries[j], entries[j-1] = entries[j-1], entries[j]
		}
	}
	return entries
}

func TestAuditCarriesTheTransaction(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	tx, err := w.SQL.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), creation)
	require.NoError(t, err)
	var same bool
	require.NoError(t, tx.QueryRow(t.Context(), "select xid = pg_current_xact_id() from change").Scan(&same))
	require.True(t, same)
	require.NoError(t, tx.Commit(t.Context()))
}

func TestAuditOfParts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ insert, update, remove, was, is string }{
		"opening-times": {
			"insert into opening_period (code, day, opens, closes) values ('FA0000', 'mon', '09:00', '17:00')",
			"update opening_period set closes = '18:00'", "delete from opening_period",
			`{"day": "mon", "opens": "09:00:00", "closes": "17:00:00"}`, `{"day": "mon", "opens": "09:00:00", "closes": "18:00:00"}`,
		},
		"dated-opening-times": {
			"insert into dated_opening_period (code, date) values ('FA0000', '2025-12-25')",
			"update dated_opening_period set date = '2025-12-26'", "delete from dated_opening_period",
			`{"date": "2025-12-25", "opens": null, "closes": null}`, `{"date": "2025-12-26", "opens": null, "closes": null}`,
		},
		"facilities": {
			"insert into facility (code, name, value) values ('FA0000', 'Parking', 'no')",
			"update facility set value = 'yes'", "delete from facility",
			`{"name": "Parking", "value": "no"}`, `{"name": "Parking", "value": "yes"}`,
		},
		"services": {
			"insert into service (code, source, name) values ('FA0000', 'editor', 'Feet')",
			"update service set name = 'Hands'", "delete from service",
			`{"name": "Feet", "source": "editor", "nhs_code": "", "external_id": null}`,
			`{"name": "Hands", "source": "editor", "nhs_code": "", "external_id": null}`,
		},
		"ers-services": {
			"insert into service (code, source, external_id, name) values ('FA0000', 'ers', '7', 'Feet')",
			"update service set name = 'Hands'", "delete from service",
			`{"name": "Feet", "source": "ers", "nhs_code": "", "external_id": "7"}`,
			`{"name": "Hands", "source": "ers", "nhs_code": "", "external_id": "7"}`,
		},
	}
	for field, c := range cases {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			w := pgtest.New(t)
			w.Exec("set profilesync.actor = 'me'")
			w.Exec(creation)
			for _, sql := range []string{c.insert, c.update, c.remove} {
				w.Exec(sql)
			}
			require.Equal(t, []entry{
				{"FA0000", field, "-", c.was, "me", 0},
				{"FA0000", field, c.was, c.is, "me", 0},
				{"FA0000", field, c.is, "-", "me", 0},
			}, entries(w, 1))
		})
	}
}

func TestAuditOfAServiceThatMoves(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("set profilesync.actor = 'me'")
	w.Exec("insert into profile (code, name, type) values ('FA0000', 'A', 'pharmacy'), ('FA0001', 'B', 'pharmacy')")
	w.Exec("insert into service (code, source, external_id, name) values ('FA0000', 'ers', '7', 'Feet')")
	w.Exec("update service set code = 'FA0001'")
	const feet = `{"name": "Feet", "source": "ers", "nhs_code": "", "external_id": "7"}`
	require.ElementsMatch(t, []entry{
		{"FA0000", "ers-services", feet, "-", "me", 0}, {"FA0001", "ers-services", "-", feet, "me", 0},
	}, entries(w, 3))
}

func TestWhatIsNeverDone(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	owner := pgtest.One[bool](w,
		"select tableowner = current_user from pg_tables where schemaname = 'profilesync' and tablename = 'change'")
	require.True(t, owner, "the owner is refused too")
	for sql, why := range map[string]string{
		"update change set new = 'X'":                  "append-only",
		"delete from change":                           "append-only",
		"truncate change":                              "append-only",
		"delete from profile":                          "close or hide the profile",
		"truncate profile cascade":                     "refused",
		"truncate opening_period":                      "audited",
		"truncate dated_opening_period":                "audited",
		"truncate facility":                            "audited",
		"truncate service":                             "audited",
		"update profile set code = 'FA0009'":           "a code is never changed",
		"delete from profile where code = 'nobody at'": "close or hide the profile",
	} {
		_, err := w.SQL.Exec(t.Context(), sql)
		require.ErrorContains(t, err, why, sql)
	}
}

func TestVersionsGrow(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	for version := int64(1); version < 4; version++ {
		require.Equal(t, version, pgtest.One[int64](w, "select version from profile"))
		w.Exec("update profile set phone = $1, version = 77, updated_at = '2000-01-01'", fmt.Sprint(110+version))
	}
	require.True(t, pgtest.One[bool](w, "select updated_at >= created_at from profile"), "only the trigger sets it")
}

func TestPlayedTimeReachesTriggers(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("set profilesync.now = '2031-02-03T04:05:06Z'")
	w.Exec(creation)
	require.Equal(t, "2031-02-03", pgtest.One[string](w, "select at::date::text from change"))
	require.Equal(t, "2031-02-03", pgtest.One[string](w, "select created_at::date::text from profile"))
}

// A reader that must not miss a row reads only below the oldest open
// transaction, and continues from there next time.
func TestAReaderMissesNoLateCommit(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("insert into profile (code, name, type) values ('FA0000', 'A', 'pharmacy'), ('FA0001', 'B', 'pharmacy')")
	from := pgtest.One[string](w, "select pg_snapshot_xmin(pg_current_snapshot())::text")
	read := func() (codes []string) {
		cut := pgtest.One[string](w, "select pg_snapshot_xmin(pg_current_snapshot())::text")
		codes = pgtest.All[string](w, `select code from change where field = 'phone' and xid >= $1::text::xid8 and xid < $2::text::xid8
			order by id`, from, cut)
		from = cut
		return codes
	}
	slow := pgtest.Connect(t, w.URL)
	tx, err := slow.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "update profile set phone = '111' where code = 'FA0000'")
	require.NoError(t, err)
	w.Exec("update profile set phone = '222' where code = 'FA0001'")

	require.Empty(t, read(), "the later one committed first: it waits")
	require.NoError(t, tx.Commit(t.Context()))
	var found []string
	require.Eventually(t, func() bool { // transactions of other databases hold the cut back too
		found = append(found, read()...)
		return len(found) >= 2
	}, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, []string{"FA0000", "FA0001"}, found)
}

func TestAPartThatIsWrittenAsItWasIsNotAudited(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("insert into facility (code, name, value) values ('FA0000', 'Parking', 'no')")
	w.Exec("insert into opening_period (code, day, opens, closes) values ('FA0000', 'mon', '09:00', '17:00')")
	w.Exec("update facility set value = value")
	w.Exec("update opening_period set closes = closes")
	require.Equal(
		t,
		[]string{"facilities", "opening-times"},
		pgtest.All[string](w, "select field from change where field <> 'profile' order by field"),
	)
}
