package website

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Hours that cannot be written stop only themselves; a type that the website does not
// have stops the document.
func TestCheck(t *testing.T) {
	t.Parallel()
	for field, bad := range map[profile.Field]string{
		profile.FieldOpeningTimes: "bank-holiday 10:00-12:00", profile.FieldDatedOpeningTimes: "2026-12-24 of Mr Person",
	} {
		d := push.Delivery{Code: "FA123", Type: profile.Pharmacy}
		left, err := (&Sink{}).Check(d)
		require.NoError(t, err)
		require.Empty(t, left)
		d.Values.Set(field, bad)
		left, err = (&Sink{}).Check(d)
		require.NoError(t, err)
		require.Equal(t, []push.LeftOut{{Field: field, Reason: "a line that is not an opening time within one day"}}, left)
	}
	d := push.Delivery{Code: "FA123", Type: profile.Pharmacy}
	d.Values.Set(profile.FieldType, "zoo")
	_, err := (&Sink{}).Check(d)
	var refused *push.SinkError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, push.AnswerRefused, refused.Answer)
}

// A pointer of a 422 is about a field; rows of lists are looked up in what was sent.
func TestFieldsOfARefusal(t *testing.T) {
	t.Parallel()
	sent := []byte(`{
		"Contacts": [
			{"ContactType": "Primary", "ContactAvailabilityType": "Office hours", "ContactMethodType": "Telephone"},
			{"ContactType": "Primary", "ContactAvailabilityType": "Office hours", "ContactMethodType": "Website"},
			{"ContactType": "Somebody else", "ContactMethodType": "Telephone"}],
		"OpeningTimes": [{"OpeningTimeType": "General"}, {"OpeningTimeType": "Additional"}, {"OpeningTimeType": "Surgery"}],
		"Services": [{"ServiceCode": "SRV0560", "ServiceName": "BP"}, {"ServiceCode": "7654321", "ServiceName": "Heart"}],
		"UecServices": [{"ServiceCode": "SRV0559", "ServiceName": "Stock"}]}`)
	for pointer, want := range map[string][]profile.Field{
		"/OrganisationName":                {profile.FieldName},
		"/OrganisationTypeId":              {profile.FieldType},
		"/OrganisationStatus":              {profile.FieldStatus, profile.FieldHidden},
		"/Address2":                        {profile.FieldAddress},
		"/City":                            {profile.FieldAddress},
		"/Postcode":                        {profile.FieldPostcode},
		"/ParentOrganisation/ODSCode":      {profile.FieldICB, profile.FieldCommissioner},
		"/Contacts/0/ContactValue":         {profile.FieldPhone},
		"/Contacts/1":                      {profile.FieldWebsite},
		"/Contacts/2":                      nil,
		"/Contacts":                        {profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite},
		"/OpeningTimes/0/ClosingTime":      {profile.FieldOpeningTimes},
		"/OpeningTimes/1":                  {profile.FieldDatedOpeningTimes},
		"/OpeningTimes/2":                  nil,
		"/Services/0":                      {profile.FieldServices},
		"/Services/1/ServiceName":          {profile.FieldERSServices},
		"/UecServices/0":                   {profile.FieldServices},
		"/Facilities/3/Name":               {profile.FieldFacilities},
		"/ODSCode":                         nil,
		"/Name of a person/with any words": nil,
	} {
		body, err := json.Marshal(map[string]any{"errors": []any{map[string]string{"pointer": pointer, "code": "BAD"}}})
		require.NoError(t, err)
		var details problem
		require.NoError(t, json.Unmarshal(body, &details))
		found := details.fields(sent)
		require.Equal(t, want, push.FieldsLeftOut(found), pointer)
		for _, l := range found {
			require.Equal(t, "the website refuses it: BAD", l.Reason)
		}
	}
}

// A document that is too large goes without its longest list, list by list: the rest
// is taken.
func TestADocumentThatIsTooLarge(t *testing.T) {
	t.Parallel()
	d := push.Delivery{Code: "FA123", Type: profile.Pharmacy}
	body := []byte(`{"Facilities": [{"Name": "A"}, {"Name": "B"}], "Services": [{"ServiceName": "` + strings.Repeat("s", 100) + `"}],
		"OpeningTimes": [{"OpeningTimeType": "Additional"}, {"OpeningTimeType": "Surgery", "Weekday": "` + strings.Repeat("d", 500) + `"}]}`)
	require.Empty(t, longestList(d, body), "nothing is stated")
	require.Empty(t, longestList(d, []byte("[")))
	order := []profile.Field{profile.FieldServices, profile.FieldDatedOpeningTimes, profile.FieldFacilities}
	for i, f := range slices.Backward(order) {
		d.Values.Set(f, "x")
		left := longestList(d, body)
		require.Equal(t, order[i:i+1], push.FieldsLeftOut(left))
		require.Equal(t, "the website refuses the document as too large, and this is the longest list in it", left[0].Reason)
	}
	d.Filled = order[:1]
	require.Equal(t, order[1:2], push.FieldsLeftOut(longestList(d, body)), "what is sent back as shown is not ours to leave out")
}
