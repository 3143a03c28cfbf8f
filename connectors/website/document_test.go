package website

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func valuesOf(pairs map[profile.Field]string) (v profile.Values) {
	for f, value := range pairs {
		v.Set(f, value)
	}
	return v
}

func delivered(t profile.OrgType, pairs map[profile.Field]string) push.Delivery {
	return push.Delivery{Code: "FA123", Type: t, Sequence: 7, Key: "key-7", Values: valuesOf(pairs)}
}

func encode(d push.Delivery) ([]byte, error) {
	p, err := profileOf(d)
	if err != nil {
		return nil, err
	}
	return newDocument(d, p)
}

func object(t *testing.T, d push.Delivery) map[string]any {
	t.Helper()
	body, err := encode(d)
	require.NoError(t, err)
	var o map[string]any
	require.NoError(t, json.Unmarshal(body, &o))
	return o
}

// TestFieldsThatNobodyStatedAreNull checks the rule that keeps us from wiping what
// the website knows.
func TestFieldsThatNobodyStatedAreNull(t *testing.T) {
	t.Parallel()
	o := object(t, delivered(profile.Pharmacy, map[profile.Field]string{profile.FieldName: "A"}))
	for _, key := range []string{
		"Contacts", "OpeningTimes", "Services", "UecServices", "Facilities", "OrganisationSubType", "OrganisationStatus",
		"ParentOrganisation", "Address1", "AcceptingPatients", "GPRegistration", "ServiceOpeningTimes", "Latitude", "Country",
	} {
		require.Contains(t, o, key)
		require.Nil(t, o[key], key)
	}
	o = object(t, delivered(profile.Pharmacy, map[profile.Field]string{
		profile.FieldPhone: "", profile.FieldOpeningTimes: "", profile.FieldServices: "", profile.FieldFacilities: "",
	}))
	for _, key := range []string{"Contacts", "OpeningTimes", "Services", "UecServices", "Facilities"} {
		require.Equal(t, []any{}, o[key], key)
	}
}

func TestOnlyTheWritableSubset(t *testing.T) {
	t.Parallel()
	o := object(t, delivered(profile.Trust, nil))
	for _, key := range []string{"@search.score", "SearchKey", "Geocode", "Metrics", "GSD", "Trusts", "RelatedIAPTCCGs", "Staff"} {
		require.NotContains(t, o, key)
	}
	require.Len(t, o, 18+7)
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		of                profile.OrgType
		services          string
		id, name, subType any
	}{
		{profile.Pharmacy, "EPS0002 Community pharmacy", "PHA", "Pharmacy", "Community"},
		{profile.Pharmacy, "EPS0004 Internet pharmacy", "PHA", "Pharmacy", "DistanceSelling"},
		{profile.GPPractice, "", "GPB", "GpBranch", nil},
		{profile.GPBranch, "", "GPB", "GpBranch", nil},
		{profile.DentalPractice, "", "DEN", "Dentist", nil},
		{profile.OpticalSite, "", "OPT", "Optician", nil},
		{profile.Trust, "", "TRU", nil, nil},
		{profile.TrustSite, "", "HOS", "Hospital", "NHS Sector"},
	} {
		d := delivered(row.of, map[profile.Field]string{profile.FieldServices: row.services})
		o := object(t, d)
		require.Equal(t, row.id, o["OrganisationTypeId"])
		require.Equal(t, row.name, o["OrganisationType"])
		require.Equal(t, row.subType, o["OrganisationSubType"])
		v := readBack(t, d)
		require.Equal(t, string(row.of), v.Get(profile.FieldType))
	}
	_, err := encode(delivered("vet", nil))
	require.ErrorContains(t, err, `type "vet"`)
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ status, hidden, word, reads, hides string }{
		{"open", "false", "Visible", "open", "false"},
		{"open", "true", "Hidden", "open", "true"},
		{"closed", "false", "Closed", "closed", "false"},
		{"closed", "true", "Closed", "closed", "false"},
	} {
		d := delivered(profile.Pharmacy, map[profile.Field]string{
			profile.FieldStatus: row.status, profile.FieldHidden: row.hidden,
		})
		require.Equal(t, row.word, object(t, d)["OrganisationStatus"])
		v := readBack(t, d)
		require.Equal(t, row.reads, v.Get(profile.FieldStatus))
		require.Equal(t, row.hides, v.Get(profile.FieldHidden))
		require.True(t, v.States(profile.FieldHidden))
	}
	var v profile.Values
	readStatus("EXCLUDED", &v)
	require.Equal(t, "true", v.Get(profile.FieldHidden))
}

// TestParents checks the parents of CONTRACT.md "Types and parents".
func TestParents(t *testing.T) {
	t.Parallel()
	for of, field := range map[profile.OrgType]profile.Field{
		profile.Pharmacy: profile.FieldICB, profile.GPPractice: profile.FieldCommissioner,
		profile.GPBranch: profile.FieldCommissioner, profile.DentalPractice: profile.FieldICB,
		profile.OpticalSite: profile.FieldICB, profile.Trust: profile.FieldICB, profile.TrustSite: profile.FieldICB,
	} {
		other := map[profile.Field]profile.Field{
			profile.FieldICB: profile.FieldCommissioner, profile.FieldCommissioner: profile.FieldICB,
		}[field]
		route, _ := (&Sink{}).Route(of)
		for _, names := range [][]profile.Field{route.Fields, route.Readable} {
			require.Contains(t, names, field, of)
			require.NotContains(t, names, other, of)
		}
		d := delivered(of, map[profile.Field]string{profile.FieldICB: "QWO", profile.FieldCommissioner: "15F"})
		code := d.Values.Get(field)
		require.Equal(t, map[string]any{"ODSCode": code, "OrganisationName": nil}, object(t, d)["ParentOrganisation"], of)
		v := readBack(t, d)
		require.Equal(t, code, v.Get(field), of)
		require.False(t, v.States(other), of)
		d = delivered(of, map[profile.Field]string{other: "X"})
		require.Nil(t, object(t, d)["ParentOrganisation"], of)
	}
}

// TestStampsComeFromPeople: a field that no person has edited has no stamp, although
// we send it (CONTRACT.md "Section stamps").
func TestStampsComeFromPeople(t *testing.T) {
	t.Parallel()
	d := delivered(profile.Pharmacy, map[profile.Field]string{
		profile.FieldName: "A", profile.FieldPhone: "1", profile.FieldEmail: "a@b.example",
		profile.FieldOpeningTimes: "mon 09:00-17:00", profile.FieldServices: "",
	})
	at := time.Date(2026, 11, 20, 9, 15, 0, 0, time.UTC)
	d.Edited = map[profile.Field]time.Time{
		profile.FieldPhone: at.Add(-time.Hour), profile.FieldEmail: at,
		profile.FieldServices:   at.Add(500 * time.Millisecond).In(profile.London()),
		profile.FieldFacilities: at, // not in the delivery
		profile.FieldName:       at,
	}
	stamps := object(t, d)["LastUpdatedDates"].(map[string]any)
	require.Equal(t, "2026-11-20T09:15:00Z", stamps["ContactDetails"])
	require.Equal(t, "2026-11-20T09:15:00.5Z", stamps["Services"])
	require.Nil(t, stamps["OpeningTimes"])
	require.Nil(t, stamps["Facilities"])
}

func TestServicesAndFacilities(t *testing.T) {
	t.Parallel()
	d := delivered(profile.Pharmacy, map[profile.Field]string{
		profile.FieldServices: "- Travel clinic\nSRV0559 Palliative care\nSRV0560 Blood pressure check",
		profile.FieldFacilities: "Disabled parking #30: Yes\nDisabled parking: No\nPlay area #16: Yes\nPrayer carpet: Don't know\n" +
			"Wheelchair access: Yes",
	})
	o := object(t, d)
	require.Equal(t, []any{
		map[string]any{"ServiceName": "Travel clinic", "ServiceCode": nil},
		map[string]any{"ServiceName": "Blood pressure check", "ServiceCode": "SRV0560"},
	}, o["Services"])
	require.Equal(t, []any{map[string]any{"ServiceName": "Palliative care", "ServiceCode": "SRV0559"}}, o["UecServices"])
	row := func(id, name, value, group any) map[string]any {
		return map[string]any{"Id": id, "Name": name, "Value": value, "FacilityGroupName": group}
	}
	require.Equal(t, []any{
		row(30.0, "Disabled parking", "Yes", "Parking"),
		row(2.0, "Disabled parking", "No", "Accessibility"),
		row(16.0, "Play area", "Yes", nil),
		row(nil, "Prayer carpet", "Don't know", nil),
		row(7.0, "Wheelchair access", "Yes", "Accessibility"),
	}, o["Facilities"])
	v := readBack(t, d)
	require.Equal(t, d.Values.Get(profile.FieldServices), v.Get(profile.FieldServices))
	require.Equal(t, d.Values.Get(profile.FieldFacilities), v.Get(profile.FieldFacilities))
}

func TestFacilitiesAreReadByID(t *testing.T) {
	t.Parallel()
	p, err := decode([]byte(`{"ODSCode":"FA123","Facilities":[{"Id":28,"Name":"Car Parking","Value":"Yes"},
		{"Id":3,"Name":"Disabled WC","Value":"No","FacilityGroupName":"Accessibility"}]}`))
	require.NoError(t, err)
	v := p.values(profile.Pharmacy)
	require.Equal(t, "Car parking: Yes\nDisabled toilet: No", v.Get(profile.FieldFacilities))
}

func readBack(t require.TestingT, d push.Delivery) profile.Values {
	body, err := encode(d)
	require.NoError(t, err)
	p, err := decode(body)
	require.NoError(t, err)
	return p.values(d.Type)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][5]string{
		"":                           {},
		"1 High Street":              {"1 High Street"},
		"1 High Street\nLeeds":       {"1 High Street", "", "", "Leeds"},
		"1 High Street\nKent":        {"1 High Street", "", "", "", "Kent"},
		"1 High Street\nDover\nKENT": {"1 High Street", "", "", "Dover", "KENT"},
		"Flat 619\n62 Fake Street\nHazel Grove\nBath\nSomerset": {"Flat 619", "62 Fake Street", "Hazel Grove", "Bath", "Somerset"},
		"a\n \nb\nc\nd\ne\nYork":                                {"a", "b", "c, d, e", "York"},
	} {
		require.Equal(t, want, split(address), address)
	}
}

// TestAddressesDoNotFlap: a split address reads back as the same address.
func TestAddressesDoNotFlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.OneOf(
			rapid.SampledFrom([]string{"KENT", "Leeds", "12", "Flat 3", "St. Mary's & Co", "High Street, Old Town", "-", " "}),
			rapid.StringMatching(`[A-Za-z0-9 ,.'-]{0,20}`))
		address := strings.Join(rapid.SliceOfN(line, 0, 8).Draw(t, "lines"), "\n")
		v := readBack(t, delivered(profile.Pharmacy, map[profile.Field]string{profile.FieldAddress: address}))
		require.True(t, profile.Same(profile.FieldAddress, address, v.Get(profile.FieldAddress)), "%q %q", address,
			v.Get(profile.FieldAddress))
	})
}

// TestPushesReadBackTheSame: no field of a push differs when it is read back;
// otherwise every night would find the same drift.
func TestPushesReadBackTheSame(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[A-Za-z][A-Za-z :#0-9'é-]{0,15}[a-z]`)
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.SampledFrom(profile.OrgTypes()).Draw(t, "type")
		list := func(name, form string) string {
			return sortedLines(rapid.SliceOfN(rapid.StringMatching(form), 0, 4).Draw(t, name))
		}
		d := delivered(of, map[profile.Field]string{
			profile.FieldName: word.Draw(t, "name"), profile.FieldType: string(of), profile.FieldStatus: "open",
			profile.FieldHidden: rapid.SampledFrom([]string{"true", "false"}).Draw(t, "hidden"),
			parentField(of):     "QOX", profile.FieldPostcode: "LS1 1AA", profile.FieldPhone: word.Draw(t, "phone"),
			profile.FieldEmail: word.Draw(t, "email"), profile.FieldWebsite: "",
			profile.FieldOpeningTimes: rapid.SampledFrom([]string{
				"", "mon 09:00-13:00\nmon 14:00-17:30\nsun 00:00-23:59",
			}).Draw(t, "weekly"),
			profile.FieldDatedOpeningTimes: rapid.SampledFrom([]string{
				"", "2026-12-24 10:00-12:00\n2026-12-24 13:00-16:00\n2026-12-25 closed\n2027-01-01 closed",
			}).Draw(t, "dated"),
			profile.FieldServices:   list("services", `(SRV0559|SRV[0-9]{4}|-) [A-Z][a-z ]{0,9}[a-z]`),
			profile.FieldFacilities: list("facilities", `(Car parking|Toilet|[A-Z][a-z ]{1,9}[a-z]( #[1-9][0-9]?)?): (Yes|No)`),
		})
		v := readBack(t, d)
		for _, f := range fields(of) {
			if d.Values.States(f) {
				require.True(t, profile.Same(f, d.Values.Get(f), v.Get(f)), "%s: %q %q", f, d.Values.Get(f), v.Get(f))
			}
		}
	})
}
