package referencestore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/referencestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func day(n int) profile.Date { return profile.NewDate(2025, time.April, n) }

// boards is a copy of the boards of a day.
func boards(on int, content string) referencestore.Reference {
	return referencestore.Reference{
		Source: profile.SourceODS, Report: "eccg", Name: content + ".csv", AsOf: day(on), Records: 1, ETag: content, Content: []byte(content),
	}
}

// kept is the day and the content of the copy that is kept.
func kept(t *testing.T, s *referencestore.Store) (day, content string) {
	t.Helper()
	r, err := s.Kept(t.Context(), profile.SourceODS, "eccg")
	require.NoError(t, err)
	return r.AsOf.String(), string(r.Content)
}

func TestAFileOfAnEarlierDayChangesNothing(t *testing.T) {
	t.Parallel()
	s := referencestore.New(pgtest.New(t).DB)
	for _, c := range []struct {
		on      int
		content string
		kept    bool
	}{
		{2, "a", true}, {1, "older", false}, {2, "b", true}, {3, "c", true}, {2, "b", false},
	} {
		done, err := s.Keep(t.Context(), boards(c.on, c.content))
		require.NoError(t, err)
		require.Equal(t, c.kept, done, "%s of day %d", c.content, c.on)
	}
	on, content := kept(t, s)
	require.Equal(t, day(3).String()+" c", on+" "+content)
}

func TestWhatTheRegisterStillSaysIsSeenForwards(t *testing.T) {
	t.Parallel()
	s := referencestore.New(pgtest.New(t).DB)
	_, err := s.Keep(t.Context(), boards(2, "a"))
	require.NoError(t, err)
	for _, c := range []struct {
		on   int
		etag string
		want int
	}{
		{1, "a", 2}, {4, "another", 2}, {4, "a", 4}, {3, "a", 4},
	} {
		require.NoError(t, s.See(t.Context(), boards(0, c.etag), day(c.on)))
		on, content := kept(t, s)
		require.Equal(t, day(c.want).String()+" a", on+" "+content, "%s seen on day %d", c.etag, c.on)
	}
}
