package ods

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// realFiles are the real files by the layout that they must be recognised as.
var realFiles = map[string]string{
	"legacy/edispensary_2025-04-10.csv": legacy, "legacy/epraccur_2024-08-24.csv": legacy, "legacy/epraccur_2025-05-25.csv": legacy,
	"legacy/egdpprac_2019-03-02.csv": legacy, "legacy/etrust_2018-09-15.csv": legacy,
	"dse/epraccur_2026-02-22.csv": dse, "dse/etr_2025-12-29.csv": dse, "dse/etr_2026-04-09.csv": dse, "dse/eccg_2025-12-29.csv": dse,
}

// neverSeen are the layouts of which there is no real file: what their columns mean
// is assumed (CONTRACT.md "Assumptions").
var neverSeen = []string{
	"ebranchs dse", "ebranchs legacy", "edispensary dse", "egdpprac dse", "eoptsite dse", "eoptsite legacy", "etr legacy", "etrust dse",
	"ets dse", "ets legacy",
}

func TestEveryLayoutIsWhole(t *testing.T) {
	t.Parallel()
	for _, name := range Reports() {
		require.Len(t, reports[name].layouts, 2, name)
		for layout, columns := range reports[name].layouts {
			given := map[profile.Field]bool{}
			for _, c := range columns {
				require.NotEmpty(t, c.means)
				require.Contains(t, []int{colRegion, colICB, colParent}, c.number)
				require.Contains(t, []string{"", ReportOfCommissioners}, c.via)
				require.False(t, c.field != profile.NoField && given[c.field], "%s %s: %s twice", name, layout, c.field)
				given[c.field] = true
			}
			require.True(t, given[profile.FieldICB] && given[profile.FieldRegion], "%s %s", name, layout)
		}
	}
}

func TestEveryLayoutWasSeenOrIsAssumed(t *testing.T) {
	t.Parallel()
	var layouts []string
	for path, layout := range realFiles {
		report, err := ReportOf(path)
		require.NoError(t, err)
		if report != ReportOfCommissioners {
			layouts = append(layouts, report+" "+layout)
		}
	}
	layouts = append(slices.Compact(slices.Sorted(slices.Values(layouts))), neverSeen...)
	var all []string
	for _, name := range Reports() {
		all = append(all, name+" "+legacy, name+" "+dse)
	}
	require.ElementsMatch(t, all, layouts)
}

func TestRedefined(t *testing.T) {
	t.Parallel()
	board := []profile.Field{profile.FieldICB, profile.FieldRegion}
	for report, want := range map[string][]profile.Field{
		"epraccur": nil, "edispensary": nil, "etr": nil, "eoptsite": nil, "egdpprac": board, "ebranchs": board, "ets": board, "etrust": board,
	} {
		for _, pair := range [][2]string{{legacy, dse}, {dse, legacy}} {
			got, err := Redefined(report, pair[0], pair[1])
			require.NoError(t, err)
			require.Equal(t, want, got, report)
		}
		got, err := Redefined(report, dse, dse)
		require.NoError(t, err)
		require.Empty(t, got)
	}
	_, err := Redefined("succ", legacy, dse)
	require.ErrorContains(t, err, "succ")
	for _, pair := range [][2]string{{"", dse}, {legacy, "2027"}} {
		_, err = Redefined("etr", pair[0], pair[1])
		require.ErrorContains(t, err, "want legacy or dse")
	}
}

// realRows are the rows of a real file whose organisations are open, with its
// layout.
func realRows(t *testing.T, path string) (rows []columns, f *format) {
	t.Helper()
	file, err := os.Open(realdata.Path(t, "ods", path))
	require.NoError(t, err)
	defer file.Close()
	report, err := ReportOf(path)
	require.NoError(t, err)
	rules := reports[report]
	if report == ReportOfCommissioners {
		rules = commissionersReport
	}
	l, err := openListing(filepath.Base(path), report, rules, file)
	require.NoError(t, err)
	defer l.Close()
	for row, err := range l.Rows() {
		require.NoError(t, err)
		raw, err := l.Raw(row)
		require.NoError(t, err)
		record, bad := l.format.decode(raw)
		require.Nil(t, bad)
		columns, _ := split(raw)
		if record.StandingOn(profile.NewDate(2026, 4, 9)) == profile.Active {
			rows = append(rows, columns)
		}
	}
	return rows, l.format
}

// exceptions counts the rows whose value is not the one that most rows with the
// same key have. Rows without a key or with one that stands for none are left out.
func exceptions(rows []columns, key, value func(columns) string) int {
	groups := map[string]map[string]int{}
	for _, row := range rows {
		k := key(row)
		if k == "" || value(row) == "Q99" {
			continue
		}
		if groups[k] == nil {
			groups[k] = map[string]int{}
		}
		groups[k][value(row)]++
	}
	odd := 0
	for _, group := range groups {
		most := 0
		for _, n := range group {
			odd += n
			most = max(most, n)
		}
		odd -= most
	}
	return odd
}

func at(n int) func(columns) string { return func(row columns) string { return row.at(n) } }

// keyOf is what an ICB follows from, by the meaning of its column.
var keyOf = map[meaning]func(columns) string{
	icbOfCommissioner: at(colParent), icbOfPostcode: at(colPost), icbOfPractice: at(colParent),
	icbOfTrust: func(row columns) string { return row.at(colCode)[:3] },
}

// TestRealColumnsMeanWhatTheLayoutSays: a column whose value follows from something
// does so in every real file, but for one row in a thousand.
func TestRealColumnsMeanWhatTheLayoutSays(t *testing.T) {
	t.Parallel()
	for path, layout := range realFiles {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			rows, f := realRows(t, path)
			require.Equal(t, layout, f.layout)
			require.NotEmpty(t, rows)
			for _, c := range f.columns {
				key, known := keyOf[c.means]
				if !known || c.via != "" {
					continue
				}
				require.LessOrEqual(t, exceptions(rows, key, at(c.number)), len(rows)/1000, c.means)
			}
			withICB := func(row columns) string { return row.at(colICB) }
			rows = slices.DeleteFunc(rows, func(row columns) bool { return row.at(colICB) == "Q99" })
			require.LessOrEqual(t, exceptions(rows, withICB, at(colRegion)), 2, "regions of one ICB")
			for _, c := range f.columns {
				if c.field == profile.FieldParent || c.field == profile.FieldCommissioner {
					for _, row := range rows {
						require.True(t, row.at(c.number) == "" || canonical.IsCode(row.at(c.number)), row)
					}
				}
			}
		})
	}
}

// TestRealICBsChangedTheirMeaning: what held in the old layout of practices does not
// in today's, and the other way round.
func TestRealICBsChangedTheirMeaning(t *testing.T) {
	t.Parallel()
	before, _ := realRows(t, "legacy/epraccur_2025-05-25.csv")
	after, _ := realRows(t, "dse/epraccur_2026-02-22.csv")
	require.Zero(t, exceptions(before, at(colParent), at(colICB)))
	require.Equal(t, 417, exceptions(after, at(colParent), at(colICB)))
	require.Greater(t, exceptions(before, at(colPost), at(colICB)), 50)
	require.Zero(t, exceptions(after, at(colPost), at(colICB)))
}

func TestLayoutOfReportsWithoutStatus(t *testing.T) {
	t.Parallel()
	row := func(flag string) sampled {
		cells := make(columns, numColumns)
		cells[colAmended-1] = flag
		return sampled{cols: cells}
	}
	require.Equal(t, dse, layoutByFlag([]sampled{row("1"), row("1")}))
	require.Equal(t, legacy, layoutByFlag([]sampled{row("1"), row("0")}))
	require.Equal(t, dse, layoutByFlag([]sampled{row(""), {}}))
}
