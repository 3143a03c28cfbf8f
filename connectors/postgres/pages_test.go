package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
)

// pageOf are the lengths of pages with which a list is read from one end to the other.
var pageOf = []int{1, 2, 3, 7, 1000}

// inPages reads a list in pages of each length, and requires that it is the same rows in the
// same order, of which none is there twice.
func inPages[T, P any](t *testing.T, want []string, name func(T) string, at func(T) P, read func(behind P, most int) ([]T, error)) {
	t.Helper()
	for _, most := range pageOf {
		var behind P
		got := []string{}
		for {
			rows, err := read(behind, most)
			require.NoError(t, err)
			require.LessOrEqual(t, len(rows), most)
			for _, row := range rows {
				got = append(got, name(row))
			}
			if len(rows) < most {
				break
			}
			behind = at(rows[most-1])
		}
		require.Equal(t, want, got, "in pages of %d", most)
	}
}

func TestPushesInPages(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	d.Exec(`insert into profile (code, name, type) select 'FA' || n, 'A', 'pharmacy' from generate_series(100, 140) n;
		delete from push;
		insert into push (code, sink, route, state, wanted_at)
			select code, s, '', 'accepted', timestamptz '2026-01-01' + interval '1 microsecond' * (right(code, 1)::integer % 3)
			from profile, unnest(array['dos', 'website']) s`)
	want := pgtest.All[string](d, "select code || ' ' || sink from push order by wanted_at desc, code, sink")
	store := pushstore.New(d.DB)
	name := func(p pushstore.ListedPush) string { return string(p.Code) + " " + string(p.Sink) }
	read := func(behind pushstore.Place, most int) ([]pushstore.ListedPush, error) {
		return store.Pushes(t.Context(), pushstore.PushFilter{Behind: behind, Most: most})
	}
	inPages(t, want, name, pushstore.ListedPush.Place, read)
	first, err := read(pushstore.Place{}, 10)
	require.NoError(t, err)
	d.Exec("update push set wanted_at = now() where code || ' ' || sink in ($1, $2)", want[3], want[20])
	rest, err := read(first[9].Place(), 1000)
	require.NoError(t, err)
	got := []string{}
	for _, p := range rest {
		got = append(got, name(p))
	}
	require.Equal(t, append(append([]string{}, want[10:20]...), want[21:]...), got, "one that was met moves, and one that was not")
}

func TestRecordsInPages(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	d.Exec(`insert into quarantine (source, report, code, line, field, value, reason, raw, raw_hash, last_seen)
		select 'ods', 'r' || n % 2, 'FA' || n, n % 5, '', '', '', '', sha256(n::text::bytea),
			timestamptz '2026-01-01' + interval '1 day' * (n % 3)
		from generate_series(1, 60) n`)
	store := qualitystore.New(d.DB)
	for _, report := range []string{"", "r1"} {
		want := pgtest.All[string](d, fmt.Sprintf(
			"select code from quarantine where '%[1]s' = '' or report = '%[1]s' order by last_seen desc, report, line, id", report))
		inPages(t, want, func(q qualitystore.Quarantined) string { return string(q.Code) }, qualitystore.Quarantined.Place,
			func(behind qualitystore.QuarantinePlace, most int) ([]qualitystore.Quarantined, error) {
				return store.Quarantined(t.Context(), report, behind, most)
			})
	}
}
