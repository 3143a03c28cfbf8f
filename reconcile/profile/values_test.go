package profile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
)

// The table of RULES.md "Who owns which field", row by row.
func TestOwnership(t *testing.T) {
	t.Parallel()
	owners := map[profile.Owner]string{
		profile.OwnedByODS:  "name address postcode type roles status parent commissioner icb region successor",
		profile.OwnedByERS:  "ers-services",
		profile.OwnedByDesk: "kind",
		profile.OwnedByEditor: "phone email website description hidden opening-times dated-opening-times facilities services " +
			"checks service-texts",
	}
	seen := map[string]bool{}
	for owner, names := range owners {
		for name := range strings.FieldsSeq(names) {
			f, err := profile.ParseField(name)
			require.NoError(t, err)
			require.Equal(t, owner, f.Owner(), name)
			seen[name] = true
		}
	}
	for _, f := range profile.Fields() {
		require.NotEmpty(t, f.String(), "every field has a name")
		require.True(t, seen[f.String()], "%s has an owner", f)
		delete(seen, f.String())
	}
	require.Empty(t, seen, "each field once")
}

// Every field is a fact by itself, but for those that go with another
// (RULES.md "Facts go together").
func TestFacts(t *testing.T) {
	t.Parallel()
	goesWith := map[profile.Field]profile.Field{
		profile.FieldPostcode: profile.FieldAddress,
		profile.FieldRegion:   profile.FieldICB,
	}
	for _, f := range profile.Fields() {
		fact := f
		if other, ok := goesWith[f]; ok {
			fact = other
		}
		require.Equal(t, fact, f.Fact(), f)
		require.Equal(t, fact, fact.Fact(), "%s names a fact", fact)
		require.Equal(t, fact.Owner(), f.Owner(), "%s has the owner of its fact", f)
		require.Equal(t, fact.FollowsRegister(), f.FollowsRegister(), "%s follows the register as its fact does", f)
	}
	require.Equal(t, profile.NoField, profile.NoField.Fact(), "a mark is of no field")
}

func TestParseFieldRefusesOthers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Name", "missing", "name "} {
		f, err := profile.ParseField(name)
		require.ErrorContains(t, err, "no profile has it")
		require.Equal(t, profile.NoField, f)
	}
}

func TestValuesNotStatedIsNotEmpty(t *testing.T) {
	t.Parallel()
	var v profile.Values
	require.False(t, v.States(profile.FieldName))
	require.Empty(t, v.Get(profile.FieldName))
	empty := v
	empty.Set(profile.FieldName, "")
	require.True(t, empty.States(profile.FieldName))
	require.NotEqual(t, v, empty)
	for _, f := range profile.Fields() { // the last field's bit is there
		v.Set(f, f.String())
		require.True(t, v.States(f))
	}
	for _, f := range profile.Fields() {
		require.Equal(t, f.String(), v.Get(f))
	}
}

func values() *rapid.Generator[profile.Values] {
	return rapid.Custom(func(t *rapid.T) (v profile.Values) {
		for f, value := range rapid.MapOf(profiletest.AnyField(), rapid.String()).Draw(t, "values") {
			v.Set(f, value)
		}
		return v
	})
}

func TestValuesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := values().Draw(t, "values")
		data, err := json.Marshal(v)
		require.NoError(t, err)
		back := values().Draw(t, "overwritten")
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, v, back)
	})
}

func TestValuesRefuse(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"colour":"red"}`: `field "colour": no profile has it`,
		`{"":"red"}`:       `field "": no profile has it`,
		`{"name":1}`:       "values: json:",
		`[]`:               "values: json:",
	} {
		var v profile.Values
		require.ErrorContains(t, json.Unmarshal([]byte(data), &v), want, data)
	}
}

func FuzzValuesJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `{"name":"BOOTS","icb":""}`, `{"":"x"}`, `{"name":"a","name":"b"}`, `{"address":"1\n2"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, back profile.Values
		if json.Unmarshal(data, &v) != nil {
			return
		}
		again, err := json.Marshal(v)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(again, &back))
		require.Equal(t, v, back)
	})
}

func TestParseODSCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want profile.ODSCode
	}{{"FA001", "FA001"}, {" fa001\t", "FA001"}, {"rx1", "RX1"}, {"Z9B2Z", "Z9B2Z"}, {"1234567890", "1234567890"}} {
		code, err := profile.ParseODSCode(c.in)
		require.NoError(t, err)
		require.Equal(t, c.want, code)
		require.Equal(t, string(c.want), code.String())
	}
	for _, in := range []string{"", "  ", "FA", "12345678901", "FA 01", "FA-01", "FÄ01", "ſA001", "FA0\x00", "FA001\xff"} {
		code, err := profile.ParseODSCode(in)
		require.ErrorContains(t, err, "ODS code", in)
		require.Empty(t, code)
	}
}

func FuzzParseODSCode(f *testing.F) {
	for _, seed := range []string{"FA001", " fa001 ", "ſA001", "", "12345678901", "ıab"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := profile.ParseODSCode(s)
		if err != nil {
			require.Empty(t, code)
			return
		}
		require.Regexp(t, `^[A-Z0-9]{3,10}$`, string(code))
		require.True(t, strings.EqualFold(strings.TrimSpace(s), string(code)), "only case and spaces are mended")
		again, err := profile.ParseODSCode(string(code))
		require.NoError(t, err)
		require.Equal(t, code, again)
	})
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	day := profile.NewDate(2024, time.February, 29)
	for _, parsed := range []func() (profile.Date, error){
		func() (profile.Date, error) { return profile.ParseDate("2024-02-29") },
		func() (profile.Date, error) { return profile.ParseCompactDate("20240229") },
	} {
		got, err := parsed()
		require.NoError(t, err)
		require.Equal(t, day, got)
		require.True(t, day == got, "dates are comparable") //nolint:testifylint // that is what is tested
	}
	for _, parse := range []func(string) (profile.Date, error){profile.ParseDate, profile.ParseCompactDate} {
		none, err := parse("")
		require.NoError(t, err)
		require.True(t, none.IsZero())
		for _, bad := range []string{
			"2023-02-29", "20230229", "2024-13-01", "29/02/2024", "2024-2-9", " ", "2024-02-29T00:00:00Z",
			"0001-01-01", "00010101", "0000-12-31", // no date, and before it
		} {
			got, err := parse(bad)
			require.ErrorContains(t, err, "want a day as", bad)
			require.True(t, got.IsZero())
		}
	}
}

func TestDateOrder(t *testing.T) {
	t.Parallel()
	var none profile.Date
	require.True(t, none.Before(today))
	require.False(t, none.After(today))
	require.False(t, today.Before(today))
	require.False(t, today.After(today))
	require.True(t, today.After(today.AddDays(-1)))
	require.Equal(t, profile.NewDate(2026, time.April, 1), today.AddDays(1))
	require.Equal(t, profile.NewDate(2026, time.March, 3), profile.NewDate(2026, time.February, 31), "out of range carries over")
	require.Empty(t, none.String())
	require.Equal(t, time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC), today.Time())
}

// A day begins in London, not in UTC.
func TestDateIn(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC)
	require.Equal(t, "2026-07-01", profile.DateIn(late, profile.London()).String())
	require.Equal(t, "2026-06-30", profile.DateIn(late, time.UTC).String())
	winter := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
	require.Equal(t, "2026-01-31", profile.DateIn(winter, profile.London()).String())
}

func TestDateRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := profile.NewDate(rapid.IntRange(1, 9999).Draw(t, "year"), time.January, 2).AddDays(rapid.IntRange(0, 363).Draw(t, "day"))
		back, err := profile.ParseDate(day.String())
		require.NoError(t, err)
		require.Equal(t, day, back)
		compact, err := profile.ParseCompactDate(strings.ReplaceAll(day.String(), "-", ""))
		require.NoError(t, err)
		require.Equal(t, day, compact)
		requireJSONRoundTrip(t, day)
		require.Equal(t, day, profile.DateIn(day.Time(), time.UTC))
	})
	requireJSONRoundTrip(t, profile.Date{})
}

func requireJSONRoundTrip(t require.TestingT, day profile.Date) {
	data, err := json.Marshal(day)
	require.NoError(t, err)
	require.Equal(t, `"`+day.String()+`"`, string(data))
	back := today
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, day, back)
	require.Error(t, json.Unmarshal([]byte(`"tomorrow"`), &back))
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-03-31", "20260331", "", "0001-01-01", "0000-01-01", "9999-12-31", "2024-02-30"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if day, err := profile.ParseDate(s); err == nil {
			require.Equal(t, s, day.String())
		}
		day, err := profile.ParseCompactDate(s)
		if err == nil {
			require.Equal(t, s, strings.ReplaceAll(day.String(), "-", ""))
		} else if utf8.ValidString(s) {
			require.ErrorContains(t, err, "date")
		}
		require.False(t, day.Before(profile.Date{}), "nothing is before no date")
	})
}

// today is the day on which most tests stand.
var today = profile.NewDate(2026, time.March, 31)

// A row of the list that says too little would show as an empty word in a report.
func TestEveryFieldHasItsWords(t *testing.T) {
	t.Parallel()
	for _, f := range profile.Fields() {
		require.NotEmpty(t, f.DoSName(), f.String())
		require.NotEmpty(t, f.Label(), f.String())
		require.True(t, f.IsSeeded() || !f.FollowsRegister(), "%s: what is followed is there from the start", f)
		require.False(t, f.FollowsRegister() && f.Owner() != profile.OwnedByODS, "%s: only its owner's word changes a field", f)
	}
}

// What a sink or a person writes cannot keep a value from being stored.
func TestValuesCanBeStored(t *testing.T) {
	t.Parallel()
	var v profile.Values
	v.Set(profile.FieldPhone, "0113\x00 4\xff9")
	require.Equal(t, "0113\uFFFD 4\uFFFD9", v.Get(profile.FieldPhone))
}
