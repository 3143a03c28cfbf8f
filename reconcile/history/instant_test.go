package history_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestAnInstantOrTheEndOfADayInLondon(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC)
	const end = 999999999
	for text, want := range map[string]time.Time{
		"2026-11-19T09:00:00Z":      time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC),
		"2026-11-19T10:00:00Z":      now,
		"2026-11-19T11:00:00+02:00": time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC),
		"2026-11-18":                time.Date(2026, 11, 18, 23, 59, 59, end, time.UTC),
		"2026-07-01":                time.Date(2026, 7, 1, 22, 59, 59, end, time.UTC),
		"2026-03-28":                time.Date(2026, 3, 28, 23, 59, 59, end, time.UTC),
		"2026-03-29":                time.Date(2026, 3, 29, 22, 59, 59, end, time.UTC),  // 23 hours long
		"2026-10-25":                time.Date(2026, 10, 25, 23, 59, 59, end, time.UTC), // 25 hours long
		"2026-11-19":                now,
	} {
		got, err := history.ParseInstant(text, now)
		require.NoError(t, err, text)
		require.True(t, want.Equal(got), "%s: %s", text, got)
	}
}

func TestWhatIsNoInstantOfThePast(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC) // it is 2 July in London
	for text, want := range map[string]string{
		"":                     `"": want an instant such as`,
		"yesterday":            `"yesterday": want an instant such as`,
		"2026-02-30":           `"2026-02-30": want an instant such as`,
		"2026-07-01 09:00":     `want an instant such as`,
		"2026-07-01T09:00":     `want an instant such as`,
		"0001-01-01":           `want an instant such as`,
		"2026-07-03":           "2026-07-03: that has not come yet (it is 2026-07-02 00:30:00 in London)",
		"2026-07-01T23:30:01Z": "that has not come yet",
	} {
		_, err := history.ParseInstant(text, now)
		require.ErrorContains(t, err, want, text)
	}
	for text, want := range map[string]time.Time{
		"2026-07-02": now,
		"2026-07-01": now.Add(-30*time.Minute - time.Nanosecond),
	} {
		got, err := history.ParseInstant(text, now)
		require.NoError(t, err, text)
		require.True(t, want.Equal(got), "%s: %s", text, got)
	}
}

// The end of a day is the last instant of it, whatever the clocks do that night.
func TestTheEndOfADayIsItsLastInstant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := profile.NewDate(2026, 1, 1).AddDays(rapid.IntRange(0, 3000).Draw(t, "day"))
		end, err := history.ParseInstant(day.String(), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		require.Equal(t, day, profile.DateIn(end, profile.London()))
		require.Equal(t, day.AddDays(1), profile.DateIn(end.Add(time.Nanosecond), profile.London()))
	})
}
