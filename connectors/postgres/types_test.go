package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The zero value is null, as a parameter and as a result, alone and in arrays.
func TestTypesOfTheCore(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	day, hash := profile.NewDate(2026, time.March, 29), profile.Hash{1, 15: 2}
	instant := time.Date(2026, time.March, 29, 1, 2, 3, 4000, time.UTC)
	for name, c := range map[string]struct {
		sent []any
		text []string // as Postgres reads it; empty for null
	}{
		"stated": {[]any{day, hash, instant}, []string{"2026-03-29", `\x01000000000000000000000000000002`, "2026-03-29 01:02:03.000004+00"}},
		"zero":   {[]any{profile.Date{}, profile.Hash{}, time.Time{}}, []string{"", "", ""}},
	} {
		var texts, arrays []string
		err := db.QueryRow(t.Context(), `select
			array[coalesce($1::date::text, ''), coalesce($2::bytea::text, ''), coalesce($3::timestamptz::text, '')],
			array[coalesce(($4::date[])[1]::text, ''), coalesce(($5::bytea[])[1]::text, ''), coalesce(($6::timestamptz[])[1]::text, '')]`,
			c.sent[0], c.sent[1], c.sent[2],
			[]profile.Date{c.sent[0].(profile.Date)}, []profile.Hash{c.sent[1].(profile.Hash)}, []time.Time{c.sent[2].(time.Time)},
		).Scan(&texts, &arrays)
		require.NoError(t, err, name)
		require.Equal(t, c.text, texts, name)
		require.Equal(t, c.text, arrays, name)

		gotDay, gotHash, gotInstant := day.AddDays(1), profile.Hash{9}, instant.Add(time.Hour) // to be overwritten
		var days []profile.Date
		err = db.QueryRow(t.Context(), "select $1::date, $2::bytea, $3::timestamptz, array[$1::date]", c.sent...).
			Scan(&gotDay, &gotHash, &gotInstant, &days)
		require.NoError(t, err, name)
		got := []any{gotDay, gotHash, gotInstant.UTC()}
		require.Equal(t, c.sent, got, name)
		require.Equal(t, []profile.Date{c.sent[0].(profile.Date)}, days, name)
	}
	var short profile.Hash
	require.NoError(t, db.QueryRow(t.Context(), `select '\x0102'::bytea`).Scan(&short))
	require.Equal(t, profile.Hash{1, 2}, short)
	var wrong profile.Date
	require.Error(t, db.QueryRow(t.Context(), "select 'no day'").Scan(&wrong))
}
