package ods_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// subICB is a row of eccg: a commissioner that is part of an ICB.
func subICB(code, icb, region string) map[int]string {
	return map[int]string{
		1: code, 2: "NHS ELM ICB - " + code, 3: region, 4: icb, 5: "ELM HOUSE", 8: "STOCKTON", 10: "TS23 2LA", 11: "20200401",
		14: "RO319", 22: "1",
	}
}

// listOf writes a listing of rows.
func listOf(rows ...map[int]string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(line(row))
	}
	return b.String()
}

func readCommissioners(t *testing.T, rows ...map[int]string) *ods.Commissioners {
	t.Helper()
	known, err := ods.ReadCommissioners("eccg.csv", strings.NewReader(listOf(rows...)))
	require.NoError(t, err)
	return known
}

// commissioners are those of the practices and pharmacies of these tests.
func commissioners(t *testing.T) *ods.Commissioners {
	t.Helper()
	return readCommissioners(t, subICB("16C", "QHM", "Y63"), subICB("52R", "QT1", "Y60"), subICB("14L", "QOP", "Y62"))
}

func realCommissioners(t *testing.T) *ods.Commissioners {
	t.Helper()
	file, err := os.Open(realData(t, "dse", "eccg_2025-12-29.csv"))
	require.NoError(t, err)
	defer file.Close()
	known, err := ods.ReadCommissioners(file.Name(), file)
	require.NoError(t, err)
	return known
}

func TestCommissionersThatAreKnown(t *testing.T) {
	t.Parallel()
	known := readCommissioners(t,
		subICB("16C", "QHM", "Y63"), with(subICB("A4R1E", "QMF", "Y56"), 14, "RO327"), with(subICB("36L", "QWE", "Y56"), 14, "RO319|RO326"),
		with(subICB("13Q", "QWO", "Y63"), 14, "RO218"), with(subICB("00C", "QHM", "Y63"), 12, "20200331", 14, ""),
		subICB("52R", "5.00E+01", "Y60"), subICB("15E", "QHL", "Y6 0"), subICB("15M", "", "Y60"), subICB("15N", "QJK", ""),
		subICB("27D", "QYG", "Y62"), subICB("27D", "QYG", "Y62"),
	)
	require.Equal(t, 3, known.Count())
	for code, want := range map[string]ods.Board{
		"16C": {ICB: "QHM", Region: "Y63"}, "16c": {ICB: "QHM", Region: "Y63"}, "A4R1E": {ICB: "QMF", Region: "Y56"},
		"36L": {ICB: "QWE", Region: "Y56"},
		"13Q": {}, // a commissioning hub: the board is that of its address
		"00C": {}, // it has closed
		"52R": {}, "15E": {}, "15M": {}, "15N": {},
		"27D": {}, // on two lines
		"7A1": {}, "": {},
	} {
		got, ok := known.BoardOf(code)
		require.Equal(t, want, got, code)
		require.Equal(t, want != ods.Board{}, ok, code)
	}
	var none *ods.Commissioners
	_, ok := none.BoardOf("16C")
	require.False(t, ok)
	require.Zero(t, none.Count())
}

func TestCommissionersAreRefused(t *testing.T) {
	t.Parallel()
	hundred := strings.Repeat(line(subICB("16C", "QHM", "Y63")), 97)
	bad := line(with(subICB("16C", "QHM", "Y63"), 11, "soon"))
	for name, test := range map[string]struct{ content, want string }{
		"empty":                 {"", "is empty"},
		"practices":             {listOf(practice(), practice()), `Organisation Code "A81001"`},
		"trusts":                {line(with(subICB("R0A", "QOP", "Y62"), 14, "")), `Organisation Code "R0A"`},
		"two rows of a hundred": {hundred + listOf(subICB("52R", "QT1", "Y60")) + bad + bad, `2 of its 100 rows cannot be read`},
		"no part of an ICB":     {listOf(with(subICB("13Q", "QWO", "Y63"), 14, "RO218")), "role RO319 or RO327 in column 14"},
		"no boards":             {listOf(subICB("16C", "", ""), subICB("52R", "", "")), "ICB and region beside it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ods.ReadCommissioners("eccg_x.csv", strings.NewReader(test.content))
			refused, ok := errors.AsType[*profile.RefusedError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "eccg_x.csv", refused.Name)
			require.ErrorContains(t, err, test.want)
		})
	}
	more := listOf(subICB("52R", "QT1", "Y60"), subICB("14L", "QOP", "Y62"))
	known, err := ods.ReadCommissioners("eccg.csv", strings.NewReader(hundred+more+bad))
	require.NoError(t, err, "one row of a hundred")
	require.Equal(t, 2, known.Count())
	lost := errors.New("connection lost")
	_, err = ods.ReadCommissioners("eccg.csv", io.MultiReader(strings.NewReader(hundred), errReader{lost}))
	require.ErrorIs(t, err, lost)
	report, err := ods.ReportOf("eccg_2025-12-29.csv")
	require.NoError(t, err)
	require.Equal(t, ods.ReportOfCommissioners, report)
	_, err = ods.Types(report)
	require.Error(t, err, "it lists nothing that has a profile")
}

// stateOf returns what a record says of its ICB and region.
func stateOf(record profile.Record) [2]string {
	return [2]string{orNone(record, profile.FieldICB), orNone(record, profile.FieldRegion)}
}

// In today's layout the columns 3 and 4 of a practice are those of its postcode,
// and never shown: C84057 lies in QJ2 and belongs to QT1.
func TestPracticesHaveTheBoardOfTheirCommissioner(t *testing.T) {
	t.Parallel()
	today := with(practice(), 3, "Y60", 4, "QJ2", 13, "ACTIVE", 15, "52R", 26, "RO76")
	for name, test := range map[string]struct {
		cells map[int]string
		known *ods.Commissioners
		want  [2]string
	}{
		"known":                   {today, commissioners(t), [2]string{"QT1", "Y60"}},
		"of another commissioner": {with(today, 15, "16C"), commissioners(t), [2]string{"QHM", "Y63"}},
		"not known":               {with(today, 15, "7A1"), commissioners(t), [2]string{"none", "none"}},
		"none":                    {with(today, 15, ""), commissioners(t), [2]string{"none", "none"}},
		"no listing of them":      {today, nil, [2]string{"none", "none"}},
		"the old layout":          {with(practice(), 15, "52R"), commissioners(t), [2]string{"QHM", "Y63"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := recordsOf(t, open(t, "epraccur", line(test.cells), ods.WithCommissioners(test.known)))[0]
			require.Equal(t, test.want, stateOf(record))
			require.Equal(t, test.cells[15], record.Values.Get(profile.FieldCommissioner))
			require.Empty(t, record.Notes)
		})
	}
}

func TestRegionIsThatOfTheICB(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		icb, region string
		known       *ods.Commissioners
		want        [2]string
		notes       []profile.Note
	}{
		"as it should be": {"QOP", "Y62", commissioners(t), [2]string{"QOP", "Y62"}, nil},
		"another": {"QT1", "Y63", commissioners(t), [2]string{"QT1", "Y60"}, []profile.Note{
			{Field: "region", Value: "Y63", Reason: "QT1 is in region Y60, as report eccg has it"},
		}},
		"another, and nobody knows": {"QT1", "Y63", nil, [2]string{"QT1", "Y63"}, nil},
		"of an unknown ICB":         {"Z9B2Z", "Y56", commissioners(t), [2]string{"Z9B2Z", "Y56"}, nil},
		"without an ICB":            {"", "Y56", commissioners(t), [2]string{"", ""}, nil},
		"neither":                   {"", "", commissioners(t), [2]string{"", ""}, nil},
		"of an ICB that is no code": {"5.00E+01", "Y56", commissioners(t), [2]string{"none", "none"}, []profile.Note{
			{Field: "icb", Value: "5.00E+01", Reason: "no code of 3 to 10 letters and digits", LeftOut: true},
		}},
		"that is no code": {"QOP", "62", nil, [2]string{"none", "none"}, []profile.Note{
			{Field: "region", Value: "62", Reason: "no code of 3 to 10 letters and digits", LeftOut: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := listOf(pharmacy(), pharmacy(), with(pharmacy(), 1, "FA003", 3, test.region, 4, test.icb))
			record := recordsOf(t, open(t, "edispensary", rows, ods.WithCommissioners(test.known)))[2]
			require.Equal(t, test.want, stateOf(record))
			require.Equal(t, test.notes, record.Notes)
		})
	}
}

// A row whose board moves is new, though none of its bytes is.
func TestHashFollowsTheBoard(t *testing.T) {
	t.Parallel()
	today := with(practice(), 13, "ACTIVE", 26, "RO76")
	rows := listOf(today, with(today, 1, "A81002", 15, "7A1"), map[int]string{1: "A81003"})
	hashes := func(known *ods.Commissioners) (list []profile.Hash, stamp profile.Hash) {
		l := open(t, "epraccur", rows, ods.WithCommissioners(known))
		for _, row := range rowsOf(t, l) {
			list = append(list, row.Hash)
		}
		return list, l.Stamp().Digest
	}
	plain, plainStamp := hashes(nil)
	before, stampBefore := hashes(readCommissioners(t, subICB("16C", "QHM", "Y63")))
	renamed, hub := with(subICB("16C", "QHM", "Y63"), 2, "ANOTHER NAME"), with(subICB("99A", "QHM", "Y63"), 14, "RO218")
	again, stampAgain := hashes(readCommissioners(t, renamed, hub))
	after, stampAfter := hashes(readCommissioners(t, subICB("16C", "Z9B2Z", "Y63")))
	require.Equal(t, before, again)
	require.Equal(t, stampBefore, stampAgain, "nothing of their boards has changed")
	require.NotEqual(t, plain[0], before[0])
	require.NotEqual(t, before[0], after[0])
	require.NotEqual(t, plainStamp, stampBefore)
	require.NotEqual(t, stampBefore, stampAfter)
	require.Equal(t, plain[1:], before[1:], "rows that say the same with them are the same")
	require.Equal(t, before[1:], after[1:])
}

func TestRealCommissioners(t *testing.T) {
	t.Parallel()
	known := realCommissioners(t)
	require.Equal(t, 143, known.Count())
	board, _ := known.BoardOf("52R")
	require.Equal(t, ods.Board{ICB: "QT1", Region: "Y60"}, board)
	records := recordsOf(t, openReal(t, realData(t, "dse", "epraccur_2026-02-22.csv"), ods.WithCommissioners(known)))
	states := map[profile.OrgType]map[bool]int{profile.GPPractice: {}, profile.NoType: {}}
	for _, record := range records {
		if record.Standing == profile.Active {
			states[profile.OrgType(record.Values.Get(profile.FieldType))][record.Values.States(profile.FieldICB)]++
		}
		if record.Code == "C84057" {
			require.Equal(t, [2]string{"QT1", "Y60"}, stateOf(record))
		}
	}
	// Of the practices 397 are in Wales, or elsewhere under nobody.
	require.Equal(t, map[profile.OrgType]map[bool]int{
		profile.GPPractice: {true: 6207, false: 397}, profile.NoType: {true: 5346, false: 565},
	}, states)
}

// The old layout had the ICB of the commissioner: eccg says the same of every
// active practice and cost centre.
func TestRealICBsOfTheOldLayoutFollowFromCommissioners(t *testing.T) {
	t.Parallel()
	known, followed := realCommissioners(t), 0
	for _, record := range recordsOf(t, openReal(t, realData(t, "legacy", "epraccur_2025-05-25.csv"))) {
		board, ok := known.BoardOf(record.Values.Get(profile.FieldCommissioner))
		if record.Standing != profile.Active || !ok {
			continue
		}
		followed++
		require.Equal(t, [2]string{board.ICB, board.Region}, stateOf(record), record.Code)
	}
	require.Equal(t, 11438, followed)
}
