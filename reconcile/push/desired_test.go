package push_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
	"github.com/profilesync/profilesync/reconcile/push"
)

// stated returns values that state the given fields.
func stated(values map[profile.Field]string) (v profile.Values) {
	for f, value := range values {
		v.Set(f, value)
	}
	return v
}

// everything is a route that carries and shows every field.
var everything = push.Route{Name: "all", Fields: profile.Fields(), Readable: profile.Fields()}

func routeOf(fields ...profile.Field) push.Route {
	return push.Route{Name: "some", Fields: fields, Readable: fields}
}

// registered returns a profile as the store reads it if only a register has
// written it: every field is stated, those of editors empty.
func registered() profile.Profile {
	p := profile.Profile{Code: "FA123"}
	for _, f := range profile.Fields() {
		p.Values.Set(f, "")
	}
	p.Values.Set(profile.FieldName, "High Street Pharmacy")
	p.Values.Set(profile.FieldAddress, "1 High Street\nLeeds")
	p.Values.Set(profile.FieldPostcode, "LS1 1AA")
	p.Values.Set(profile.FieldType, string(profile.Pharmacy))
	p.Values.Set(profile.FieldStatus, string(profile.StatusOpen))
	p.Values.Set(profile.FieldPhone, "0113 200 0000")
	p.Values.Set(profile.FieldHidden, "false")
	return p
}

func statedFields(v profile.Values) (fields []profile.Field) {
	for _, f := range profile.Fields() {
		if v.States(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// A field that no editor ever touched is not sent: nobody was asked for it.
func TestOwnLeavesOutWhatNobodyStated(t *testing.T) {
	t.Parallel()
	own := push.DesiredState{Profile: registered(), Today: today}.Stated(everything)
	for _, f := range profile.Fields() {
		seeded := f == profile.FieldPhone || f == profile.FieldHidden
		stated := f.Owner() == profile.OwnedByODS || f.Owner() == profile.OwnedByERS || seeded
		require.Equal(t, stated, own.States(f), f.String())
	}
	require.Equal(t, "0113 200 0000", own.Get(profile.FieldPhone))
	require.Empty(t, own.Get(profile.FieldParent))
}

// A field that a person emptied is stated: the sink should forget its value.
func TestOwnStatesWhatPeopleEmptied(t *testing.T) {
	t.Parallel()
	for _, f := range []profile.Field{
		profile.FieldEmail, profile.FieldWebsite, profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes,
		profile.FieldServices, profile.FieldFacilities,
	} {
		wish := push.DesiredState{Profile: registered(), Edited: map[profile.Field]time.Time{f: {}}, Today: today}
		own := wish.Stated(everything)
		require.True(t, own.States(f), f.String())
		require.Empty(t, own.Get(f))
	}
}

// Half a profile never wipes the other half: a field that the register did not
// state is not sent as empty.
func TestOwnLeavesOutWhatTheProfileDoesNotHold(t *testing.T) {
	t.Parallel()
	wish := push.DesiredState{Profile: profile.Profile{Values: stated(map[profile.Field]string{profile.FieldName: "A"})}}
	require.Equal(t, []profile.Field{profile.FieldName, profile.FieldHidden}, statedFields(wish.Stated(everything)))
}

func TestOwnIsOfItsRoute(t *testing.T) {
	t.Parallel()
	own := push.DesiredState{Profile: registered(), Today: today}.Stated(routeOf(profile.FieldName, profile.FieldPhone, profile.FieldEmail))
	require.Equal(t, []profile.Field{profile.FieldName, profile.FieldPhone}, statedFields(own))
}

func TestOwnLeavesOutWhatIsHeld(t *testing.T) {
	t.Parallel()
	free := push.DesiredState{Profile: registered(), Today: today}.Stated(everything)
	rapid.Check(t, func(t *rapid.T) {
		held := rapid.SliceOf(profiletest.AnyField()).Draw(t, "held")
		own := push.DesiredState{Profile: registered(), Held: held, Today: today}.Stated(everything)
		for _, f := range profile.Fields() {
			require.Equal(t, free.States(f) && !slices.Contains(held, f), own.States(f), f.String())
		}
	})
}

func TestOwnIsInPublicForm(t *testing.T) {
	t.Parallel()
	const services = "- Travel clinic\nSRV0559 Palliative care\nSRV0560 Blood pressure check"
	for _, c := range []struct {
		name        string
		f           profile.Field
		value, want string
		knows       []string
	}{
		{name: "open", f: profile.FieldStatus, value: "open", want: "open"},
		{name: "dormant", f: profile.FieldStatus, value: "dormant", want: "open"},
		{name: "closed", f: profile.FieldStatus, value: "closed", want: "closed"},
		{name: "hidden", f: profile.FieldHidden, value: "true", want: "true"},
		{name: "visible", f: profile.FieldHidden, value: "false", want: "false"},
		{name: "visible, not stated", f: profile.FieldHidden, value: "", want: "false"},
		{
			name: "weekly", f: profile.FieldOpeningTimes,
			value: "fri 22:00-02:00\nbank-holiday 10:00-12:00", want: "fri 22:00-23:59\nsat 00:00-02:00",
		},
		{name: "dated", f: profile.FieldDatedOpeningTimes, value: "2026-03-30 closed\n2026-03-31 closed", want: "2026-03-31 closed"},
		{name: "only past dates", f: profile.FieldDatedOpeningTimes, value: "2026-03-30 closed", want: ""},
		{name: "all services", f: profile.FieldServices, value: services, want: services},
		{
			name: "known services", f: profile.FieldServices, value: services,
			knows: []string{"SRV0560", "SRV2000"}, want: "SRV0560 Blood pressure check",
		},
		{name: "services of a sink that knows none", f: profile.FieldServices, value: services, knows: []string{}, want: ""},
		{name: "any other", f: profile.FieldEmail, value: "a@example.nhs.uk", want: "a@example.nhs.uk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := registered()
			p.Values.Set(c.f, c.value)
			route := everything
			route.Services = c.knows
			own := push.DesiredState{Profile: p, Today: today}.Stated(route)
			require.True(t, own.States(c.f))
			require.Equal(t, c.want, own.Get(c.f))
		})
	}
}

// Sinks show one status, in which closed wins: a closed profile is not also
// hidden, unless its status is held and therefore not sent.
func TestClosedWinsOverHidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status profile.Status
		hidden string
		held   []profile.Field
		want   string
	}{
		{profile.StatusOpen, "true", nil, "true"},
		{profile.StatusDormant, "true", nil, "true"},
		{profile.StatusClosed, "true", nil, "false"},
		{profile.StatusClosed, "false", nil, "false"},
		{profile.StatusClosed, "true", []profile.Field{profile.FieldStatus}, "true"},
		{profile.StatusClosed, "true", []profile.Field{profile.FieldName}, "false"},
	} {
		p := registered()
		p.Values.Set(profile.FieldStatus, string(c.status))
		p.Values.Set(profile.FieldHidden, c.hidden)
		own := push.DesiredState{Profile: p, Held: c.held, Today: today}.Stated(everything)
		require.Equal(t, c.want, own.Get(profile.FieldHidden), "%+v", c)
		require.True(t, own.States(profile.FieldHidden))
	}
}

// Every pushed value that a sink lost is found as a difference, and nothing else.
func TestWhatVanishedDiffers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := registered()
		p.Values.Set(profile.FieldOpeningTimes, "mon 09:00-17:00")
		p.Values.Set(profile.FieldServices, "SRV1 A")
		p.Values.Set(profile.FieldFacilities, "Toilet: No")
		own := push.DesiredState{Profile: p, Today: today}.Stated(everything)
		shown := push.Shown{Entries: entry(own)}
		var want, found []profile.Field
		for _, f := range profile.Fields() {
			if rapid.Bool().Draw(t, f.String()) {
				shown.Entries[0].Values.Forget(f)
				if own.Get(f) != "" {
					want = append(want, f)
				}
			}
		}
		for _, d := range push.Differences(everything, own, shown, today) {
			require.Empty(t, d.Shown)
			found = append(found, d.Field)
		}
		require.Equal(t, want, found)
	})
}

// Weekly and dated hours are sent together: a weekly night can run into a date.
func TestOwnCombinesBothKindsOfHours(t *testing.T) {
	t.Parallel()
	p := registered()
	p.Values.Set(profile.FieldOpeningTimes, "thu 22:00-02:00")
	p.Values.Set(profile.FieldDatedOpeningTimes, "2026-12-25 10:00-12:00") // a Friday
	own := push.DesiredState{Profile: p, Today: today}.Stated(everything)
	require.Equal(t, "2026-12-25 00:00-02:00\n2026-12-25 10:00-12:00", own.Get(profile.FieldDatedOpeningTimes))
}

// A field that a push does not state stays as the sink shows it; if the sink does
// not show it either, it stays unstated.
func TestLeavesAndKeep(t *testing.T) {
	t.Parallel()
	route := routeOf(profile.FieldName, profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite)
	own := stated(map[profile.Field]string{profile.FieldName: "A", profile.FieldPhone: ""})
	left := route.NotStated(own)
	require.Equal(t, []profile.Field{profile.FieldEmail, profile.FieldWebsite}, left)
	own.Keep(left, stated(map[profile.Field]string{
		profile.FieldName: "B", profile.FieldPhone: "1", profile.FieldEmail: "a@b", profile.FieldFacilities: "Toilet: No",
	}))
	require.Equal(t, stated(map[profile.Field]string{
		profile.FieldName: "A", profile.FieldPhone: "", profile.FieldEmail: "a@b",
	}), own)
	require.Equal(t, []profile.Field{profile.FieldWebsite}, route.NotStated(own))
	require.Empty(t, push.Route{}.NotStated(own))
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	type values = map[profile.Field]string
	type fields = []profile.Field
	name, phone, services := profile.FieldName, profile.FieldPhone, profile.FieldServices
	weekly, dated := profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes
	for _, c := range []struct {
		name       string
		own, shown values
		blind      []string
		knows      []string
		want       fields
	}{
		{name: "nothing said, nothing shown"},
		{name: "equal", own: values{name: "A", phone: "1"}, shown: values{name: "A", phone: "1"}},
		{name: "one field", own: values{name: "A", phone: "1"}, shown: values{name: "A", phone: "2"}, want: fields{phone}},
		{
			name: "two, in the route's order", own: values{phone: "1", name: "A"}, shown: values{name: "B", phone: "2"},
			want: fields{name, phone},
		},
		{name: "emptied", own: values{phone: ""}, shown: values{phone: "1"}, want: fields{phone}},
		{name: "lost", own: values{phone: "1"}, shown: values{phone: ""}, want: fields{phone}},
		{name: "not said", own: values{name: "A"}, shown: values{name: "A", phone: "1"}},
		{name: "vanished there", own: values{name: "A", phone: "1"}, shown: values{name: "A"}, want: fields{phone}},
		{name: "nothing to vanish", own: values{name: "A", phone: ""}, shown: values{name: "A"}},
		{
			name: "lists that became null",
			own:  values{weekly: "mon 09:00-17:00", dated: "2026-04-01 closed", services: "SRV1 A", profile.FieldFacilities: "Toilet: No"},
			want: fields{weekly, dated, profile.FieldFacilities, services},
		},
		{name: "a vanished date that has passed", own: values{dated: "2026-03-30 closed"}},
		{name: "a vanished service never shown", own: values{services: "SRV2 B"}, blind: []string{"SRV2"}},
		{name: "hidden is not stated there", own: values{profile.FieldHidden: "false"}, want: fields{profile.FieldHidden}},
		{name: "noise in a name", own: values{name: "London GP Surgery"}, shown: values{name: "LONDON  GP SURGERY"}},
		{name: "noise in a phone", own: values{phone: "0113 200 0000"}, shown: values{phone: "+441132000000"}},
		{
			name: "an address that repeats the name", own: values{name: "Boots", profile.FieldAddress: "1 High Street\nLeeds"},
			shown: values{name: "Boots", profile.FieldAddress: "Boots\n1 High Street\nLeeds"},
		},
		{name: "split hours", own: values{weekly: "mon 09:00-17:00"}, shown: values{weekly: "mon 12:00-17:00\nmon 09:00-12:00"}},
		{name: "other hours", own: values{weekly: "mon 09:00-17:00"}, shown: values{weekly: "mon 09:00-16:00"}, want: fields{weekly}},
		{name: "past dates shown", own: values{dated: "2026-04-01 closed"}, shown: values{dated: "2026-03-30 closed\n2026-04-01 closed"}},
		{name: "past dates said", own: values{dated: "2026-03-30 closed\n2026-04-01 closed"}, shown: values{dated: "2026-04-01 closed"}},
		{name: "only past dates shown", own: values{dated: ""}, shown: values{dated: "2026-03-30 closed"}},
		{name: "today", own: values{dated: "2026-03-31 closed"}, shown: values{dated: ""}, want: fields{dated}},
		{name: "a date too many", own: values{dated: ""}, shown: values{dated: "2026-04-01 closed"}, want: fields{dated}},
		{name: "a service", own: values{services: "SRV1 A\nSRV2 B"}, shown: values{services: "SRV1 A"}, want: fields{services}},
		{name: "a service never shown", own: values{services: "SRV1 A\nSRV2 B"}, shown: values{services: "SRV1 A"}, blind: []string{"SRV2"}},
		{
			name: "another beside it", own: values{services: "SRV1 A\nSRV2 B"}, shown: values{services: ""},
			blind: []string{"SRV2"}, want: fields{services},
		},
		{name: "a service's name", own: values{services: "SRV1 A"}, shown: values{services: "SRV1 NHS A service"}},
		{
			name: "a service that no push brings", own: values{services: "SRV1 A"}, shown: values{services: "SRV1 A\nSRV9 Z"},
			knows: []string{"SRV1"},
		},
		{
			name: "a service to be withdrawn", own: values{services: ""}, shown: values{services: "SRV1 A\nSRV9 Z"},
			knows: []string{"SRV1"}, want: fields{services},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			route := everything
			route.Services = c.knows
			shown := push.Shown{Entries: []push.Entry{{Values: stated(c.shown), NeverShown: c.blind}}}
			var found fields
			for _, d := range push.Differences(route, stated(c.own), shown, today) {
				found = append(found, d.Field)
			}
			require.Equal(t, c.want, found)
		})
	}
}

func TestDifferencesSayWantAndShown(t *testing.T) {
	t.Parallel()
	route := routeOf(profile.FieldName, profile.FieldEmail, profile.FieldServices)
	route.Fields = append(route.Fields, profile.FieldPhone) // sent, but never read back
	own := stated(map[profile.Field]string{
		profile.FieldName: "A", profile.FieldEmail: "", profile.FieldPhone: "1", profile.FieldServices: "SRV1 A\nSRV2 B",
	})
	shown := push.Shown{Entries: []push.Entry{{Values: stated(map[profile.Field]string{
		profile.FieldName: "B", profile.FieldEmail: "a@b", profile.FieldPhone: "2", profile.FieldServices: "",
	}), NeverShown: []string{"SRV2"}}}}
	require.Equal(t, []push.Difference{
		{Field: profile.FieldName, Want: "A", Shown: "B"},
		{Field: profile.FieldEmail, Want: "", Shown: "a@b"},
		{Field: profile.FieldServices, Want: "SRV1 A", Shown: ""},
	}, push.Differences(route, own, shown, today))
	require.Equal(t, []push.Difference{
		{Field: profile.FieldName, Want: "A"},
		{Field: profile.FieldServices, Want: "SRV1 A\nSRV2 B"},
	}, push.Differences(route, own, push.Shown{Entries: []push.Entry{{}}}, today), "an entry without values: every field with a value")
	require.Empty(t, push.Differences(route, own, push.Shown{}, today), "not found: there is nothing to compare")
}

// A sink that shows what was pushed has no differences, on the day and after.
func TestWhatWasPushedDoesNotDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := registered()
		weekly, dated := profiletest.Hours(t, today)
		p.Values.Set(profile.FieldOpeningTimes, weekly)
		p.Values.Set(profile.FieldDatedOpeningTimes, dated)
		for range rapid.IntRange(0, 4).Draw(t, "edits") {
			p.Values.Set(profiletest.AnyField().Draw(t, "field"), profiletest.Noisy().Draw(t, "value"))
		}
		pushed := push.DesiredState{Profile: p, Today: today}.Stated(everything)
		later := today.AddDays(rapid.IntRange(0, 5).Draw(t, "days later"))
		now := push.DesiredState{Profile: p, Today: later}.Stated(everything)
		require.Empty(t, push.Differences(everything, now, push.Shown{Entries: entry(pushed)}, later))
		require.Empty(t, push.Differences(everything, pushed, push.Shown{Entries: entry(now)}, later))
	})
}

// entry returns the only entry of a sink.
func entry(values profile.Values) []push.Entry { return []push.Entry{{Values: values}} }

// today is the day of most tests.
var today = profile.NewDate(2026, time.March, 31)

// A closure that a person has confirmed is told as one of the register, unless the status
// is held: then the profile is told as hidden.
func TestAConfirmedClosureIsToldAsClosed(t *testing.T) {
	t.Parallel()
	hidden := registered()
	hidden.Values.Set(profile.FieldHidden, "true")
	route := routeOf(profile.FieldStatus, profile.FieldHidden)
	for name, c := range map[string]struct {
		state push.DesiredState
		want  map[profile.Field]string
	}{
		"confirmed": {
			push.DesiredState{Profile: hidden, ClosedInReality: true},
			map[profile.Field]string{profile.FieldStatus: "closed", profile.FieldHidden: "false"},
		},
		"confirmed, and an editor shows it": {
			push.DesiredState{Profile: registered(), ClosedInReality: true},
			map[profile.Field]string{profile.FieldStatus: "closed", profile.FieldHidden: "false"},
		},
		"its status is held": {
			push.DesiredState{Profile: hidden, ClosedInReality: true, Held: []profile.Field{profile.FieldStatus}},
			map[profile.Field]string{profile.FieldHidden: "true"},
		},
	} {
		require.Equal(t, stated(c.want), c.state.Stated(route), name)
		require.True(t, c.state.IsGone(), name)
	}
	require.False(t, push.DesiredState{Profile: registered()}.IsGone())
}
