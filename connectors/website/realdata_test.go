package website

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// sample reads a file of the real samples.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	return realdata.Read(t, "website", name)
}

// TestSamplesOfV3: every whole record of the real service can be read, and its values
// can be sent and read back unchanged.
func TestSamplesOfV3(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"v3/organisations_v3.json": 50, "v3/organisations-single_v3.json": 1} {
		var results page
		require.NoError(t, json.Unmarshal(sample(t, name), &results))
		require.Len(t, *results.Value, want)
		for _, raw := range *results.Value {
			p, err := decode(raw)
			require.NoError(t, err)
			of := typeOf(oneLine(p.OrganisationTypeID), profile.GPPractice)
			v := p.values(of)
			require.NotEmpty(t, v.Get(profile.FieldName))
			require.NotEmpty(t, v.Get(profile.FieldPostcode))
			require.NotEmpty(t, v.Get(profile.FieldAddress))
			require.Equal(t, "open", v.Get(profile.FieldStatus))
			if of == profile.NoType {
				continue // clinics
			}
			requireOnlyStatedChanges(t, push.Delivery{Code: profile.ODSCode(p.ODSCode), Type: of, Values: v}, raw)
			again := readBack(t, push.Delivery{Code: profile.ODSCode(p.ODSCode), Type: of, Values: v})
			for _, f := range fields(of) {
				require.Equal(t, v.States(f), again.States(f), "%s of %s", f, p.ODSCode)
				require.True(t, profile.Same(f, v.Get(f), again.Get(f)), "%s of %s", f, p.ODSCode)
			}
		}
	}
}

// requireOnlyStatedChanges checks that an update of a real record changes only what it states.
func requireOnlyStatedChanges(t *testing.T, d push.Delivery, raw []byte) {
	t.Helper()
	want := parsed(t, raw)
	delete(want, "@search.score")
	for _, key := range unwritable {
		delete(want, key)
	}
	same := func(name string) {
		got := parsed(t, updateOf(t, d, raw))
		for key, value := range want {
			if key != "LastUpdatedDates" {
				require.Equal(t, value, got[key], "%s of %s", key, d.Code)
			}
		}
		for section, at := range want["LastUpdatedDates"].(map[string]any) {
			require.Equal(t, at, got["LastUpdatedDates"].(map[string]any)[section], section)
		}
		require.Len(t, got, len(want), name)
	}
	same("as it is shown")
	d.Values.Set(profile.FieldName, "Another")
	want["OrganisationName"] = "Another"
	same("another name")
}

func TestShakespeareMedicalPractice(t *testing.T) {
	t.Parallel()
	var results page
	require.NoError(t, json.Unmarshal(sample(t, "v3/organisations-single_v3.json"), &results))
	p, err := decode((*results.Value)[0])
	require.NoError(t, err)
	v := p.values(profile.GPPractice)
	require.Equal(t, "gp-practice", v.Get(profile.FieldType))
	require.Equal(t, "Burmantofts Health Centre\nCromwell Mount\nLeeds\nWest Yorkshire", v.Get(profile.FieldAddress))
	require.Contains(t, v.Get(profile.FieldOpeningTimes), "mon 08:00-18:00\n", "its rows are General, ours would be Reception")
	require.Contains(t, v.Get(profile.FieldServices), "SRV0280 Asthma Clinic\n")
}

// TestSampleOfTheProposal: we send the sample body of the proposal
// (CONTRACT.md "The write API"), except for what we do not know and the days that we
// state as closed.
func TestSampleOfTheProposal(t *testing.T) {
	t.Parallel()
	text := sample(t, "nhsuk-profile-put-request.json")
	p, err := decode(text)
	require.NoError(t, err)
	d := push.Delivery{Code: "TES73", Type: profile.Pharmacy, Values: p.values(profile.Pharmacy)}
	again, err := profileOf(d)
	require.NoError(t, err)
	again.OpeningTimes = append(again.OpeningTimes[:10:10], again.OpeningTimes[12:]...) // without Saturday and Sunday
	p.ParentOrganisation.OrganisationName = nil
	slices.Reverse(p.Facilities) // ours are in order of their names
	require.Equal(t, p, again)
}
