package profile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestNormalisePostcode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"as it should be", "HX7 7BZ", "HX7 7BZ"},
		{"lower case and a space behind", "hx7 7bz ", "HX7 7BZ"},
		{"a space too many", "SA5 9 EA", "SA5 9EA"},
		{"no space", "SA59EA", "SA5 9EA"},
		{"the space in the wrong place", "SA 59EA", "SA5 9EA"},
		{"a tab and two spaces", "SA5\t  9EA", "SA5 9EA"},
		{"a no-break space", "SA5\u00a09EA", "SA5 9EA"},
		{"outward code A9", "m1 1ae", "M1 1AE"},
		{"outward code A99", "M601NW", "M60 1NW"},
		{"outward code AA9", "CR26XH", "CR2 6XH"},
		{"outward code AA99", "DN551PT", "DN55 1PT"},
		{"outward code A9A", "W1A1HQ", "W1A 1HQ"},
		{"outward code AA9A", "EC1A1BB", "EC1A 1BB"},
		{"the odd one", "gir 0aa", "GIR 0AA"},
		{"forces abroad", "bf1 2at", "BF1 2AT"},
		{"Jersey", "je2 3qa", "JE2 3QA"},
		{"nothing", "", ""},
		{"blanks", "  \t ", ""},
		{"half a postcode", " sa5 ", "SA5"},
		{"another country's", "d02 af30", "D02 AF30"},
		{"another country's keeps its spaces", "75008  paris", "75008  PARIS"},
		{"letters where digits belong", "SAS 9EA", "SAS 9EA"},
		{"a letter O for a nought", "SA5 OEA", "SA5 OEA"},
		{"one letter too many", "SA5 9EAB", "SA5 9EAB"},
		{"no British letters", "šа5 9еа", "ŠА5 9ЕА"},
		{"bytes that are no text", "\xff\xfe", "\ufffd\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, profile.NormalisePostcode(c.in))
		})
	}
}

func TestNormalisePostcodeIsIdempotentAndNoChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ A-Za-z0-9]{0,10}`)).Draw(t, "postcode")
		once := profile.NormalisePostcode(s)
		require.Equal(t, once, profile.NormalisePostcode(once))
		require.True(t, profile.Same(profile.FieldPostcode, s, once))
	})
}

func TestNormalisePostcodeMendsEverySpacing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringMatching(`[A-Z]{1,2}[0-9]{1,2} [0-9][A-Z]{2}`).Draw(t, "postcode")
		var spaced strings.Builder
		for _, r := range strings.ReplaceAll(want, " ", "") {
			spaced.WriteString(rapid.StringMatching(` {0,2}`).Draw(t, "spaces"))
			spaced.WriteRune(r)
		}
		require.Equal(t, want, profile.NormalisePostcode(spaced.String()))
		require.Equal(t, want, profile.NormalisePostcode(strings.ToLower(spaced.String())))
	})
}

func FuzzNormalisePostcode(f *testing.F) {
	for _, seed := range []string{"HX7 7BZ", "hx7 7bz ", "SA5 9 EA", "", "GIR0AA", "\xff", "ŉ1 1AA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := profile.NormalisePostcode(s)
		require.Equal(t, once, profile.NormalisePostcode(once))
		require.Equal(t, strings.TrimSpace(once), once)
		require.True(t, profile.Same(profile.FieldPostcode, s, once))
	})
}

func TestPostcodeDoubt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"E1 4LR", ""},
		{" sa5 9 ea", ""},
		{"GIR 0AA", ""},
		{"BF1 2AT", ""},
		{"", ""},
		{" \t", ""},
		{"EI 4LR", "no UK postcode"},
		{"E1", "no UK postcode"},
		{"75008 PARIS", "no UK postcode"},
		{"ZZ99 3CZ", "no postcode area is called ZZ"},
		{"V1 1AA", "no postcode area is called V"},
	} {
		require.Equal(t, c.want, profile.PostcodeDoubt(c.in), "%q", c.in)
		require.Equal(t, c.want, profile.PostcodeDoubt(profile.NormalisePostcode(c.in)), "%q, normalised", c.in)
	}
}
