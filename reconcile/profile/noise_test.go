package profile_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
)

// legacyRows reads a real register file of 27 columns
// (connectors/ods/CONTRACT.md "Columns").
func legacyRows(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(realdata.Path(t, "ods", "legacy", file))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows
}

func legacyAddress(row []string) string {
	lines := slices.DeleteFunc(slices.Clone(row[4:9]), func(line string) bool { return line == "" })
	return strings.Join(lines, "\n")
}

type pair struct {
	name, a, b string
	same       bool
}

// checkPairs asks both ways round, and that keys and Same agree.
func checkPairs(t *testing.T, f profile.Field, pairs []pair) {
	t.Helper()
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, p.same, profile.Same(f, p.a, p.b), "%q and %q", p.a, p.b)
			require.Equal(t, p.same, profile.Same(f, p.b, p.a), "%q and %q, the other way round", p.b, p.a)
			require.Equal(t, p.same, profile.Canonical(f, p.a) == profile.Canonical(f, p.b), "keys")
		})
	}
}

func TestSameName(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldName, []pair{
		{"equal", "BOOTS", "BOOTS", true},
		{"both empty", "", "", true},
		{"case", "BOOTS", "Boots", true},
		{"punctuation", "ST. BARTHOLOMEW'S", "St Bartholomews", true},
		{"another apostrophe", "ST JAMES’S", "ST JAMES'S", true},
		{"a stop without a space", "ST.MARY'S", "ST MARYS", true},
		{"initials", "DR N.W. OSBORNE", "DR NW OSBORNE", true},
		{"hyphens", "CO-OP PHARMACY", "CO OP PHARMACY", true},
		{"spacing", "  SUPER  DRUG ", "SUPERDRUG", true},
		{"spacing before a number", "IC24", "IC 24", true},
		{"an ampersand", "HEALTH & CARE", "HEALTH AND CARE", true},
		{"an ampersand without spaces", "HEALTH&CARE", "Health and Care", true},
		{"a comma between numbers", "GROUP 1, 2", "GROUP 1 2", true},
		{"letters beyond ASCII", "TŶ GWYN", "Tŷ Gwyn", true},
		{"only the leading article", "THE SURGERY", "SURGERY", false},
		{"only the title", "DR PATEL", "PATEL", false},
		{"an abbreviation", "MEDICAL CTR", "MEDICAL CENTRE", false},
		{"a dropped and", "HEALTH & CARE", "HEALTH CARE", false},
		{"an accent", "CAFÉ", "CAFE", false},
		{"numbers run together", "SURGERY 1 2", "SURGERY 12", false},
		{"words in another order", "PARK HIGH", "HIGH PARK", false},
		{"another word", "BOOTS", "ROOTS", false},
		{"cleared", "BOOTS", "", false},
		{"punctuation alone is not empty", "-", "", false},
		{"punctuation alone", "-", "--", false},
	})
}

func TestSamePostcode(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldPostcode, []pair{
		{"spacing", "SA5 9 EA", "SA59EA", true},
		{"case and edges", " hx7 7bz ", "HX7 7BZ", true},
		{"another", "HX7 7BZ", "HX7 7BY", false},
		{"a nought for an O", "SA5 0EA", "SA5 OEA", false},
		{"punctuation stays", "SA5-9EA", "SA5 9EA", false},
		{"cleared", "SA5 9EA", "", false},
	})
}

func TestSamePhone(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldPhone, []pair{
		{"spacing", "0161 4838729", "0161 483 8729", true},
		{"punctuation", "(0161) 483-8729", "0161.483.8729", true},
		{"the country code", "+44 161 483 8729", "0161 483 8729", true},
		{"the country code with a nought", "+44 (0)161 483 8729", "0161 4838729", true},
		{"the country code dialled", "0044 161 4838729", "01614838729", true},
		{"the case of an extension", "01614838729 EXT 12", "0161 4838729 ext. 12", true},
		{"an extension", "01614838729", "01614838729 ext 12", false},
		{"a digit", "01614838729", "01614838728", false},
		{"digits swapped", "01614838729", "01614838792", false},
		{"another country", "+353 1 4838729", "+44 1 4838729", false},
		{"another country, dialled", "00353 1 483", "0353 1 483", false},
		{"the country code alone", "+44", "0", false},
		{"a plus inside", "0161+4838729", "01614838729", true},
		{"cleared", "0161 4838729", "", false},
	})
}

func TestSameWebsite(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldWebsite, []pair{
		{"the host's case", "https://WWW.Surgery.NHS.uk/About", "https://www.surgery.nhs.uk/About", true},
		{"the scheme's case", "HTTPS://a.uk", "https://a.uk", true},
		{"a trailing slash", "https://a.uk/", "https://a.uk", true},
		{"a trailing slash of a path", "https://a.uk/gp/", "https://a.uk/gp", true},
		{"edges", " https://a.uk ", "https://a.uk", true},
		{"no scheme", "WWW.A.UK/", "www.a.uk", true},
		{"the host's case before a query", "https://A.uk?Q=1", "https://a.uk?Q=1", true},
		{"a path without a scheme", "www.a.uk/GP", "www.a.uk/gp", true},
		{"an empty fragment", "https://a.uk/#", "https://a.uk", true},
		{"an empty query", "https://a.uk/gp?", "https://a.uk/gp", true},
		{"an empty query and fragment", "https://a.uk?#", "https://a.uk/", true},
		{"an empty parameter", "https://a.uk/gp;", "https://a.uk/gp", true},
		{"an empty parameter before a query", "https://a.uk/gp;?a=b", "https://a.uk/gp?a=b", true},
		{"a query without a path", "https://a.uk?a=b", "https://a.uk/?a=b", true},
		{"a fragment without a path", "https://a.uk#b", "https://a.uk/#b", true},
		{"a slash before a query", "https://a.uk/gp/?a=b", "https://a.uk/gp?a=b", true},
		{"a query", "https://a.uk/?a=b", "https://a.uk/", false},
		{"a fragment", "https://a.uk/#a", "https://a.uk/", false},
		{"a parameter", "https://a.uk/gp;a", "https://a.uk/gp", false},
		{"two empty parameters", "https://a.uk/gp;;", "https://a.uk/gp", false},
		{"a query in a fragment", "https://a.uk/#?a", "https://a.uk/?a#", false},
		{"scheme", "http://a.uk", "https://a.uk", false},
		{"a scheme added", "a.uk", "https://a.uk", false},
		{"the path's case", "https://a.uk/GP", "https://a.uk/gp", false},
		{"a query's case", "https://a.uk/?Q=A", "https://a.uk/?Q=a", false},
		{"a slash in a query", "https://a.uk/?q=a/", "https://a.uk/?q=a", false},
		{"a slash in a fragment", "https://a.uk/#/", "https://a.uk/#", false},
		{"another host", "https://a.uk", "https://b.uk", false},
		{"cleared", "https://a.uk", "", false},
	})
}

func TestSameRoles(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldRoles, []pair{
		{"order", "RO177|RO76", "RO76|RO177", true},
		{"spaces and case", "ro177 | RO76", "RO177|RO76", true},
		{"one more", "RO177", "RO177|RO76", false},
		{"another", "RO177|RO76", "RO177|RO80", false},
		{"one twice", "RO177|RO177", "RO177", false},
		{"cleared", "RO177", "", false},
	})
}

func TestSameCodes(t *testing.T) {
	t.Parallel()
	for _, f := range []profile.Field{
		profile.FieldICB, profile.FieldRegion, profile.FieldParent,
		profile.FieldCommissioner, profile.FieldSuccessor,
	} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			checkPairs(t, f, []pair{
				{"case and spaces", " qop ", "QOP", true},
				{"another", "QOP", "QHM", false},
				{"punctuation", "Q-OP", "QOP", false},
				{"cleared", "QOP", "", false},
			})
		})
	}
}

func TestSameOtherFieldsExactly(t *testing.T) {
	t.Parallel()
	special := []profile.Field{
		profile.FieldName, profile.FieldAddress, profile.FieldPostcode, profile.FieldPhone,
		profile.FieldWebsite, profile.FieldRoles, profile.FieldICB, profile.FieldRegion,
		profile.FieldParent, profile.FieldCommissioner, profile.FieldSuccessor,
		profile.FieldEmail, profile.FieldFacilities, profile.FieldServices,
	}
	for _, f := range profile.Fields() {
		if slices.Contains(special, f) {
			continue
		}
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			checkPairs(t, f, []pair{
				{"equal", "a b", "a b", true},
				{"case", "a", "A", false},
				{"space", "a", "a ", false},
			})
		})
	}
}

func TestSameIsReflexiveAndSymmetric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, a, b := profiletest.AnyField().Draw(t, "field"), profiletest.Noisy().Draw(t, "a"), profiletest.Noisy().Draw(t, "b")
		name := profiletest.Noisy().Draw(t, "name")
		require.True(t, profile.Same(f, a, strings.Clone(a)))
		require.Equal(t, profile.Same(f, a, b, name), profile.Same(f, b, a, name))
	})
}

func TestEqualKeysMeanSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, a, b := profiletest.AnyField().Draw(t, "field"), profiletest.Noisy().Draw(t, "a"), profiletest.Noisy().Draw(t, "b")
		equal := profile.Canonical(f, a) == profile.Canonical(f, b)
		if equal {
			require.True(t, profile.Same(f, a, b), "%v: %q and %q", f, a, b)
		}
		if f != profile.FieldAddress {
			require.Equal(t, equal, profile.Same(f, a, b), "%v: %q and %q", f, a, b)
		}
	})
}

// boots is one record, in the form a layout gives it.
func boots(name, address, postcode, phone, roles string) profile.Record {
	r := profile.Record{Code: "FFP85", Standing: profile.Active, Opened: profile.NewDate(2008, 5, 1)}
	r.Values.Set(profile.FieldName, name)
	r.Values.Set(profile.FieldAddress, address)
	r.Values.Set(profile.FieldPostcode, postcode)
	r.Values.Set(profile.FieldPhone, phone)
	r.Values.Set(profile.FieldRoles, roles)
	return r
}

func capitals() profile.Record {
	return boots("BOOTS & SONS", "UNIT 1A\nCROMPTON BUILDING,WRITTLE ROAD\nCHELMSFORD", "CM1 3RW", "01245 349222", "RO182|RO76")
}

func TestDigestIgnoresForm(t *testing.T) {
	t.Parallel()
	want := capitals().Digest()
	for name, r := range map[string]profile.Record{
		"case, spacing, punctuation": boots("Boots and Sons", "Unit 1A\nCrompton Building,Writtle Road\nChelmsford",
			"cm13rw", "+44 1245 349222", "RO76|RO182"),
		"order of lines": boots("BOOTS & SONS", "CHELMSFORD\nUNIT 1A\nCROMPTON BUILDING\nWRITTLE ROAD.",
			"CM1  3RW", "(01245) 349-222", "RO182|RO76"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, r.Digest())
		})
	}
	other := capitals()
	other.Code = "FA002"
	require.Equal(t, want, other.Digest(), "the code is the key of a digest, not part of it")
}

func TestDigestSeesFacts(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*profile.Record){
		"standing":             func(r *profile.Record) { r.Standing = profile.Inactive },
		"opened":               func(r *profile.Record) { r.Opened = profile.NewDate(2008, 5, 2) },
		"closed":               func(r *profile.Record) { r.Closed = profile.NewDate(2008, 5, 1) },
		"opened taken closed":  func(r *profile.Record) { r.Opened, r.Closed = r.Closed, r.Opened },
		"name":                 func(r *profile.Record) { r.Values.Set(profile.FieldName, "BOOTS") },
		"a number moved":       func(r *profile.Record) { r.Values.Set(profile.FieldAddress, "UNIT 1\nA CROMPTON BUILDING") },
		"postcode":             func(r *profile.Record) { r.Values.Set(profile.FieldPostcode, "CM1 3RX") },
		"phone":                func(r *profile.Record) { r.Values.Set(profile.FieldPhone, "01245 349223") },
		"roles":                func(r *profile.Record) { r.Values.Set(profile.FieldRoles, "RO182") },
		"stated, though empty": func(r *profile.Record) { r.Values.Set(profile.FieldParent, "") },
		"no longer stated":     func(r *profile.Record) { r.Values = profile.Values{} },
		"a value in another field": func(r *profile.Record) {
			r.Values.Set(profile.FieldParent, "P08F")
			r.Values.Set(profile.FieldName, "BOOTS & SONS P08F")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := capitals()
			edit(&r)
			require.NotEqual(t, capitals().Digest(), r.Digest())
		})
	}
}

// The same value under another field, or cut elsewhere, is another fact.
func TestDigestIsUnambiguous(t *testing.T) {
	t.Parallel()
	digest := func(values map[profile.Field]string) profile.Hash {
		var r profile.Record
		for f, value := range values {
			r.Values.Set(f, value)
		}
		return r.Digest()
	}
	seen := make(map[profile.Hash]map[profile.Field]string)
	for _, values := range []map[profile.Field]string{
		{},
		{profile.FieldParent: ""},
		{profile.FieldParent: "P08F"},
		{profile.FieldCommissioner: "P08F"},
		{profile.FieldSuccessor: "P08F"},
		{profile.FieldParent: "P08F", profile.FieldCommissioner: ""},
		{profile.FieldParent: "", profile.FieldCommissioner: "P08F"},
		{profile.FieldParent: "P0", profile.FieldCommissioner: "8F"},
		{profile.FieldParent: "P08", profile.FieldCommissioner: "F"},
		{profile.FieldStatus: "a", profile.FieldICB: "B"},
		{profile.FieldStatus: "a\x09B"}, // 9 is the field that follows above
		{profile.FieldStatus: "a\x09\x00B"},
		{profile.FieldStatus: "a\x09\x01B"},
	} {
		hash := digest(values)
		require.NotContains(t, seen, hash, "%v and %v", values, seen[hash])
		seen[hash] = values
	}
}

// The one promise a digest makes: what it skips was not a change.
func TestEqualDigestsMeanSame(t *testing.T) {
	t.Parallel()
	fields := []profile.Field{profile.FieldName, profile.FieldAddress, profile.FieldPhone, profile.FieldRoles}
	draw := func(t *rapid.T, label string) (r profile.Record) {
		for _, f := range fields {
			if rapid.Bool().Draw(t, label+" states") {
				r.Values.Set(f, profiletest.Noisy().Draw(t, label))
			}
		}
		return r
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		alike := true
		for _, f := range fields {
			alike = alike && a.Values.States(f) == b.Values.States(f) &&
				profile.Canonical(f, a.Values.Get(f)) == profile.Canonical(f, b.Values.Get(f))
			if a.Digest() == b.Digest() {
				require.True(t, profile.Same(f, a.Values.Get(f), b.Values.Get(f)))
			}
		}
		require.Equal(t, alike, a.Digest() == b.Digest())
	})
}

func BenchmarkSame(b *testing.B) {
	for name, c := range map[string]struct {
		f    profile.Field
		a, b string
	}{
		"equal": {profile.FieldName, "ROWLANDS PHARMACY", "ROWLANDS PHARMACY"},
		"name":  {profile.FieldName, "ST. BARTHOLOMEW'S SURGERY", "St Bartholomews Surgery"},
		"phone": {profile.FieldPhone, "0161 4838729", "+44 161 483 8729"},
		"roles": {profile.FieldRoles, "RO177|RO76", "RO76|RO177"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				profile.Same(c.f, c.a, c.b)
			}
		})
	}
}

func BenchmarkDigest(b *testing.B) {
	r := capitals()
	b.ReportAllocs()
	for b.Loop() {
		r.Digest()
	}
}
