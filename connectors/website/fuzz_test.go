package website

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

// FuzzDecode: whatever is read can be sent back, and then reads the same, so
// that a push leaves alone what it does not speak of.
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
		for _, of := range []reconcile.OrgType{reconcile.Pharmacy, reconcile.GPPractice} {
			first := p.values(of)
			second := readBack(t, reconcile.Delivery{Code: "FA123", Type: of, Sequence: 1, Key: "k", Values: first})
			for _, field := range sent {
				if first.States(field) {
					require.True(t, second.States(field), field)
					require.True(t, reconcile.Same(field, first.Get(field), second.Get(field)),
						"%s: %q became %q", field, first.Get(field), second.Get(field))
				}
			}
		}
	})
}
