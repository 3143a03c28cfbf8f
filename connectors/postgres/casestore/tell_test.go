package casestore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// tells makes urgent letters due, and then once more, which must find none.
func (w *world) tells() int {
	w.Helper()
	lists := map[profile.ODSCode]bool{people.NationalList: true}
	letters, _, err := w.store.Letters(w.Context(), lists, w.at, false)
	require.NoError(w, err)
	added, _, err := w.store.Tell(w.Context(), lists, w.at, false)
	require.NoError(w, err)
	require.Len(w, letters, added, "the preview shows what becomes due")
	again, _, err := w.store.Tell(w.Context(), lists, w.at, false)
	require.NoError(w, err)
	require.Zero(w, again)
	return added
}

func TestOwnersAreToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into account (email, name, kind, region, state) values
		('a@example.org', 'A', 'administrator', '', 'active'), ('b@example.org', 'B', 'administrator', '', 'active'),
		('c@example.org', 'C', 'administrator', '', 'invited'), ('d@example.org', 'D', 'lead', 'QAA', 'active')`)
	w.withheld("mass-change", "RA1")
	w.looks()
	require.Equal(t, 2, w.tells())
	reference := func(to string) string { return "case/1/1/" + w.at.Now.UTC().Format("2006-01-02T15:04") + "/" + to }
	require.Equal(t, []string{reference("u-1") + " case-urgent 1", reference("u-2") + " case-urgent 2"},
		pgtest.All[string](w.Database, "select concat_ws(' ', reference, kind, account_id) from letter order by id"))
	lines, err := w.store.LinesOf(t.Context(), reference("u-1"))
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "New: etr of 2 November 2026 changes the integrated care board in 1 trust profiles")
	w.Exec("update plan_row set waits = false")
	w.looks()
	lines, err = w.store.LinesOf(t.Context(), reference("u-1"))
	require.NoError(t, err)
	require.Empty(t, lines, "nobody is told that something is new which has gone")
}

// Set aside before its letter went out, a case is told of when its day has come.
func TestWhatALetterDidNotTellIsToldByAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("insert into account (email, name, kind, state) values ('a@example.org', 'A', 'administrator', 'active')")
	w.withheld("mass-change", "RA1")
	w.looks()
	require.Equal(t, 1, w.tells())
	first := pgtest.One[string](w.Database, "select reference from letter")
	w.Exec("update cases set state = 'set-aside', reason = 'later', until = $1", w.at.Today().String())
	lines, err := w.store.LinesOf(t.Context(), first)
	require.NoError(t, err)
	require.Empty(t, lines)
	require.Zero(t, w.tells())

	w.at.Now = w.at.Now.AddDate(0, 0, 1)
	require.Len(t, w.looks().Resume, 1)
	require.Equal(t, 1, w.tells())
	lines, err = w.store.LinesOf(t.Context(), pgtest.One[string](w.Database, "select reference from letter order by id desc limit 1"))
	require.NoError(t, err)
	require.Len(t, lines, 1)
}

// A letter that the mail service refused, or that came back, has told nobody: another one
// does on the next day, and none on the same.
func TestWhatNeverArrivedIsToldAgainOnALaterDay(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"refused", "failed", "bounced", "cancelled"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Exec("insert into account (email, name, kind, state) values ('a@example.org', 'A', 'administrator', 'active')")
			w.withheld("mass-change", "RA1")
			w.looks()
			require.Equal(t, 1, w.tells())
			w.Exec("update letter set state = $1", state)
			require.Zero(t, w.tells(), "the same day")
			w.at.Now = w.at.Now.AddDate(0, 0, 1)
			require.Equal(t, 1, w.tells())
			w.Exec("update letter set state = 'delivered' where state = 'due'")
			w.at.Now = w.at.Now.AddDate(0, 0, 1)
			w.looks()
			require.Zero(t, w.tells(), "it has arrived")
		})
	}
}

// A letter that told nothing holds up no other: what is new goes out at once, and so does
// what is open again.
func TestALetterThatToldNothingHoldsUpNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("insert into account (email, name, kind, state) values ('a@example.org', 'A', 'administrator', 'active')")
	w.withheld("mass-change", "RA1")
	w.looks()
	require.Equal(t, 1, w.tells())
	w.Exec("update cases set state = 'set-aside', reason = 'later', until = $1", w.at.Today().String())
	lines, err := w.store.LinesOf(t.Context(), pgtest.One[string](w.Database, "select reference from letter"))
	require.NoError(t, err)
	require.Empty(t, lines)
	w.Exec("update letter set state = 'delivered'")
	_, told, err := w.store.History(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, []casestore.Told{{To: "u-1", News: cases.IsNew, Day: w.at.Today(), Letter: "left-out"}}, told)
	w.Exec("update letter set state = 'cancelled'")
	w.Exec("update cases set state = 'open', reason = '', until = null")
	w.withheld("too-many-removals", "RA2")
	w.looks()
	w.at.Now = w.at.Now.Add(time.Minute)
	require.Equal(t, 1, w.tells())
	lines, err = w.store.LinesOf(t.Context(), pgtest.One[string](w.Database, "select reference from letter order by id desc limit 1"))
	require.NoError(t, err)
	require.Len(t, lines, 2)
}
