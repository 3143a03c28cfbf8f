package push_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Hours for bank holidays that a person withdraws go from the sinks too.
func TestBankHolidayHoursThatAreWithdrawnGo(t *testing.T) {
	t.Parallel()
	p := onHolidays("mon 09:00-17:00\nbank-holiday 10:00-12:00", "")
	v := stated(map[profile.Field]string{profile.FieldOpeningTimes: "mon 09:00-17:00"})
	shown := &push.Shown{Entries: []push.Entry{{Name: "service 1", Values: v}}}
	c := p.Compose(hoursRoute, p.Desired.Stated(hoursRoute), shown)
	require.Equal(t, "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00", c.Values.Get(profile.FieldDatedOpeningTimes))
	// DoS shows them now; the pharmacy no longer opens on bank holidays.
	p.Sent, p.Desired.SetHolidays = c.Values, c.SetHolidays
	shown.Entries[0].Values.Set(profile.FieldDatedOpeningTimes, c.Values.Get(profile.FieldDatedOpeningTimes))
	p.Desired.Profile.Values.Set(profile.FieldOpeningTimes, "mon 09:00-17:00")
	c = p.Compose(hoursRoute, p.Desired.Stated(hoursRoute), shown)
	drifted, _ := p.Drift(hoursRoute, *shown)
	require.Empty(t, c.Values.Get(profile.FieldDatedOpeningTimes), "withdrawn")
	require.True(t, c.Urgent)
	require.False(t, c.AllShown)
	require.Empty(t, c.Overwrites)
	require.Len(t, drifted.Differences, 1)
	// DoS shows none of them any more.
	shown.Entries[0].Values.Set(profile.FieldDatedOpeningTimes, "")
	p.Sent, p.Desired.SetHolidays = c.Values, c.SetHolidays
	c = p.Compose(hoursRoute, p.Desired.Stated(hoursRoute), shown)
	drifted, _ = p.Drift(hoursRoute, *shown)
	require.True(t, c.AllShown && !c.Urgent && !drifted.Found(), "a second push changes nothing")
}

// A bank holiday that the calendar takes back goes from the sinks too
// (RULES.md "Opening times in public form": "or is removed, a push follows by itself").
func TestABankHolidayThatIsTakenBackGoes(t *testing.T) {
	t.Parallel()
	p := onHolidays("mon 09:00-17:00\nbank-holiday 10:00-12:00", "")
	v := stated(map[profile.Field]string{
		profile.FieldOpeningTimes: "mon 09:00-17:00", profile.FieldDatedOpeningTimes: "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00",
	})
	p.Sent, p.Desired.SetHolidays = v, v.Get(profile.FieldDatedOpeningTimes)
	shown := &push.Shown{Entries: []push.Entry{{Name: "service 1", Values: v}}}
	p.Desired.Holidays = []profile.Date{goodFriday}
	c := p.Compose(hoursRoute, p.Desired.Stated(hoursRoute), shown)
	require.False(t, c.AllShown)
	require.Equal(t, "2026-04-03 10:00-12:00", c.Values.Get(profile.FieldDatedOpeningTimes))
}

// Only what pushes set for bank holidays goes with them. The sink's own dates, which were
// sent back with them, stay, and so does a day that somebody changed there.
func TestOwnDatesStayWhenBankHolidaysGo(t *testing.T) {
	t.Parallel()
	const dated = profile.FieldDatedOpeningTimes
	const night, twice, more = "2026-04-03 22:00-23:59\n2026-04-04 00:00-02:00",
		"2026-04-03 08:00-09:00\n2026-04-03 10:00-12:00", "2026-04-03 10:00-12:00\n2026-04-03 14:00-15:00"
	const own = "2026-04-04 closed\n2026-12-25 closed"
	const set = "2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00"
	for name, c := range map[string]struct {
		weekly string // mon 09:00-17:00 if empty
		before string
		shown  string
		want   string
	}{
		"own dates":                        {"", set, "2026-04-03 10:00-12:00\n" + own, own},
		"a bank holiday that we never set": {"", "", "2026-04-03 closed\n2026-04-06 10:00-12:00", "2026-04-03 closed\n2026-04-06 10:00-12:00"},
		"changed there":                    {"", set, "2026-04-03 closed\n2026-04-06 10:00-12:00", "2026-04-03 closed"},
		"more was added there":             {"", set, more, more},
		"the week is withdrawn too":        {"-", set, set, ""},
		"two periods":                      {"", twice, twice, ""},
		"the end of the night":             {"", night, night, ""},
		"the night is shorter than before": {"bank-holiday 22:00-23:00", night, night, "2026-04-03 22:00-23:00\n2026-04-06 22:00-23:00"},
	} {
		p := onHolidays("mon 09:00-17:00", "")
		if c.weekly != "" {
			p.Desired.Profile.Values.Set(profile.FieldOpeningTimes, c.weekly)
		}
		if c.weekly == "-" {
			p.Desired.Profile.Values.Set(profile.FieldOpeningTimes, "")
			p.Desired.Edited = map[profile.Field]time.Time{profile.FieldOpeningTimes: time.Now()}
			p.Desired.LeftOut = []profile.Field{profile.FieldOpeningTimes}
		}
		p.Desired.SetHolidays = c.before
		p.Sent = stated(map[profile.Field]string{dated: c.shown})
		shown := push.Shown{Entries: []push.Entry{{Values: p.Sent}}}
		for _, from := range []*push.Shown{&shown, nil} { // blind, what was sent last is sent without them
			got := p.Compose(hoursRoute, p.Desired.Stated(hoursRoute), from)
			require.Equal(t, c.want, got.Values.Get(dated), name)
		}
		shown.Entries[0].Values.Set(dated, c.want)
		require.Empty(t, p.Compose(hoursRoute, p.Desired.Stated(hoursRoute), &shown).Overwrites, name)
	}
}

// What pushes set is remembered until its day has passed, and no longer once dates are stated.
func TestBankHolidaysThatWereSetAreRemembered(t *testing.T) {
	t.Parallel()
	const dated = profile.FieldDatedOpeningTimes
	const before = "2026-03-30 10:00-12:00\n2026-04-03 08:00-09:00"
	p := onHolidays("bank-holiday 10:00-12:00", "")
	p.Desired.SetHolidays = before
	route := omitting(hoursRoute)
	remembered := func(shown *push.Shown) string {
		return p.Compose(route, p.Desired.Stated(route), shown).SetHolidays
	}
	all := "2026-04-03 08:00-09:00\n2026-04-03 10:00-12:00\n2026-04-06 10:00-12:00"
	require.Equal(t, all, remembered(&push.Shown{}), "nobody knows which the sink shows")
	require.Equal(t, "2026-04-03 08:00-09:00", remembered(nil), "none was set")
	p.Desired.Held = []profile.Field{dated}
	require.Equal(t, "2026-04-03 08:00-09:00", remembered(&push.Shown{}), "a hold ends")
	p.Desired.Held = nil
	p.Desired.Profile.Values.Set(profile.FieldHidden, "true")
	route.Fields = append(route.Fields, profile.FieldHidden)
	require.Equal(t, "2026-04-03 08:00-09:00", remembered(&push.Shown{}), "a hidden profile changes nothing")
	p.Desired.Profile.Values.Set(profile.FieldHidden, "false")
	p.Desired.Profile.Values.Set(dated, "2026-04-04 closed")
	require.Empty(t, remembered(&push.Shown{}), "dates are stated")
}

// A push that takes bank holidays away is another than one that has none to take away,
// and the same once it was sent.
func TestBankHolidaysThatGoMakeAnotherPush(t *testing.T) {
	t.Parallel()
	p := onHolidays("mon 09:00-17:00", "")
	hash := func() profile.Hash { return p.Desired.Hash(hoursRoute, p.Desired.Stated(hoursRoute)) }
	none := hash()
	p.Desired.SetHolidays = "2026-04-03 10:00-12:00"
	gone := hash()
	require.NotEqual(t, none, gone)
	own := p.Desired.Stated(hoursRoute)
	require.True(t, p.NeedsReading(omitting(hoursRoute), own))
	p.Desired.SetHolidays = p.Compose(hoursRoute, own, &push.Shown{}).SetHolidays
	require.Equal(t, gone, hash())
	p.Desired.Held = []profile.Field{profile.FieldDatedOpeningTimes}
	require.Equal(t, none, hash(), "it goes when the hold ends")
	p = onHolidays("mon 09:00-17:00\nbank-holiday 10:00-12:00", "")
	set := hash()
	p.Desired.SetHolidays = p.Compose(hoursRoute, p.Desired.Stated(hoursRoute), &push.Shown{}).SetHolidays
	require.Equal(t, set, hash())
}
