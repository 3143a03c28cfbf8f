package ods

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// FuzzListing: any file is refused as a whole with a reason, or each of its rows can
// be read again, and is a record or rejected with a reason.
func FuzzListing(f *testing.F) {
	row := `"FA002","ROWAN PHARMACY","Y62","QOP","61 ELM AVENUE","","STOCKPORT","","","SK7 5LD","20060601","","A","1","P79D","","",` +
		`"0161 4838729","","","","0","","QOP","","",""` + "\n"
	other := strings.Replace(row, "FA002", "FA003", 1)
	f.Add(row + other)
	f.Add("\xef\xbb\xbf" + row + "\r\n\n" + other + row)
	f.Add(row + `"FA004","OPEN` + "\n")
	f.Add("Code,Name\n" + row + "\x1a")
	f.Add("<html>")
	f.Fuzz(func(t *testing.T, content string) {
		listing, err := OpenListing("edispensary.csv", "edispensary", strings.NewReader(content))
		if err != nil {
			require.ErrorContains(t, err, "edispensary.csv")
			return
		}
		defer func() { require.NoError(t, listing.Close()) }()
		require.EqualValues(t, len(content), listing.Size())
		for row, err := range listing.Rows() {
			require.NoError(t, err)
			raw, err := listing.Raw(row)
			require.NoError(t, err)
			require.Contains(t, content, string(raw))
			record, err := listing.Record(row)
			if bad, ok := errors.AsType[*profile.Rejected](err); ok {
				require.NotEmpty(t, bad.Reason)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, row.Code, record.Code)
			checkRecord(t, record)
		}
	})
}

// FuzzNextPage: the key goes to the configured address alone, whatever a link says.
func FuzzNextPage(f *testing.F) {
	f.Add("next", "https://api.example.org/FHIR/R4/Organization?_offset=2")
	f.Add("next", "//evil.example/FHIR/R4/Organization")
	f.Add("next", "https://api.example.org@evil.example/FHIR/R4/Organization")
	f.Add("self", ":")
	base, err := url.Parse("https://api.example.org/FHIR/R4")
	require.NoError(f, err)
	a := &API{base: base}
	f.Fuzz(func(t *testing.T, relation, link string) {
		var page bundle
		page.Link = append(page.Link, struct {
			Relation string `json:"relation"`
			URL      string `json:"url"`
		}{relation, link})
		next, err := a.nextPage(base.JoinPath("Organization"), &page, "Organization")
		if err != nil || next == nil {
			require.True(t, err != nil || relation != "next")
			return
		}
		require.Equal(t, []string{"https", "api.example.org"}, []string{next.Scheme, strings.ToLower(next.Host)})
		require.Nil(t, next.User)
	})
}
