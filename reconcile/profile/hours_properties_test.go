package profile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func TestPublicHoursTwiceIsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weekly, dated := profiletest.Hours(t, today)
		requirePublicForm(t, weekly, dated)
	})
}

// requirePublicForm: what sinks get is valid
// (connectors/dos/CONTRACT.md "Opening times"), and stays as it is when it is made
// public again. What cannot be read stays as it was, for the sinks to refuse.
func requirePublicForm(t require.TestingT, weekly, dated string) {
	statedWeekly, statedDated := weekly, dated
	weekly, dated = profile.PublicHours(weekly, dated, today)
	again, datedAgain := profile.PublicHours(weekly, dated, today)
	require.Equal(t, weekly, again)
	require.Equal(t, dated, datedAgain)
	week, unread := profile.ParseWeek(weekly)
	if _, err := profile.ParseWeek(statedWeekly); err != nil {
		require.Error(t, unread)
		require.Equal(t, statedWeekly, weekly)
	} else {
		require.NoError(t, unread)
		require.Empty(t, week[profile.BankHoliday])
		for _, periods := range week {
			requireApart(t, periods)
		}
	}
	days, err := profile.ParseDated(dated)
	if err != nil {
		require.Equal(t, statedDated, dated)
		return
	}
	for i, day := range days {
		require.False(t, day.Date.Before(today))
		require.True(t, i == 0 || days[i-1].Date.Before(day.Date))
		requireApart(t, day.Periods)
	}
	open := func(d profile.DatedDay) bool { return len(d.Periods) > 0 }
	require.Len(t, slices.DeleteFunc(days, open), strings.Count(dated, "closed"))
}

func requireApart(t require.TestingT, periods []profile.Period) {
	closed := -1
	for _, p := range periods {
		require.Greater(t, p.Opens, closed, "periods touch")
		require.Less(t, p.Opens, p.Closes)
		require.Less(t, p.Closes, 24*60)
		closed = p.Closes
	}
}

// wall is a plain model of a door: whether it is open in each minute of a date.
type wall struct{ weekly, dated []string }

// begins lists the periods that begin on a date, as minutes.
func (w wall) begins(date profile.Date) (periods [][2]int, stated, closed bool) {
	for _, line := range w.dated {
		if times, ok := strings.CutPrefix(line, date.String()+" "); ok {
			stated = true
			closed = closed || times == "closed"
			periods = appendTimes(periods, times)
		}
	}
	if closed {
		return nil, true, true
	}
	if stated {
		return periods, true, false
	}
	day := weekdays[(int(date.Time().Weekday())+6)%7]
	for _, line := range w.weekly {
		if times, ok := strings.CutPrefix(line, day+" "); ok {
			periods = appendTimes(periods, times)
		}
	}
	return periods, false, false
}

func appendTimes(to [][2]int, times string) [][2]int {
	if times == "closed" || times == "" {
		return to
	}
	at := func(s string) int { return int(s[0]-'0')*600 + int(s[1]-'0')*60 + int(s[3]-'0')*10 + int(s[4]-'0') }
	opens, closes := at(times[:5]), at(times[6:])
	if closes <= opens {
		closes += 1440
	}
	return append(to, [2]int{opens, closes})
}

// minutes are those in which the door is open, but for the day's last one,
// which sinks cannot show.
func (w wall) minutes(date profile.Date) (open [1439]bool) {
	own, _, closed := w.begins(date)
	if closed {
		return open
	}
	before, _, _ := w.begins(date.AddDays(-1))
	for m := range open {
		for _, p := range own {
			open[m] = open[m] || m >= p[0] && m < p[1]
		}
		for _, p := range before {
			open[m] = open[m] || m+1440 >= p[0] && m+1440 < p[1]
		}
	}
	return open
}

// Who reads the public form alone, each day by itself, finds the door open in
// exactly the minutes in which it is.
func TestPublicHoursSayWhenTheDoorIsOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weekly, dated := profiletest.Hours(t, today)
		door := wall{strings.Split(weekly, "\n"), strings.Split(dated, "\n")}
		weekly, dated = profile.PublicHours(weekly, dated, today)
		sign := wall{strings.Split(weekly, "\n"), strings.Split(dated, "\n")}
		stated := 0
		for days := range 10 {
			date := today.AddDays(days)
			require.Equal(t, door.minutes(date), sign.minutes(date), date.String())
			_, onSign, _ := sign.begins(date)
			_, own, _ := door.begins(date)
			_, before, _ := door.begins(date.AddDays(-1))
			require.True(t, !own || onSign, "a date that is stated is shown")
			if onSign && !own {
				require.True(t, before, "no date but a stated one and the day after is shown")
				weekOnly := wall{weekly: sign.weekly}
				require.NotEqual(t, weekOnly.minutes(date), sign.minutes(date), "nor one that shows what its day of the week shows")
			}
			if onSign {
				stated++
			}
		}
		dates, err := profile.ParseDated(dated)
		require.NoError(t, err)
		require.Len(t, dates, stated)
	})
}

func FuzzHours(f *testing.F) {
	f.Add("mon 09:00-17:00\ntue 22:00-02:00", "2026-12-25 closed\n2026-12-24 10:00-16:00")
	f.Add("sun 09:00-09:00\nbank-holiday 00:00-24:00\nmon 23:59-00:00", "2025-04-10 00:00-00:00")
	f.Add("mon 9-5\n\n", "9999-12-31 20:00-04:00\n0001-01-02 closed\n2026-02-30 closed")
	f.Fuzz(func(t *testing.T, weekly, dated string) {
		requirePublicForm(t, weekly, dated)
		for _, f := range []profile.Field{profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes} {
			require.True(t, profile.Same(f, weekly, weekly+"\n"))
			require.Equal(t, profile.Same(f, weekly, dated), profile.Same(f, dated, weekly))
		}
	})
}
