package people_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// on parses a date.
func on(text string) profile.Date {
	d, err := profile.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// anyDays draws days of several centuries. The edges of years and quarters, and
// leap days, come more often than others.
func anyDays() *rapid.Generator[profile.Date] {
	return rapid.Custom(func(t *rapid.T) profile.Date {
		year := rapid.IntRange(1900, 2300).Draw(t, "year")
		edge := rapid.SampledFrom([]profile.Date{
			profile.NewDate(year, time.January, 1), profile.NewDate(year, time.March, 1), profile.NewDate(year, time.April, 1),
			profile.NewDate(year, time.July, 1), profile.NewDate(year, time.October, 1), profile.NewDate(year, time.December, 25),
		}).Draw(t, "edge")
		return edge.AddDays(rapid.OneOf(rapid.IntRange(-2, 2), rapid.IntRange(-200, 200)).Draw(t, "days from it"))
	})
}

func quarters() *rapid.Generator[people.Quarter] {
	return rapid.Custom(func(t *rapid.T) people.Quarter {
		return people.Quarter{Year: rapid.IntRange(1900, 2300).Draw(t, "year"), N: rapid.IntRange(1, 4).Draw(t, "n")}
	})
}

func TestQuarterOfAnInstant(t *testing.T) {
	t.Parallel()
	for instant, want := range map[string]string{
		// The edges: London is an hour ahead in summer.
		"2026-03-31T22:59:59Z":      "2025-26-Q4",
		"2026-03-31T23:00:00Z":      "2026-27-Q1",
		"2026-03-31T23:30:00Z":      "2026-27-Q1",
		"2026-06-30T22:59:59Z":      "2026-27-Q1",
		"2026-06-30T23:30:00Z":      "2026-27-Q2",
		"2026-09-30T22:59:59Z":      "2026-27-Q2",
		"2026-09-30T23:30:00Z":      "2026-27-Q3",
		"2026-12-31T23:30:00Z":      "2026-27-Q3",
		"2026-12-31T23:59:59Z":      "2026-27-Q3",
		"2027-01-01T00:00:00Z":      "2026-27-Q4",
		"2026-12-31T19:00:00-05:00": "2026-27-Q4",
		// The clocks change within a quarter, the year's first change two to six days before its end.
		"2026-03-29T00:59:59Z": "2025-26-Q4",
		"2026-03-29T01:00:00Z": "2025-26-Q4",
		"2026-10-25T00:59:59Z": "2026-27-Q3",
		"2026-10-25T01:00:00Z": "2026-27-Q3",
		// On 31 March 2024 and 2030 they change on a quarter's last day.
		"2024-03-31T00:30:00Z": "2023-24-Q4",
		"2024-03-31T01:00:00Z": "2023-24-Q4",
		"2024-03-31T22:59:59Z": "2023-24-Q4",
		"2024-03-31T23:00:00Z": "2024-25-Q1",
		// Leap days, and the one that did not exist.
		"2028-02-29T00:00:00Z": "2027-28-Q4",
		"2028-02-29T23:59:59Z": "2027-28-Q4",
		"2028-03-01T00:00:00Z": "2027-28-Q4",
		"2100-02-28T23:59:59Z": "2099-00-Q4",
	} {
		at, err := time.Parse(time.RFC3339, instant)
		require.NoError(t, err)
		require.Equal(t, want, quarterAt(at).String(), instant)
	}
}

// quarterAt returns the quarter of an instant in London, which in summer may not
// be the one in UTC.
func quarterAt(at time.Time) people.Quarter {
	return people.QuarterOn(profile.DateIn(at, profile.London()))
}

func TestQuarters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		quarter           people.Quarter
		first, last, says string
	}{
		"2026-27-Q1": {people.Quarter{Year: 2026, N: 1}, "2026-04-01", "2026-06-30", "April to June 2026"},
		"2026-27-Q2": {people.Quarter{Year: 2026, N: 2}, "2026-07-01", "2026-09-30", "July to September 2026"},
		"2026-27-Q3": {people.Quarter{Year: 2026, N: 3}, "2026-10-01", "2026-12-31", "October to December 2026"},
		"2026-27-Q4": {people.Quarter{Year: 2026, N: 4}, "2027-01-01", "2027-03-31", "January to March 2027"},
		"2099-00-Q4": {people.Quarter{Year: 2099, N: 4}, "2100-01-01", "2100-03-31", "January to March 2100"},
	} {
		require.Equal(t, name, want.quarter.String())
		require.Equal(t, want.first, want.quarter.First().String())
		require.Equal(t, want.last, want.quarter.Last().String())
		require.Equal(t, want.says, want.quarter.Words())
	}
	require.Equal(t, "2026-27-Q4", people.Quarter{Year: 2026, N: 3}.Next().String())
	require.Equal(t, "2027-28-Q1", people.Quarter{Year: 2026, N: 4}.Next().String())
	require.Equal(t, "2025-26-Q4", people.Quarter{Year: 2026, N: 1}.Prev().String())
}

// TestQuartersTileTheDays: each day is in one quarter, between its first and last
// day, and each quarter begins the day after the one before it ends.
func TestQuartersTileTheDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDays().Draw(t, "day")
		q := people.QuarterOn(d)
		require.False(t, d.Before(q.First()))
		require.False(t, d.After(q.Last()))
		require.Equal(t, q, quarterAt(d.Time().Add(12*time.Hour)))
		for _, within := range []profile.Date{q.First(), q.Last()} {
			require.Equal(t, q, people.QuarterOn(within))
		}
	})
}

func TestQuartersFollowEachOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := quarters().Draw(t, "quarter")
		require.Equal(t, q.Last().AddDays(1), q.Next().First())
		require.Equal(t, q.First().AddDays(-1), q.Prev().Last())
		require.Equal(t, q, q.Next().Prev())
		require.Equal(t, people.Quarter{Year: q.Year + 1, N: q.N}, q.Next().Next().Next().Next())
		require.NotEqual(t, q.String(), q.Next().String())
		require.Equal(t, fmt.Sprintf("%d-%02d-Q%d", q.Year, (q.Year+1)%100, q.N), q.String())
		require.Regexp(t, `^[0-9]{4}-[0-9]{2}-Q[1-4]$`, q.String())
	})
}

// TestQuarterOfInstantsGoesByLondon: an instant and its day in London are in the
// same quarter, and the quarter's first instant is London's midnight.
func TestQuarterOfInstantsGoesByLondon(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.Custom(func(t *rapid.T) people.Quarter {
			return people.Quarter{Year: rapid.IntRange(1996, 2100).Draw(t, "year"), N: rapid.IntRange(1, 4).Draw(t, "n")}
		}).Draw(t, "quarter")
		year, month, day := q.First().Time().Date()
		begins := time.Date(year, month, day, 0, 0, 0, 0, profile.London())
		require.Equal(t, q, quarterAt(begins.UTC()))
		require.Equal(t, q.Prev(), quarterAt(begins.Add(-time.Nanosecond)))
	})
}

func TestDateWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, "31 December 2026", on("2026-12-31").Words())
	require.Equal(t, "3 May 2026", on("2026-05-03").Words())
	require.Empty(t, profile.Date{}.Words())
}
