package website

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// updateOf returns the document of an update.
func updateOf(t require.TestingT, d push.Delivery, current []byte) []byte {
	p, err := decode(current)
	require.NoError(t, err)
	ours, err := profileOf(d)
	require.NoError(t, err)
	body, err := updatedDocument(d, ours, shownDocument{organisation: p, body: current})
	require.NoError(t, err)
	return body
}

func parsed(t require.TestingT, document []byte) (o map[string]any) {
	require.NoError(t, json.Unmarshal(document, &o))
	return o
}

// rich holds everything that our profiles do not have, and one thing that they do.
const rich = `{"@search.score":1,"SearchKey":"X1","Geocode":{},"Metrics":[],"GSD":null,"Trusts":[],"RelatedIAPTCCGs":[],"Staff":[{}],
	"staff":[{}],
	"ODSCode":"FA123","OrganisationName":"Old","OrganisationTypeId":"TRU","OrganisationType":"Acute Trust","OrganisationSubType":"X",
	"OrganisationStatus":"Excluded","Address1":null,"Address2":"","City":"Leeds","County":"West Yorkshire","Postcode":"LS1 1AA",
	"Latitude":51.5000000000000001,"Longitude":-0.1,"Country":"England","IsEpsEnabled":"true",
	"ParentOrganisation":{"ODSCode":"QHL","OrganisationName":"Birmingham"},
	"Contacts":[
		{"ContactType":"PALS","ContactAvailabilityType":"Office hours","ContactMethodType":"Email","ContactValue":"pals@x"},
		{"ContactType":"Primary","ContactAvailabilityType":"Office hours","ContactMethodType":"Email","ContactValue":"a@x","Extra":1},
		{"ContactType":"Primary","ContactAvailabilityType":"Weekend","ContactMethodType":"Telephone","ContactValue":"1"},
		{"ContactType":"Primary","ContactAvailabilityType":"Office hours","ContactMethodType":"Telephone","ContactValue":"2"},
		{"ContactType":"Primary","ContactAvailabilityType":"Office hours","ContactMethodType":"Fax","ContactValue":"3"}],
	"OpeningTimes":[
		{"Weekday":"Monday","OpeningTime":"08:00","ClosingTime":"09:00","OpeningTimeType":"Surgery","IsOpen":true},
		{"Weekday":"Monday","OpeningTime":"09:00","ClosingTime":"17:00","OpeningTimeType":"General","IsOpen":true,"Times":null},
		{"Weekday":"","OpeningTime":"","ClosingTime":"","OpeningTimeType":"Additional","AdditionalOpeningDate":"Dec  5 2026","IsOpen":false}],
	"Services":[{"ServiceCode":"SRV1","ServiceName":"A","Contacts":[1],"OpeningTimes":[2]},
		{"ServiceCode":"SRV2","ServiceName":"B","Treatments":[3]},{"ServiceProvider":{"ODSCode":"X"}}],
	"UecServices":[{"ServiceCode":"SRV0559","ServiceName":"P","Note":4},{"ServiceCode":"SRV9","ServiceName":"U"}],
	"Facilities":[{"Id":28,"Name":"Car Parking","Value":"Yes","FacilityGroupName":"Parking at X"},
		{"Id":16,"Name":"Play area","Value":"Yes","FacilityGroupName":"Bringing children to X"}],
	"AcceptingPatients":{"GP":"Yes","Dentist":[{"Id":1,"AcceptingPatients":null}]},"GPRegistration":{"AcceptingOutOfArea":true},
	"ServiceOpeningTimes":[{"Id":1}],
	"LastUpdatedDates":{"OpeningTimes":"2026-11-01T00:00:00Z","ContactDetails":"2026-11-30T00:00:00.5Z","DentistsAcceptingPatients":"x",
		"Facilities":null,"KeyValueData":[{"Key":"k"}]}}`

func row(t *testing.T, document []byte, list string, i int) any {
	t.Helper()
	return parsed(t, document)[list].([]any)[i]
}

// TestAnUpdateThatSaysNothing sends back what is there, except for what we may not
// write.
func TestAnUpdateThatSaysNothing(t *testing.T) {
	t.Parallel()
	p, err := decode([]byte(rich))
	require.NoError(t, err)
	want := parsed(t, []byte(rich))
	delete(want, "@search.score")
	delete(want, "staff")
	for _, key := range unwritable {
		delete(want, key)
	}
	times := want["LastUpdatedDates"].(map[string]any)
	for _, section := range []string{
		"AcceptingPatients", "BankHolidayOpeningTimes", "Services", "ServiceOpeningTimes", "TemporaryChangesOpeningTimes",
	} {
		times[section] = nil
	}
	for name, values := range map[string]profile.Values{"nothing": {}, "what is shown": p.values(profile.Trust)} {
		d := delivered(profile.Trust, nil)
		d.Values = values
		body := updateOf(t, d, []byte(rich))
		require.Equal(t, want, parsed(t, body), name)
		require.Contains(t, string(body), "51.5000000000000001", "numbers are not parsed")
	}
}

func TestAnUpdateReplacesWhatItStates(t *testing.T) {
	t.Parallel()
	d := delivered(profile.Trust, map[profile.Field]string{
		profile.FieldName: "New", profile.FieldType: "trust", profile.FieldHidden: "false", profile.FieldAddress: "1 High Street\nYork",
		profile.FieldICB: "QWO", profile.FieldPhone: "9", profile.FieldWebsite: "w", profile.FieldOpeningTimes: "tue 09:00-12:00",
		profile.FieldServices:   "- C\nSRV0559 Q\nSRV2 B\nSRV9 U",
		profile.FieldFacilities: "Car parking: No\nPlay area #16: Yes\nToilet: Yes",
	})
	at := time.Date(2026, 11, 20, 9, 15, 0, 0, time.UTC)
	d.Edited = map[profile.Field]time.Time{
		profile.FieldPhone: at, profile.FieldOpeningTimes: at, profile.FieldFacilities: at,
	}
	body, was := updateOf(t, d, []byte(rich)), []byte(rich)
	o := parsed(t, body)
	for key, want := range map[string]any{
		"OrganisationName": "New", "OrganisationTypeId": "TRU", "OrganisationType": "Acute Trust", "OrganisationSubType": "X",
		"OrganisationStatus": "Visible", "Address1": "1 High Street", "City": "York", "County": nil, "Postcode": "LS1 1AA",
		"ParentOrganisation": map[string]any{"ODSCode": "QWO", "OrganisationName": nil}, "IsEpsEnabled": "true",
	} {
		require.Equal(t, want, o[key], key)
	}
	require.Equal(t, []any{
		map[string]any{"ContactType": primary, "ContactAvailabilityType": officeHours, "ContactMethodType": "Website", "ContactValue": "w"},
		map[string]any{"ContactType": primary, "ContactAvailabilityType": officeHours, "ContactMethodType": "Telephone", "ContactValue": "9"},
		row(t, was, "Contacts", 0), row(t, was, "Contacts", 1), row(t, was, "Contacts", 2), row(t, was, "Contacts", 4),
	}, o["Contacts"])
	hours := o["OpeningTimes"].([]any)
	require.Len(t, hours, 7+2)
	require.Equal(t, []any{row(t, was, "OpeningTimes", 0), row(t, was, "OpeningTimes", 2)}, hours[7:])
	require.Equal(t, []any{
		map[string]any{"ServiceCode": nil, "ServiceName": "C"}, row(t, was, "Services", 1), row(t, was, "Services", 2),
	}, o["Services"])
	require.Equal(t, []any{
		map[string]any{"ServiceCode": "SRV0559", "ServiceName": "Q", "Note": 4.0}, row(t, was, "UecServices", 1),
	}, o["UecServices"])
	require.Equal(t, []any{
		map[string]any{"Id": 28.0, "Name": "Car parking", "Value": "No", "FacilityGroupName": "Parking at X"},
		row(t, was, "Facilities", 1),
		map[string]any{"Id": 144.0, "Name": "Toilet", "Value": "Yes", "FacilityGroupName": "Other facilities"},
	}, o["Facilities"])
	times := o["LastUpdatedDates"].(map[string]any)
	require.Equal(t, "2026-11-20T09:15:00Z", times["OpeningTimes"])
	require.Equal(t, "2026-11-20T09:15:00Z", times["Facilities"])
	require.Equal(t, "2026-11-30T00:00:00.5Z", times["ContactDetails"], "it was checked there since")
	require.Equal(t, "x", times["DentistsAcceptingPatients"])
	require.Equal(t, []any{map[string]any{"Key": "k"}}, times["KeyValueData"])
}

func TestAnUpdateEmpties(t *testing.T) {
	t.Parallel()
	d := delivered(profile.Trust, map[profile.Field]string{
		profile.FieldICB: "", profile.FieldPhone: "", profile.FieldEmail: "", profile.FieldOpeningTimes: "",
		profile.FieldDatedOpeningTimes: "", profile.FieldServices: "", profile.FieldFacilities: "Car parking",
	})
	o, was := parsed(t, updateOf(t, d, []byte(rich))), []byte(rich)
	require.Nil(t, o["ParentOrganisation"])
	require.Equal(t, []any{row(t, was, "Contacts", 0), row(t, was, "Contacts", 2), row(t, was, "Contacts", 4)}, o["Contacts"])
	require.Equal(t, []any{row(t, was, "OpeningTimes", 0)}, o["OpeningTimes"])
	require.Equal(t, []any{row(t, was, "Services", 2)}, o["Services"])
	require.Equal(t, []any{}, o["UecServices"])
	require.Equal(t, []any{
		map[string]any{"Id": 28.0, "Name": "Car parking", "Value": nil, "FacilityGroupName": "Parking at X"},
	}, o["Facilities"])
}

// TestTheOtherKindOfHours: weekly hours of a GP practice are Reception, or General if
// there is no Reception.
func TestTheOtherKindOfHours(t *testing.T) {
	t.Parallel()
	const at = `"OpeningTime":"09:00","ClosingTime":"12:00","IsOpen":true,"Weekday":"Monday","OpeningTimeType":`
	for _, c := range []struct{ name, rows, weekly, kinds string }{
		{"General alone is replaced", `{` + at + `"General"}`, "tue 10:00-11:00", "Reception"},
		{"General beside Reception stays", `{` + at + `"general"},{` + at + `"Reception"}`, "tue 10:00-11:00", "Reception+general"},
		{"or it would be read", `{` + at + `"General"},{` + at + `"Reception"}`, "", ""},
		{"others always stay", `{` + at + `"Surgery"},{` + at + `"Reception"}`, "", "Surgery"},
		{"as they are", `{` + at + `"General"}`, "mon 09:00-12:00", "General"},
	} {
		current := []byte(`{"ODSCode":"FA123","OrganisationTypeId":"GPB","OpeningTimes":[` + c.rows + `]}`)
		d := delivered(profile.GPPractice, map[profile.Field]string{profile.FieldOpeningTimes: c.weekly})
		p, err := decode(updateOf(t, d, current))
		require.NoError(t, err)
		var seen []string
		for _, row := range p.OpeningTimes {
			seen = append(seen, row.OpeningTimeType)
		}
		require.Equal(t, c.kinds, strings.Join(slices.Compact(seen), "+"), c.name)
		v := p.values(profile.GPPractice)
		require.Equal(t, c.weekly, v.Get(profile.FieldOpeningTimes), c.name)
	}
}

// TestHalfAStatus: a field that is not stated stays as the website shows it.
func TestHalfAStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		current string
		field   profile.Field
		value   string
		want    string
	}{
		{"Hidden", profile.FieldStatus, "open", "Hidden"},
		{"Excluded", profile.FieldStatus, "open", "Excluded"},
		{"Excluded", profile.FieldHidden, "true", "Excluded"},
		{"Excluded", profile.FieldHidden, "false", "Visible"},
		{"Hidden", profile.FieldStatus, "closed", "Closed"},
		{"Closed", profile.FieldStatus, "open", "Visible"},
		{"Closed", profile.FieldHidden, "true", "Closed"},
		{"VISIBLE", profile.FieldStatus, "open", "VISIBLE"},
		{"", profile.FieldHidden, "false", "Visible"},
	} {
		current := []byte(`{"ODSCode":"FA123","OrganisationStatus":"` + c.current + `"}`)
		d := delivered(profile.Pharmacy, map[profile.Field]string{c.field: c.value})
		require.Equal(t, c.want, parsed(t, updateOf(t, d, current))["OrganisationStatus"], "%+v", c)
	}
}

type jsonObject = map[string]any

// drawCurrent draws a document as anybody might have left it.
func drawCurrent(t *rapid.T, of profile.OrgType) []byte {
	word := rapid.SampledFrom([]string{"a", "b", "c d"})
	list := func(key string, row func() jsonObject) any {
		n := rapid.IntRange(-1, 5).Draw(t, key)
		if n < 0 {
			return nil
		}
		rows := []jsonObject{}
		for range n {
			rows = append(rows, row())
		}
		return rows
	}
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	service := func() jsonObject {
		return jsonObject{
			"ServiceCode": rapid.SampledFrom([]any{nil, "SRV1", "SRV2", "SRV0559"}).Draw(t, "code"),
			"ServiceName": rapid.SampledFrom([]any{nil, "a", "b"}).Draw(t, "name"), "Contacts": []any{word.Draw(t, "extra")},
		}
	}
	o := jsonObject{
		"ODSCode": "FA123", "OrganisationTypeId": kinds[of].id, "OrganisationName": word.Draw(t, "name"),
		"OrganisationStatus": rapid.SampledFrom([]any{nil, "Visible", "Hidden", "Closed", "Excluded"}).Draw(t, "status"),
		"Address1":           word.Draw(t, "address"), "City": word.Draw(t, "city"), "Latitude": 1.5, "IsEpsEnabled": "true",
		"AcceptingPatients": jsonObject{"GP": word.Draw(t, "gp")}, "ParentOrganisation": jsonObject{"ODSCode": word.Draw(t, "parent"), "X": 1},
		"Contacts": list("contacts", func() jsonObject {
			return jsonObject{
				"ContactType":             pick("type", "Primary", "Primary", "PALS"),
				"ContactAvailabilityType": pick("availability", "Office hours", "Office hours", "Weekend"),
				"ContactMethodType":       pick("method", "Telephone", "Website", "Email", "Fax"),
				"ContactValue":            word.Draw(t, "value"), "Extra": word.Draw(t, "extra"),
			}
		}),
		"OpeningTimes": list("hours", func() jsonObject {
			kind := pick("kind", "General", "Reception", "Surgery", "Additional", "Other")
			row := jsonObject{"OpeningTimeType": kind, "OpeningTime": "09:00", "ClosingTime": "12:00", "IsOpen": rapid.Bool().Draw(t, "open")}
			if kind == "Additional" {
				row["AdditionalOpeningDate"] = pick("date", "Dec  5 2026", "Dec 24 2026")
			} else {
				row["Weekday"] = pick("day", "Monday", "Tuesday")
			}
			return row
		}),
		"Services": list("services", service), "UecServices": list("urgent", service),
		"Facilities": list("facilities", func() jsonObject {
			return jsonObject{
				"Id": rapid.SampledFrom([]any{nil, 0, 28, 16, 30}).Draw(t, "id"), "Name": pick("name", "", "a", "b: c"),
				"Value": rapid.SampledFrom([]any{nil, "Yes", "No"}).Draw(t, "value"), "FacilityGroupName": word.Draw(t, "group"),
			}
		}),
	}
	text, err := json.Marshal(o)
	require.NoError(t, err)
	return text
}

// drawDelivery draws a delivery that states some fields.
func drawDelivery(t *rapid.T, of profile.OrgType) push.Delivery {
	d := delivered(of, nil)
	for f, values := range map[profile.Field][]string{
		profile.FieldName: {"a", "b", "new"}, profile.FieldType: {string(of)}, profile.FieldStatus: {"open", "closed"},
		profile.FieldHidden: {"true", "false"}, profile.FieldAddress: {"", "a\nb", "1 High Street\nYork\nKent"},
		profile.FieldPostcode: {"", "LS1 1AA"}, parentField(of): {"", "a", "QOX"}, profile.FieldPhone: {"", "a", "new"},
		profile.FieldEmail: {"", "b", "new"}, profile.FieldWebsite: {"", "c d", "new"},
		profile.FieldOpeningTimes:      {"", "mon 09:00-12:00", "tue 14:00-16:00"},
		profile.FieldDatedOpeningTimes: {"", "2026-12-05 closed", "2026-12-24 09:00-12:00\n2026-12-25 closed"},
		profile.FieldServices:          {"", "- a\nSRV1 a", "SRV0559 b\nSRV2 new\nSRV3 c", "SRV1 a\nSRV1 new"},
		profile.FieldFacilities:        {"", "Car parking: Yes", "Car parking: No\na #16: Yes\nb: c: No"},
	} {
		if rapid.Bool().Draw(t, f.String()) {
			d.Values.Set(f, rapid.SampledFrom(values).Draw(t, f.String()))
		}
	}
	return d
}

// TestUpdatesChangeOnlyWhatTheyState: for any document and any delivery.
func TestUpdatesChangeOnlyWhatTheyState(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.SampledFrom(profile.OrgTypes()).Draw(t, "type")
		current, d := drawCurrent(t, of), drawDelivery(t, of)
		body := updateOf(t, d, current)
		require.Equal(t, string(body), string(updateOf(t, d, current)), "the same bytes")
		require.Equal(t, string(body), string(updateOf(t, d, body)), "the update of its own result changes nothing")

		was, err := decode(current)
		require.NoError(t, err)
		is, err := decode(body)
		require.NoError(t, err)
		before, after := was.values(of), is.values(of)
		for _, f := range fields(of) {
			switch {
			case d.Values.States(f) && f == profile.FieldHidden && after.Get(profile.FieldStatus) == "closed": // closed wins
			case d.Values.States(f):
				require.True(t, profile.Same(f, d.Values.Get(f), after.Get(f), d.Values.Get(profile.FieldName)),
					"%s: said %q, shown %q", f, d.Values.Get(f), after.Get(f))
			case before.States(f) && (f != profile.FieldHidden || after.Get(profile.FieldStatus) != "closed"):
				require.Equal(t, before.Get(f), after.Get(f), f.String())
			}
		}
		require.Equal(t, notOurs(t, current), notOurs(t, body))
	})
}

// notOurs returns the parts of a document that are not ours.
func notOurs(t *rapid.T, document []byte) []any {
	o := parsed(t, document)
	all := []any{o["Latitude"], o["IsEpsEnabled"], o["AcceptingPatients"]}
	for _, list := range []string{"Contacts", "OpeningTimes"} {
		rows, _ := o[list].([]any)
		for _, row := range rows {
			text, err := json.Marshal(row)
			require.NoError(t, err)
			var c contact
			var h opening
			require.NoError(t, json.Unmarshal(text, &c))
			require.NoError(t, json.Unmarshal(text, &h))
			if c.field() == profile.NoField && h.kind() == "" {
				all = append(all, row)
			}
		}
	}
	return all
}
