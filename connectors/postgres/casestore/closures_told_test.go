package casestore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// eachSign is what shows that a shop has closed, as signs has it, and what mends it.
var eachSign = map[string]struct{ shows, mend string }{
	"a board's word": {
		"insert into closure (code, said_by, reason) values ('%[1]s', 'lara', 'it is empty')",
		"update closure set taken_back_by = 'lara', taken_back_at = now()",
	},
	"DoS, by its quality":      {signs["DoS has no active service of its type"], "update quality_finding set gone_at = clock()"},
	"e-RS":                     {signs["all its services have left e-RS"], "update service set withdrawn = false"},
	"e-RS, another service":    {signs["all its services have left e-RS"], anotherService},
	"letters, a dead address":  {signs["letters to all its people come back"], "update account set dead_at = null"},
	"a check":                  {signs["nobody has checked it for two quarters"], checks + "('%[1]s', 'contact', %[2]d)"},
	"a sign-in":                {signs["nobody of it has signed in for 180 days"], "insert into sign_in (account_id) values (%[2]d)"},
	"DoS, by a whole check":    {missingInDoS, wholeCheck},
	"letters, two came back":   {cameBack, letters + "('c', 'x', %[2]d, 'delivered', now())"},
	"letters, another address": {cameBack, "update account set email = 'new@example.org' where id = %[2]d"},
}

const (
	anotherService = "insert into service (code, source, external_id, name) values ('%[1]s', 'ers', 'x', 'Eyes')"
	missingInDoS   = wholeCheck + `
		insert into drift (check_id, code, field, want, shown, given_up) values (1, '%[1]s', 'missing', '', '', false)`
	cameBack = letters + `
		('a', 'x', %[2]d, 'bounced', now() - interval '2 days'), ('b', 'x', %[2]d, 'bounced', now() - interval '1 day')`
)

// Each sign, beside another one unless it is a board's word, opens one case, of which the
// board is told and nobody else; mending it ends the case.
func TestEachSignOpensACaseOfTheBoard(t *testing.T) {
	t.Parallel()
	for name, sign := range eachSign {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Exec(ordinary)
			beside := signs["all its services have left e-RS"]
			switch {
			case name == "a board's word":
				beside = "select"
			case strings.HasPrefix(name, "e-RS"):
				beside = signs["nobody has checked it for two quarters"]
			}
			code := w.shop(1, beside)
			w.looks()
			require.Empty(t, w.mayHaveClosed())
			w.shows(code, sign.shows)
			w.looks()
			require.Len(t, w.mayHaveClosed(), 1)
			require.NotEmpty(t, w.toldTo(false))
			require.Equal(t, []string{"u-2 new"}, w.toldOf(cases.ClosedInReality))
			w.shows(code, sign.mend)
			w.looks()
			require.Empty(t, w.mayHaveClosed())
		})
	}
}

// toldOf lists who was told what of the cases of a kind.
func (w *world) toldOf(kind cases.Kind) []string {
	w.Helper()
	return pgtest.All[string](w.Database, `select t.recipient || ' ' || t.news from case_told t join cases c on c.id = t.case_id
		where c.kind = $1 order by t.day, t.recipient`, string(kind))
}

// morning plays the look and the letters of a day at eight, and returns to whom which line
// goes, up to the colon.
func (w *world) morning(day profile.Date) (sent []string) {
	w.Helper()
	w.at.Now = day.Time().Add(8 * time.Hour)
	w.looks()
	lists := map[profile.ODSCode]bool{cases.ServiceDeskList: true, cases.RegisterDeskList: true, people.NationalList: true}
	previewed, _, err := w.store.Letters(w.Context(), lists, w.at, true)
	require.NoError(w, err)
	added, _, err := w.store.Tell(w.Context(), lists, w.at, true)
	require.NoError(w, err)
	require.Len(w, previewed, added, "the preview shows what becomes due")
	for _, letter := range previewed {
		lines, err := w.store.LinesOf(w.Context(), letter.Reference())
		require.NoError(w, err)
		require.Equal(w, cases.Lines(letter.Items), lines, "the preview shows what is sent")
		for _, line := range lines {
			news, _, _ := strings.Cut(line, ":")
			sent = append(sent, day.String()[5:]+" "+letter.To.String()+": "+news)
		}
	}
	return sent
}

// played plays days from a Monday on.
func (w *world) played(from, to int) (sent []string) {
	w.Helper()
	for day := from; day < to; day++ {
		sent = append(sent, w.morning(profile.NewDate(2026, time.November, 2).AddDays(day))...)
	}
	return sent
}

// The register's desk is asked to close the place when it is confirmed, and again every
// week, until the register agrees or the closure is taken back: whoever was told is told
// that, and nothing more.
func TestTheRegisterIsAskedEveryWeek(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world){
		"the register agrees": func(w *world) { w.Exec("update profile set status = 'closed' where code = 'FA001'") },
		"taken back":          (*world).takesBack,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClosureWorld(t)
			w.confirms()
			require.Equal(t, []string{
				"11-02 list-register-desk: New",
				"11-09 list-register-desk: Overdue since 6 November 2026", "11-09 u-2: New",
				"11-16 list-register-desk: Overdue since 6 November 2026", "11-16 list-service-desk: New",
				"11-16 u-2: Overdue since 6 November 2026",
			}, w.played(0, 21))
			require.Equal(t, []string{confirmed}, w.stand(), "it stays")
			require.Contains(t, w.toldOf(cases.ClosureConfirmed), "list-register-desk overdue")
			end(w)
			require.Equal(t, []string{
				"11-23 list-register-desk: Ended", "11-23 list-service-desk: Ended", "11-23 u-2: Ended",
			}, w.played(21, 50))
			require.Empty(t, w.stand())
		})
	}
}

// Set aside, nobody is told of either case until its day has passed.
func TestACaseOfAClosureIsSetAside(t *testing.T) {
	t.Parallel()
	for first, step := range map[string]func(*world){
		"u-2": func(w *world) {
			_, err := w.store.Say(w.Context(), casestore.ClosureStep{Code: "FA001", Actor: "lara", Reason: "the board says so"})
			require.NoError(w, err)
		},
		"list-register-desk": (*world).confirms,
	} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			w := newClosureWorld(t)
			step(w)
			require.Equal(t, []string{"11-02 " + first + ": New"}, w.played(0, 1))
			w.Exec("update cases set state = 'set-aside', reason = 'the strike', until = '2026-11-19', decided_by = 'lara'")
			require.Empty(t, w.played(1, 18))
			sent := w.played(18, 19)
			require.NotEmpty(t, sent)
			require.Contains(t, sent[0]+sent[len(sent)-1], "11-20 "+first+": Overdue since ")
		})
	}
}
