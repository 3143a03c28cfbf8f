package push_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

var (
	goodFriday   = profile.NewDate(2026, 4, 3)
	easterMonday = profile.NewDate(2026, 4, 6)
)

// onHolidays is a push of a profile with hours for bank holidays.
func onHolidays(weekly string, dated string) push.Push {
	p := pushOf(map[profile.Field]string{profile.FieldOpeningTimes: weekly, profile.FieldDatedOpeningTimes: dated})
	p.Desired.Holidays = []profile.Date{goodFriday, easterMonday}
	return p
}

var hoursRoute = routeOf(profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes)

// Whoever states dates too, states the bank holidays among them; dates win.
func TestBankHolidaysAreStatedAsDates(t *testing.T) {
	t.Parallel()
	p := onHolidays("mon 09:00-17:00\nbank-holiday 10:00-12:00", "2026-04-03 closed\n2026-04-04 10:00-11:00")
	own := p.Desired.Stated(hoursRoute)
	require.Equal(t, "mon 09:00-17:00", own.Get(profile.FieldOpeningTimes))
	require.Equal(t, "2026-04-03 closed\n2026-04-04 10:00-11:00\n2026-04-06 10:00-12:00", own.Get(profile.FieldDatedOpeningTimes))
	drifted, _ := p.Drift(hoursRoute, push.Shown{Entries: entry(own)})
	require.False(t, drifted.Found())
	own.Set(profile.FieldDatedOpeningTimes, "2026-04-03 closed\n2026-04-04 10:00-11:00")
	drifted, _ = p.Drift(hoursRoute, push.Shown{Entries: entry(own)})
	require.Len(t, drifted.Differences, 1)
}

// If nobody stated a date, the dates of each entry stay, but for the bank holidays.
func TestBankHolidaysAmongDatesThatNobodyStated(t *testing.T) {
	t.Parallel()
	p := onHolidays("bank-holiday 10:00-12:00", "")
	own := p.Desired.Stated(hoursRoute)
	require.False(t, own.States(profile.FieldDatedOpeningTimes))
	require.True(t, p.NeedsReading(hoursRoute, own))
	shownWith := func(dated ...string) *push.Shown {
		shown := &push.Shown{}
		for i, text := range dated {
			v := stated(map[profile.Field]string{profile.FieldDatedOpeningTimes: text})
			shown.Entries = append(shown.Entries, push.Entry{Name: fmt.Sprintf("service %d", i+1), Values: v})
		}
		return shown
	}
	for shown, want := range map[string]string{
		"":                                     "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00",
		"2026-04-04 closed\n2026-04-06 closed": "2026-04-03 10:00-12:00\n2026-04-04 closed\n2026-04-06 10:00-12:00",
		"2026-04-03 08:00-09:00\n2026-03-01 closed": "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00",
	} {
		for _, route := range []push.Route{hoursRoute, omitting(hoursRoute)} {
			drifted, _ := p.Drift(route, *shownWith(want, shown))
			require.Len(t, drifted.Differences, 1, shown)
			require.Equal(t, "service 2", drifted.Differences[0].Entry)
			c := p.Compose(route, own, shownWith(shown, want))
			require.Equal(t, want, c.Values.Get(profile.FieldDatedOpeningTimes))
			require.Empty(t, c.Overwrites, "only bank holidays differ, and they are stated")
			require.True(t, c.Urgent)
			require.False(t, c.AllShown)
			drifted, _ = p.Drift(route, *shownWith(want, want))
			require.False(t, drifted.Found(), "a push ends the drift")
			c = p.Compose(route, own, shownWith(want))
			require.True(t, c.AllShown && !c.Urgent)
		}
	}
	differing := shownWith("2026-04-04 closed\n2026-04-03 closed", "2026-04-05 closed\n2026-04-06 closed")
	c := p.Compose(hoursRoute, own, differing)
	require.Equal(t, []push.Overwrite{{
		Entry: "service 2", Field: profile.FieldDatedOpeningTimes, Before: "2026-04-05 closed\n2026-04-06 closed",
		After: "2026-04-03 10:00-12:00\n2026-04-04 closed\n2026-04-06 10:00-12:00",
	}}, c.Overwrites)
	drifted, _ := p.Drift(hoursRoute, *differing)
	require.Equal(t, "2026-04-03 10:00-12:00\n2026-04-05 closed\n2026-04-06 10:00-12:00", drifted.Differences[1].Want, "its own dates")
}

// Dates that are not visible are left alone where the route can leave them out, and are
// not visible to a check either.
func TestBankHolidaysAmongDatesThatAreNotVisible(t *testing.T) {
	t.Parallel()
	const dated = profile.FieldDatedOpeningTimes
	p := onHolidays("bank-holiday 10:00-12:00", "")
	own := p.Desired.Stated(hoursRoute)
	hidden := push.Shown{Entries: []push.Entry{{NotVisible: []profile.Field{dated}}}}
	for _, shown := range []*push.Shown{nil, &hidden} {
		c := p.Compose(omitting(hoursRoute), own, shown)
		require.False(t, c.Values.States(dated))
		c = p.Compose(hoursRoute, own, shown)
		require.Equal(t, []push.Overwrite{
			{Field: dated, Before: push.NotVisible, After: "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00"},
		}, c.Overwrites)
	}
	drifted, _ := p.Drift(hoursRoute, hidden)
	require.Equal(t, []profile.Field{dated}, drifted.NotVisible)
	c := p.Compose(omitting(hoursRoute), own, &push.Shown{})
	require.Equal(t, "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00", c.Values.Get(dated), "a new record")

	for name, alter := range map[string]func(*push.DesiredState, *push.Route){
		"dates are held": func(w *push.DesiredState, _ *push.Route) { w.Held = []profile.Field{dated} },
		"hours are held": func(w *push.DesiredState, _ *push.Route) { w.Held = []profile.Field{profile.FieldOpeningTimes} },
		"no hours for holidays": func(w *push.DesiredState, _ *push.Route) {
			w.Profile.Values.Set(profile.FieldOpeningTimes, "mon 09:00-17:00")
		},
		"no holidays":            func(w *push.DesiredState, _ *push.Route) { w.Holidays = nil },
		"the route has no dates": func(_ *push.DesiredState, r *push.Route) { *r = omitting(routeOf(profile.FieldOpeningTimes)) },
	} {
		q, route := onHolidays("bank-holiday 10:00-12:00", ""), omitting(hoursRoute)
		alter(&q.Desired, &route)
		own := q.Desired.Stated(route)
		require.False(t, q.NeedsReading(route, own), name)
		c := q.Compose(route, own, &push.Shown{})
		require.False(t, c.Values.States(dated), name)
	}
}

// omitting returns the route with all fields omittable.
func omitting(r push.Route) push.Route {
	r.Omittable = r.Fields
	return r
}

// A push is sent again when the coming bank holidays are others, even if the rest of
// what it states is the same.
func TestOtherBankHolidaysMakeAnotherPush(t *testing.T) {
	t.Parallel()
	for _, dated := range []string{"", "2026-04-04 closed"} {
		p := onHolidays("bank-holiday 10:00-12:00", dated)
		hash := func() profile.Hash { return p.Desired.Hash(hoursRoute, p.Desired.Stated(hoursRoute)) }
		before := hash()
		require.Equal(t, before, hash())
		p.Desired.Holidays = append(p.Desired.Holidays, profile.NewDate(2026, 5, 4))
		require.NotEqual(t, before, hash(), dated)
	}
	p := onHolidays("mon 09:00-17:00", "2026-04-04 closed")
	before := p.Desired.Hash(hoursRoute, p.Desired.Stated(hoursRoute))
	p.Desired.Holidays = nil
	require.Equal(t, before, p.Desired.Hash(hoursRoute, p.Desired.Stated(hoursRoute)), "nobody states hours for bank holidays")
}
