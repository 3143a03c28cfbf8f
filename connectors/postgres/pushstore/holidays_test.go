package pushstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Periods that no door keeps are refused where people enter them, with what to do.
func TestHoursThatNoDoorKeepsAreRefused(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	for times, want := range map[string]string{
		"'09:00', '09:00'":    `opening times of FA0000, "X 09:00-09:00": it opens and closes at the same time: a whole day is 00:00-00:00`,
		"'09:00', '24:00'":    `opening times of FA0000, "X 09:00-24:00": 24:00 is not a time here: midnight is 00:00`,
		"'24:00', '02:00'":    `"X 24:00-02:00": 24:00 is not a time here`,
		"'09:00:30', '17:00'": `"X 09:00:30-17:00": times have no seconds: give hours and minutes`,
		"'09:00', '17:00:01'": `"X 09:00-17:00:01": times have no seconds`,
		"'23:59', '00:00'":    `opens in the last minute of the day and closes at midnight`,
	} {
		for table, day := range map[string]string{
			"opening_period (code, day, opens, closes)": "mon", "dated_opening_period (code, date, opens, closes)": "2025-04-01",
		} {
			_, err := w.SQL.Exec(t.Context(), "insert into "+table+" values ('FA0000', '"+day+"', "+times+")")
			require.ErrorContains(t, err, strings.ReplaceAll(want, "X", day), table)
		}
	}
	w.Exec(`insert into opening_period (code, day, opens, closes) values
		('FA0000', 'mon', '00:00', '00:00'), ('FA0000', 'tue', '22:00', '02:00')`)
	_, err := w.SQL.Exec(t.Context(), "update opening_period set closes = '24:00'")
	require.ErrorContains(t, err, "24:00 is not a time here")
}

// Rows from before keep what they say: a time with seconds is not taken for another
// time, which would make a slip a whole day.
func TestOldHoursWithSecondsStayUnreadable(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	for _, table := range []string{"opening_period", "dated_opening_period"} {
		w.Exec(fmt.Sprintf("alter table %[1]s disable trigger %[1]s_is_a_period, drop constraint %[1]s_to_the_minute", table))
	}
	w.Exec(`insert into opening_period (code, day, opens, closes) values
		('FA0000', 'mon', '09:00:10', '09:00:50'), ('FA0000', 'tue', '09:00', '24:00')`)
	w.Exec(`insert into dated_opening_period (code, date, opens, closes) values ('FA0000', '2025-04-02', '09:00', '12:00:30')`)
	desired := w.load(push.SinkDoS, 1, "FA0000")[0].Desired
	values := desired.Profile.Values
	require.Equal(t, "mon 09:00:10-09:00:50\ntue 09:00-24:00", values.Get(profile.FieldOpeningTimes))
	require.Equal(t, "2025-04-02 09:00-12:00:30", values.Get(profile.FieldDatedOpeningTimes))
	stated := desired.Stated(push.Route{Fields: []profile.Field{profile.FieldOpeningTimes}})
	require.Equal(t, values.Get(profile.FieldOpeningTimes), stated.Get(profile.FieldOpeningTimes), "for the sinks to refuse")
}

// follow follows the calendar on a day of April 2025, and returns how many pushes
// it asked for.
func (w *world) follow(n int) (asked int) {
	w.Helper()
	w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) (err error) {
		asked, err = d.FollowCalendar(ctx, day(n))
		return err
	})
	return asked
}

// When a bank holiday enters the next 12 months, is proclaimed or removed, pushes of
// the profiles that state hours for bank holidays follow by themselves; no others,
// and none when a day passes.
func TestTheCalendarAsksForPushes(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy, profile.DentalPractice)
	require.Zero(t, w.follow(1), "nobody states hours for bank holidays")
	w.Exec(`insert into opening_period (code, day, opens, closes)
		select code, 'bank-holiday', '10:00', '12:00' from profile where code <> 'FA0001'`)
	w.Exec("insert into opening_period (code, day, opens, closes) values ('FA0001', 'mon', '10:00', '12:00')")
	w.dispatch()
	w.rest()
	w.Exec("update push set state = 'held' where code = 'FA0002' and sink = 'dos'")

	require.Zero(t, w.follow(1))
	require.Zero(t, w.follow(3), "2026-04-03, Good Friday, is more than a year away")
	require.Equal(t, 4, w.follow(4))
	require.Equal(t, []string{"FA0000 dos wanted 0", "FA0000 website wanted 0", "FA0002 website wanted 0", "FA0003 website wanted 0"},
		w.standing("state = 'wanted'"))
	w.rest()
	w.Exec("update push set state = 'accepted' where code = 'FA0002'")
	require.Zero(t, w.follow(4))
	require.Zero(t, w.follow(5))
	require.Equal(t, 5, w.follow(19), "Easter Monday of 2026; Good Friday of 2025 is over")
	require.Zero(t, w.follow(22), "Easter Monday of 2025 is over")

	// the official list: a day that was proclaimed, and the usual ones
	w.Exec(`insert into holiday (date, title) select d, 'A' from 
		unnest('{2025-05-05,2025-05-08,2025-05-26,2025-08-25,2025-12-25,2025-12-26,2026-01-01,2026-04-03,2026-04-06}'::date[]) d`)
	require.Equal(t, 5, w.follow(22))
	require.Zero(t, w.follow(22))
	w.Exec("delete from holiday where date = '2025-05-08'")
	require.Equal(t, 5, w.follow(22), "a person removed it")

	holidays := w.load(push.SinkDoS, 22, "FA0000")[0].Desired.Holidays
	require.Len(t, holidays, 8)
	require.Equal(t, profile.NewDate(2025, 5, 5), holidays[0])
	require.Equal(t, profile.NewDate(2026, 4, 6), holidays[7])
	require.Empty(t, w.load(push.SinkDoS, 22, "FA0001")[0].Desired.Holidays, "nothing depends on them")
}
