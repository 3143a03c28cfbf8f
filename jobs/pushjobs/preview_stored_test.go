package pushjobs

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// requireRows previews and pushes, and requires of each field that its record, as the
// test reads it, was as previewed, and became that.
func requireRows(t *rapid.T, p previewer, read func() map[string]string) (changed int) {
	before := read()
	preview, err := p.Preview(t.Context(), p.row.Code())
	require.NoError(t, err)
	require.Equal(t, before, read(), "a preview changes nothing")
	rows := preview.Rows(p.effects(t, preview))
	_, err = p.Push(t.Context(), p.row.Code(), false, 0)
	require.NoError(t, err)
	after := read()
	for _, row := range rows {
		require.Equal(t, row.Is, before[row.Field], "%s before", row.Field)
		require.Equal(t, row.WillBe, after[row.Field], "%s: %s", row.Field, row.Why)
		if row.Is != row.WillBe {
			changed++
		}
		delete(before, row.Field)
		delete(after, row.Field)
	}
	if len(rows) > 0 && preview.IsSent() { // what else a record has, such as its tag
		delete(before, "")
		delete(after, "")
	}
	require.Equal(t, before, after, "nothing else has changed")
	return changed
}

func TestThePreviewIsWhatTheIngestDoes(t *testing.T) {
	t.Parallel()
	server := dostest.New(dostest.Options{Now: previewClock})
	hosted := httptest.NewServer(server.Handler())
	t.Cleanup(hosted.Close)
	options := dos.IngestOptions{URL: hosted.URL + dostest.FHIRPath}
	options.Limits.PerSecond = 1e6
	ingest, err := dos.NewIngest(options)
	require.NoError(t, err)
	sink, err := dos.New(dos.Options{Ingest: ingest})
	require.NoError(t, err)
	worlds, changed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range worldsPerDraw {
			worlds++
			code := fmt.Sprintf("B%05d", worlds)
			if rapid.IntRange(0, 9).Draw(t, "known") > 0 {
				server.AddOrganization(drawPractice(t, code))
			}
			p := newPreviewer(drawPush(t, drawDesired(t, profile.ODSCode(code), profile.GPPractice)), push.SinkDoS, sink)
			for range 2 {
				changed += requireRows(t, p, func() map[string]string { return practiceTexts(server, code) })
			}
		}
	})
	require.Greater(t, changed, worlds/10)
}

func drawPractice(t *rapid.T, code string) dostest.Organization {
	contacts := []dostest.Telecom{
		{System: "phone", Value: "01132 000 000"},
		{System: "phone", Value: "0113 496 0000"},
		{System: "email", Value: "old@example.org"},
		{System: "url", Value: "https://old.example"},
		{System: "url", Value: "https://example.org"},
	}
	o := dostest.Organization{
		Code: code, Name: rapid.SampledFrom([]string{"Old Surgery", "OLD  SURGERY", "high street pharmacy"}).Draw(t, "name there"),
		Active:     rapid.Bool().Draw(t, "active"),
		Telecom:    rapid.SliceOfNDistinct(rapid.SampledFrom(contacts), 0, 5, rapid.ID[dostest.Telecom]).Draw(t, "telecom"),
		LegalStart: rapid.SampledFrom([]string{"2020-01-15", "2020-01-15", "2020-01-15", ""}).Draw(t, "legal start"),
		Roles:      rapid.SampledFrom([][]string{{"RO177", "RO76"}, {"RO177", "RO76", "RO80"}, {"RO177"}, nil}).Draw(t, "roles there"),
	}
	return o
}

// practiceTexts are the values of a practice, read by the test itself, and under the
// empty name all else.
func practiceTexts(server *dostest.Server, code string) map[string]string {
	all := server.Organizations(code)
	if len(all) == 0 {
		return map[string]string{}
	}
	o := all[0]
	text := map[string]string{
		"name": o.Name, "status": "closed", "phone": "", "email": "", "website": "", "roles": strings.Join(o.Roles, "|"),
	}
	if o.Active {
		text["status"] = "open"
	}
	if o.LegalStart == "" || len(o.Roles) == 0 {
		text["roles"] = push.NotVisible
	}
	for _, c := range slices.Backward(o.Telecom) {
		text[map[string]string{"phone": "phone", "email": "email", "url": "website"}[c.System]] = c.Value
	}
	return text
}

func TestThePreviewIsWhatTheWebsiteShows(t *testing.T) {
	t.Parallel()
	server := websitetest.New(websitetest.Options{Now: previewClock})
	hosted := httptest.NewServer(server.Handler())
	t.Cleanup(hosted.Close)
	options := website.Options{URL: hosted.URL}
	options.Limits.PerSecond = 1e6
	sink, err := website.New(options)
	require.NoError(t, err)
	worlds, changed := 0, 0
	draw := func(t *rapid.T, code string, of profile.OrgType) push.DesiredState {
		w := drawDesired(t, profile.ODSCode(code), of)
		if w.Profile.Values.Get(profile.FieldName) == "" { // the database has no profile without one
			w.Profile.Values.Set(profile.FieldName, "Some Name")
		}
		return w
	}
	types := []profile.OrgType{profile.Pharmacy, profile.GPPractice, profile.DentalPractice, profile.TrustSite}
	rapid.Check(t, func(t *rapid.T) {
		for range worldsPerDraw {
			worlds++
			code := fmt.Sprintf("W%05d", worlds)
			of := rapid.SampledFrom(types).Draw(t, "type")
			read := func() map[string]string { return websiteTexts(t, server, code, of) }
			p := newPreviewer(drawPush(t, draw(t, code, of)), push.SinkWebsite, sink)
			changed += requireRows(t, p, read)
			for _, change := range rapid.SliceOfN(rapid.SampledFrom(websiteChanges), 0, 3).Draw(t, "behind our back") {
				_ = server.Change(code, change[0], change[1]) // refused where nothing is stored
			}
			p.row.Desired, p.row.Forced = draw(t, code, of), rapid.Bool().Draw(t, "forced again")
			for range 2 {
				changed += requireRows(t, p, read)
			}
		}
	})
	require.Greater(t, changed, worlds)
}

// websiteChanges are what others do there.
var websiteChanges = [][2]string{
	{"phone", "0113 000 0000"},
	{"email", ""},
	{"website", "https://other.example"},
	{"weekly", "sat 10:00-11:00"},
	{"name", "Another Name"},
	{"status", "Hidden"},
	{"status", "Closed"},
	{"facility", "Wheelchair access: No"},
	{"service", "SRV0257 New medicine service"},
	{"address1", "9 Other Road"},
	{"postcode", "LS9 9ZZ"},
	{"document", `{"Staff":null,"Latitude":51.5,"Contacts":[{"ContactType":"Other","ContactAvailabilityType":"Office hours",` +
		`"ContactMethodType":"Fax","ContactValue":"1"}]}`},
}
