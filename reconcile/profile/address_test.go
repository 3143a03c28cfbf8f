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

func lines(l ...string) string { return strings.Join(l, "\n") }

// checkAddresses asks both ways round, with the organisation's name.
func checkAddresses(t *testing.T, name string, pairs []pair) {
	t.Helper()
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, p.same, profile.Same(profile.FieldAddress, p.a, p.b, name), "%q and %q", p.a, p.b)
			require.Equal(t, p.same, profile.Same(profile.FieldAddress, p.b, p.a, name), "the other way round")
		})
	}
}

func TestSameAddressForm(t *testing.T) {
	t.Parallel()
	checkAddresses(t, "ANY SURGERY", []pair{
		{"equal", lines("61 ARUNDEL AVENUE", "STOCKPORT"), lines("61 ARUNDEL AVENUE", "STOCKPORT"), true},
		{"both empty", "", "", true},
		{"nothing but punctuation", "", "\n,", true},
		{"case", lines("61 ARUNDEL AVENUE", "STOCKPORT"), lines("61 Arundel Avenue", "Stockport"), true},
		{"punctuation", lines("ST.PETER'S CLOSE", "HORSHAM"), lines("ST PETERS CLOSE", "HORSHAM"), true},
		{"a comma after the number", "114, CANTERBURY ROAD", "114 CANTERBURY ROAD", true},
		{"the number on a line of its own", lines("114", "CANTERBURY ROAD"), "114 CANTERBURY ROAD", true},
		{"stops in initials", lines("P.O. BOX 5", "HULL"), lines("PO BOX 5", "HULL"), true},
		{"hyphens", lines("1 HIGH STREET", "STOCKTON-ON-TEES"), lines("1 HIGH STREET", "STOCKTON ON TEES"), true},
		{"hyphens inside a word", lines("WELL-BEING HUB", "HULL"), lines("WELLBEING HUB", "HULL"), true},
		{"an ampersand", lines("HEALTH&WLB HUB", "HULL"), lines("HEALTH AND WLB HUB", "HULL"), true},
		{"a space before the letter", "10A HIGH STREET", "10 A HIGH STREET", true},
		{"letters beyond ASCII", lines("TŶ GWYN", "BALA"), lines("Bala", "Tŷ Gwyn"), true},
		{"empty lines", lines("1 HIGH STREET", "", "HULL", ""), lines("1 HIGH STREET", "HULL"), true},
	})
}

func TestSameAddressLines(t *testing.T) {
	t.Parallel()
	checkAddresses(t, "ANY SURGERY", []pair{
		{"split at a comma", lines("81 BRAMCOTE LANE,CHILWELL", "NOTTINGHAM"), lines("81 BRAMCOTE LANE", "CHILWELL", "NOTTINGHAM"), true},
		{"split at a space", lines("81 BRAMCOTE LANE CHILWELL", "NOTTINGHAM"), lines("81 BRAMCOTE LANE", "CHILWELL", "NOTTINGHAM"), true},
		{"split elsewhere", lines("COLD BATH", "ROAD HARROGATE"), lines("COLD BATH ROAD", "HARROGATE"), true},
		{"split elsewhere twice", lines("A B", "C D", "E"), lines("A", "B C", "D E"), true},
		{"order", lines("CROMPTON BUILDING", "WRITTLE ROAD", "UNIT 1A"), lines("UNIT 1A", "CROMPTON BUILDING", "WRITTLE ROAD"), true},
		{"order and split", lines("FLAT 3", "12 PARK ROAD", "HULL"), lines("12 PARK ROAD", "FLAT 3 HULL"), true},
		{"order, one line and two", "FLAT 3 12 PARK ROAD", "12 PARK ROAD, FLAT 3", true},
		{"order, cut elsewhere", lines("ALPHA BETA", "GAMMA DELTA"), lines("BETA GAMMA", "DELTA", "ALPHA"), true},
		{"order, cut on both sides", lines("ALPHA", "BETA", "DELTA GAMMA"), lines("BETA ALPHA", "GAMMA", "DELTA"), true},
		{"order, laid out in two rounds", lines("ALPHA", "BETA", "GAMMA DELTA"), lines("BETA ALPHA", "GAMMA", "DELTA"), true},
		{"order, in two rounds both ways", lines("ALPHA", "BETA", "GAMMA DELTA"), lines("DELTA", "GAMMA", "BETA ALPHA"), true},
		{"a part that begins another", lines("PARK", "PARK ROAD", "HULL"), lines("HULL", "PARK ROAD", "PARK"), true},
		{"more parts than usual", "A,B,C,D,E,F,G,H,I,J", lines("J", "I", "H", "G", "F", "E", "D", "C", "B", "A"), true},
		{"the longest cut first", "PARK ROAD HULL PARK YORK", lines("YORK", "PARK", "PARK ROAD", "HULL"), true},
		{"words in another order", lines("PARK ROAD HULL", "X"), lines("ROAD PARK HULL", "X"), false},
		{"words between lines", lines("PARK ROAD", "HIGH LANE"), lines("PARK LANE", "HIGH ROAD"), false},
		{"a line twice", lines("HULL", "HULL", "YORK"), lines("HULL", "YORK", "YORK"), false},
	})
}

func TestSameAddressNumbers(t *testing.T) {
	t.Parallel()
	checkAddresses(t, "ANY SURGERY", []pair{
		{"swapped", lines("12 PARK ROAD", "FLAT 3"), lines("3 PARK ROAD", "FLAT 12"), false},
		{"swapped, on one line", "12 PARK ROAD FLAT 3", "3 PARK ROAD FLAT 12", false},
		{"swapped, split by commas", "FLAT 3, 12, PARK ROAD", "FLAT 12, 3, PARK ROAD", false},
		{"swapped, nothing but numbers between", lines("FLAT", "3", "12", "PARK ROAD"), lines("FLAT", "12", "3", "PARK ROAD"), false},
		{"another", "61 ARUNDEL AVENUE", "63 ARUNDEL AVENUE", false},
		{"dropped", "61 ARUNDEL AVENUE", "ARUNDEL AVENUE", false},
		{"another letter", "10A HIGH STREET", "10B HIGH STREET", false},
		{"run together", "1 2 HIGH STREET", "12 HIGH STREET", false},
		{"run together over a break", lines("FLAT 1", "2 HIGH STREET"), "FLAT 12 HIGH STREET", false},
		{"a letter before it, over a break", lines("UNIT A", "3 HIGH STREET"), "UNIT A3 HIGH STREET", false},
		{"streets swapped", lines("12 PARK ROAD", "3 HIGH LANE"), lines("12 HIGH ROAD", "3 PARK LANE"), false},
		{"streets of one name swapped", lines("1 PARK HOUSE", "2 PARK ROAD"), lines("1 PARK ROAD", "2 PARK HOUSE"), false},
		{"a range turned round", "10-12 HIGH STREET", "12-10 HIGH STREET", false},
		{"a range written otherwise", "10-12 HIGH STREET", "10/12 HIGH STREET", true},
		{"lines that begin with numbers", lines("12 PARK ROAD", "3 HIGH LANE"), lines("3 HIGH LANE", "12 PARK ROAD"), true},
	})
}

func TestSameAddressWords(t *testing.T) {
	t.Parallel()
	checkAddresses(t, "ANY SURGERY", []pair{
		{"dropped", lines("THE OLD FORGE", "HULL"), lines("THE FORGE", "HULL"), false},
		{"a line dropped", lines("FORGE LANE", "WYKE", "HULL"), lines("FORGE LANE", "HULL"), false},
		{"replaced", lines("FORGE LANE", "HULL"), lines("FORGE ROAD", "HULL"), false},
		{"replaced by one as long", lines("FORGE LANE", "HULL"), lines("FORGE LANE", "BULL"), false},
		{"abbreviated", lines("FORGE RD", "HULL"), lines("FORGE ROAD", "HULL"), false},
		{"another line besides", lines("FORGE LANE", "HULL"), lines("FORGE LANE", "HULL HULL"), false},
		{"cleared", lines("FORGE LANE", "HULL"), "", false},
		{"a word that begins another", lines("PARK", "HULL"), lines("PARKHULL", ""), true},
		{"a part that only begins like another", lines("PARK X", "HULL"), lines("HULL", "PARKX Y"), false},
	})
}

func TestSameAddressCounties(t *testing.T) {
	t.Parallel()
	const road = "1 HIGH STREET"
	checkAddresses(t, "ANY SURGERY", []pair{
		{"dropped", lines(road, "LEEDS", "WEST YORKSHIRE"), lines(road, "LEEDS"), true},
		{"dropped behind a comma", lines(road, "CHELMSFORD, ESSEX"), lines(road, "CHELMSFORD"), true},
		{"moved to a line of its own", lines(road, "DARTFORD, KENT"), lines(road, "DARTFORD", "KENT"), true},
		{"moved to the town's line", lines(road, "CHELMSFORD ESSEX"), lines(road, "CHELMSFORD", "ESSEX"), true},
		{"written otherwise", lines(road, "ASHFORD", "CO.DURHAM"), lines(road, "ASHFORD", "COUNTY DURHAM"), true},
		{"abbreviated", lines(road, "GOSPORT", "HANTS"), lines(road, "GOSPORT", "HAMPSHIRE"), true},
		{"an ampersand", lines(road, "GATESHEAD", "TYNE & WEAR"), lines(road, "GATESHEAD"), true},
		{"dropped, and the lines split", lines(road+",CHILWELL", "NOTTINGHAM", "NOTTINGHAMSHIRE"), lines(road, "CHILWELL", "NOTTINGHAM"), true},
		{"dropped, and hyphens", lines(road, "STOCKTON-ON-TEES", "CLEVELAND"), lines(road, "STOCKTON ON TEES"), true},
		{"one of two dropped", lines(road, "BOW", "ESSEX", "GREATER LONDON"), lines(road, "BOW", "ESSEX"), true},
		{"a Welsh one", lines(road, "SWANSEA", "WEST GLAMORGAN"), lines(road, "SWANSEA"), true},
		{"replaced", lines(road, "ASHFORD", "KENT"), lines(road, "ASHFORD", "MIDDLESEX"), false},
		{"one of two replaced", lines(road, "BOW", "ESSEX", "KENT"), lines(road, "BOW", "ESSEX", "SURREY"), false},
		{"dropped, and another number", lines(road, "LEEDS", "WEST YORKSHIRE"), lines("2 HIGH STREET", "LEEDS"), false},
		{"dropped, and numbers swapped", lines("12 PARK ROAD", "FLAT 3", "KENT"), lines("3 PARK ROAD", "FLAT 12"), false},
		{"nothing else left", "KENT", "", false},
		{"in a street", lines("KENT ROAD", "HULL"), lines("ROAD", "HULL"), false},
		{"a town is none", lines(road, "LONDON"), road, false},
		{"a city is none", lines(road, "DURHAM"), road, false},
	})
}

func TestSameAddressBuilding(t *testing.T) {
	t.Parallel()
	rest := lines("LAWSON STREET", "STOCKTON-ON-TEES")
	checkAddresses(t, "ST. MARY'S SURGERY", []pair{
		{"dropped", lines("ST. MARY'S SURGERY", rest), rest, true},
		{"dropped, written otherwise", lines("St Marys Surgery", rest), rest, true},
		{"dropped with the county", lines("ST MARYS SURGERY", rest, "CLEVELAND"), rest, true},
		{"dropped before a comma", lines("ST. MARY'S SURGERY, LAWSON STREET", "STOCKTON-ON-TEES"), rest, true},
		{"dropped here, the county there", lines("ST. MARY'S SURGERY", rest), lines(rest, "CLEVELAND"), true},
		{"another building", lines("THE HEALTH CENTRE", rest), rest, false},
		{"part of the name", lines("ST. MARY'S", rest), rest, false},
		{"nothing else left", "ST. MARY'S SURGERY", "", false},
		{"nothing in common", "ST. MARY'S SURGERY", "KENT", false},
		{"replaced", lines("ST. MARY'S SURGERY", rest), lines("THE HEALTH CENTRE", rest), false},
	})
}

func TestSameAddressNames(t *testing.T) {
	t.Parallel()
	same := func(a, b string, names ...string) bool {
		return profile.Same(profile.FieldAddress, a, b, names...) && profile.Same(profile.FieldAddress, b, a, names...)
	}
	rest := lines("LAWSON STREET", "HULL")
	require.False(t, same(lines("OLD NAME", rest), rest), "no name given")
	require.False(t, same(lines("OLD NAME", rest), rest, ""), "an empty name repeats nothing")
	require.False(t, same(lines("OLD NAME", rest), rest, "NEW NAME"), "a line with the old name has to go")
	require.True(t, same(lines("OLD NAME", rest), rest, "NEW NAME", "OLD NAME"))
	require.False(t, same(lines("OLD NAME", rest), lines("NEW NAME", rest), "NEW NAME", "OLD NAME"), "replaced")
	require.True(t, same(lines("1-2 HIGH STREET", rest), rest, "1/2 HIGH STREET"))
}

// address draws parts of an address that make sense together.
func address() *rapid.Generator[[]string] {
	part := rapid.SampledFrom([]string{
		"12 PARK ROAD", "FLAT 3", "3 PARK ROAD", "UNIT 1A", "THE OLD FORGE", "HIGH STREET", "ST. JOHN'S CLOSE",
		"HULL", "STOCKTON-ON-TEES", "KENT", "WEST YORKSHIRE", "7", "PARK", "PARK ROAD", "HEALTH & CARE HUB",
	})
	return rapid.SliceOfN(part, 1, 6)
}

func TestSameAddressHoldsUnderNoise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := address().Filter(func(p []string) bool { return !slices.Contains(p, "7") }).Draw(t, "parts")
		a := strings.Join(parts, "\n")
		shuffled := rapid.Permutation(parts).Draw(t, "shuffled")
		b := strings.Join(shuffled, rapid.SampledFrom([]string{"\n", ",", ", ", ";\n"}).Draw(t, "break"))
		b = strings.NewReplacer("&", "AND", "'", "", "-", " ", ".", "").Replace(b)
		if rapid.Bool().Draw(t, "shown") {
			b = profile.DisplayAddress(b)
		}
		require.True(t, profile.Same(profile.FieldAddress, a, b), "%q and %q", a, b)
		require.Equal(t, profile.Canonical(profile.FieldAddress, a), profile.Canonical(profile.FieldAddress, b))
	})
}

func TestSameAddressNeverLosesAFact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := address().Draw(t, "parts")
		extra := rapid.SampledFrom([]string{"5", "YORK", "THE", "1B"}).Draw(t, "extra")
		at := rapid.IntRange(0, len(parts)-1).Draw(t, "at")
		changed := slices.Clone(parts)
		changed[at] = rapid.SampledFrom([]string{extra + " " + parts[at], parts[at] + " " + extra, parts[at] + "\n" + extra}).Draw(t, "changed")
		require.False(t, profile.Same(profile.FieldAddress, strings.Join(parts, "\n"), strings.Join(changed, "\n")))
	})
}

func TestSameAddressNeverSwapsNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rest := rapid.SliceOfN(rapid.SampledFrom([]string{"HULL", "HIGH LANE", "KENT"}), 0, 2).Draw(t, "rest")
		one := rapid.IntRange(1, 300).Draw(t, "one")
		two := rapid.IntRange(1, 300).Filter(func(n int) bool { return n != one }).Draw(t, "two")
		text := func(x, y int) string {
			parts := append([]string{strconv.Itoa(x) + " PARK ROAD", "FLAT " + strconv.Itoa(y)}, rest...)
			return strings.Join(rapid.Permutation(parts).Draw(t, "order"), "\n")
		}
		require.False(t, profile.Same(profile.FieldAddress, text(one, two), text(two, one)))
		require.True(t, profile.Same(profile.FieldAddress, text(one, two), text(one, two)))
	})
}

// laidOut tries every way to lay the words of a out as b, taking off the
// beginning of two parts what they share: what alike does, but exhaustively.
func laidOut(a, b [][]string) bool {
	notEmpty := func(part []string) bool { return len(part) > 0 }
	if !slices.ContainsFunc(a, notEmpty) && !slices.ContainsFunc(b, notEmpty) {
		return true
	}
	for i, x := range a {
		for j, y := range b {
			n := min(len(x), len(y))
			if n == 0 || !slices.Equal(x[:n], y[:n]) {
				continue
			}
			restA, restB := slices.Clone(a), slices.Clone(b)
			restA[i], restB[j] = x[n:], y[n:]
			if laidOut(restA, restB) {
				return true
			}
		}
	}
	return false
}

// cutUp draws a text of the words with breaks anywhere, and its parts.
func cutUp(t *rapid.T, words []string) (text string, parts [][]string) {
	parts = [][]string{nil}
	for _, word := range words {
		last := len(parts) - 1
		if len(parts[last]) > 0 && rapid.Bool().Draw(t, "break") {
			parts, last = append(parts, nil), last+1
		}
		parts[last] = append(parts[last], word)
	}
	joined := make([]string, len(parts))
	for i, part := range parts {
		joined[i] = strings.Join(part, " ")
	}
	return strings.Join(joined, "\n"), parts
}

func TestSameAddressAgreesWithExhaustiveSearch(t *testing.T) {
	t.Parallel()
	distinct := []string{"AA", "BB", "CC", "DD", "EE"}
	rapid.Check(t, func(t *rapid.T) {
		a, partsA := cutUp(t, distinct)
		b, partsB := cutUp(t, rapid.Permutation(distinct).Draw(t, "shuffled"))
		require.Equal(t, laidOut(partsA, partsB), profile.Same(profile.FieldAddress, a, b), "%q and %q", a, b)
	})
}

// With words that repeat, a cut may be the wrong one. Then a change may be
// reported that is none, but never the other way round.
func TestSameAddressIsNeverLaxerThanExhaustiveSearch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"AA", "BB", "CC"}), 1, 5).Draw(t, "words")
		a, partsA := cutUp(t, words)
		b, partsB := cutUp(t, rapid.Permutation(words).Draw(t, "shuffled"))
		if profile.Same(profile.FieldAddress, a, b) {
			require.True(t, laidOut(partsA, partsB), "%q and %q", a, b)
		}
	})
}

// Every county may come and go, and none may take another's place.
func TestSameAddressKnowsTheCounties(t *testing.T) {
	t.Parallel()
	counties := []string{
		"AVON", "BEDFORDSHIRE", "BERKSHIRE", "BUCKINGHAMSHIRE", "CAMBRIDGESHIRE", "CHESHIRE", "CLEVELAND", "CORNWALL",
		"COUNTY DURHAM", "CUMBRIA", "DERBYSHIRE", "DEVON", "DORSET", "EAST SUSSEX", "EAST YORKSHIRE", "ESSEX",
		"GLOUCESTERSHIRE", "GREATER LONDON", "GREATER MANCHESTER", "HAMPSHIRE", "HEREFORDSHIRE", "HERTFORDSHIRE",
		"ISLE OF WIGHT", "KENT", "LANCASHIRE", "LEICESTERSHIRE", "LINCOLNSHIRE", "MERSEYSIDE", "MIDDLESEX", "NORFOLK",
		"NORTH HUMBERSIDE", "NORTH YORKSHIRE", "NORTHAMPTONSHIRE", "NORTHUMBERLAND", "NOTTINGHAMSHIRE", "OXFORDSHIRE",
		"RUTLAND", "SHROPSHIRE", "SOMERSET", "SOUTH HUMBERSIDE", "SOUTH YORKSHIRE", "STAFFORDSHIRE", "SUFFOLK", "SURREY",
		"TYNE AND WEAR", "WARWICKSHIRE", "WEST MIDLANDS", "WEST SUSSEX", "WEST YORKSHIRE", "WILTSHIRE", "WORCESTERSHIRE",
		"CLWYD", "DYFED", "GWENT", "GWYNEDD", "MID GLAMORGAN", "POWYS", "SOUTH GLAMORGAN", "WEST GLAMORGAN",
	}
	for i, county := range counties {
		with := lines("1 HIGH STREET", "NEWTOWN", county)
		require.True(t, profile.Same(profile.FieldAddress, with, lines("1 HIGH STREET", "NEWTOWN")), county)
		other := lines("1 HIGH STREET", "NEWTOWN", counties[(i+1)%len(counties)])
		require.False(t, profile.Same(profile.FieldAddress, with, other), county)
	}
}

// In nine months of a real register most changed addresses are noise or plain
// changes; whatever is called noise keeps every number.
func TestSameAddressOfRealRegisters(t *testing.T) {
	t.Parallel()
	before := make(map[string][]string)
	for _, row := range legacyRows(t, "epraccur_2024-08-24.csv") {
		before[row[0]] = row
	}
	noise, changes := 0, 0
	for _, row := range legacyRows(t, "epraccur_2025-05-25.csv") {
		a, b := legacyAddress(row), ""
		if old, ok := before[row[0]]; ok {
			b = legacyAddress(old)
		}
		switch {
		case b == "" || a == b:
		case profile.Same(profile.FieldAddress, a, b, row[1]):
			noise++
			require.Equal(t, sortedNumbers(a), sortedNumbers(b), "%q and %q", a, b)
		default:
			changes++
		}
	}
	require.Greater(t, noise, 40)
	require.Greater(t, changes, 100)
}

func sortedNumbers(s string) []string {
	numbers := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	slices.Sort(numbers)
	return numbers
}

func TestSameAddressIsSymmetric(t *testing.T) {
	t.Parallel()
	join := func(t *rapid.T, parts []string) string {
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p + rapid.SampledFrom([]string{"\n", ", ", " "}).Draw(t, "break"))
		}
		return b.String()
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := address().Draw(t, "parts")
		a, b := join(t, parts), join(t, rapid.Permutation(parts).Draw(t, "shuffled"))
		name := rapid.SampledFrom([]string{"", "THE OLD FORGE", "PARK", "HULL"}).Draw(t, "name")
		require.Equal(t, profile.Same(profile.FieldAddress, a, b, name), profile.Same(profile.FieldAddress, b, a, name))
		require.True(t, profile.Same(profile.FieldAddress, a, strings.Clone(a), name))
	})
}

func FuzzSameAddress(f *testing.F) {
	f.Add("12 PARK ROAD\nFLAT 3", "FLAT 3, 12 Park Road", "SURGERY")
	f.Add("KENT", "ESSEX", "KENT")
	f.Add("1,2,3", "3\n2\n1", "")
	f.Add("A&B'S-\xff", "\u0301İ", "&")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		same := profile.Same(profile.FieldAddress, a, b, name)
		require.Equal(t, same, profile.Same(profile.FieldAddress, b, a, name))
		require.True(t, profile.Same(profile.FieldAddress, a, strings.Clone(a), name))
		require.True(t, profile.Same(profile.FieldAddress, a, a+"\n", name))
		if profile.Canonical(profile.FieldAddress, a) == profile.Canonical(profile.FieldAddress, b) {
			require.True(t, same)
		}
	})
}

func BenchmarkSameAddress(b *testing.B) {
	old := lines("THE HEALTH CENTRE", "LAWSON STREET", "STOCKTON ON TEES", "CLEVELAND")
	for name, other := range map[string]string{
		"layout":  lines("LAWSON STREET", "THE HEALTH CENTRE", "", "STOCKTON-ON-TEES"),
		"changed": lines("TENNANT STREET MEDICAL PRACTICE", "TENNANT STREET", "STOCKTON-ON-TEES"),
		"as long": lines("THE HEALTH CENTRE", "LAWSON STREEP", "STOCKTON ON TEES", "CLEVELAND"),
		"case":    profile.DisplayAddress(old),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				profile.Same(profile.FieldAddress, old, other, "THE DENSHAM SURGERY")
			}
		})
	}
}
