package pushjobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// A push sets the bank holidays in dates that nobody stated, and leaves all other
// dates as the sink shows them.
func TestBankHolidaysArePushed(t *testing.T) {
	t.Parallel()
	const hours, dates = profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes
	fields := []profile.Field{hours, dates}
	shown := values(map[profile.Field]string{hours: "mon 09:00-17:00", dates: "2026-12-24 closed\n2026-12-25 closed"})
	for name, c := range map[string]struct {
		route push.Route
		shown push.Shown
		err   error
		want  map[profile.Field]string
		lost  []push.Overwrite
	}{
		"other dates stay": {
			route: push.Route{Name: "change-event", Fields: fields, Readable: fields},
			shown: push.Shown{Entries: entry(shown)},
			want:  map[profile.Field]string{hours: "mon 09:00-17:00", dates: "2026-12-24 closed\n2026-12-25 10:00-12:00"},
		},
		"other dates differ": {
			route: push.Route{Name: "change-event", Fields: fields, Readable: fields},
			shown: push.Shown{Entries: append(entry(shown), push.Entry{Name: "service 2"})},
			want:  map[profile.Field]string{hours: "mon 09:00-17:00", dates: "2026-12-24 closed\n2026-12-25 10:00-12:00"},
			lost:  []push.Overwrite{{Entry: "service 2", Field: dates, After: "2026-12-24 closed\n2026-12-25 10:00-12:00"}},
		},
		"other dates are not known": {
			route: push.Route{Name: "change-event", Fields: fields}, err: push.ErrNotRead,
			want: map[profile.Field]string{hours: "mon 09:00-17:00", dates: "2026-12-25 10:00-12:00"},
			lost: []push.Overwrite{{Field: dates, Before: push.NotVisible, After: "2026-12-25 10:00-12:00"}},
		},
		"dates that can be left out are not known": {
			route: push.Route{Name: "profile", Fields: fields, Readable: fields, Omittable: fields, HasEntityTags: true},
			shown: push.Shown{Entries: []push.Entry{{NotVisible: fields}}},
			want:  map[profile.Field]string{hours: "mon 09:00-17:00"},
		},
		"a new record": {
			route: push.Route{Name: "profile", Fields: fields, Readable: fields, Omittable: fields, HasEntityTags: true},
			want:  map[profile.Field]string{hours: "mon 09:00-17:00", dates: "2026-12-25 10:00-12:00"},
		},
		"a record with dates": {
			route: push.Route{Name: "profile", Fields: fields, Readable: fields, Omittable: fields, HasEntityTags: true},
			shown: push.Shown{Entries: entry(shown)},
			want:  map[profile.Field]string{hours: "mon 09:00-17:00", dates: "2026-12-24 closed\n2026-12-25 10:00-12:00"},
		},
	} {
		desired := desiredState(pharmacy, "Boots", "0113")
		desired.Profile.Values.Set(hours, "mon 09:00-17:00\nbank-holiday 10:00-12:00")
		desired.Holidays = []profile.Date{profile.NewDate(2026, 12, 25)}
		b := newBench(c.route, desired)
		b.sink.pushes = always(push.Receipt{Status: 200}, nil)
		b.sink.shows = showing(c.shown, c.err)
		o := b.push(t, false)
		require.Equal(t, push.Accepted, o.State, name)
		require.Equal(t, values(c.want), b.sink.pushed[0].Values, name)
		require.Equal(t, c.lost, o.Overwrites, name)
	}
}

// When the coming bank holidays change, a sweep of the dispatcher queues the pushes.
func TestASweepFollowsTheCalendar(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	x.insert(t, 3)
	x.exec(t, "insert into opening_period (code, day, opens, closes) values ('FA001', 'bank-holiday', '10:00', '12:00')")
	_, err := x.dispatcher().round(t.Context(), x.client)
	require.NoError(t, err)
	rest := func() {
		x.exec(t, "update push set state = 'accepted', job_id = null, due_at = null, answered = asked")
		_, err := x.dispatcher().round(t.Context(), x.client)
		require.NoError(t, err)
	}
	const wanted = "select count(*) from push where state = 'wanted' and job_id is not null and code = 'FA001'"
	rest()
	require.Equal(t, 0, x.count(t, wanted), "the calendar is as it was")
	x.exec(t, "insert into holiday (date, title) values ('2026-11-05', 'A day proclaimed'), ('2020-01-01', 'the list begins')")
	rest()
	require.Equal(t, len(x.sinks), x.count(t, wanted))
	require.Equal(t, len(x.sinks), x.count(t, "select count(*) from push where state = 'wanted'"), "no others")
}

// Bank holidays that a push set go when they are withdrawn, at once, from a record that is
// not known to be there too; and then nothing is left to do. The sink's own dates stay.
func TestBankHolidaysThatAreWithdrawnGo(t *testing.T) {
	t.Parallel()
	const hours, dates = profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes
	fields := []profile.Field{hours, dates}
	const own = "2026-12-24 closed"
	for name, route := range map[string]push.Route{
		"dates are always sent":    {Name: "change-event", Fields: fields, Readable: fields},
		"dates can be left out":    {Name: "profile", Fields: fields, Readable: fields, Omittable: fields, HasEntityTags: true},
		"dates cannot be read":     {Name: "change-event", Fields: fields},
		"week cannot be withdrawn": {Name: "change-event", Fields: fields, Readable: fields, KeptIfEmpty: fields[:1]},
	} {
		desired := desiredState(pharmacy, "Boots", "0113")
		desired.Edited[hours] = desired.Edited[fPhone]
		desired.Profile.Values.Set(hours, "bank-holiday 10:00-12:00")
		desired.Holidays = []profile.Date{profile.NewDate(2026, 12, 25), profile.NewDate(2026, 12, 28)}
		b := newBench(route, desired)
		b.sink.pushes = always(push.Receipt{Status: 200, Version: "v"}, nil)
		shows := func(dated string) {
			v := values(map[profile.Field]string{hours: "", dates: dated})
			b.sink.shows = showing(push.Shown{Entries: entry(v), Version: "v"}, nil)
			if len(route.Readable) == 0 {
				b.sink.shows = showing(push.Shown{}, push.ErrNotRead)
			}
		}
		sent := func() string {
			t.Helper()
			before := len(b.sink.pushed)
			require.Equal(t, push.Accepted, b.push(t, false).State, name)
			require.Len(t, b.sink.pushed, before+1, name)
			require.Equal(t, push.Accepted, b.push(t, false).State, name)
			require.Len(t, b.sink.pushed, before+1, "%s: a second push", name)
			last := b.sink.pushed[before].Values
			shows(last.Get(dates))
			drifted, _ := b.row.Drift(route, push.Shown{Entries: entry(last)})
			require.Empty(t, drifted.Differences, name)
			return last.Get(dates)
		}
		b.row.Sent = values(map[profile.Field]string{dates: own})
		shows(own)
		require.Equal(t, own+"\n2026-12-25 10:00-12:00\n2026-12-28 10:00-12:00", sent(), name)
		b.row.Desired.Holidays = b.row.Desired.Holidays[:1]
		require.Equal(t, own+"\n2026-12-25 10:00-12:00", sent(), name)
		b.row.Version = "" // the record may be gone
		b.row.Desired.Profile.Values.Set(hours, "")
		b.row.Desired.Holidays = nil
		require.Equal(t, own, sent(), name)
	}
}
