package ods_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// `go test ./connectors/ods -update` writes the golden refusals anew.
var update = flag.Bool("update", false, "write the golden file anew")

// pharmacies are rows of edispensary.
func pharmacies(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(with(pharmacy(), 1, fmt.Sprintf("FA%03d", i))))
	}
	return b.String()
}

// wider and narrower rows have a column more or less.
func wider(content string) string { return strings.ReplaceAll(content, "\"\r\n", "\",\"\"\r\n") }

func narrower(content string) string { return strings.ReplaceAll(content, ",\"\"\r\n", "\r\n") }

func separated(by string) func(string) string {
	return func(content string) string { return strings.ReplaceAll(content, `","`, `"`+by+`"`) }
}

// malformed are files that are wrong as a whole, and right but for one thing.
func malformed() []struct{ name, content string } {
	good := pharmacies(300)
	return []struct{ name, content string }{
		{"26 columns", narrower(good)},
		{"28 columns", wider(good)},
		{"28 columns, unquoted", strings.ReplaceAll(wider(good), `"`, "")},
		{"tabs", separated("\t")(good)},
		{"tabs, unquoted", strings.ReplaceAll(separated("\t")(good), `"`, "")},
		{"semicolons", separated(";")(good)},
		{"semicolons, unquoted", strings.ReplaceAll(separated(";")(good), `"`, "")},
		{"CR only", strings.ReplaceAll(good, "\r\n", "\r")},
		{"CR only, and more than a row may have", strings.ReplaceAll(pharmacies(12000), "\r\n", "\r")},
		{"CR only, but for the end", strings.ReplaceAll(strings.TrimSpace(good), "\r\n", "\r") + "\r\n"},
		{"Ctrl-Z on a line of its own", good + "\x1a"},
		{"Ctrl-Z behind the last row", strings.TrimSpace(good) + "\x1a"},
		{"Ctrl-Z and a line end", good + "\x1a\r\n\r\n"},
		{"web page", "<!DOCTYPE html>\n<html>\n"},
		{"zip archive", "PK\x03\x04\r\r"},
		{"header", `"Organisation Code","Name"` + strings.Repeat(`,"Word"`, 25) + "\r\n" + good},
	}
}

func refusalOf(t *testing.T, content string) string {
	t.Helper()
	_, err := ods.OpenListing("edispensary.csv", "edispensary", strings.NewReader(content))
	_, ok := errors.AsType[*profile.RefusedError](err)
	require.True(t, ok, "%v", err)
	return err.Error()
}

func TestRefusalsNameTheTrueReason(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, file := range malformed() {
		fmt.Fprintf(&b, "%s\n  %s\n", file.name, refusalOf(t, file.content))
	}
	golden := filepath.Join("testdata", "refusals.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

// What is wrong with a few rows alone is no reason to refuse the others.
func TestFewOddRowsAreNoRefusal(t *testing.T) {
	t.Parallel()
	for name, odd := range map[string]string{
		"columns": wider(line(pharmacy())), "tabs": separated("\t")(line(pharmacy())), "a Ctrl-Z": "\x1a\r\n",
		"a CR": strings.ReplaceAll(line(pharmacy()), "SK7", "\r"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, rowsOf(t, open(t, "edispensary", pharmacies(3)+odd+line(pharmacy()))), 5)
		})
	}
}

// The made-up files of what goes wrong say so by their name.
func TestRealFilesThatAreMalformed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"col28": "its rows have 28 columns", "tab": "separated by tabs", "semicolon": "separated by semicolons",
		"cronly": "end with CR alone", "ctrlz": "ends with a Ctrl-Z",
	} {
		refusal := refusalOf(t, string(realdata.Read(t, "cases", "files", "edispensary_"+name+".csv")))
		require.Contains(t, refusal, want)
	}
	for name, want := range map[string][]profile.Note{
		"00base": nil, "cp1252": nil,
		"sci": {{Field: "parent", Value: "5.00E+01", Reason: "no code of 3 to 10 letters and digits", LeftOut: true}},
		"postcodes": {
			{Field: "postcode", Value: "ZZ99 3CZ", Reason: "no postcode area is called ZZ"},
			{Field: "postcode", Value: "EI 4LR", Reason: "no UK postcode"},
		},
	} {
		var notes []profile.Note
		for _, record := range recordsOf(t, open(t, "edispensary", string(realdata.Read(t, "cases", "files", "edispensary_"+name+".csv")))) {
			notes = append(notes, record.Notes...)
		}
		require.Equal(t, want, notes, name)
	}
}
