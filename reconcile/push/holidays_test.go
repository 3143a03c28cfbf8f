package push_test

import (
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
	shown := push.Shown{Found: true, Values: own}
	drifted, _ := p.Drift(hoursRoute, shown)
	require.False(t, drifted.Found())
	shown.Values.Set(profile.FieldDatedOpeningTimes, "2026-04-03 closed\n2026-04-04 10:00-11:00")
	drifted, _ = p.Drift(hoursRoute, shown)
	require.Len(t, drifted.Differences, 1)
}

// If nobody stated a date, the sink's own dates stay, but for the bank holidays. A
// sink that cannot be read is left alone, since its dates would be lost.
func TestBankHolidaysAmongDatesThatNobodyStated(t *testing.T) {
	t.Parallel()
	p := onHolidays("bank-holiday 10:00-12:00", "")
	stated := p.Desired.Stated(hoursRoute)
	require.False(t, stated.States(profile.FieldDatedOpeningTimes))
	for shown, want := range map[string]string{
		"":                                     "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00",
		"2026-04-04 closed\n2026-04-06 closed": "2026-04-03 10:00-12:00\n2026-04-04 closed\n2026-04-06 10:00-12:00",
		"2026-04-03 08:00-09:00\n2026-03-01 closed": "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00",
	} {
		var v profile.Values
		v.Set(profile.FieldDatedOpeningTimes, shown)
		drifted, _ := p.Drift(hoursRoute, push.Shown{Found: true, Values: v})
		require.True(t, drifted.Found(), shown)
		p.Desired.AddHolidays(hoursRoute, &v, false)
		require.Equal(t, want, v.Get(profile.FieldDatedOpeningTimes))
		drifted, _ = p.Drift(hoursRoute, push.Shown{Found: true, Values: v})
		require.Empty(t, drifted.Differences, "a push ends the drift")
	}
	var unread profile.Values
	p.Desired.AddHolidays(hoursRoute, &unread, false)
	require.Equal(t, profile.Values{}, unread, "what the sink shows is not known")
	p.Desired.AddHolidays(hoursRoute, &unread, true)
	require.Equal(t, "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00", unread.Get(profile.FieldDatedOpeningTimes), "a new record")

	for name, alter := range map[string]func(*push.DesiredState, *push.Route){
		"dates are held": func(w *push.DesiredState, _ *push.Route) { w.Held = []profile.Field{profile.FieldDatedOpeningTimes} },
		"hours are held": func(w *push.DesiredState, _ *push.Route) { w.Held = []profile.Field{profile.FieldOpeningTimes} },
		"no hours for holidays": func(w *push.DesiredState, _ *push.Route) {
			w.Profile.Values.Set(profile.FieldOpeningTimes, "mon 09:00-17:00")
		},
		"no holidays":            func(w *push.DesiredState, _ *push.Route) { w.Holidays = nil },
		"the route has no dates": func(_ *push.DesiredState, r *push.Route) { *r = routeOf(profile.FieldOpeningTimes) },
	} {
		q, route := onHolidays("bank-holiday 10:00-12:00", ""), hoursRoute
		alter(&q.Desired, &route)
		var v profile.Values
		v.Set(profile.FieldDatedOpeningTimes, "2026-04-06 closed")
		q.Desired.AddHolidays(route, &v, true)
		require.Equal(t, "2026-04-06 closed", v.Get(profile.FieldDatedOpeningTimes), name)
	}
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
