package e2e

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

func TestPracticesOfTwoYearsChangeInFactsOnly(t *testing.T) {
	t.Parallel()
	before, after := realData(t, practices2024), realData(t, practices2025)
	s := newSite(t)

	first := s.reconcile(0, before, "2024-08-24")
	require.Equal(t, changeCounts{Create: 6698}, first.Changes)
	require.Equal(t, 6698, first.Population)

	plan := s.plan(0, after, "2025-05-25")
	second := s.reconcile(0, after, "2025-05-25")
	requireSameNumbers(t, plan, second)
	require.Equal(t, 2, second.Changes.Create)
	require.Equal(t, 49, second.Changes.Dormant)
	require.Zero(t, second.Changes.Close)
	require.GreaterOrEqual(t, second.Changes.Update, 130)
	require.LessOrEqual(t, second.Changes.Update, 160)
	require.Empty(t, second.Withheld)
	requireRealChanges(t, s, second)

	third := s.reconcile(0, after, "2025-05-26")
	require.Zero(t, third.Changes, "the next run finds nothing")
}

// requireRealChanges requires that every changed field differs in letters or
// digits.
func requireRealChanges(t *testing.T, s *site, run summary) {
	t.Helper()
	counts := map[string]int{}
	updated := map[string]bool{}
	for _, c := range s.changes(run.Run) {
		if c.Verb == "create" {
			continue
		}
		counts[c.Field]++
		switch c.Field {
		case "name", "address", "postcode":
			updated[c.Code] = true
			require.NotEqual(t, facts(c.Field, c.Old), facts(c.Field, c.New), "%s %s is formatting: %q %q", c.Code, c.Field, c.Old, c.New)
		case "status":
			require.Equal(t, []string{"dormant", "open", "dormant"}, []string{c.Verb, c.Old, c.New}, c.Code)
		default:
			require.Fail(t, "unexpected field", "%s %s: %q to %q", c.Code, c.Field, c.Old, c.New)
		}
	}
	require.Equal(t, run.Fields, counts)
	require.GreaterOrEqual(t, len(updated), run.Changes.Update)
}

// facts reduces a value, independently of the program's rules, to letters and
// digits, and an address to its words in any order.
func facts(field, value string) string {
	words := strings.FieldsFunc(strings.ToUpper(strings.ReplaceAll(value, "&", " AND ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if field == "address" {
		slices.Sort(words)
	}
	return strings.Join(words, "")
}

// legacySettings maps roles to the settings of the old layout
// (connectors/ods/CONTRACT.md "Layouts").
var legacySettings = map[string]string{
	"RO72": "0", "RO87": "1", "RO80": "2", "RO80|RO87": "3", "RO76": "4", "RO255": "8", "RO247": "9", "RO250": "10", "RO252": "11",
	"RO259": "12", "RO249": "13", "RO246": "14", "RO260": "16", "RO257": "17", "RO256": "18", "RO251": "19", "RO248": "20",
	"RO258": "22", "RO82": "25", "RO321": "26", "RO323": "27",
}

func TestTheSameFactsInTheOtherLayoutChangeNothing(t *testing.T) {
	t.Parallel()
	rows := inBothLayouts(readRows(t, realData(t, practicesToday)))
	require.Greater(t, len(rows), 13000)
	for name, order := range map[string][2]string{
		"today's layout first": {writeRows(t, "epraccur_today.csv", rows, "\r\n"), writeRows(t, "epraccur_legacy.csv", inLegacy(rows), "\n")},
		"legacy layout first":  {writeRows(t, "epraccur_legacy.csv", inLegacy(rows), "\n"), writeRows(t, "epraccur_today.csv", rows, "\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			first := s.reconcile(0, order[0], "2026-02-22")
			require.Greater(t, first.Changes.Create, 6000)
			require.Zero(t, first.Rejected)
			audit := s.audit()

			second := s.reconcile(0, order[1], "2026-02-23")
			require.Zero(t, second.Rejected)
			require.Zero(t, second.Changes)
			require.Empty(t, second.Withheld)
			require.Equal(t, first.Population, second.Population)
			require.Equal(t, first.PendingClose, second.PendingClose)
			require.Equal(t, first.Contradictions, second.Contradictions)
			require.Equal(t, audit, s.audit(), "no new audit row")
		})
	}
}

// inBothLayouts keeps the rows whose setting has a number in the legacy layout.
func inBothLayouts(rows [][]string) [][]string {
	return edited(rows, func(_ int, row []string) []string {
		if _, known := legacySettings[row[atSetting]]; !known {
			return nil
		}
		return row
	})
}

// inLegacy writes rows of today's layout in the old one. Region and ICB are left
// out: today's are those of the postcode, and meant the commissioner's there
// (connectors/ods/CONTRACT.md "Commissioners").
func inLegacy(rows [][]string) [][]string {
	words := map[string]string{"ACTIVE": "A", "INACTIVE": "C", "DORMANT": "D"}
	return edited(rows, func(_ int, row []string) []string {
		row[atStatus], row[atSetting] = words[row[atStatus]], legacySettings[row[atSetting]]
		row[atRegion], row[atICB] = "", ""
		return row
	})
}
