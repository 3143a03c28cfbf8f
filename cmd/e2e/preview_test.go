package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

// previewWorld are profiles with a push to each sink, and what people stated of them.
const previewWorld = `
	insert into profile (code, name, type, address, postcode, icb, commissioner, status, hidden, phone, website, roles) values
		('FA001', 'Kirkham Pharmacy', 'pharmacy', '{1 HIGH STREET,KIRKHAM}', 'PR4 2BE', 'QE1', '',
			'open', false, '01772 000 001', 'https://www.Kirkham.example/Shop', '{}'),
		('FA002', 'Otley Pharmacy', 'pharmacy', '{2 HIGH STREET,OTLEY}', 'LS21 1AA', 'QWO', '',
			'open', true, '01943 000 002', '', '{}'),
		('FA003', 'Ripon Pharmacy', 'pharmacy', '{3 HIGH STREET,RIPON}', 'HG4 1AA', 'QOQ', '', 'closed', false, '', '', '{}'),
		('FA004', 'Selby Pharmacy', 'pharmacy', '{4 HIGH STREET,SELBY}', 'YO8 4AA', 'QOQ', '',
			'open', false, '01757 000 004', 'https://selby.example/', '{}'),
		('FA005', 'Whitby Pharmacy', 'pharmacy', '{5 HIGH STREET,WHITBY}', 'YO21 1AA', 'QOQ', '',
			'open', false, '01947 000 005', '', '{}'),
		('FA006', 'Malton Pharmacy', 'pharmacy', '{6 HIGH STREET,MALTON}', 'YO17 7AA', 'QOQ', '',
			'open', false, '01653 000 006', '', '{}'),
		('FA007', 'Thirsk Pharmacy', 'pharmacy', '{7 HIGH STREET,THIRSK}', 'YO7 1AA', 'QOQ', '',
			'open', false, '01845 000 007', 'https://x.com/thirsk', '{}'),
		('B81001', 'O''Hara''s NHS surgery', 'gp-practice', '{8 HIGH STREET,HULL}', 'HU1 1AA', 'QOQ', '03F',
			'open', false, '01482-000-008', '', '{RO177,RO76}'),
		('FA009', 'Goole Pharmacy', 'pharmacy', '{9 HIGH STREET,GOOLE}', 'DN14 5AA', 'QOQ', '',
			'open', false, '01405 000 009', '', '{}'),
		('FXX01', 'Leeds Hospital', 'trust-site', '{10 HIGH STREET,LEEDS}', 'LS1 1AA', 'QWO', '',
			'open', false, '', '', '{}');
	insert into opening_period (code, day, opens, closes) values
		('FA001', 'mon', '09:00', '17:30'), ('FA001', 'tue', '22:00', '02:00'), ('FA001', 'bank-holiday', '10:00', '12:00');
	insert into dated_opening_period (code, date, opens, closes) values
		('FA001', '2026-12-25', null, null), ('FA006', '2026-11-20', null, null);
	insert into service (code, source, nhs_code, name) values
		('FA001', 'editor', 'SRV0559', 'Palliative care stock'), ('FA001', 'editor', 'SRV0560', 'Blood pressure');
	insert into hold (code, field, reason, actor) values ('FA001', 'phone', 'number under dispute', 'Ada');
	insert into hold (code, sink, reason, actor) values ('FA009', 'dos', 'DoS lead asked', 'Ada');
	insert into push (code, sink, route, state, wanted_at)
		select code, sink, '', 'wanted', '2026-11-20 09:00+00' from profile, (values ('dos'), ('website')) s (sink)`

// A preview says of every kind of push what it would change, field by field, and sends
// nothing.
func TestThePreviewIsTheDeliveryFieldByField(t *testing.T) {
	t.Parallel()
	s, x := newSite(t).with("MODE=test").with("NOW=2026-11-20T10:00:00Z").withSinks()
	_, err := s.connect().Exec(t.Context(), previewWorld)
	require.NoError(t, err)
	x.addForPreview()
	services, practices := x.dos.Services(""), x.dos.Organizations("")

	r := &transcript{t: t}
	r.says(s, 0, "push", "preview", "FA001", "--sink", "dos")     // an edit, with a held field
	r.says(s, 0, "push", "preview", "FA001", "--sink", "website") // a new document
	r.says(s, 0, "push", "preview", "FA002", "--sink", "dos")     // hidden
	r.says(s, 0, "push", "preview", "FA003", "--sink", "dos")     // closed
	r.says(s, 0, "push", "preview", "FA004", "--sink", "dos")     // services that nobody stated
	r.says(s, 0, "push", "preview", "FA005", "--sink", "dos")     // services that differ
	r.says(s, 0, "push", "preview", "FA006", "--sink", "dos")     // a closure of today overwrites
	r.says(s, 0, "push", "preview", "FA007", "--sink", "dos")     // a website that DoS does not take
	r.says(s, 0, "push", "preview", "B81001")                     // a practice, and its website
	r.says(s, 0, "push", "preview", "FA009", "--sink", "dos")     // held
	r.says(s, 0, "push", "preview", "FXX01", "--sink", "dos")     // no route
	r.says(s, 0, "push", "preview", "FA002", "--sink", "dos", "--format", "json")
	r.says(s, 0, "push", "preview", "FA004", "--sink", "dos", "--format", "json")
	r.says(s, 2, "push", "preview", "FA099")
	r.says(s, 2, "push", "preview", "FA001", "--sink", "moon")
	r.says(s.without("DOS_READ_"), 0, "push", "preview", "FA001", "--sink", "dos") // what DoS has is not visible
	r.is("preview.golden")

	require.Equal(t, services, x.dos.Services(""))
	require.Equal(t, practices, x.dos.Organizations(""))
	require.Empty(t, x.website.Effects())
	require.Zero(t, s.count("select count(*) from push_attempt"))
	require.Zero(t, s.count("select count(*) from push where sequence <> 0"))
}

// addForPreview adds what the sinks have of the pharmacies of previewWorld.
func (x sinks) addForPreview() {
	for _, service := range []dostest.Service{
		{
			ODSCode: "FA001", Address: "1 High Street$Kirkham", Postcode: "PR42BE", Phone: "01772000009", Weekly: "mon 09:00-17:00",
			OpenAllHours: true,
		},
		{ODSCode: "FA001BPS", Type: 148, Status: 3, Address: "1 High Street$Kirkham", Postcode: "PR4 2BE", Phone: "01772000009"},
		{ODSCode: "FA001", Type: 100},
		{ODSCode: "FA001X", Status: 2},
		{ODSCode: "FA002", Address: "2 High Street$Otley"},
		{ODSCode: "FA003"},
		{ODSCode: "FA003CON", Type: 149, ZCodes: []string{"360=14210"}},
		{ODSCode: "FA004", Address: "4 Low Street$Selby", Postcode: "YO8 4AB", ZCodes: []string{"360=14167"}, Specified: "2026-12-26 closed"},
		{ODSCode: "FA004BPS", Type: 148, Web: "https://pressure.example", Weekly: "mon 09:00-12:00", Specified: "2026-12-26 closed"},
		{ODSCode: "FA004CON", Type: 149, Status: 2},
		{ODSCode: "FA005", Web: "https://main.example"},
		{ODSCode: "FA005M06", Type: 132, Web: "https://first.example", Specified: "2026-12-24 closed"},
		{ODSCode: "FA006", Web: "https://main.example"},
		{ODSCode: "FA006M06", Type: 132, Web: "https://first.example"},
		{ODSCode: "FA007", Web: "https://old.example"},
		{ODSCode: "FA009", Phone: "01405000001"},
	} {
		service.Name = "Service of " + service.ODSCode
		x.dos.AddService(service)
	}
	x.dos.SeedOrganization("B81001", "Old Surgery")
}

// A row of `push preview` in JSON has the columns of the table, spelt out here so that a
// renamed key in the code is noticed.
func TestThePreviewInJSONHasTheColumnsOfTheTable(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	code := s.codes()[0]
	x.dos.AddService(dostest.Service{ODSCode: code, Type: 100, Name: "Surgery"})
	s.serve()
	s.waitUntilPushed()
	sinks, leftAlone := map[string]string{}, 0
	for _, object := range objects[map[string]any](t, s.exits(0, "push", "preview", code, "--format", "json").out) {
		if state, ok := object["state"].(string); ok {
			sinks[object["sink"].(string)] = state
			continue
		}
		for _, key := range []string{"sink", "entry", "field", "is", "will_be", "why"} {
			require.IsType(t, "", object[key], key)
		}
		require.Equal(t, object["is"], object["will_be"], "what was accepted is not sent again")
		if object["why"] == "left alone: type 100 GP Practice" {
			leftAlone++
		}
	}
	require.Equal(t, map[string]string{"dos": "accepted", "website": "accepted"}, sinks)
	require.Equal(t, 1, leftAlone)
}
