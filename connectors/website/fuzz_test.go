package website

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// FuzzDecode: any decoded document can be sent back and then reads the same, and an
// update with it changes nothing.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"ODSCode":"FA123","OrganisationTypeId":"PHA","OrganisationStatus":"Visible","Address1":"1","City":" ","County":"Kent",
		"Contacts":[{"ContactType":"Primary","ContactAvailabilityType":"Office hours","ContactMethodType":"Email","ContactValue":"a"}],
		"ParentOrganisation":{"ODSCode":"QHL"},"UecServices":[{"ServiceCode":"SRV0559","ServiceName":"P"}],
		"Services":[{"ServiceCode":null,"ServiceName":"- x"}],"Facilities":[{"Id":30,"Name":"a: b #4","Value":"Yes"}]}`))
	f.Add([]byte(`{"ODSCode":"A","OpeningTimes":[{"Weekday":"Monday","OpeningTime":"9:00","ClosingTime":"24:00",
		"OpeningTimeType":"Reception","IsOpen":true},{"OpeningTimeType":"Additional","AdditionalOpeningDate":"Apr  7 2023"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := decode(body)
		if err != nil {
			return
		}
		for _, of := range []profile.OrgType{profile.Pharmacy, profile.GPPractice} {
			first := p.values(of)
			changesNothing(t, push.Delivery{Code: profile.ODSCode(p.ODSCode), Type: of, Values: first}, body)
			second := readBack(t, push.Delivery{Code: "FA123", Type: of, Sequence: 1, Key: "k", Values: first})
			for _, field := range fields(of) {
				if first.States(field) {
					require.True(t, second.States(field), field)
					require.True(t, profile.Same(field, first.Get(field), second.Get(field)),
						"%s: %q became %q", field, first.Get(field), second.Get(field))
				}
			}
		}
	})
}

// changesNothing checks that an update with the values of a document does not change
// it. It skips documents that have a key twice, which can be read in several ways.
func changesNothing(t *testing.T, d push.Delivery, body []byte) {
	t.Helper()
	var keys map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(body, &keys))
	once, err := json.Marshal(keys)
	require.NoError(t, err)
	p, err := decode(once)
	if err != nil || p.values(d.Type) != d.Values {
		return
	}
	ours, err := profileOf(d)
	if err != nil {
		return
	}
	again, err := updatedDocument(d, ours, shownDocument{organisation: p, body: once})
	if err != nil {
		return
	}
	p, err = decode(again)
	require.NoError(t, err)
	require.Equal(t, d.Values, p.values(d.Type))
}
