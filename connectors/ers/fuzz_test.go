package ers

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// requireStorable checks a value for invalid UTF-8 and NUL, which Postgres refuses.
func requireStorable(tb testing.TB, value any) {
	tb.Helper()
	text, err := json.Marshal(value)
	require.NoError(tb, err)
	require.NotContains(tb, string(text), `\u0000`)
	require.True(tb, utf8.Valid(text))
}

// FuzzDecodeBundle: a decoded bundle is complete, in order, and can be stored.
func FuzzDecodeBundle(f *testing.F) {
	f.Add([]byte(searchset([]string{"1", "2"}, func(string) bool { return true })))
	f.Add([]byte(`{"total":0}`))
	f.Add([]byte(`{"total":1,"entry":{"resource":{"id":7,"meta":{"versionId":1},"name":"a\u0000b","type":{"coding":null},
		"location":{"identifier":{"value":"r1a"}},"extension":[{"url":"x/Extension-eRS-HoursOfOperation","valueString":" 9\r\n5 "}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		held, err := decodeBundle(body)
		if err != nil {
			return
		}
		require.True(t, slices.IsSortedFunc(held.services, func(a, b services.Service) int { return compareIDs(a.ID, b.ID) }))
		for _, s := range held.services {
			require.NoError(t, check(s.ID))
			require.NotEmpty(t, s.Name)
			require.NotEmpty(t, s.Sites)
			require.True(t, digits(s.Version))
			require.Equal(t, s, s.Canonical())
			requireStorable(t, s)
		}
		for _, bad := range held.unreadable {
			require.NoError(t, check(bad.ID))
			require.NotEmpty(t, bad.Reason)
		}
	})
}

// FuzzDecodeCodeSystem: each code comes once, and its dates are text.
func FuzzDecodeCodeSystem(f *testing.F) {
	f.Add([]byte(`{"id":"SPECIALTY","concept":[{"code":"A","property":[{"code":"effectiveTo","valueDateTime":"2008-05-09"}]},{"code":"A"}]}`))
	f.Add([]byte(`{"url":"x/SPECIALTY","concept":{"code":1,"property":{"code":"p","valueCoding":{"code":"c"},"valueX":[1]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		system, err := decodeCodeSystem(Specialties, body)
		if err != nil {
			return
		}
		seen := make(map[string]bool)
		for _, c := range system.Concepts {
			require.False(t, c.Code == "" || seen[c.Code])
			seen[c.Code] = true
		}
		requireStorable(t, system)
	})
}

// FuzzExplain: nothing that e-RS wrote is repeated, except a plain code.
func FuzzExplain(f *testing.F) {
	f.Add([]byte(outcome(codeNoRelationship)))
	f.Add([]byte(`{"fault":{"faultstring":"x"}}`))
	f.Add([]byte(`{"issue":{"details":{"coding":{"code":"token abc"}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		told := explain(body)
		require.True(t, told.code == "" || plainCode(told.code))
		failure := refused(Credential{Name: "A"}, question{doing: "asking"}, 403, body)
		require.Less(t, len(failure.Error()), 300)
	})
}

// FuzzExtract: a second reading finds the same rows, and every row has an id.
func FuzzExtract(f *testing.F) {
	f.Add([]byte(headers + anyRow + "x" + anyRow))
	f.Add([]byte(headers + strings.Repeat(anyRow, 150) + "1,\"open\n2,3\n"))
	f.Add([]byte(zipped(f, "a.csv", "\ufeff"+headers+anyRow)))
	f.Add([]byte("\ufeff\"service_id\",\"Location_Org_Id\"\r\n\"1\",\"R1A\"\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		e, err := openExtract("x", strings.NewReader(string(content)), int64(len(content)), Columns{}, 1<<20)
		if err != nil {
			return
		}
		rows, bad, before := 0, 0, 0
		for row, err := range e.Rows() {
			rows++
			if rejected := (*profile.Rejected)(nil); errors.As(err, &rejected) {
				bad++
				require.Positive(t, rejected.Line)
				continue
			}
			require.NoError(t, err)
			require.NoError(t, check(row.ID))
			require.Greater(t, row.Line, before)
			before = row.Line
			require.Equal(t, -1, strings.IndexFunc(row.Name, unicode.IsControl))
			requireStorable(t, row)
		}
		require.Equal(t, e.rows, rows)
		require.Equal(t, e.bad, bad)
		require.LessOrEqual(t, bad*100, rows)
	})
}

// FuzzParseETag: only a weak tag with a number is a version.
func FuzzParseETag(f *testing.F) {
	for _, tag := range []string{`W/"7"`, `"7"`, `W/"7`, `W/""`, `W/"7a"`, `w/"7"`, `W/"007"`, ""} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		version, err := parseETag(tag)
		if err != nil {
			require.Empty(t, version)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.Equal(t, `W/"`+version+`"`, tag)
		require.True(t, digits(version))
	})
}

// FuzzColumns: with any setting of columns, an extract is refused, or all facts that
// must be there are in one cell each.
func FuzzColumns(f *testing.F) {
	f.Add(`{"ID":"service_id"}`, "service_id,Provider Code\n")
	f.Add(`{"ID":"-"}`, "")
	f.Add(`{"ID":" A  b ","Name":"a B"}`, "\"a b\",c\n")
	f.Fuzz(func(t *testing.T, setting, content string) {
		var columns Columns
		if json.Unmarshal([]byte(setting), &columns) != nil {
			return
		}
		columns = columns.withDefaults()
		if columns.check() != nil {
			return
		}
		h, err := headerOf(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }, columns)
		if err != nil {
			return
		}
		taken := make(map[int]bool)
		for n, of := range allOf(&columns) {
			at, there := h.at[of.fact]
			require.Equal(t, normalised(*of.header) != notThere, there)
			require.True(t, there || n >= needed)
			if there {
				require.Less(t, at, h.cells)
				require.False(t, taken[at], "two facts in one cell")
				taken[at] = true
			}
		}
	})
}
