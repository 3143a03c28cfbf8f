package ers

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestCodeSystemTolerates(t *testing.T) {
	t.Parallel()
	system, err := decodeCodeSystem("CLINIC-TYPE", []byte(`{
		"url":"https://elsewhere/x/STU3/CodeSystem/CLINIC-TYPE","id":7,"version":3,"unknown":{},
		"concept":[
			{"code":"A","display":"Retired first","property":[{"code":"effectiveTo","valueDateTime":"2008-05-09T00:00:00.000Z"}]},
			{"code":"A","display":"Again","property":{"code":"specialty","valueCoding":{"code":"S1"}}},
			{"code":"A","display":"Retired later","property":[{"code":"effectiveTo","valueDateTime":"2009"}]},
			{"display":"no code"},
			{"code":"B","extension":[{"url":"x/Extension-eRS-EffectivefromDate-1","valueDate":"2004-06-01"},
				{"url":"x/Extension-eRS-EffectivetoDate-1","valueDate":"someday"}],
				"property":[{"code":"specialty","valueCoding":{"code":"S1","system":"s"}},{"code":"specialty","valueCoding":{"code":"S2"}},
				{"code":"specialty","valueCoding":{"code":"S1"}},{"code":"new","valueQuantity":{"value": 1.50}},{"code":"none"},
				{"code":"empty","valueString":null}]}
		]}`))
	require.NoError(t, err)
	require.Equal(t, CodeSystem{Kind: ClinicTypes, Version: "3", Nameless: 1, Concepts: []Concept{
		{Code: "A", Display: "Again", Specialties: []string{"S1"}, Properties: []Property{{Code: "specialty", Type: "Coding", Value: "S1"}}},
		{
			Code: "B", EffectiveFrom: "2004-06-01", EffectiveTo: "someday", Specialties: []string{"S1", "S2"},
			Properties: []Property{
				{Code: "specialty", Type: "Coding", Value: "S1", System: "s"},
				{Code: "specialty", Type: "Coding", Value: "S2"},
				{Code: "specialty", Type: "Coding", Value: "S1"},
				{Code: "new", Type: "Quantity", Value: `{"value":1.50}`},
				{Code: "none"},
				{Code: "empty", Type: "String"},
			},
		},
	}}, system)
}

func TestCodeSystemRefuses(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		`{"id":"SPECIALTY","concept":[{"code":"A"}],"url":"b/STU3/CodeSystem/PRIORITY"}`: "want SPECIALTY",
		`{"id":"PRIORITY","concept":[{"code":"A"}]}`:                                     "want SPECIALTY",
		`{"id":"SPECIALTY","content":"fragment","concept":[{"code":"A"}]}`:               "want complete",
		`{"id":"SPECIALTY","concept":[]}`:                                                "no concept",
		`{"id":"SPECIALTY","resourceType":"Bundle"}`:                                     "want a CodeSystem",
		`<html>`: "want a CodeSystem",
	} {
		api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, body) })
		_, err := api.CodeSystem(t.Context(), Specialties)
		require.ErrorContains(t, err, says)
	}
	for status, body := range map[int]string{404: "", 406: "text", 403: outcome("FORBIDDEN")} {
		api, _ := apiOf(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, status, body) })
		_, err := api.CodeSystem(t.Context(), Specialties)
		var failure *Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, status == 403, failure.Unauthorized())
	}
	api, there := apiOf(t, nil)
	_, err := api.CodeSystem(t.Context(), "../x")
	require.Error(t, err)
	require.Empty(t, there.requests)
}

func TestCurrent(t *testing.T) {
	t.Parallel()
	day := profile.NewDate(2026, 11, 22)
	for end, current := range map[string]bool{
		"": true, "2026-11-21T23:59:59Z": false, "2026-11-22": true, "2026-11-22T00:00:00.000Z": true,
		"2027-01-01": true, "2008": true, "never": true,
	} {
		require.Equal(t, current, Concept{EffectiveTo: end}.Current(day), end)
	}
}
