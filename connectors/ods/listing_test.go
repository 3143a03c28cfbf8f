package ods_test

import (
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// line writes one row of a report: columns by number, the rest empty.
func line(cells map[int]string) string {
	fields := make([]string, 27)
	for n, value := range cells {
		fields[n-1] = strings.ReplaceAll(value, `"`, `""`)
	}
	return `"` + strings.Join(fields, `","`) + "\"\r\n"
}

// with returns cells changed: column and value in turn.
func with(cells map[int]string, changes ...any) map[int]string {
	changed := maps.Clone(cells)
	for i := 0; i < len(changes); i += 2 {
		changed[changes[i].(int)] = changes[i+1].(string)
	}
	return changed
}

func practice() map[int]string {
	return map[int]string{
		1: "A81001", 2: "THE OAK SURGERY", 3: "Y63", 4: "QHM", 5: "HEALTH CENTRE", 6: "LAWSON STREET", 8: "STOCKTON",
		10: "TS18 1HU", 11: "19740401", 13: "A", 14: "B", 15: "16C", 16: "20200401", 18: "01642 672351", 22: "0", 26: "4",
	}
}

func pharmacy() map[int]string {
	return map[int]string{
		1: "FA002", 2: "ROWAN PHARMACY", 3: "Y62", 4: "QOP", 5: "61 ELM AVENUE", 7: "STOCKPORT",
		10: "SK7 5LD", 11: "20060601", 13: "A", 14: "1", 15: "P79D", 18: "0161 4838729", 22: "0", 24: "QOP",
	}
}

func open(t *testing.T, report, content string, options ...ods.ListingOption) *ods.Listing {
	t.Helper()
	listing, err := ods.OpenListing(report+".csv", report, strings.NewReader(content), options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listing.Close()) })
	return listing
}

func rowsOf(t *testing.T, listing *ods.Listing) []profile.Row {
	t.Helper()
	var rows []profile.Row
	for row, err := range listing.Rows() {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	return rows
}

// recordsOf decodes every row and fails at one that is rejected.
func recordsOf(t *testing.T, listing *ods.Listing) []profile.Record {
	t.Helper()
	var records []profile.Record
	for _, row := range rowsOf(t, listing) {
		record, err := listing.Record(row)
		require.NoError(t, err)
		records = append(records, record)
	}
	return records
}

func TestRowsLocateEveryLine(t *testing.T) {
	t.Parallel()
	first, second := strings.TrimSpace(line(practice())), strings.TrimSpace(line(with(practice(), 1, "a81002")))
	unquoted := strings.ReplaceAll(strings.TrimSpace(line(with(practice(), 1, "A81003"))), `"`, "")
	for name, content := range map[string]string{
		"LF":                  first + "\n" + second + "\n\n" + unquoted + "\n",
		"CRLF":                first + "\r\n" + second + "\r\n\r\n" + unquoted + "\r\n",
		"no line end":         first + "\n" + second + "\n\n" + unquoted,
		"blank lines at last": first + "\n" + second + "\n\n" + unquoted + "\n\r\n\n",
		"byte order mark":     "\xef\xbb\xbf" + first + "\n" + second + "\n\n" + unquoted + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listing := open(t, "epraccur", content)
			rows := rowsOf(t, listing)
			require.Len(t, rows, 4)
			for i, want := range []struct{ code, text string }{{"A81001", first}, {"A81002", second}, {"", ""}, {"A81003", unquoted}} {
				require.Equal(t, want.code, rows[i].Code.String())
				require.Equal(t, i+1, rows[i].Line)
				require.Equal(t, want.text, content[rows[i].Offset:][:rows[i].Length])
			}
			require.NotEqual(t, rows[0].Hash, rows[1].Hash)
			require.Equal(t, rows, rowsOf(t, listing), "a second reading")
			kept, err := io.ReadAll(listing.Content())
			require.NoError(t, err)
			require.Equal(t, content, string(kept))
		})
	}
}

func TestHashIsOfTheLineWithoutItsEnd(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(line(practice()))
	unix, windows := rowsOf(t, open(t, "epraccur", text+"\n")), rowsOf(t, open(t, "epraccur", text+"\r\n"))
	require.Equal(t, unix, windows)
}

func TestHashIsOfEveryByte(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(line(practice()))
	hashes := map[profile.Hash]bool{}
	for i := range len(text) {
		changed := []byte(line(practice()))
		changed[i]++
		rows := rowsOf(t, open(t, "epraccur", line(practice())+string(changed)+line(practice())))
		require.Equal(t, rows[0].Hash, rows[2].Hash)
		hashes[rows[1].Hash] = true
	}
	require.Len(t, hashes, len(text))
}

func TestRejectedRows(t *testing.T) {
	t.Parallel()
	good := strings.Repeat(line(practice()), 3)
	for name, test := range map[string]struct{ row, field, value string }{
		"too few columns":     {"\"A81009\",\"X\"\r\n", "columns", "2"},
		"empty line":          {"\r\n", "row", ""},
		"quotes not closed":   {"\"A81009,X\r\n", "row", `"A81009,X`},
		"text after quotes":   {"\"A81009\"X,Y\r\n", "row", `"A81009"X,Y`},
		"bad code":            {line(with(practice(), 1, "A8-1009")), "Organisation Code", "A8-1009"},
		"code of a pharmacy":  {line(with(practice(), 1, "FA002")), "Organisation Code", "FA002"},
		"unknown status":      {line(with(practice(), 13, "X")), "Status", "X"},
		"word of the other":   {line(with(practice(), 13, "ACTIVE")), "Status", "ACTIVE"},
		"dental sub-type":     {line(with(practice(), 14, "D")), "Sub-type", "D"},
		"unknown setting":     {line(with(practice(), 26, "99")), "Prescribing Setting", "99"},
		"setting of today's":  {line(with(practice(), 26, "RO76")), "Prescribing Setting", "RO76"},
		"open date":           {line(with(practice(), 11, "01/04/1974")), "Open Date", "01/04/1974"},
		"impossible date":     {line(with(practice(), 12, "20250231")), "Close Date", "20250231"},
		"close date of words": {line(with(practice(), 12, "soon")), "Close Date", "soon"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listing := open(t, "epraccur", good+test.row+line(practice()))
			row := rowsOf(t, listing)[3]
			_, err := listing.Record(row)
			rejected, ok := errors.AsType[*profile.Rejected](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, 4, rejected.Line)
			require.Equal(t, test.field, rejected.Field)
			require.Equal(t, test.value, rejected.Value)
			require.NotEmpty(t, rejected.Reason)
			require.Equal(t, strings.TrimRight(test.row, "\r\n"), string(rejected.Raw))
			require.Equal(t, row.Code, rejected.Code)
		})
	}
}

func TestRefusedContent(t *testing.T) {
	t.Parallel()
	good := line(practice())
	header := `"Organisation Code","Name","National Grouping","High Level Health Geography","Address 1","Address 2","Address 3",` +
		`"Address 4","Address 5","Postcode","Open Date","Close Date","Status"` + strings.Repeat(`,""`, 14) + "\r\n"
	for name, test := range map[string]struct{ content, want string }{
		"empty":                 {"", "is empty"},
		"blank lines":           {"\r\n\n", "is empty"},
		"only a mark":           {"\xef\xbb\xbf", "is empty"},
		"header":                {header + good + good, "line 1"},
		"short header":          {"Organisation Code,Name\n" + good, "header line"},
		"web page":              {"<!DOCTYPE html>\n<html>\n", "web page"},
		"json":                  {`{"error":"Missing report query parameter"}`, "Missing report query parameter"},
		"zip":                   {"PK\x03\x04....", "unpack"},
		"gzip":                  {"\x1f\x8b....", "unpack"},
		"utf-16":                {"\xff\xfeA\x008\x00", "UTF-16"},
		"columns throughout":    {strings.Repeat("\"A81001\",\"X\"\r\n", 5), `columns "2"`},
		"status throughout":     {strings.Repeat(line(with(practice(), 13, "OPEN")), 5), `Status "OPEN"`},
		"no status":             {strings.Repeat(line(with(practice(), 13, "")), 5), `Status ""`},
		"pharmacies":            {strings.Repeat(line(pharmacy()), 5), `Organisation Code "FA002"`},
		"mixed layouts":         {strings.Repeat(line(with(practice(), 26, "RO76")), 5), `Prescribing Setting "RO76"`},
		"cut off":               {strings.Repeat(good, 5) + good[:len(good)-40], "cut off"},
		"cut off in line 2":     {good + good[:30], "line 2"},
		"cut off between quote": {good + good[:len(good)-3], "cut off"},
		"endless line":          {good + strings.Repeat("x", 3<<20), "not a record"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ods.OpenListing("epraccur_x.csv", "epraccur", strings.NewReader(test.content))
			refused, ok := errors.AsType[*profile.RefusedError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "epraccur_x.csv", refused.Name)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestOtherReportsAreRefused(t *testing.T) {
	t.Parallel()
	dentist := with(practice(), 1, "V00002", 14, "D", 26, "")
	trust := map[int]string{1: "R0A", 2: "OAK TRUST", 10: "M13 9WL", 11: "20171001"}
	site := with(trust, 1, "RVVKC")
	contents := map[string]map[int]string{"epraccur": practice(), "edispensary": pharmacy(), "egdpprac": dentist, "etr": trust, "ets": site}
	for content, cells := range contents {
		for _, report := range ods.Reports() {
			_, err := ods.OpenListing("x", report, strings.NewReader(strings.Repeat(line(cells), 4)))
			mixed := report == "etrust" && (content == "etr" || content == "ets")
			if report == content || mixed {
				require.NoError(t, err, "%s as %s", content, report)
				continue
			}
			_, ok := errors.AsType[*profile.RefusedError](err)
			require.True(t, ok, "%s as %s: %v", content, report, err)
		}
	}
}

func TestLayoutOfAListing(t *testing.T) {
	t.Parallel()
	trust := map[int]string{1: "R0A", 2: "OAK TRUST", 10: "M13 9WL", 11: "20171001", 22: "1"}
	for want, rows := range map[string][]map[int]string{
		"legacy": {practice(), pharmacy(), with(trust, 22, "0"), with(trust, 1, "TP123", 13, "A")},
		"dse":    {with(practice(), 13, "ACTIVE", 26, "RO76"), with(pharmacy(), 13, "ACTIVE"), trust, with(trust, 1, "TP123", 13, "ACTIVE")},
	} {
		for i, report := range []string{"epraccur", "edispensary", "etr", "eoptsite"} {
			require.Equal(t, want, open(t, report, line(rows[i])).Layout(), report)
		}
	}
}

func TestChangesAreNoListing(t *testing.T) {
	t.Parallel()
	_, err := ods.OpenListing("edispensary_changes_20250301_to_20250424.csv", "edispensary", strings.NewReader(line(pharmacy())))
	_, ok := errors.AsType[*profile.RefusedError](err)
	require.True(t, ok)
}

func TestBrokenStreamIsNoListing(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection lost")
	_, err := ods.OpenListing("epraccur", "epraccur", io.MultiReader(strings.NewReader(line(practice())), errReader{lost}))
	require.ErrorIs(t, err, lost)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestReportOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"edispensary_2025-04-10.csv": "edispensary", "/tmp/x_y/epraccur_1.csv": "epraccur", "etr.csv": "etr", "ets": "ets",
		"pharmacies_2025.csv": "", "": "", "EPRACCUR_1.csv": "",
	} {
		got, err := ods.ReportOf(name)
		require.Equal(t, want, got, name)
		require.Equal(t, want == "", err != nil, name)
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for _, report := range ods.Reports() {
		types, err := ods.Types(report)
		require.NoError(t, err)
		require.NotEmpty(t, types, report)
	}
	types, err := ods.Types("etrust")
	require.NoError(t, err)
	require.Equal(t, []profile.OrgType{profile.Trust, profile.TrustSite}, types)
	_, err = ods.Types("succ")
	require.ErrorContains(t, err, "edispensary")
}

// BenchmarkRows reads 300,000 rows of 200 bytes, which is to take a quarter of a
// second on one core.
func BenchmarkRows(b *testing.B) {
	row := line(practice())
	row = line(with(practice(), 9, strings.Repeat("X", 200-len(row))))
	listing, err := ods.OpenListing("epraccur", "epraccur", strings.NewReader(strings.Repeat(row, 300_000)))
	if err != nil {
		b.Fatal(err)
	}
	defer listing.Close()
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range listing.Rows() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 300_000 {
			b.Fatal(n)
		}
	}
}

// BenchmarkRecord decodes one row, as a first listing does with all.
func BenchmarkRecord(b *testing.B) {
	listing, err := ods.OpenListing("epraccur", "epraccur", strings.NewReader(line(practice())))
	if err != nil {
		b.Fatal(err)
	}
	defer listing.Close()
	b.ReportAllocs()
	for row := range listing.Rows() {
		for b.Loop() {
			if _, err := listing.Record(row); err != nil {
				b.Fatal(err)
			}
		}
	}
}
