package dos

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// An event that was sent and applied is shown: a second comparison finds no
// difference, and sending back what is shown changes nothing.
func TestSentEventsAreShown(t *testing.T) {
	t.Parallel()
	server, address := dostest.Start(t, dostest.Options{
		APIKey: "hush-key", User: "reader", Password: "hush-password",
		Now: func() time.Time { return time.Date(2027, 9, 8, 12, 0, 0, 0, time.UTC) },
	})
	for _, s := range []dostest.Service{
		{ODSCode: "FZZ99", Specified: "2027-12-31 closed"},
		{ODSCode: "FZZ99M06", Type: 132},
		{ODSCode: "FZZ99BPS", Type: 148, Status: 2},
		{ODSCode: "FZZ99CON", Type: 149, Status: 2},
		{ODSCode: "FZZ99", Type: 100},
	} {
		server.AddService(s)
	}
	sink := newSink(t, Options{
		Events: EventOptions{URL: address, Key: secretOf("hush-key")},
		Read:   ReadOptions{URL: address, User: "reader", Password: secretOf("hush-password")},
	})
	route, _ := sink.Route(profile.Pharmacy)
	d, today := example(t), profile.NewDate(2027, 9, 8)
	differences := func() []push.Difference {
		shown, err := sink.Show(t.Context(), d.Code, d.Type)
		require.NoError(t, err)
		require.True(t, shown.Found())
		return push.Differences(route, d.Values, shown, today)
	}
	push := func() {
		_, err := sink.Push(t.Context(), d)
		require.NoError(t, err)
		require.NoError(t, server.Drain(t.Context()))
		d.Sequence++
	}

	found := map[string]int{}
	for _, difference := range differences() {
		found[difference.Entry]++
	}
	require.Equal(t, map[string]int{
		"service 100001 (type 13)": 7, "service 100002 (type 132)": 6, "service 100003 (type 148)": 7, "service 100004 (type 149)": 7,
	}, found, "each service is compared; one of type 132 offers nothing of its own")
	push()
	require.Empty(t, differences())
	shown, err := sink.Show(t.Context(), d.Code, d.Type)
	require.NoError(t, err)
	kept := shown.Entries[0].Values
	kept.Keep([]profile.Field{profile.FieldServices}, d.Values)
	d.Values = kept
	push()
	require.Empty(t, differences(), "values that the push kept stay")

	// From A to B to A, within the five minutes in which a body counts as seen.
	for _, phone := range []string{"01772 000 001", "01772 000 002", "01772 000 001"} {
		d.Values.Set(profile.FieldPhone, phone)
		push()
		require.Empty(t, differences())
	}
}

// What the route calls omittable stays as it is if an event leaves it out, and every
// other field is emptied: that is why a push fills it, or waits.
func TestOmittableFieldsAreLeftAlone(t *testing.T) {
	t.Parallel()
	server, address := dostest.Start(t, dostest.Options{
		APIKey: "hush-key", User: "reader", Password: "hush-password",
		Now: func() time.Time { return time.Date(2027, 9, 8, 12, 0, 0, 0, time.UTC) },
	})
	sink := newSink(t, Options{
		Events: EventOptions{URL: address, Key: secretOf("hush-key")},
		Read:   ReadOptions{URL: address, User: "reader", Password: secretOf("hush-password")},
	})
	route, _ := sink.Route(profile.Pharmacy)
	for i, f := range route.Readable {
		code := fmt.Sprintf("FZ%03d", i)
		server.AddService(dostest.Service{
			ODSCode: code, Address: "9 Other Street", Postcode: "ZZ9 9ZZ", Phone: "0999", Web: "https://other.example",
			Weekly: "sun 10:00-11:00", Specified: "2027-12-31 closed", ZCodes: []string{dostest.PalliativeZCode},
		})
		d := example(t)
		d.Code = profile.ODSCode(code)
		d.Values.Forget(f)
		before, err := sink.Show(t.Context(), d.Code, d.Type)
		require.NoError(t, err)
		_, err = sink.Push(t.Context(), d)
		require.NoError(t, err)
		require.NoError(t, server.Drain(t.Context()))
		after, err := sink.Show(t.Context(), d.Code, d.Type)
		require.NoError(t, err)
		was, is := before.Entries[0].Values, after.Entries[0].Values
		kept := slices.Contains(route.Omittable, f) || f == profile.FieldServices && slices.Contains(route.OmittableServices, "SRV0559") ||
			f == profile.FieldPostcode // DoS finds no location without one, and skips the address
		require.Equal(t, kept, was.Get(f) == is.Get(f), "%s: %q, then %q", f, was.Get(f), is.Get(f))
	}
}
