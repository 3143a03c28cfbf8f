package reconcile_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
)

// stated makes values of fields and texts.
func stated(values map[reconcile.Field]string) (v reconcile.Values) {
	for f, value := range values {
		v.Set(f, value)
	}
	return v
}

// everything is a route that takes and shows every field.
var everything = reconcile.Route{Name: "all", Fields: reconcile.Fields(), Shown: reconcile.Fields()}

func routeOf(fields ...reconcile.Field) reconcile.Route {
	return reconcile.Route{Name: "some", Fields: fields, Shown: fields}
}

// registered is a profile as the store reads it when only a register has
// written it: every field has a value, editors' ones are empty.
func registered() reconcile.Profile {
	p := reconcile.Profile{Code: "FA123"}
	for _, f := range reconcile.Fields() {
		p.Values.Set(f, "")
	}
	p.Values.Set(reconcile.FieldName, "High Street Pharmacy")
	p.Values.Set(reconcile.FieldAddress, "1 High Street\nLeeds")
	p.Values.Set(reconcile.FieldPostcode, "LS1 1AA")
	p.Values.Set(reconcile.FieldType, string(reconcile.Pharmacy))
	p.Values.Set(reconcile.FieldStatus, string(reconcile.StatusOpen))
	p.Values.Set(reconcile.FieldPhone, "0113 200 0000")
	p.Values.Set(reconcile.FieldHidden, "false")
	return p
}

func statedFields(v reconcile.Values) (fields []reconcile.Field) {
	for _, f := range reconcile.Fields() {
		if v.States(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// Nobody was ever asked for what an editor never touched: it is not sent.
func TestOwnLeavesOutWhatNobodyStated(t *testing.T) {
	t.Parallel()
	own := reconcile.Wish{Profile: registered(), Today: today}.Own(everything)
	for _, f := range reconcile.Fields() {
		seeded := f == reconcile.FieldPhone || f == reconcile.FieldHidden
		stated := f.Owner() == reconcile.OwnedByODS || f.Owner() == reconcile.OwnedByERS || seeded
		require.Equal(t, stated, own.States(f), f.String())
	}
	require.Equal(t, "0113 200 0000", own.Get(reconcile.FieldPhone))
	require.Empty(t, own.Get(reconcile.FieldParent))
}

// What a person emptied is stated: the sink is to forget it.
func TestOwnStatesWhatPeopleEmptied(t *testing.T) {
	t.Parallel()
	for _, f := range []reconcile.Field{
		reconcile.FieldEmail, reconcile.FieldWebsite, reconcile.FieldOpeningTimes, reconcile.FieldDatedOpeningTimes,
		reconcile.FieldServices, reconcile.FieldFacilities,
	} {
		wish := reconcile.Wish{Profile: registered(), Edited: map[reconcile.Field]time.Time{f: {}}, Today: today}
		own := wish.Own(everything)
		require.True(t, own.States(f), f.String())
		require.Empty(t, own.Get(f))
	}
}

// Half a profile never wipes the other half: what the register did not say is
// not sent as empty.
func TestOwnLeavesOutWhatTheProfileDoesNotHold(t *testing.T) {
	t.Parallel()
	wish := reconcile.Wish{Profile: reconcile.Profile{Values: stated(map[reconcile.Field]string{reconcile.FieldName: "A"})}}
	require.Equal(t, []reconcile.Field{reconcile.FieldName, reconcile.FieldHidden}, statedFields(wish.Own(everything)))
}

func TestOwnIsOfItsRoute(t *testing.T) {
	t.Parallel()
	own := reconcile.Wish{Profile: registered(), Today: today}.Own(routeOf(reconcile.FieldName, reconcile.FieldPhone, reconcile.FieldEmail))
	require.Equal(t, []reconcile.Field{reconcile.FieldName, reconcile.FieldPhone}, statedFields(own))
}

func TestOwnLeavesOutWhatIsHeld(t *testing.T) {
	t.Parallel()
	free := reconcile.Wish{Profile: registered(), Today: today}.Own(everything)
	rapid.Check(t, func(t *rapid.T) {
		held := rapid.SliceOf(profiletest.AnyField()).Draw(t, "held")
		own := reconcile.Wish{Profile: registered(), Held: held, Today: today}.Own(everything)
		for _, f := range reconcile.Fields() {
			require.Equal(t, free.States(f) && !slices.Contains(held, f), own.States(f), f.String())
		}
	})
}

func TestOwnIsInPublicForm(t *testing.T) {
	t.Parallel()
	const services = "- Travel clinic\nSRV0559 Palliative care\nSRV0560 Blood pressure check"
	for _, c := range []struct {
		name        string
		f           reconcile.Field
		value, want string
		knows       []string
	}{
		{name: "open", f: reconcile.FieldStatus, value: "open", want: "open"},
		{name: "dormant", f: reconcile.FieldStatus, value: "dormant", want: "open"},
		{name: "closed", f: reconcile.FieldStatus, value: "closed", want: "closed"},
		{name: "hidden", f: reconcile.FieldHidden, value: "true", want: "true"},
		{name: "visible", f: reconcile.FieldHidden, value: "false", want: "false"},
		{name: "visible, not stated", f: reconcile.FieldHidden, value: "", want: "false"},
		{
			name: "weekly", f: reconcile.FieldOpeningTimes,
			value: "fri 22:00-02:00\nbank-holiday 10:00-12:00", want: "fri 22:00-23:59\nsat 00:00-02:00",
		},
		{name: "dated", f: reconcile.FieldDatedOpeningTimes, value: "2026-03-30 closed\n2026-03-31 closed", want: "2026-03-31 closed"},
		{name: "only past dates", f: reconcile.FieldDatedOpeningTimes, value: "2026-03-30 closed", want: ""},
		{name: "all services", f: reconcile.FieldServices, value: services, want: services},
		{
			name: "known services", f: reconcile.FieldServices, value: services,
			knows: []string{"SRV0560", "SRV2000"}, want: "SRV0560 Blood pressure check",
		},
		{name: "services of a sink that knows none", f: reconcile.FieldServices, value: services, knows: []string{}, want: ""},
		{name: "any other", f: reconcile.FieldEmail, value: "a@example.nhs.uk", want: "a@example.nhs.uk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := registered()
			p.Values.Set(c.f, c.value)
			route := everything
			route.Services = c.knows
			own := reconcile.Wish{Profile: p, Today: today}.Own(route)
			require.True(t, own.States(c.f))
			require.Equal(t, c.want, own.Get(c.f))
		})
	}
}

// Sinks show one status, in which closed wins: a closed profile is not hidden
// too, unless its status is held and so not said.
func TestClosedWinsOverHidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status reconcile.Status
		hidden string
		held   []reconcile.Field
		want   string
	}{
		{reconcile.StatusOpen, "true", nil, "true"},
		{reconcile.StatusDormant, "true", nil, "true"},
		{reconcile.StatusClosed, "true", nil, "false"},
		{reconcile.StatusClosed, "false", nil, "false"},
		{reconcile.StatusClosed, "true", []reconcile.Field{reconcile.FieldStatus}, "true"},
		{reconcile.StatusClosed, "true", []reconcile.Field{reconcile.FieldName}, "false"},
	} {
		p := registered()
		p.Values.Set(reconcile.FieldStatus, string(c.status))
		p.Values.Set(reconcile.FieldHidden, c.hidden)
		own := reconcile.Wish{Profile: p, Held: c.held, Today: today}.Own(everything)
		require.Equal(t, c.want, own.Get(reconcile.FieldHidden), "%+v", c)
		require.True(t, own.States(reconcile.FieldHidden))
	}
}

// Whatever a sink forgets of what was pushed is found, and nothing else is.
func TestWhatVanishedDiffers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := registered()
		p.Values.Set(reconcile.FieldOpeningTimes, "mon 09:00-17:00")
		p.Values.Set(reconcile.FieldServices, "SRV1 A")
		p.Values.Set(reconcile.FieldFacilities, "Toilet: No")
		own := reconcile.Wish{Profile: p, Today: today}.Own(everything)
		shown := reconcile.Shown{Found: true, Values: own}
		var want, found []reconcile.Field
		for _, f := range reconcile.Fields() {
			if rapid.Bool().Draw(t, f.String()) {
				shown.Values.Forget(f)
				if own.Get(f) != "" {
					want = append(want, f)
				}
			}
		}
		for _, d := range reconcile.Differences(everything, own, shown, today) {
			require.Empty(t, d.Shown)
			found = append(found, d.Field)
		}
		require.Equal(t, want, found)
	})
}

// Dates are shown beside the week: a night of the week runs into a date.
func TestOwnSeesBothKindsOfHours(t *testing.T) {
	t.Parallel()
	p := registered()
	p.Values.Set(reconcile.FieldOpeningTimes, "thu 22:00-02:00")
	p.Values.Set(reconcile.FieldDatedOpeningTimes, "2026-12-25 10:00-12:00") // a Friday
	own := reconcile.Wish{Profile: p, Today: today}.Own(everything)
	require.Equal(t, "2026-12-25 00:00-02:00\n2026-12-25 10:00-12:00", own.Get(reconcile.FieldDatedOpeningTimes))
}

// What a push leaves stays as the sink shows it; what the sink does not show
// either stays unstated.
func TestLeavesAndKeep(t *testing.T) {
	t.Parallel()
	route := routeOf(reconcile.FieldName, reconcile.FieldPhone, reconcile.FieldEmail, reconcile.FieldWebsite)
	own := stated(map[reconcile.Field]string{reconcile.FieldName: "A", reconcile.FieldPhone: ""})
	left := route.NotStated(own)
	require.Equal(t, []reconcile.Field{reconcile.FieldEmail, reconcile.FieldWebsite}, left)
	own.Keep(left, stated(map[reconcile.Field]string{
		reconcile.FieldName: "B", reconcile.FieldPhone: "1", reconcile.FieldEmail: "a@b", reconcile.FieldFacilities: "Toilet: No",
	}))
	require.Equal(t, stated(map[reconcile.Field]string{
		reconcile.FieldName: "A", reconcile.FieldPhone: "", reconcile.FieldEmail: "a@b",
	}), own)
	require.Equal(t, []reconcile.Field{reconcile.FieldWebsite}, route.NotStated(own))
	require.Empty(t, reconcile.Route{}.NotStated(own))
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	type values = map[reconcile.Field]string
	type fields = []reconcile.Field
	name, phone, services := reconcile.FieldName, reconcile.FieldPhone, reconcile.FieldServices
	weekly, dated := reconcile.FieldOpeningTimes, reconcile.FieldDatedOpeningTimes
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
			own:  values{weekly: "mon 09:00-17:00", dated: "2026-04-01 closed", services: "SRV1 A", reconcile.FieldFacilities: "Toilet: No"},
			want: fields{weekly, dated, reconcile.FieldFacilities, services},
		},
		{name: "a vanished date that has passed", own: values{dated: "2026-03-30 closed"}},
		{name: "a vanished service never shown", own: values{services: "SRV2 B"}, blind: []string{"SRV2"}},
		{name: "no word on whether it is hidden", own: values{reconcile.FieldHidden: "false"}, want: fields{reconcile.FieldHidden}},
		{name: "noise in a name", own: values{name: "London GP Surgery"}, shown: values{name: "LONDON  GP SURGERY"}},
		{name: "noise in a phone", own: values{phone: "0113 200 0000"}, shown: values{phone: "+441132000000"}},
		{
			name: "an address that repeats the name", own: values{name: "Boots", reconcile.FieldAddress: "1 High Street\nLeeds"},
			shown: values{name: "Boots", reconcile.FieldAddress: "Boots\n1 High Street\nLeeds"},
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
			shown := reconcile.Shown{Found: true, Values: stated(c.shown), Blind: c.blind}
			var found fields
			for _, d := range reconcile.Differences(route, stated(c.own), shown, today) {
				found = append(found, d.Field)
			}
			require.Equal(t, c.want, found)
		})
	}
}

func TestDifferencesSayWantAndShown(t *testing.T) {
	t.Parallel()
	route := routeOf(reconcile.FieldName, reconcile.FieldEmail, reconcile.FieldServices)
	route.Fields = append(route.Fields, reconcile.FieldPhone) // sent, but never read back
	own := stated(map[reconcile.Field]string{
		reconcile.FieldName: "A", reconcile.FieldEmail: "", reconcile.FieldPhone: "1", reconcile.FieldServices: "SRV1 A\nSRV2 B",
	})
	shown := reconcile.Shown{Found: true, Blind: []string{"SRV2"}, Values: stated(map[reconcile.Field]string{
		reconcile.FieldName: "B", reconcile.FieldEmail: "a@b", reconcile.FieldPhone: "2", reconcile.FieldServices: "",
	})}
	require.Equal(t, []reconcile.Difference{
		{Field: reconcile.FieldName, Want: "A", Shown: "B"},
		{Field: reconcile.FieldEmail, Want: "", Shown: "a@b"},
		{Field: reconcile.FieldServices, Want: "SRV1 A", Shown: ""},
	}, reconcile.Differences(route, own, shown, today))
	require.Equal(t, []reconcile.Difference{
		{Field: reconcile.FieldName, Want: "A"},
		{Field: reconcile.FieldServices, Want: "SRV1 A\nSRV2 B"},
	}, reconcile.Differences(route, own, reconcile.Shown{}, today), "not found: all that says something")
}

// A sink that shows what was pushed differs in nothing, on the day and after.
func TestWhatWasPushedDoesNotDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := registered()
		weekly, dated := profiletest.Hours(t, today)
		p.Values.Set(reconcile.FieldOpeningTimes, weekly)
		p.Values.Set(reconcile.FieldDatedOpeningTimes, dated)
		for range rapid.IntRange(0, 4).Draw(t, "edits") {
			p.Values.Set(profiletest.AnyField().Draw(t, "field"), profiletest.Noisy().Draw(t, "value"))
		}
		pushed := reconcile.Wish{Profile: p, Today: today}.Own(everything)
		later := today.AddDays(rapid.IntRange(0, 5).Draw(t, "days later"))
		now := reconcile.Wish{Profile: p, Today: later}.Own(everything)
		require.Empty(t, reconcile.Differences(everything, now, reconcile.Shown{Found: true, Values: pushed}, later))
		require.Empty(t, reconcile.Differences(everything, pushed, reconcile.Shown{Found: true, Values: now}, later))
	})
}
