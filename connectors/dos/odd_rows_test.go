package dos

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/internal/estate"
	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// Ten neighbours that always answer 500 end no check of the 90 others.
func TestNeighboursThatFailStopNoOther(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/FA05") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprint(w, `{"success":{"code":200,"serviceCount":0,"services":[]}}`)
	}))
	t.Cleanup(server.Close)
	options := Options{
		Events: EventOptions{URL: server.URL, Key: secretOf("k")}, Read: ReadOptions{URL: server.URL, User: "u", Password: secretOf("p")},
	}
	options.Read.Limits.PerSecond, options.Read.Limits.Backoff = 1e6, time.Millisecond
	sink, err := New(options)
	require.NoError(t, err)
	var codes []profile.ODSCode
	for i := range 100 {
		codes = append(codes, profile.ODSCode(fmt.Sprintf("FA%03d", i)))
	}
	_, err = sink.ShowMany(t.Context(), codes, profile.Pharmacy)
	require.NoError(t, err)
}

// What DoS has in its hours reaches findings without control characters: Postgres stores
// no NUL, and one finding with it would end the check of the whole estate.
func TestFindingsHoldNoNul(t *testing.T) {
	t.Parallel()
	services, err := decodeEstate([]byte(`{"success":{"serviceCount":1,"services":[{"id":"1","odsCode":"FA123","status":{"id":1},
		"type":{"id":13},"openingTimes":{"bankHoliday":[{"start":"10:00\u0000","end":"12:00"}],"days":[]}}]}}`))
	require.NoError(t, err)
	facts := quality.Facts{Desired: push.DesiredState{Profile: profile.Profile{Code: "FA123"}}}
	for _, f := range estate.Check(facts, services) {
		require.NotContains(t, f.Detail, "\x00", f.Kind)
	}
}

// A row of a type that is no pharmacy's stops no quality check of the pharmacy's own.
func TestARowOfNoPharmacyStopsNoQualityCheck(t *testing.T) {
	t.Parallel()
	_, err := decodeEstate([]byte(`{"success":{"serviceCount":2,"services":[{"id":"1","odsCode":"FA123","status":{"id":1},"type":{"id":13}},
		{"id":"2","odsCode":"FA123","status":{"id":1},"type":{"id":100},"phone":"0113"}]}}`))
	require.NoError(t, err)
}

// A service that DoS lists twice is one service: its name is a key of what is stored.
func TestAServiceListedTwiceIsOne(t *testing.T) {
	t.Parallel()
	row := `{"id":"1","odsCode":"FA123","status":{"id":1},"type":{"id":13},
		"openingTimes":{"bankHoliday":[{"start":"10:00","end":"12:00"}],"days":[]}}`
	content := []byte(`{"success":{"serviceCount":2,"services":[` + row + "," + row + `]}}`)
	services, err := decodeEstate(content)
	require.NoError(t, err)
	found := estate.Check(quality.Facts{Desired: push.DesiredState{Profile: profile.Profile{Code: "FA123"}}}, services)
	keys := map[quality.Finding]bool{}
	for _, f := range found {
		f.Detail = ""
		require.False(t, keys[f], "%v twice", f)
		keys[f] = true
	}
}

// Drift compares such a service once, too, and names nothing.
func TestAServiceListedTwiceIsComparedOnce(t *testing.T) {
	t.Parallel()
	services, bad, err := decodeServices("FA123", []byte(wireServices(wirePharmacy, wirePharmacy)))
	require.NoError(t, err)
	require.Empty(t, bad.parts)
	require.Len(t, services, 1)
}

// A row of another type that does not say which service it is may be no pharmacy's.
func TestAnotherTypeIsNotNamed(t *testing.T) {
	t.Parallel()
	services, bad, err := decodeServices("FA123", []byte(wireServices(wirePharmacy,
		`{"id":7,"type":{"id":100},"name":3}`, `{"type":{"id":132}}`)))
	require.NoError(t, err)
	require.Len(t, services, 1)
	require.Equal(t, []string{"service 3 of 3"}, bad.nameless)
	require.Len(t, bad.parts, 1)
}

// A field of the pharmacy's own that makes no sense leaves only the checks unmade that
// look at it; a row that may be any service, those that look for what is missing.
func TestOneBadFieldLeavesItsOwnChecksUnmade(t *testing.T) {
	t.Parallel()
	const head = `"odsCode":"FZZ99","status":{"id":1},"openingTimes":{"bankHoliday":[{"start":"10:00","end":"12:00"}]}`
	all := slices.DeleteFunc(quality.Kinds(), func(k quality.Kind) bool { return k == quality.InvalidHours || k == quality.OverlappingHours })
	facts := stated("FZZ99")
	facts.Desired.Profile.Values.Set(profile.FieldServices, ids.BloodPressure)
	for name, test := range map[string]struct {
		rows      []string
		unchecked []quality.Kind
		found     []quality.Kind
	}{
		"nothing": {[]string{`{"id":"1","type":{"id":13},` + head + `}`}, nil, []quality.Kind{quality.GenericBankHoliday, quality.NoDoSPlace}},
		"phone": {
			[]string{`{"id":"1","type":{"id":13},"phone":"0113",` + head + `}`},
			[]quality.Kind{quality.Contradiction, quality.PostcodeUnknown},
			[]quality.Kind{quality.GenericBankHoliday, quality.NoDoSPlace},
		},
		"several": {
			[]string{`{"id":"1","type":{"id":13},"name":7,"openAllHours":"yes","zCodes":{},"web":1,"postcode":2,` + head + `}`},
			[]quality.Kind{quality.Contradiction, quality.OpenAllHours, quality.PostcodeUnknown, quality.WrongZCode},
			[]quality.Kind{quality.GenericBankHoliday, quality.NoDoSPlace},
		},
		"no id": {
			[]string{`{"id":"1","type":{"id":13},` + head + `}`, `{"id":2,"type":{"id":148},` + head + `}`},
			all,
			[]quality.Kind{quality.GenericBankHoliday},
		},
		"another type": {
			[]string{`{"id":"1","type":{"id":13},` + head + `}`, `{"id":2,"type":{"id":100},"phone":"0113",` + head + `}`},
			nil,
			[]quality.Kind{quality.GenericBankHoliday, quality.NoDoSPlace},
		},
	} {
		sink := pharmacySink(t, handlerWith(http.StatusOK, wireServices(test.rows...)))
		checked, err := sink.CheckQuality(t.Context(), []quality.Facts{facts})
		require.NoError(t, err, name)
		var kinds []quality.Kind
		for _, f := range checked[0].Findings {
			kinds = append(kinds, f.Kind)
		}
		require.Equal(t, test.found, kinds, name)
		require.ElementsMatch(t, test.unchecked, checked[0].Unchecked, name)
		require.Equal(t, len(test.unchecked) == len(all), checked[0].Unreadable != "", name)
	}
}
