package ods_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// facts is what a record is expected to say, by the names of fields.
type facts map[string]string

func stated(record profile.Record) facts {
	said := facts{}
	for _, field := range profile.Fields() {
		if record.Values.States(field) {
			said[field.String()] = record.Values.Get(field)
		}
	}
	return said
}

// TestEveryReportInEveryLayout gives the same facts in the legacy layout and in
// today's: both have to give the very same record.
func TestEveryReportInEveryLayout(t *testing.T) {
	t.Parallel()
	trust := map[int]string{
		1: "R0A", 2: "OAK TRUST", 3: "Y62", 4: "QOP", 5: "ELM HOUSE", 6: "OXFORD ROAD", 8: "MANCHESTER",
		10: "M13 9WL", 11: "20171001", 18: "0300 3309444", 22: "0", 24: "B",
	}
	site := with(trust, 1, "RVVKC", 2, "KENT HOSPITAL", 11, "19990401")
	dentist := with(practice(), 1, "V00002", 2, "DENTAL SURGERY", 14, "D", 15, "5P6", 26, "")
	branch := with(trust, 1, "A81004001", 2, "BRANCH", 15, "A81004")
	for name, test := range map[string]struct {
		report   string
		legacy   map[int]string
		today    map[int]string
		standing profile.Standing
		want     facts
	}{
		"practice": {
			"epraccur", practice(), with(practice(), 13, "ACTIVE", 22, "1", 26, "RO76"), profile.Active,
			facts{
				"name": "THE OAK SURGERY", "address": "HEALTH CENTRE\nLAWSON STREET\nSTOCKTON", "postcode": "TS18 1HU", "type": "gp-practice",
				"roles": "RO177|RO76", "commissioner": "16C", "icb": "QHM", "region": "Y63", "phone": "01642 672351",
			},
		},
		"out of hours, dormant": {
			"epraccur", with(practice(), 13, "D", 26, "3"), with(practice(), 13, "DORMANT", 26, "RO87|RO80"), profile.Dormant,
			facts{
				"name": "THE OAK SURGERY", "address": "HEALTH CENTRE\nLAWSON STREET\nSTOCKTON", "postcode": "TS18 1HU", "type": "",
				"roles": "RO177|RO80|RO87", "commissioner": "16C", "icb": "QHM", "region": "Y63", "phone": "01642 672351",
			},
		},
		"pharmacy, proposed": {
			"edispensary", with(pharmacy(), 13, "P"), with(pharmacy(), 13, "PROPOSED", 14, "RO182"), profile.Proposed,
			facts{
				"name": "ROWAN PHARMACY", "address": "61 ELM AVENUE\nSTOCKPORT", "postcode": "SK7 5LD", "type": "pharmacy",
				"roles": "RO182", "parent": "P79D", "icb": "QOP", "region": "Y62", "phone": "0161 4838729",
			},
		},
		"appliance contractor, closed": {
			"edispensary", with(pharmacy(), 13, "C", 14, "2", 15, ""), with(pharmacy(), 13, "INACTIVE", 14, "RO94", 15, ""), profile.Inactive,
			facts{
				"name": "ROWAN PHARMACY", "address": "61 ELM AVENUE\nSTOCKPORT", "postcode": "SK7 5LD", "type": "",
				"roles": "RO94", "parent": "", "icb": "QOP", "region": "Y62", "phone": "0161 4838729",
			},
		},
		"dentist": {
			"egdpprac", dentist, with(dentist, 13, "ACTIVE", 14, "RO110"), profile.Active,
			facts{
				"name": "DENTAL SURGERY", "address": "HEALTH CENTRE\nLAWSON STREET\nSTOCKTON", "postcode": "TS18 1HU", "type": "dental-practice",
				"roles": "RO110", "commissioner": "5P6", "icb": "QHM", "region": "Y63", "phone": "01642 672351",
			},
		},
		"private dentist": {
			"egdpprac", with(dentist, 14, "P"), with(dentist, 13, "ACTIVE", 14, "RO65"), profile.Active,
			facts{
				"name": "DENTAL SURGERY", "address": "HEALTH CENTRE\nLAWSON STREET\nSTOCKTON", "postcode": "TS18 1HU", "type": "dental-practice",
				"roles": "RO110|RO65", "commissioner": "5P6", "icb": "QHM", "region": "Y63", "phone": "01642 672351",
			},
		},
		"trust": {
			"etr", trust, with(trust, 22, "1"), profile.Unstated,
			facts{
				"name": "OAK TRUST", "address": "ELM HOUSE\nOXFORD ROAD\nMANCHESTER", "postcode": "M13 9WL", "type": "trust",
				"roles": "RO197", "icb": "QOP", "region": "Y62", "phone": "0300 3309444",
			},
		},
		"site": {
			"ets", site, with(site, 15, "RVV", 22, "1"), profile.Unstated,
			facts{
				"name": "KENT HOSPITAL", "address": "ELM HOUSE\nOXFORD ROAD\nMANCHESTER", "postcode": "M13 9WL", "type": "trust-site",
				"roles": "RO198", "parent": "RVV", "icb": "QOP", "region": "Y62", "phone": "0300 3309444",
			},
		},
		"branch": {
			"ebranchs", branch, with(branch, 22, "1"), profile.Unstated,
			facts{
				"name": "BRANCH", "address": "ELM HOUSE\nOXFORD ROAD\nMANCHESTER", "postcode": "M13 9WL", "type": "gp-branch",
				"roles": "RO96", "parent": "A81004", "icb": "QOP", "region": "Y62", "phone": "0300 3309444",
			},
		},
		"optician": {
			"eoptsite", with(trust, 1, "TP123", 13, "A"), with(trust, 1, "TP123", 13, "ACTIVE"), profile.Active,
			facts{
				"name": "OAK TRUST", "address": "ELM HOUSE\nOXFORD ROAD\nMANCHESTER", "postcode": "M13 9WL", "type": "optical-site",
				"roles": "RO167", "icb": "QOP", "region": "Y62", "phone": "0300 3309444",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			legacy := recordsOf(t, open(t, test.report, line(test.legacy)))
			today := recordsOf(t, open(t, test.report, line(test.today), ods.WithCommissioners(commissioners(t))))
			require.Equal(t, legacy, today)
			require.Equal(t, test.want, stated(legacy[0]))
			require.Equal(t, test.standing, legacy[0].Standing)
			require.Equal(t, test.legacy[1], legacy[0].Code.String())
			require.Equal(t, test.legacy[11], strings.ReplaceAll(legacy[0].Opened.String(), "-", ""))
		})
	}
}

func TestTrustsAndSitesOfOneReport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ code, opened, kind, parent string }{
		{"R0A", "20171001", "trust", "none"},
		{"RYYMU", "20220101", "trust-site", "RYY"},
		{"R0A2X", "20171001", "trust-site", "R0A"}, // looks like a code of today's by chance
		{"R0A2X", "20230101", "none", "none"},
		{"G6V2S", "20241101", "none", "none"},
	} {
		record := recordsOf(t, open(t, "etrust", line(map[int]string{1: test.code, 2: "X", 11: test.opened})))[0]
		require.Equal(t, test.kind, orNone(record, profile.FieldType), test)
		require.Equal(t, test.parent, orNone(record, profile.FieldParent), test)
	}
}

func orNone(record profile.Record, field profile.Field) string {
	if !record.Values.States(field) {
		return "none"
	}
	return record.Values.Get(field)
}

func TestOddSubtypeHasNoType(t *testing.T) {
	t.Parallel()
	record := recordsOf(t, open(t, "edispensary", line(with(pharmacy(), 14, "3"))))[0]
	require.Empty(t, orNone(record, profile.FieldType))
	require.Equal(t, "none", orNone(record, profile.FieldRoles))
}

func TestEmptySettingIsKnownToday(t *testing.T) {
	t.Parallel()
	record := recordsOf(t, open(t, "epraccur", line(with(practice(), 13, "ACTIVE", 26, ""))))[0]
	require.Equal(t, "RO177", record.Values.Get(profile.FieldRoles))
	require.Empty(t, orNone(record, profile.FieldType))
}

func TestUnknownRolesAreData(t *testing.T) {
	t.Parallel()
	record := recordsOf(t, open(t, "epraccur", line(with(practice(), 13, "ACTIVE", 26, "RO999 | RO76|RO999"))))[0]
	require.Equal(t, "RO177|RO76|RO999", record.Values.Get(profile.FieldRoles))
	require.Equal(t, "gp-practice", record.Values.Get(profile.FieldType))
}

func TestBadValuesAreRepairedOrKept(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		column   int
		raw      string
		field    profile.Field
		repaired string
	}{
		{10, "SA5 9 EA", profile.FieldPostcode, "SA5 9EA"},
		{10, "HX7 7BZ ", profile.FieldPostcode, "HX7 7BZ"},
		{10, "WA139LP", profile.FieldPostcode, "WA13 9LP"},
		{10, "ec1a 1bb", profile.FieldPostcode, "EC1A 1BB"},
		{10, "", profile.FieldPostcode, ""},
		{10, " unknown  place ", profile.FieldPostcode, "UNKNOWN PLACE"},
		{2, " O'NEIL & SON ", profile.FieldName, "O'NEIL & SON"},
		{2, `THE "OLD" SURGERY, EAST`, profile.FieldName, `THE "OLD" SURGERY, EAST`},
		{2, "CAF\xc9 STREET", profile.FieldName, "CAFÉ STREET"},
		{2, "CAFÉ STREET", profile.FieldName, "CAFÉ STREET"},
		{2, "St Mary\x92s Caf\xe9", profile.FieldName, "St Mary’s Café"},
		{2, "\x93OAK\x94 \x96 \x8cUVRE\x85", profile.FieldName, "“OAK” – ŒUVRE…"},
		{2, "A\x81B\x9d\xe9", profile.FieldName, "A B é"}, // stand for nothing there
		{10, "E1\xa04LR", profile.FieldPostcode, "E1 4LR"},
		{2, "A\x00B\tC", profile.FieldName, "A B C"},
		{4, "", profile.FieldICB, ""},
		{18, " 1 2 3 ", profile.FieldPhone, "1 2 3"},
		{6, "  ", profile.FieldAddress, "61 ELM AVENUE\nSTOCKPORT"},
	} {
		record := recordsOf(t, open(t, "edispensary", line(with(pharmacy(), test.column, test.raw))))[0]
		require.True(t, record.Values.States(test.field))
		require.Equal(t, test.repaired, record.Values.Get(test.field), "%q", test.raw)
	}
	record := recordsOf(t, open(t, "edispensary", line(with(pharmacy(), 2, " "))))[0]
	require.False(t, record.Values.States(profile.FieldName), "an empty name says nothing")
}

// Codes are codes, or the old value stays.
func TestValuesThatAreNoCodes(t *testing.T) {
	t.Parallel()
	today := with(practice(), 13, "ACTIVE", 26, "RO76")
	trust := map[int]string{1: "R0A", 2: "OAK TRUST", 3: "Y62", 4: "QOP", 10: "M13 9WL", 11: "20171001"}
	branch, site := with(trust, 1, "A81004001", 15, "A81004"), with(trust, 1, "RVVKC", 11, "19990401")
	for name, test := range map[string]struct {
		report string
		cells  map[int]string
		column int
		bad    string
		fields []profile.Field
	}{
		"headquarters":         {"edispensary", pharmacy(), 15, "5.00E+01", []profile.Field{profile.FieldParent}},
		"commissioner":         {"epraccur", practice(), 15, "1.60E+02", []profile.Field{profile.FieldCommissioner}},
		"parent practice":      {"ebranchs", branch, 15, "A8-1004", []profile.Field{profile.FieldParent}},
		"trust":                {"ets", site, 15, "R", []profile.Field{profile.FieldParent}},
		"ICB":                  {"edispensary", pharmacy(), 4, "Q OP", []profile.Field{profile.FieldICB, profile.FieldRegion}},
		"region":               {"edispensary", pharmacy(), 3, "#REF!", []profile.Field{profile.FieldRegion, profile.FieldICB}},
		"roles":                {"epraccur", today, 26, "7.60E+01", []profile.Field{profile.FieldRoles, profile.FieldType}},
		"one of several roles": {"epraccur", today, 26, "RO76|76", []profile.Field{profile.FieldRoles, profile.FieldType}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := recordsOf(t, open(t, test.report, listOf(test.cells, test.cells, with(test.cells, test.column, test.bad))))
			whole, record := records[0], records[2]
			for _, f := range test.fields {
				require.True(t, whole.Values.States(f) || f == profile.FieldParent && test.report == "ets")
				require.False(t, record.Values.States(f), f)
				whole.Values.Forget(f)
			}
			require.Equal(t, whole.Values, record.Values, "all else is read")
			require.Len(t, record.Notes, 1)
			require.Equal(t, test.fields[0].String(), record.Notes[0].Field)
			require.Equal(t, test.bad, record.Notes[0].Value)
			require.NotEmpty(t, record.Notes[0].Reason)
			require.True(t, record.Notes[0].LeftOut)
			_, err := ods.OpenListing("x", test.report, strings.NewReader(listOf(with(test.cells, test.column, test.bad))))
			require.ErrorContains(t, err, "layout not recognised", "where most rows have none, it is another report")
		})
	}
}

func TestDoubtfulPostcodesAreKeptAndNoted(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct{ kept, doubt string }{
		"EI 4LR": {"EI 4LR", "no UK postcode"}, "zz99 3cz": {"ZZ99 3CZ", "no postcode area is called ZZ"},
		"E14LR": {"E1 4LR", ""}, "": {"", ""},
	} {
		record := recordsOf(t, open(t, "edispensary", line(with(pharmacy(), 10, raw))))[0]
		require.Equal(t, want.kept, record.Values.Get(profile.FieldPostcode))
		var notes []profile.Note
		if want.doubt != "" {
			notes = []profile.Note{{Field: "postcode", Value: raw, Reason: want.doubt}}
		}
		require.Equal(t, notes, record.Notes)
	}
}

func TestRowOfAnotherPull(t *testing.T) {
	t.Parallel()
	listing := open(t, "epraccur", line(practice()))
	_, err := listing.Record(profile.Row{Offset: 100, Length: 1000, Line: 7})
	require.ErrorContains(t, err, "line 7")
}

func TestClosedListing(t *testing.T) {
	t.Parallel()
	listing, err := ods.OpenListing("x", "epraccur", strings.NewReader(line(practice())))
	require.NoError(t, err)
	require.Equal(t, "x", listing.Name())
	require.Equal(t, "epraccur", listing.Report())
	require.Equal(t, int64(len(line(practice()))), listing.Size())
	require.NoError(t, listing.Close())
	for _, err := range listing.Rows() {
		require.Error(t, err)
	}
}
