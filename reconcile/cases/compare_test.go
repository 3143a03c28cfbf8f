package cases_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// taken returns the stored cases after some steps, as the store takes them.
func taken(stored []cases.Stored, steps cases.Steps) []cases.Stored {
	byKey := make(map[cases.Key]cases.Stored)
	for _, s := range stored {
		byKey[s.Key()] = s
	}
	of := func(id int64) cases.Key {
		for key, s := range byKey {
			if s.ID == id {
				return key
			}
		}
		panic(fmt.Sprintf("no case %d", id))
	}
	for _, o := range steps.Open {
		s := byKey[o.Key()]
		if s.ID == 0 {
			s.ID = int64(len(byKey) + 1)
		}
		s.Case, s.State, s.Openings, s.Deadline = o.Case, cases.Open, s.Openings+1, o.Deadline
		byKey[o.Key()] = s
	}
	for _, u := range steps.Update {
		s := byKey[of(u.ID)]
		s.Case = u.Case
		byKey[s.Key()] = s
	}
	for _, id := range steps.Resume {
		s := byKey[of(id)]
		s.State, s.Until = cases.Open, profile.Date{}
		byKey[s.Key()] = s
	}
	for _, id := range steps.End {
		s := byKey[of(id)]
		s.State, s.Until = cases.Gone, profile.Date{}
		byKey[s.Key()] = s
	}
	after := make([]cases.Stored, 0, len(byKey))
	for _, s := range byKey {
		after = append(after, s)
	}
	return after
}

// Whatever is stored, and whatever people decided: after a look exactly those stand
// that ought to, and a second look finds nothing.
func TestALookMakesThoseStandThatOughtTo(t *testing.T) {
	t.Parallel()
	signals := rapid.MapOfN(rapid.SampledFrom(cases.Kinds()), rapid.SliceOfN(rapid.Custom(func(t *rapid.T) cases.Signal {
		return cases.Signal{
			Subject: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "subject"), About: rapid.SampledFrom([]string{"", "x"}).Draw(t, "about"),
			Since: time.Date(2026, 11, 2, 5, rapid.IntRange(0, 2).Draw(t, "since"), 0, 0, time.UTC),
			Facts: map[string]string{"rows": rapid.SampledFrom([]string{"1", "2"}).Draw(t, "rows")},
		}
	}), 0, 4), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		var stored []cases.Stored
		at := cases.Moment{Now: time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC)}
		for range rapid.IntRange(1, 4).Draw(t, "looks") {
			at.Now = at.Now.AddDate(0, 0, rapid.IntRange(0, 5).Draw(t, "days"))
			for i := range stored {
				if stored[i].State == cases.Open && rapid.Bool().Draw(t, "set aside") {
					stored[i].State, stored[i].Until = cases.SetAside, at.Today().AddDays(rapid.IntRange(0, 3).Draw(t, "until"))
				}
			}
			ought := cases.Standing(signals.Draw(t, "signals"), at)
			stored = taken(stored, cases.Compare(stored, ought, at))
			standing := make(map[cases.Key]cases.Case)
			for _, s := range stored {
				if s.State != cases.Gone {
					standing[s.Key()] = s.Case
				}
			}
			require.Len(t, standing, len(ought))
			for _, c := range ought {
				require.Equal(t, c, standing[c.Key()])
			}
			require.True(t, cases.Compare(stored, ought, at).Empty())
		}
	})
}

func TestWhatWaitedIsOpenAgainAfterItsLastDay(t *testing.T) {
	t.Parallel()
	s := opened(t, cases.PushWaits, "06 05:00")
	s.State, s.Until = cases.Waiting, profile.NewDate(2026, time.November, 10)
	require.True(t, cases.Compare([]cases.Stored{s}, []cases.Case{s.Case}, moment(t, "10 23:59")).Empty())
	require.Equal(t, []int64{7}, cases.Compare([]cases.Stored{s}, []cases.Case{s.Case}, moment(t, "11 00:00")).Resume)
}

func TestASourceIsLateAfterTwoWorkingDays(t *testing.T) {
	t.Parallel()
	signal := cases.Signal{Subject: "ods etr", Since: moment(t, "06 05:10").Now} // a Friday
	for day, late := range map[string]bool{"09 05:30": false, "10 23:59": false, "11 05:00": true} {
		standing := cases.Standing(map[cases.Kind][]cases.Signal{cases.SourceLate: {signal}}, moment(t, day))
		require.Equal(t, late, len(standing) == 1, day)
	}
}
