package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// fieldChanges reduces history rows to field, old and new value.
func fieldChanges(rows []audited) (stories [][3]string) {
	for _, r := range rows {
		stories = append(stories, [3]string{r.Field, r.Old, r.New})
	}
	return stories
}

func TestAnEditorsFieldSurvivesAndOursIsCorrected(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsBefore)
	s := newSite(t)
	first := s.reconcile(0, file, "2025-12-29", "--actor", "First Loader")
	const code = "RNK"
	name, phone, icb := s.field(code, "name"), s.field(code, "phone"), s.field(code, "icb")

	s.edit(code, "phone", "020 7946 0000")
	s.edit(code, "description", "Open to everyone")
	edits := s.history(code)
	require.Equal(t, [][3]string{
		{"profile", "", name}, {"phone", phone, "020 7946 0000"}, {"description", "", "Open to everyone"},
	}, fieldChanges(edits))
	require.Equal(t, "First Loader", edits[0].Actor)
	require.Equal(t, "profilesync", edits[1].Actor, "the database user, since the session sets no actor")
	require.Equal(t, "editor", edits[1].Owner)
	require.Zero(t, edits[1].Run)

	quiet := s.reconcile(0, file, "2025-12-30")
	require.Zero(t, quiet.Changes)
	require.Equal(t, "020 7946 0000", s.field(code, "phone"))

	s.edit(code, "name", "Changed By Hand")
	s.edit(code, "status", "closed")
	s.edit("R1A", "icb", "QQQ")
	putRight := s.reconcile(0, file, "2025-12-31")
	require.Equal(t, changeCounts{Reopen: 1, Update: 1}, putRight.Changes, "one profile opened and renamed, one recoded")
	require.Equal(t, map[string]int{"name": 1, "status": 1, "icb": 1}, putRight.Fields)
	require.Equal(t, name, s.field(code, "name"))
	require.Equal(t, "open", s.field(code, "status"))
	require.Equal(t, icb, s.field(code, "icb"))
	require.Equal(t, "020 7946 0000", s.field(code, "phone"), "the editor's value stays")

	history := fieldChanges(s.history(code))[3:]
	require.Equal(t, [][3]string{{"name", name, "Changed By Hand"}, {"status", "open", "closed"}}, history[:2])
	require.ElementsMatch(t, [][3]string{{"name", "Changed By Hand", name}, {"status", "closed", "open"}}, history[2:],
		"corrected, and recorded with both values")
	for _, c := range s.changes(putRight.Run) {
		require.Equal(t, map[bool]string{true: "upstream", false: "drift"}[c.Field == "status"], c.Reason, c.Field)
	}
	require.NotEqual(t, first.Run, putRight.Run)
	require.Zero(t, s.reconcile(0, file, "2026-01-01").Changes, "the next run finds nothing")
}

func TestTheAuditCannotBeRewritten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.reconcile(0, realData(t, trustsBefore), "2025-12-29")
	conn := s.connect()
	for _, statement := range []string{
		"update change set new = 'forged'", "delete from change", "truncate change", "delete from profile where code = 'RNK'",
	} {
		_, err := conn.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "refused", statement)
	}
	require.Equal(t, 205, s.audit())
}
