package website

import (
	"encoding/json"
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
