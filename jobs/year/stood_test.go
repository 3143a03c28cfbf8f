package year_test

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// standing is how a profile stood at the end of a day.
type standing struct {
	code profile.ODSCode
	at   time.Time
	text string
}

// drawnDaily is how many profiles are drawn each day: 1,095 in the year.
const drawnDaily = 3

// remember notes how some profiles stand at the end of a day.
func (y *year) remember(today date) {
	random := rand.New(rand.NewPCG(y.seed, uint64(today))) // of its own: the year goes as it would without
	for range drawnDaily {
		s := standing{code: profile.ODSCode(y.places[random.IntN(len(y.places))].code), at: today.at(23, 59)}
		require.NoError(y, y.db.QueryRow(y.Context(), `select concat_ws('|', p.name, p.status, p.phone, p.icb,
			(select string_agg(d.date || ' closed', ',' order by d.date) from dated_opening_period d where d.code = p.code))
			from profile p where p.code = $1`, s.code).Scan(&s.text))
		y.stood = append(y.stood, s)
	}
}

// rebuild requires the audit to give each profile as it stood.
func (y *year) rebuild() {
	store := historystore.New(pgtest.OpenURL(y, y.url))
	changed := 0
	for _, s := range y.stood {
		now, audit, err := store.Profile(y.Context(), s.code)
		require.NoError(y, err)
		then, unfit, err := history.At(now, audit, s.at)
		require.NoError(y, err, s.code)
		require.Empty(y, unfit)
		require.Equal(y, s.text, textOf(then), "%s at %s", s.code, s.at)
		if textOf(then) != textOf(now) {
			changed++
		}
	}
	require.Greater(y, len(y.stood), 1000)
	require.Greater(y, changed, 300, "most profiles have changed since")
	y.Logf("%d profiles rebuilt as they stood; %d of them have changed since", len(y.stood), changed)
}

func textOf(s history.Standing) string {
	all := s.Whole()
	text := ""
	for _, f := range []profile.Field{profile.FieldName, profile.FieldStatus, profile.FieldPhone, profile.FieldICB} {
		text += all.Get(f) + "|"
	}
	if dates := all.Get(profile.FieldDatedOpeningTimes); dates != "" {
		return text + strings.ReplaceAll(dates, "\n", ",")
	}
	return text[:len(text)-1]
}
