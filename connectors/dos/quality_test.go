package dos

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// stated are the facts of an open pharmacy.
func stated(code profile.ODSCode) quality.Facts {
	var v profile.Values
	v.Set(profile.FieldStatus, "open")
	return quality.Facts{
		Desired: push.DesiredState{Profile: profile.Profile{Code: code, Values: v}, Today: profile.NewDate(2027, 9, 8)},
		Website: &profile.Values{},
	}
}

// row is a service as byOdsCode shows it.
func row(hours string) string {
	return `{"success":{"serviceCount":1,"services":[{"id":"7","name":"Kirkham","odsCode":"FZZ99","status":{"id":1},"type":{"id":13},
		"address":"A$B","postcode":"PR4 2BE","web":null,"phone":{"public":"01772"},"openAllHours":false,"zCodes":[{"sg":360,"sd":14207}],
		"openingTimes":` + hours + `}]}}`
}

func TestCheckQuality(t *testing.T) {
	t.Parallel()
	zCode := quality.Finding{
		Code: "FZZ99", Kind: quality.WrongZCode, Service: "service 7 (type 13)", About: "360=14207",
		Detail: "360=14207, the code of blood pressure checks, belongs to type 148",
	}
	invalid := func(field, detail string) quality.Finding {
		return quality.Finding{Code: "FZZ99", Kind: quality.InvalidDoSHours, Service: "service 7 (type 13)", About: field, Detail: detail}
	}
	holiday := quality.Finding{
		Code: "FZZ99", Kind: quality.GenericBankHoliday, Service: "service 7 (type 13)",
		Detail: "hours for bank holidays in general: 10:00-16:00",
	}
	for name, test := range map[string]struct {
		hours string
		want  []quality.Finding
	}{
		"nothing odd": {`{"days":[{"day":"Monday","sessions":[{"start":"09:00","end":"17:30:00"}]}],"specified":[]}`, nil},
		"no end": {
			`{"days":[{"day":"Monday","sessions":[{"start":"09:00","end":null}]}]}`,
			[]quality.Finding{invalid("opening-times", `"mon 09:00-"`)},
		},
		"a day without name": {
			`{"days":[{"day":"Funday","sessions":[{"start":"09:00","end":"10:00"}]}]}`,
			[]quality.Finding{invalid("opening-times", `" 09:00-10:00"`)},
		},
		"no date":             {`{"specified":[{"date":"","closed":true}]}`, []quality.Finding{invalid("dated-opening-times", `" closed"`)}},
		"another form":        {`{"days":7}`, []quality.Finding{invalid("opening-times", `"hours of another form"`)}},
		"a bank holiday":      {`{"bankHoliday":[{"start":"10:00","end":"16:00"}]}`, []quality.Finding{holiday}},
		"bank holiday as day": {`{"days":[{"day":"BankHoliday","sessions":[{"start":"10:00","end":"16:00"}]}]}`, []quality.Finding{holiday}},
		"null":                {`null`, nil},
	} {
		sink := pharmacySink(t, handlerWith(http.StatusOK, row(test.hours)))
		checked, err := sink.CheckQuality(t.Context(), []quality.Facts{stated("FZZ99")})
		require.NoError(t, err, name)
		require.Equal(t, []quality.Checked{{Code: "FZZ99", Findings: append(test.want, zCode), Expected: true, Shown: true}}, checked, name)
	}
}

func TestWhatCannotBeReadIsNotChecked(t *testing.T) {
	t.Parallel()
	own := stated("FZZ99")
	own.Desired.Profile.Values.Set(profile.FieldOpeningTimes, "mon 25:00-26:00")
	hours := []quality.Finding{{Code: "FZZ99", Kind: quality.InvalidHours, About: "opening-times", Detail: `"mon 25:00-26:00"`}}
	sink := newSink(t, Options{Events: EventOptions{URL: "http://127.0.0.1:1", Key: secretOf("hush-key")}})
	checked, err := sink.CheckQuality(t.Context(), []quality.Facts{own})
	require.NoError(t, err)
	require.Equal(t, hours, checked[0].Findings, "without a reader, the profile's own")
	require.NotContains(t, checked[0].Unchecked, quality.InvalidHours)
	require.Len(t, checked[0].Unchecked, len(quality.Kinds())-2)

	for name, body := range map[string]string{
		"not JSON": "<html>", "nothing": "{}", "another count": `{"success":{"serviceCount":2,"services":[]}}`,
		"a row without id": `{"success":{"serviceCount":1,"services":[{"odsCode":"FZZ99"}]}}`,
		"a refusal":        `{"error":{"code":404,"message":"hush"}}`,
	} {
		checked, err := pharmacySink(t, handlerWith(http.StatusOK, body)).CheckQuality(t.Context(), []quality.Facts{own})
		require.NoError(t, err, name)
		require.Equal(t, hours, checked[0].Findings, name)
		require.Len(t, checked[0].Unchecked, len(quality.Kinds())-2, name)
		require.NotEmpty(t, checked[0].Unreadable, name)
		require.NotContains(t, checked[0].Unreadable, "hush", name)
		require.False(t, checked[0].Expected, name)
	}
	_, err = pharmacySink(t, handlerWith(http.StatusUnauthorized, "")).CheckQuality(t.Context(), []quality.Facts{own})
	require.ErrorContains(t, err, "unauthorized", "this concerns all")

	own.Website = nil
	checked, err = pharmacySink(t, handlerWith(http.StatusOK, row("{}"))).CheckQuality(t.Context(), []quality.Facts{own, stated("FZZ99X")})
	require.NoError(t, err)
	require.Equal(t, []quality.Kind{quality.Contradiction}, checked[0].Unchecked)
	require.Equal(t, quality.Checked{Code: "FZZ99X"}, checked[1], "no pharmacy of DoS has such a code")
}
