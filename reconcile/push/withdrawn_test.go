package push_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// A week that a person withdrew cannot be told to a sink that takes no rows as "no change":
// it is not drift for ever.
func TestAWithdrawnWeekIsNoDriftForEver(t *testing.T) {
	t.Parallel()
	p := pushOf(map[profile.Field]string{profile.FieldOpeningTimes: "", profile.FieldPhone: "1"})
	p.Desired.Edited = map[profile.Field]time.Time{profile.FieldOpeningTimes: time.Now()}
	route := likeDoS()
	shown := services(map[profile.Field]string{profile.FieldPhone: "1", profile.FieldOpeningTimes: "mon 09:00-17:00"}, nil, nil)
	shown.Entries = shown.Entries[:1]
	d, ok := p.Drift(route, shown)
	require.True(t, ok)
	t.Logf("%+v", d.Differences)
	require.False(t, d.Found())
}

// Whether such a week is visible or not, a push does not wait for it to be gone, and
// people are told once, while the pharmacy is open, that it cannot be withdrawn.
func TestAWithdrawnWeekNeverHoldsAPush(t *testing.T) {
	t.Parallel()
	own := stated(map[profile.Field]string{
		profile.FieldOpeningTimes: "", profile.FieldPhone: "1", profile.FieldDatedOpeningTimes: "", profile.FieldServices: "",
	})
	p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}}
	hidden := likeDoS()
	hidden.Readable = []profile.Field{profile.FieldPhone, profile.FieldDatedOpeningTimes, profile.FieldServices, profile.FieldWebsite}
	week := map[profile.Field]string{profile.FieldPhone: "1", profile.FieldOpeningTimes: "mon 09:00-17:00"}
	shown := services(week, week, nil)
	shown.Entries[1].Values.Set(profile.FieldWebsite, "b") // would be overwritten
	for _, route := range []push.Route{likeDoS(), hidden} {
		c := p.Compose(route, own, &shown)
		require.True(t, c.AllShown && !c.Urgent)
		require.NotEmpty(t, c.Overwrites)
		left := route.NotWithdrawn(own)
		require.Equal(t, []profile.Field{profile.FieldOpeningTimes}, push.FieldsLeftOut(left))
		require.Equal(t, "it is withdrawn, and no push can say so: what the sink shows stays", left[0].Reason)
	}
	own.Set(profile.FieldHidden, "true")
	require.Empty(t, likeDoS().NotWithdrawn(own), "hidden: nothing is shown")
	own.Set(profile.FieldHidden, "false")
	own.Set(profile.FieldOpeningTimes, "mon 09:00-17:00")
	require.Empty(t, likeDoS().NotWithdrawn(own))
	other := likeDoS()
	other.KeptIfEmpty = nil
	drifted, _ := push.Push{Desired: push.DesiredState{
		Profile: profile.Profile{Code: "FA123"}, Today: today, Edited: map[profile.Field]time.Time{profile.FieldOpeningTimes: time.Now()},
	}}.Drift(other, shown)
	require.Len(t, drifted.Differences, 2, "another sink shows no week once it is withdrawn")
}

// Hours for bank holidays alone are no week: they reach the sink although the week does not.
func TestBankHolidaysWithoutAWeek(t *testing.T) {
	t.Parallel()
	p := onHolidays("bank-holiday 10:00-12:00", "")
	route := hoursRoute
	route.KeptIfEmpty = []profile.Field{profile.FieldOpeningTimes}
	p.Desired.LeftOut = push.FieldsLeftOut(route.NotWithdrawn(p.Desired.Stated(route)))
	require.Equal(t, route.KeptIfEmpty, p.Desired.LeftOut)
	c := p.Compose(route, p.Desired.Stated(route), &push.Shown{})
	require.Equal(t, "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00", c.Values.Get(profile.FieldDatedOpeningTimes))
	p.Desired.Profile.Values.Set(profile.FieldOpeningTimes, "mon 09:00-17:00\nbank-holiday 10:00-12:00")
	c = p.Compose(route, p.Desired.Stated(route), &push.Shown{})
	require.False(t, c.Values.States(profile.FieldDatedOpeningTimes), "a week that the sink does not take")
}
