package profile_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// samePlace compares two addresses of one postcode, with " / " between lines.
func samePlace(register, shown string, names ...string) bool {
	at := func(address, name string) profile.Place {
		return profile.Place{Name: name, Address: strings.ReplaceAll(address, " / ", "\n"), Postcode: "HU1 1AA"}
	}
	names = append(names, "ANY SURGERY")
	return profile.SamePlace(at(register, names[0]), at(shown, names[min(1, len(names)-1)]))
}

type placePair struct {
	name, register, shown string
	same                  bool
}

// checkPlaces asks both ways round.
func checkPlaces(t *testing.T, pairs []placePair) {
	t.Helper()
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, p.same, samePlace(p.register, p.shown), "%q and %q", p.register, p.shown)
			require.Equal(t, p.same, samePlace(p.shown, p.register), "the other way round")
		})
	}
}

func TestSamePlaceOfTheSameStreet(t *testing.T) {
	t.Parallel()
	checkPlaces(t, []placePair{
		{"the building left out", "28 PARK ROAD / HULL", "THE HEALTH CENTRE / 28 PARK ROAD / HULL", true},
		{"another building", "OAK HOUSE / 28 PARK ROAD / HULL", "THE HEALTH CENTRE / 28 PARK ROAD / HULL", true},
		{"the place left out", "28 PARK ROAD / HULL", "28 PARK ROAD, COTTINGHAM / HULL", true},
		{"the town in place of the county", "PARK LANE / SHIPTON / HULL", "PARK LANE / SHIPTON / OXFORDSHIRE", true},
		{"the county in place of another", "PARK LANE / HULL / KENT", "PARK LANE / HULL / ESSEX", true},
		{"in another order", "28 PARK ROAD / UNIT 3 / HULL", "UNIT 3, OAK HOUSE / 28 PARK ROAD / HULL", true},
		{"the number on a line of its own", "28 / PARK ROAD / HULL", "OAK HOUSE / 28 PARK ROAD / HULL", true},
		{"the letter behind a space", "28 A PARK ROAD / HULL", "OAK HOUSE / 28A PARK ROAD / HULL", true},
		{"a range written otherwise", "28/30 PARK ROAD / HULL", "OAK HOUSE / 28-30 PARK ROAD / HULL", true},
		{"the street cut elsewhere", "SCHOOL HOUSE LANE / HULL", "SCHOOLHOUSE LANE / HULL / HUMBERSIDE", true},
		{"no line break behind it", "TEMPEST WAY CHEPSTOW", "OAK HOUSE / TEMPEST WAY / CHEPSTOW / GWENT", true},
		{"the street without its number besides", "28 PARK ROAD / HULL", "PARK ROAD / 28 PARK ROAD / HULL", true},
		{"a building with the name of a street", "6 LINFORD ROAD / HULL", "WOOD STREET HEALTH CENTRE / 6 LINFORD ROAD / HULL", true},
		{"the point of the compass", "PARK ROAD WEST / HULL", "OAK HOUSE / PARK ROAD WEST, HULL", true},
		{"a street without a type", "48 THE GLEBE / CLAPHAM / BEDFORD", "OAK HOUSE / 48 THE GLEBE / CLAPHAM", true},
		{"the street called the street", "OAK HOUSE / THE STREET / HULL", "THE STREET / HULL", true},
		{"with the number of a unit", "UNIT 2 PARK ROAD / HULL", "UNIT 2 PARK ROAD / YORK", true},
		{"a part of numbers alone", "PARK ROAD / HULL / 12", "PARK ROAD / YORK / 12", true},
	})
}

func TestSamePlaceAbbreviated(t *testing.T) {
	t.Parallel()
	checkPlaces(t, []placePair{
		{"road", "28 PARK ROAD / HULL", "28 PARK RD, HULL", true},
		{"road with a stop", "28 PARK ROAD / HULL", "28 PARK RD. / HULL", true},
		{"street at the end", "28 PARK STREET / HULL", "28 PARK ST / HULL", true},
		{"street before a number", "KING STREET 28 / HULL", "KING ST 28 / HULL", true},
		{"street before a point of the compass", "28 KING STREET WEST / HULL", "28 KING ST WST / HULL", true},
		{"saint", "28 ST. JAMES STREET / HULL", "28 SAINT JAMES ST / HULL", true},
		{"saint, not street", "28 ST JOHNS / HULL", "28 STREET JOHNS / HULL", false},
		{"building", "THE HAVEN HOUSE / MEDICAL CENTRE / HULL", "HAVEN HSE / MED CTR / HULL", true},
		{"centre in three ways", "OAK CTRE / HULL", "OAK CTR. / HULL", true},
		{"practice", "OAK MEDICAL PRACTICE / HULL", "OAK MED. PRACT. / HULL", true},
		{"leading the", "THE ELMS / HULL", "ELMS / HULL", true},
		{"an unknown one", "28 PARK ROAD / HULL", "28 PARK RO / HULL", false},
	})
}

func TestSamePlaceOfAnotherNumber(t *testing.T) {
	t.Parallel()
	checkPlaces(t, []placePair{
		{"another", "28 PARK ROAD / HULL", "29 PARK ROAD / HULL / KENT", false},
		{"another letter", "28A PARK ROAD / HULL", "28B PARK ROAD / HULL / KENT", false},
		{"a range", "28 PARK ROAD / HULL", "28-30 PARK ROAD / HULL / KENT", false},
		{"one more", "FLAT 2 / 28 PARK ROAD / HULL", "28 PARK ROAD / HULL / KENT", false},
		{"none", "PARK ROAD / HULL", "28 PARK ROAD / HULL / KENT", false},
		{"swapped", "28 PARK ROAD / FLAT 3 / HULL", "3 PARK ROAD / FLAT 28 / HULL / KENT", false},
		{"swapped between streets", "28 PARK ROAD / 3 HIGH LANE", "3 PARK ROAD / 28 HIGH LANE / KENT", false},
		{"of a unit", "UNIT 1 / OAK HOUSE / PARK ROAD", "UNIT 2 / OAK HOUSE / PARK ROAD / KENT", false},
		{"of another unit", "UNIT 1 / OAK HOUSE / PARK ROAD", "FLAT 1 / OAK HOUSE / PARK ROAD / KENT", false},
		{"of a floor", "1ST FLOOR / OAK HOUSE / PARK ROAD", "2ND FLOOR / OAK HOUSE / PARK ROAD / KENT", false},
		{"the letter of a unit", "UNIT A / 28 PARK ROAD / HULL", "UNIT B / 28 PARK ROAD / HULL", false},
		{"the letter of a flat before the number", "FLAT A 28 PARK ROAD / HULL", "FLAT B 28 PARK ROAD / HULL", false},
		{"no unit", "SHOP A / 28 PARK ROAD / HULL", "28 PARK ROAD / HULL", false},
		{"a unit in words", "UNIT ONE / PARK ROAD / HULL", "UNIT TWO / PARK ROAD / HULL", false},
		{"the same unit in words", "UNIT ONE / PARK ROAD / HULL", "UNIT 1 / PARK ROAD / HULL / KENT", true},
		{"of a suite", "SUITE C / PARK ROAD / HULL", "SUITE D / PARK ROAD / HULL", false},
		{"of a room", "ROOM C / PARK ROAD / HULL", "ROOM D / PARK ROAD / HULL", false},
		{"of a block", "BLOCK A / KINGSTON HOSPITAL / 1 PARK ROAD", "BLOCK B / KINGSTON HOSPITAL / 1 PARK ROAD", false},
		{"of a block, before it", "SOUTH BLOCK / 1 PARK ROAD", "NORTH BLOCK / 1 PARK ROAD", false},
		{"of a level", "LEVEL B / OAK HOUSE / PARK ROAD", "LEVEL D / OAK HOUSE / PARK ROAD", false},
		{"the ground floor", "GROUND FLOOR / 28 PARK ROAD / HULL", "FIRST FLOOR / 28 PARK ROAD / HULL", false},
		{"no floor", "TOP FLR / 28 PARK ROAD / HULL", "28 PARK ROAD / HULL", false},
		{"the same floor in words", "FIRST FLOOR / OAK HOUSE / PARK ROAD", "1ST FLOOR / OAK HOUSE / PARK ROAD / KENT", true},
		{"of a wing", "NORTH WING / GALSWORTHY ROAD", "SOUTH WING / GALSWORTHY ROAD", false},
		{"the rear", "REAR OF 28 PARK ROAD / HULL", "28 PARK ROAD / HULL", false},
		{"the same rear", "REAR OF 28 PARK RD / HULL", "REAR OF 28 PARK ROAD / HULL / KENT", true},
		{"run together", "1 2 PARK ROAD", "12 PARK ROAD / KENT", false},
		{"in a line that repeats the name", "5 ANY SURGERY / PARK ROAD", "PARK ROAD / KENT", false},
	})
}

func TestSamePlaceOfAnotherStreet(t *testing.T) {
	t.Parallel()
	checkPlaces(t, []placePair{
		{"another", "28 PARK ROAD / HULL", "28 MILL ROAD / HULL / KENT", false},
		{"another type", "28 PARK ROAD / HULL", "28 PARK LANE / HULL / KENT", false},
		{"a word more", "28 NEW PARK ROAD / HULL", "28 PARK ROAD / HULL / KENT", false},
		{"one letter", "2 PROCTER STREET / HULL", "2 PROCTOR STREET / HULL / KENT", false},
		{"without numbers", "PARK ROAD / HULL", "MILL ROAD / HULL / KENT", false},
		{"one more", "28 PARK ROAD / MILL LANE / HULL", "28 PARK ROAD / HULL / KENT", false},
		{"one more behind a comma", "28 PARK ROAD, MILL LANE / HULL", "28 PARK ROAD / HULL / KENT", false},
		{"none", "OAK HOUSE / HULL", "OAK HOUSE / PARK ROAD / HULL", false},
		{"another point of the compass", "PARK ROAD WEST / HULL", "PARK ROAD EAST / HULL / KENT", false},
		{"the street with the name of a building", "HOSPITAL ROAD / HULL", "CLINIC ROAD / HULL / KENT", false},
		{"without a type", "48 THE GLEBE / BEDFORD", "48 THE GREEN / BEDFORD / KENT", false},
		{"behind a numbered building", "UNIT 2 THE MALL / KINGSWAY / HULL", "UNIT 2 THE MALL / BROADWAY / HULL", false},
		{"behind a number and a building", "2 HEALTH CENTRE / KINGSWAY / HULL", "2 HEALTH CENTRE / QUEENSWAY / HULL", false},
		{"behind a floor", "1ST FLOOR / OAK HOUSE / KINGSWAY", "1ST FLOOR / OAK HOUSE / QUEENSWAY", false},
	})
}

func TestSamePlaceWithoutAStreet(t *testing.T) {
	t.Parallel()
	for _, p := range []placePair{
		{"nothing but the name left out", "THE HAVEN / BURNHOPE", "THE SURGERY / THE HAVEN / BURNHOPE", true},
		{"the county left out", "LUGG VIEW / PRESTEIGNE", "HEALTH CENTRE / LUGG VIEW / PRESTEIGNE / POWYS", true},
		{"the organisation's name added", "ANY SURGERY / THE HAVEN / BURNHOPE", "THE HAVEN / BURNHOPE, DURHAM", true},
		{"a county added", "LUGG VIEW / PRESTEIGNE / POWYS", "OAK HOUSE / LUGG VIEW / PRESTEIGNE", true},
		{"a word added", "KINGSWAY / OAK HOUSE / OSSETT", "OAK HOUSE / OSSETT / LEEDS", false},
		{"a word replaced", "ASH MEADOW / MUCH HADHAM", "HADHAM CROSS / MUCH HADHAM", false},
		{"a line cut at 25", "PRESTEIGNE MEDICAL PRACTICE / LUGG VIEW", "PRESTEIGNE MEDICAL PRACTI / LUGG VIEW / POWYS / KENT", true},
		{"a line cut at 25 by the register", "PRESTEIGNE MEDICAL PRACTI / LUGG VIEW", "PRESTEIGNE MEDICAL PRACTICE / LUGG VIEW / WALES", true},
		{"a line cut at 35", "PONTLLANFRAITH HEALTH CENTRE BUILDING / GWENT", "PONTLLANFRAITH HEALTH CENTRE BUILDI / BLACKWOOD", true},
		{"a word cut elsewhere", "PRESTEIGNE MEDICAL PRACTICE / LUGG VIEW", "PRESTEIGNE MEDICAL PRACTIC / LUGG VIEW", false},
		{"nothing but a unit", "UNIT 3 / ENTERPRISE PARK / HULL", "UNIT 3 / BUSINESS PARK / HULL", false},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, p.same, samePlace(p.register, p.shown), "%q and %q", p.register, p.shown)
		})
	}
	require.False(t, samePlace("OAK HOUSE / THE HAVEN / BURNHOPE", "THE HAVEN / BURNHOPE"), "words the register added")
	require.False(t, samePlace("", "THE HAVEN"), "nothing stated but the postcode")
}

func TestSamePlaceOfARenamedOrganisation(t *testing.T) {
	t.Parallel()
	const road = "28 PARK ROAD / HULL"
	const name, named = "OAK MEDICAL PRACTICE", "OAK MED PRACT / " + road
	require.False(t, samePlace(road, named, "ELM SURGERY", name), "a line with the old name")
	require.True(t, samePlace(road, named, name, "Oak Medical Practice"), "it is still the name")
	require.True(t, samePlace("THE OAK MEDICAL PRACTICE / "+road, named, "ELM SURGERY", name), "the register has it too")
	require.True(t, samePlace(road, "ASH HOUSE / "+road, "ELM SURGERY", "OAK SURGERY"), "another building")
	require.True(t, samePlace(road, "ASH HOUSE / "+road, "ELM SURGERY", ""), "no name was shown")
}

// A new postcode is a move, and a doubtful one proves nothing: then the address is
// compared as every other.
func TestSamePlaceNeedsThePostcode(t *testing.T) {
	t.Parallel()
	at := func(address, postcode string) profile.Place {
		return profile.Place{Address: address, Postcode: postcode}
	}
	for name, postcodes := range map[string][2]string{
		"another": {"HU1 1AA", "HU1 1AB"}, "not stated": {"", "HU1 1AA"}, "not shown": {"HU1 1AA", ""},
		"neither": {"", ""}, "doubtful": {"ZZ99 3CZ", "ZZ99 3CZ"}, "none": {"UNKNOWN", "UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			register := at("28 PARK ROAD\nHULL", postcodes[0])
			require.False(t, profile.SamePlace(register, at("OAK HOUSE\n28 PARK ROAD\nHULL", postcodes[1])))
			require.True(t, profile.SamePlace(register, at("Hull, 28 Park Road, Kent", postcodes[1])))
		})
	}
	require.True(t, profile.SamePlace(at("28 PARK ROAD\nHULL", "hu11aa"), at("OAK HOUSE\n28 PARK ROAD\nHULL", "HU1 1AA")))
}

// placeParts draws an address with or without a street, and what may stand beside it.
func placeParts() *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.SampledFrom([]string{
		"28 PARK ROAD", "PARK RD", "FLAT 3", "UNIT 1A", "ST JAMES ST", "48 THE GLEBE", "OAK HOUSE", "MED CTR", "HULL", "KENT",
		"THE HAVEN", "UNIT A", "FIRST FLOOR", "NORTH WING", "BURY ST EDMUNDS", "WOOD STREET HEALTH CENTRE", "7", "1ST FLOOR",
	}), 1, 6)
}

// hasStreet tells the parts of placeParts that name a street.
func hasStreet(parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool {
		return slices.Contains([]string{"28 PARK ROAD", "PARK RD", "ST JAMES ST", "48 THE GLEBE"}, p)
	})
}

func TestSamePlaceIsReflexiveAndSymmetricWithStreets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := placeParts().Draw(t, "a"), placeParts().Draw(t, "b")
		one, two := strings.Join(a, " / "), strings.Join(b, " / ")
		require.True(t, samePlace(one, one))
		if hasStreet(a) && hasStreet(b) {
			require.Equal(t, samePlace(one, two), samePlace(two, one), "%q and %q", one, two)
		}
		if profile.Same(profile.FieldAddress, strings.Join(a, "\n"), strings.Join(b, "\n")) {
			require.True(t, samePlace(one, two), "it only ever adds to what is the same")
		}
	})
}

func TestSamePlaceSeesEveryNewNumberAndStreet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := placeParts().Draw(t, "parts")
		number := strconv.Itoa(rapid.IntRange(100, 999).Draw(t, "number"))
		news := rapid.SampledFrom([]string{
			"MILL LANE", "MILL LN", number + " MILL LANE", "UNIT " + number, number, "OAK HOUSE, MILL LANE", "FLAT " + number + " OAK HOUSE",
			"UNIT Z", "BLOCK Q", "SECOND FLOOR", "EAST WING", "REAR OF OAK HOUSE",
		}).Draw(t, "news")
		at := rapid.IntRange(0, len(parts)).Draw(t, "at")
		changed := slices.Insert(slices.Clone(parts), at, news)
		before, after := strings.Join(parts, " / "), strings.Join(changed, " / ")
		require.False(t, samePlace(after, before), "%q and %q", after, before)
		require.False(t, samePlace(before, after), "%q and %q", before, after)
	})
}

func TestSamePlaceHoldsWhateverElseChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		street := rapid.SampledFrom([]string{"28 PARK ROAD", "PARK RD", "12A ST JAMES ST", "48 THE GLEBE"}).Draw(t, "street")
		other := func(label string) []string {
			line := rapid.SampledFrom([]string{"OAK HOUSE", "THE SURGERY", "HULL", "KENT", "COTTINGHAM", "MED CTR"})
			return rapid.SliceOfN(line, 0, 3).Draw(t, label)
		}
		a := rapid.Permutation(append(other("a"), street)).Draw(t, "one")
		b := rapid.Permutation(append(other("b"), street)).Draw(t, "two")
		require.True(t, samePlace(strings.Join(a, " / "), strings.Join(b, " / ")))
	})
}

func FuzzSamePlace(f *testing.F) {
	f.Add("28 PARK RD, HULL", "THE SURGERY\n28 Park Road", "THE SURGERY", "OAK SURGERY")
	f.Add("ST", "ST ST", "", "ST")
	f.Add("1\n2,3", "1 2 3", "&", "1")
	f.Add("PRESTEIGNE MEDICAL PRACTI", "\xff\u0301İ ROAD", "THE", "A")
	f.Fuzz(func(t *testing.T, a, b, name, former string) {
		one, two := profile.Place{Name: name, Address: a, Postcode: "HU1 1AA"}, profile.Place{Name: former, Address: b, Postcode: "HU1 1AA"}
		require.True(t, profile.SamePlace(one, profile.Place{Name: former, Address: strings.Clone(a), Postcode: "hu11aa"}))
		strict := profile.Same(profile.FieldAddress, a, b, name)
		if strict {
			require.True(t, profile.SamePlace(one, two))
		}
		two.Postcode = "HU1 1AB"
		require.Equal(t, strict, profile.SamePlace(one, two))
	})
}

func BenchmarkSamePlace(b *testing.B) {
	shown := profile.Place{
		Name: "The Densham Surgery", Postcode: "TS18 1HU",
		Address: lines("The Health Centre", "Lawson Street", "Stockton on Tees", "Cleveland"),
	}
	register := profile.Place{Name: "THE DENSHAM SURGERY", Address: "LAWSON STREET\nSTOCKTON-ON-TEES", Postcode: "TS18 1HU"}
	b.ReportAllocs()
	for b.Loop() {
		profile.SamePlace(register, shown)
	}
}
