package dos

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// spelt are values as people may spell them, with the forms of
// CONTRACT.md "How DoS compares" and CONTRACT.md "Opening times".
var spelt = map[profile.Field][]string{
	profile.FieldAddress: {
		"3rd Floor\nNHS Centre\nKirkham", "McDonald House\nTester’s Row", "1  High   Street \n Leeds", "St John's & Co\n1a High Street",
		"THE OLD MILL\nMARKET ROW\nKIRKHAM\nLANCASHIRE", "one\ntwo\nthree\nfour\nfive\nsix\nseven", "",
	},
	profile.FieldPostcode: {"PR4 2BE", "pr42be", " Pr4  2bE ", "PR42BE"},
	profile.FieldWebsite: {
		"https://www.Example-Pharmacy.co.uk/Kirkham", "HTTPS://WWW.PHARMA.CO.UK", " https://pharma.co.uk/ ", "https://pharma.co.uk/#",
		"https://pharma.co.uk/?", "https://pharma.co.uk?", "https://pharma.co.uk#", "https://pharma.co.uk/a;",
		"https://pharma.co.uk/a;?b=c",
		"https://pharma.co.uk/a;;", "https://pharma.co.uk/a;/b;", "https://pharma.co.uk/?#", "https://pharma.co.uk/A/?a=B#C",
		"https://pharma.co.uk?a=b", "https://pharma.co.uk#top", "https://pharma.co.uk/a?#b",
		"https://pharma.co.uk/a?b=;", "http://pharma.co.uk//",
		"https://pharma.co.uk/<script>", "Pharma.co.uk/Path", "pharma.co.uk", "",
	},
	profile.FieldPhone: {"01772 000 000", " 01772000000 ", "+44 (0)1772 000000", "+44(0)1772-000000", "call us", "01772 000000 ext. 12", ""},
	profile.FieldOpeningTimes: {
		"mon 09:00-13:00\nmon 14:00-17:30\ntue 00:00-23:59", "mon 09:00-13:00\nmon 13:00-17:00", "mon 09:00-14:00\nmon 13:00-17:00",
		"fri 22:00-02:00", "sun 22:00-02:00\nmon 01:00-03:00", "mon 00:00-00:00\ntue 00:00-00:00", "wed 18:00-00:00", "",
	},
	profile.FieldDatedOpeningTimes: {
		"2027-12-24 10:00-16:00\n2027-12-25 closed", "2027-09-07 closed", "2027-09-07 closed\n2027-09-08 09:00-12:00\n2028-01-01 closed",
		"2027-12-24 22:00-02:00", "2027-12-24 09:00-12:00\n2027-12-24 12:00-13:00", "2027-12-24 closed\n2027-12-24 09:00-12:00", "",
	},
	profile.FieldServices: {"SRV0559 A\nSRV0560 B\nSRV2000 C", "SRV0560 B", "- Travel clinic\nSRV0257 New medicines", ""},
}

// A second push of anything that a profile may say changes nothing in DoS and adds no
// entry to any history, and what DoS then shows is no difference. So do values that
// are withdrawn, stated again and withdrawn.
func TestASecondPushChangesNothing(t *testing.T) {
	t.Parallel()
	server, address := dostest.Start(t, dostest.Options{
		APIKey: "hush-key", User: "reader", Password: "hush-password",
		Now: func() time.Time { return time.Date(2027, 9, 8, 12, 0, 0, 0, time.UTC) },
	})
	for _, s := range []dostest.Service{
		{ODSCode: "FZZ99"},
		{ODSCode: "FZZ99M06", Type: 132},
		{ODSCode: "FZZ99BPS", Type: 148, Status: 2},
		{ODSCode: "FZZ99CON", Type: 149, Status: 3},
	} {
		server.AddService(s)
	}
	sink := newSink(t, Options{
		Events: EventOptions{URL: address, Key: secretOf("hush-key")},
		Read:   ReadOptions{URL: address, User: "reader", Password: secretOf("hush-password")},
	})
	route, _ := sink.Route(profile.Pharmacy)
	d := example(t)
	wanted := push.DesiredState{
		Profile: profile.Profile{Code: d.Code}, Today: profile.NewDate(2027, 9, 8), Edited: map[profile.Field]time.Time{},
	}
	for _, f := range profile.Fields() {
		wanted.Profile.Values.Set(f, d.Values.Get(f))
		wanted.Edited[f] = time.Time{} // by a person, who may have emptied it
	}
	wanted.Profile.Values.Set(profile.FieldStatus, string(profile.StatusOpen))
	before := d.Sequence
	pushed := func() {
		d.Values = wanted.Stated(route)
		d.Sequence++
		_, err := sink.Push(t.Context(), d)
		require.NoError(t, err)
		require.NoError(t, server.Drain(t.Context()))
	}
	twice := func(f profile.Field, value string) {
		wanted.Profile.Values.Set(f, value)
		pushed()
		history, services := server.History("FZZ99"), server.Services("FZZ99")
		shown, err := sink.Show(t.Context(), d.Code, profile.Pharmacy)
		require.NoError(t, err)
		require.Empty(t, push.Differences(route, d.Values, shown, wanted.Today), "%s %q", f, value)
		pushed()
		require.Equal(t, history, server.History("FZZ99"), "%s %q", f, value)
		require.Equal(t, services, server.Services("FZZ99"), "%s %q", f, value)
		require.Len(t, server.Effects("FZZ99"), int(d.Sequence-before)) // none was dropped as a copy
		detail := server.Effects("FZZ99")[d.Sequence-before-1].Detail
		require.True(t, detail == "" || value == "" && detail == "weekly times: blank", "%s %q: %s", f, value, detail)
	}
	for f, values := range spelt {
		for _, value := range values {
			twice(f, value)
		}
		for _, value := range []string{values[0], "", values[0], ""} { // withdrawn, stated again, withdrawn
			if f != profile.FieldPostcode && f != profile.FieldAddress {
				twice(f, value)
			}
		}
		twice(f, values[0])
	}
	require.NotEmpty(t, server.History("FZZ99"))
}
