package cases_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/cases"
)

// A title names the organisation by its profile, or by its code if it has none.
func TestTitlesNameThings(t *testing.T) {
	t.Parallel()
	title := func(kind cases.Kind, facts map[string]string) string {
		return cases.Case{Kind: kind, Signal: cases.Signal{Code: "FA001", Facts: facts}}.Title()
	}
	require.Equal(t, "The register has deleted FA001; its profile stays as it is", title(cases.Deleted, nil))
	require.Equal(t, "The register has deleted Example Pharmacy (FA001); its profile stays as it is",
		title(cases.Deleted, map[string]string{cases.FactName: "Example Pharmacy"}))
	for field, words := range map[string]string{
		"icb": "the integrated care board", "address": "the address", "parent": "who runs it", "no-such-field": "no-such-field",
	} {
		facts := map[string]string{"report": "etr", "day": "1 April 2026", "rows": "55 of 205", "type": "trust-site", "field": field}
		require.Equal(t, "etr of 1 April 2026 changes "+words+" in 55 of 205 trust site profiles: it repeats what somebody undid",
			title(cases.UndoneWithheld, facts))
	}
}

// Of several cases of a kind the first says what to do; what is urgent comes first.
func TestALetterSaysOnceWhatToDo(t *testing.T) {
	t.Parallel()
	item := func(kind cases.Kind, id int64, news cases.News) cases.Item {
		s := opened(t, kind, "02 05:00")
		s.ID = id
		if news == cases.HasEnded {
			s.State = cases.Gone
		}
		return cases.Item{Stored: s, News: news, Opening: 1}
	}
	deleted := "The register has deleted FA001; its profile stays as it is"
	require.Equal(t, []string{
		"New: Pushes to {place} by {route} are paused: {reason} (case 4, by 2 November 2026). Mend the reason; they go on by themselves. " +
			"See what waits: profilesync push list --sink {sink}.",
		"Ended: " + deleted + " (case 1).",
		"New: " + deleted + " (case 2, by 16 November 2026). Find out which is right: profilesync profile show FA001. " +
			"If the register is wrong, have it corrected.",
		"New: " + deleted + " (case 3, by 16 November 2026).",
	}, cases.Lines([]cases.Item{
		item(cases.Deleted, 1, cases.HasEnded), item(cases.Deleted, 2, cases.IsNew), item(cases.Deleted, 3, cases.IsNew),
		item(cases.SinkPaused, 4, cases.IsNew),
	}))
	kinds := cases.Kinds()
	require.Equal(t, cases.UrgentKinds(), kinds[:len(cases.UrgentKinds())])
	require.True(t, slices.IsSortedFunc(kinds, func(a, b cases.Kind) int {
		return cases.Case{Kind: a}.Order(cases.Case{Kind: b})
	}))
}

// Where nobody of the organisation can be told, the board owns what its managers would.
func TestTheBoardOwnsForManagersWhoAreNobody(t *testing.T) {
	t.Parallel()
	at := moment(t, "02 06:00")
	s := opened(t, cases.PushWaits, "02 05:00")
	require.Equal(t, cases.Managers, s.Owner(at))
	s.Facts = map[string]string{cases.FactUnmanned: "yes"}
	require.Equal(t, cases.Board, s.Owner(at))
	require.Equal(t, cases.ServiceDesk, s.Owner(moment(t, "10 06:00")))
}
