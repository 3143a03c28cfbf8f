package ers

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

const headers = "service_id,service_name,Provider_Org_Id,Location_Org_Id,Specialty_Cd,Publish_Ind,Unpublished_Dt_Tm," +
	"Beg_Effective_Dt,End_Effective_Dt,Appt_Type_Cd,Directly_Bookable_Ind,Something_New\n"

const anyRow = "11002,Cardiology,R1A,R1A01,CARDIOLOGY,Y,,2020-01-01,2100-12-31,FIRST_OUTPATIENT,N,?\n"

// zipped returns an archive of files, given as names and contents in turn.
func zipped(tb testing.TB, files ...string) string {
	tb.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for n := 0; n < len(files); n += 2 {
		entry, err := archive.Create(files[n])
		require.NoError(tb, err)
		_, err = entry.Write([]byte(files[n+1]))
		require.NoError(tb, err)
	}
	require.NoError(tb, archive.Close())
	return b.String()
}

func open(content string, columns Columns) (*Extract, error) {
	return OpenExtract("EBSX05.zip", strings.NewReader(content), int64(len(content)), columns)
}

func rowsOf(tb testing.TB, e *Extract) (rows []ExtractRow, rejected []*profile.Rejected) {
	tb.Helper()
	for row, err := range e.Rows() {
		if bad, ok := errors.AsType[*profile.Rejected](err); ok {
			rejected = append(rejected, bad)
			continue
		}
		require.NoError(tb, err)
		rows = append(rows, row)
	}
	return rows, rejected
}

func TestExtract(t *testing.T) {
	t.Parallel()
	text := headers + anyRow +
		` 011003 ,"Pain, chronic ""A""` + "\nnext line\",r1a,no code,PAIN,n,01/02/2026 10:15,2922-01-01,never,,Y,\r\n" +
		"\n11003,,,R1A02,,,,2020-01-01,2019-01-01,,,\n"
	want := []ExtractRow{
		{
			Line: 2, ID: "11002", Site: "R1A01", Provider: "R1A", Name: "Cardiology",
			Specialty: "CARDIOLOGY", AppointmentType: "FIRST_OUTPATIENT",
			Bookable: "N", Published: "Y", From: "2020-01-01", To: "2100-12-31",
		},
		{
			Line: 3, ID: "011003", Provider: "R1A", Name: `Pain, chronic "A" next line`, Specialty: "PAIN",
			Bookable: "Y", Published: "n", Unpublished: "01/02/2026 10:15", From: "2922-01-01", To: "never",
			odd: []string{`Site "no code": not an ODS code`},
		},
		{Line: 6, ID: "11003", Site: "R1A02", From: "2020-01-01", To: "2019-01-01", odd: []string{`Provider "": not an ODS code`}},
	}
	spaced := strings.Replace(strings.ToUpper(headers), "SERVICE_ID", " Service_ID ", 1)
	for name, content := range map[string]string{
		"plain":         text,
		"with BOM":      "\ufeff" + text,
		"zipped":        zipped(t, "EBSX05_202610.CSV", text),
		"in a folder":   zipped(t, "readme.txt", "x", "__MACOSX/._a.csv", "x", "a/EBSX05.csv", "\ufeff"+text, "a/EBSX03.csv", "code,label\n"),
		"another case":  strings.Replace(text, headers, spaced, 1),
		"carriage ends": strings.ReplaceAll(text, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := open(content, Columns{})
			require.NoError(t, err)
			require.Equal(t, 3, e.rows)
			require.Zero(t, e.bad)
			require.Equal(t, "EBSX05.zip", e.name)
			for range 2 {
				rows, rejected := rowsOf(t, e)
				require.Equal(t, want, rows)
				require.Empty(t, rejected)
			}
		})
	}
	day := profile.NewDate(2026, 11, 22)
	require.Empty(t, want[0].Odd(day))
	require.Equal(t, []string{
		`Site "no code": not an ODS code`, `To "never": not a date`, `From "2922-01-01": starts after 2026-11-22`,
	}, want[1].Odd(day))
	require.Equal(t, []string{`Provider "": not an ODS code`, `To "2019-01-01": ends before it starts`}, want[2].Odd(day))
}

func TestExtractColumnsFromConfiguration(t *testing.T) {
	t.Parallel()
	content := "SVC;no,Id,Place\n1,11002,R1A01\n"
	_, err := open(content, Columns{})
	require.EqualError(t, err, `EBSX05.zip: refused, nothing changed: layout not recognised: no column has header "service_id"; `+
		"check that it is the EBSX05 service extract, or configure the header that ID has now; the file has: svc;no, id, place")
	only := Columns{
		ID: "ID", Site: " place", Name: "-", Provider: "-", Specialty: "-", AppointmentType: "-", Bookable: "-",
		Published: "-", Unpublished: "-", From: "-", To: "-",
	}
	e, err := open(content, only)
	require.NoError(t, err)
	rows, _ := rowsOf(t, e)
	require.Equal(t, []ExtractRow{{Line: 2, ID: "11002", Site: "R1A01"}}, rows)

	_, err = open(content, Columns{Site: "-"})
	require.ErrorContains(t, err, "Site: want its header")
	_, err = open(content, Columns{Site: "X", Name: " x "})
	require.ErrorContains(t, err, "Site and Name: both have header")
}

func TestExtractRefused(t *testing.T) {
	t.Parallel()
	whole := zipped(t, "EBSX05.csv", headers+strings.Repeat(anyRow, 100))
	damaged := []byte(whole)
	damaged[80] ^= 0xff
	for name, test := range map[string]struct{ content, says string }{
		"nothing":            {"", "it is empty"},
		"only a header":      {headers, "it has no rows"},
		"another layout":     {strings.Replace(headers, "Location_Org_Id", "Location", 1) + anyRow, `no column has header "Location_Org_Id"`},
		"a header twice":     {strings.Replace(headers, "Something_New", "SERVICE_ID", 1) + anyRow, `several columns have header "service_id"`},
		"not CSV at all":     {"\x00\x01\x02\x03\x04", "layout not recognised"},
		"UTF-16":             {"\xff\xfes\x00e\x00\n\x00", "layout not recognised"},
		"an empty archive":   {zipped(t), "no .csv file"},
		"no CSV in it":       {zipped(t, "a.txt", "x"), "no .csv file"},
		"another CSV in it":  {zipped(t, "a.csv", "x\n"), `file "a.csv" in it: layout not recognised`},
		"an empty CSV in it": {zipped(t, "a.csv", ""), `file "a.csv" in it: it is empty`},
		"two of them":        {zipped(t, "a.csv", headers+anyRow, "b.csv", headers+anyRow), "several CSV files"},
		"a broken archive":   {whole[:len(whole)-30], "damaged or incomplete"},
		"damaged content":    {string(damaged), "refused, nothing changed"},
		"more than 1 % bad": {
			headers + strings.Repeat(anyRow, 98) + "x" + anyRow + anyRow + "y" + anyRow,
			`2 of its 101 rows cannot be read, more than 1 %; check that it is the EBSX05 service extract (line 100: service_id "x11002"`,
		},
		"a quote that takes rows with it": {
			headers + strings.Repeat(anyRow, 300) + `1,"open` + "\n" + strings.Repeat(anyRow, 10), "of its 311 rows cannot be read",
		},
		"a quote that joins rows": {
			headers + strings.Repeat(anyRow, 150) + `1,"open,` + "\n" + anyRow + `2,still",x` + "\n", "3 of its 153 rows cannot be read",
		},
		"an endless row": {headers + anyRow + `1,"` + strings.Repeat("x\n", 1<<20), "a row is longer than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(test.content, Columns{})
			var refused *profile.RefusedError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "EBSX05.zip", refused.Name)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestExtractManyFiles(t *testing.T) {
	t.Parallel()
	var files []string
	for n := range maxEntries + 1 {
		files = append(files, fmt.Sprint(n, ".txt"), "")
	}
	_, err := open(zipped(t, files...), Columns{})
	require.ErrorContains(t, err, "the archive holds 101 files")
}

// TestZipBomb: the unpacked bytes are counted, whatever size the zip states.
func TestZipBomb(t *testing.T) {
	t.Parallel()
	bomb := zipped(t, "a.csv", headers+strings.Repeat(anyRow, 40_000))
	require.Less(t, len(bomb), 30_000)
	_, err := openExtract("bomb.zip", strings.NewReader(bomb), int64(len(bomb)), Columns{}, 1<<20)
	require.ErrorContains(t, err, "larger than any extract")
	text := headers + anyRow
	_, err = openExtract("a.csv", strings.NewReader(text), int64(len(text)), Columns{}, int64(len(text)))
	require.NoError(t, err)
	_, err = openExtract("a.csv", strings.NewReader(text), int64(len(text)), Columns{}, int64(len(text))-1)
	require.Error(t, err)
}

// TestExtractRejectsRows: up to 1 % of the rows, and the rest is read.
func TestExtractRejectsRows(t *testing.T) {
	t.Parallel()
	content := headers + strings.Repeat(anyRow, 397) + strings.Replace(anyRow, "11002", "ABC", 1) + "1,2,3\n" +
		strings.Replace(anyRow, "Cardiology", `Card"io`, 1) + strings.Replace(anyRow, "Cardiology", "Caf\xe9", 1)
	e, err := open(content, Columns{})
	require.NoError(t, err)
	require.Equal(t, 401, e.rows)
	require.Equal(t, 3, e.bad)
	rows, rejected := rowsOf(t, e)
	require.Len(t, rows, 398)
	require.Equal(t, "Café", rows[397].Name)
	require.Len(t, rejected, 3)
	require.Equal(t, `line 399: service_id "ABC": want the digits of a service id`, rejected[0].Error())
	require.Contains(t, string(rejected[0].Raw), "ABC,Cardiology,R1A")
	require.Equal(t, `line 400: row "1,2,3": not CSV that fits the header: wrong number of fields`, rejected[1].Error())
	require.Equal(t, 401, rejected[2].Line)
	for _, err := range e.Rows() {
		require.NoError(t, err)
		break // a caller may stop
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	want := profile.NewDate(2026, 2, 1)
	for _, text := range []string{
		"2026-02-01", "2026-02-01 00:00:00", "2026-02-01T00:00:00", "2026-02-01T00:00:00Z", "20260201", "01/02/2026", "1/2/2026",
		"01/02/2026 00:00", "01/02/2026 00:00:00", "01-Feb-2026", "01-FEB-2026", "01-Feb-2026 00:00:00", "2026-02-01 00:00:00.000",
	} {
		date, ok := ParseDate(text)
		require.True(t, ok, text)
		require.Equal(t, want, date, text)
	}
	for _, text := range []string{"0", "31/02/2026", "2026-13-01", "soon"} {
		_, ok := ParseDate(text)
		require.False(t, ok, text)
	}
}
