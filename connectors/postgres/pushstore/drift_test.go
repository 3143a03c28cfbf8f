package pushstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// check begins a check of what DoS shows.
func (w *world) check(codes ...profile.ODSCode) *pushstore.DriftCheck {
	w.Helper()
	check, err := w.store.BeginDrift(w.Context(), push.SinkDoS, codes, "jo", day(1))
	require.NoError(w, err)
	return check
}

// pageOf returns the codes of a page.
func (w *world) pageOf(c *pushstore.DriftCheck, t profile.OrgType, after profile.ODSCode, most int) (codes []string) {
	w.Helper()
	page, err := c.Page(w.Context(), t, after, most)
	require.NoError(w, err)
	for _, p := range page {
		codes = append(codes, string(p.Code()))
	}
	return codes
}

// finds ends a check that found drift in the phone of some profiles.
func (w *world) finds(c *pushstore.DriftCheck, repair bool, drifted ...profile.ODSCode) push.DriftResult {
	w.Helper()
	found := make([]push.Drifted, len(drifted))
	for i, code := range drifted {
		found[i] = push.Drifted{Code: code, Differences: []push.Difference{{Field: profile.FieldPhone, Want: "1", Shown: "2"}}}
	}
	require.NoError(w, c.Found(w.Context(), found, nil, nil))
	result, err := c.End(w.Context(), push.DriftResult{
		Sink: push.SinkDoS, State: push.DriftDone, Checked: 9, Drifted: len(drifted),
	}, repair)
	require.NoError(w, err)
	return result
}

func (w *world) driftOf(check int64) []pushstore.DriftRow {
	w.Helper()
	rows, err := w.store.DriftFound(w.Context(), check, push.SinkDoS, 100)
	require.NoError(w, err)
	return rows
}

func TestPagesToCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into profile (code, name, type) select 'FA' || lpad(((i * 37) % 100)::text, 4, '0'), 'A',
		case i when 9 then 'gp-practice' else 'pharmacy' end from generate_series(0, 99) i`) // 9 is FA0033
	w.dispatch()
	require.Empty(t, w.pageOf(w.check(), profile.Pharmacy, "", 10), "nothing was sent yet")
	w.rest()
	w.Exec("update push set due_at = now() where code = 'FA0001'")
	w.Exec("update push set unclear = true where code = 'FA0002'")
	w.Exec("update push set state = 'refused' where code = 'FA0003'")
	w.Exec("update push set state = 'held' where code = 'FA0004'")

	check, after, pages := w.check(), profile.ODSCode(""), [][]string{}
	for {
		page := w.pageOf(check, profile.Pharmacy, after, 40)
		if len(page) == 0 {
			break
		}
		require.IsIncreasing(t, append([]string{string(after)}, page...))
		pages, after = append(pages, page), profile.ODSCode(page[len(page)-1])
	}
	require.Len(t, pages, 3)
	require.Equal(t, []string{"FA0000", "FA0005"}, pages[0][:2])
	require.Len(t, pages[2], 95-80)
	require.Equal(t, []string{"FA0033"}, w.pageOf(check, profile.GPPractice, "", 40))

	some := w.check("FA0009", "FA0001", "FA0007", "FA0033")
	require.Equal(t, []string{"FA0007", "FA0009"}, w.pageOf(some, profile.Pharmacy, "", 40))
	require.Equal(t, []bool{true, true, false}, pgtest.All[bool](w.Database, "select whole from drift_check order by id"))
}

func TestWhatACheckFinds(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy)
	w.Exec("update push set repairs = 2, reason = 'old'")
	check := w.check()
	require.NoError(t, check.Found(t.Context(), []push.Drifted{
		{Code: "FA0001", Missing: true},
		{Code: "FA0000", Differences: []push.Difference{
			{Entry: "service 2", Field: profile.FieldPhone, Want: "1", Shown: "2"},
			{Entry: "service 1", Field: profile.FieldPhone, Want: "1", Shown: "3"},
			{Field: profile.FieldName, Want: "A", Shown: "B"},
		}},
	}, []profile.ODSCode{"FA0002"}, nil))
	require.Equal(t, []string{"FA0002 dos"},
		pgtest.All[string](w.Database, "select code || ' ' || sink from push where seen_at is not null and repairs = 0 and reason = ''"))
	require.Nil(t, pgtest.One[*time.Time](w.Database, "select ended_at from drift_check"))

	alarm := push.DriftResult{
		Sink: push.SinkDoS, State: push.DriftAlarm, Checked: 3, Missing: 1, Drifted: 1, Reason: "too much",
	}
	ended, err := check.End(t.Context(), alarm, false)
	require.NoError(t, err)
	require.Positive(t, ended.Check)
	alarm.Check = ended.Check
	require.Equal(t, alarm, ended, "nothing was repaired")
	require.Empty(t, w.standing("state = 'wanted'"))
	require.Equal(t, "jo alarm 3 1 1 0 too much", pgtest.One[string](w.Database, `
		select concat_ws(' ', actor, state, checked, missing, drifted, repaired, reason)
		from drift_check where ended_at is not null`))
	require.Equal(t, []pushstore.DriftRow{
		{Sink: "dos", Code: "FA0000", Name: "A", Field: "name", Want: "A", Shown: "B"},
		{Sink: "dos", Code: "FA0000", Name: "A", Entry: "service 1", Field: "phone", Want: "1", Shown: "3"},
		{Sink: "dos", Code: "FA0000", Name: "A", Entry: "service 2", Field: "phone", Want: "1", Shown: "2"},
		{Sink: "dos", Code: "FA0001", Name: "A", Field: "missing"},
	}, w.driftOf(ended.Check))
	few, err := w.store.DriftFound(t.Context(), ended.Check, push.SinkDoS, 1)
	require.NoError(t, err)
	require.Len(t, few, 1)
	require.Empty(t, w.driftOf(ended.Check+1))
}

// A push of which only a part can be read is not seen, but its repairs had an effect.
func TestAPushThatIsSeenInPart(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy)
	w.Exec("update push set repairs = 2 where sink = 'dos'")
	check := w.check()
	require.NoError(t, check.Found(t.Context(), nil, []profile.ODSCode{"FA0000"}, []profile.ODSCode{"FA0001"}))
	result := push.DriftResult{Sink: push.SinkDoS, State: push.DriftDone, Checked: 2, NotVisible: map[string]int{"opening-times": 1}}
	_, err := check.End(t.Context(), result, true)
	require.NoError(t, err)
	require.Equal(t, []string{"FA0000 true 0", "FA0001 false 0"}, pgtest.All[string](w.Database,
		"select concat_ws(' ', code, (seen_at is not null)::text, repairs) from push where sink = 'dos' order by code"))
	watched, err := watchstore.New(w.DB).Watch(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"opening-times": 1}, watched.Drift[0].NotVisible)
}

// What could not be read is stored with its reason, and is neither repaired nor seen.
func TestWhatCannotBeReadIsStored(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy)
	w.Exec("update push set repairs = 3 where code = 'FA0000'")
	bad := func(code profile.ODSCode) []push.Unreadable {
		return []push.Unreadable{
			{Code: code, Part: "service 7 (type 148), phone", Reason: "it is missing"}, {Code: code, Part: "service 9", Reason: "no id"},
		}
	}
	check := w.check()
	require.NoError(t, check.Found(t.Context(), []push.Drifted{
		{Code: "FA0000", Unreadable: bad("FA0000")},
		{Code: "FA0001", Unreadable: bad("FA0001"), Differences: []push.Difference{{Field: profile.FieldPhone, Want: "1", Shown: "2"}}},
	}, nil, nil))
	ended, err := check.End(t.Context(), push.DriftResult{Sink: push.SinkDoS, State: push.DriftDone, Checked: 2, Drifted: 1}, true)
	require.NoError(t, err)
	require.Equal(t, 1, ended.Repaired)
	require.Equal(t, []string{"FA0001 dos wanted 0"}, w.standing("state = 'wanted'"))
	const why = "service 7 (type 148), phone: it is missing; service 9: no id"
	require.Equal(t, []pushstore.DriftRow{
		{Sink: "dos", Code: "FA0000", Name: "A", Field: "unreadable", Shown: why},
		{Sink: "dos", Code: "FA0001", Name: "A", Field: "phone", Want: "1", Shown: "2"},
		{Sink: "dos", Code: "FA0001", Name: "A", Field: "unreadable", Shown: why},
	}, w.driftOf(ended.Check))
}

func TestDriftIsRepairedThreeTimes(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy)
	for range 3 {
		require.Equal(t, 2, w.finds(w.check(), true, "FA0000", "FA0001").Repaired)
		require.Equal(t, []string{"FA0000 dos wanted 0", "FA0001 dos wanted 0"}, w.standing("state = 'wanted' and forced"))
		w.queue(10)
		for _, code := range []profile.ODSCode{"FA0000", "FA0001"} {
			w.settles(push.Outcome{Code: code, Route: "change-event", State: push.Accepted})
		}
	}
	require.NoError(t, w.check().Found(t.Context(), nil, []profile.ODSCode{"FA0001"}, nil)) // this one was repaired
	fourth := w.finds(w.check(), true, "FA0000", "FA0001")
	require.Equal(t, 1, fourth.Repaired)
	require.Equal(t, []string{"FA0001 dos wanted 0"}, w.standing("state = 'wanted'"))
	rows := w.driftOf(fourth.Check)
	require.Equal(t, []bool{true, false}, []bool{rows[0].GivenUp, rows[1].GivenUp}, "people are told")

	_, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, push.Sinks(), false, "jo")
	require.NoError(t, err)
	fifth := w.finds(w.check(), false, "FA0000")
	require.Zero(t, fifth.Repaired, "not asked to")
	require.False(t, w.driftOf(fifth.Check)[0].GivenUp, "a check by a person starts counting again")
}

func TestPruningSinks(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted", Sequence: 1})
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted", Sequence: 2})
	w.Exec("update push_attempt set at = now() - interval '2 days' where sequence = 1")
	old, recent := w.finds(w.check(), false, "FA0000"), w.finds(w.check(), false, "FA0000")
	w.Exec("update drift_check set started_at = now() - interval '2 days' where id = $1", old.Check)
	require.NoError(t, w.store.Prune(t.Context(), time.Now().AddDate(0, 0, -1)))
	require.Equal(t, []int{2}, pgtest.All[int](w.Database, "select sequence from push_attempt"))
	require.Empty(t, w.driftOf(old.Check))
	require.Len(t, w.driftOf(recent.Check), 1)
	require.Equal(t, 2, pgtest.One[int](w.Database, "select count(*) from push"), "the state of pushes is kept for good")
}

func TestWatchedSinks(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy, profile.Trust)
	watched := func() watchstore.Watched {
		watched, err := watchstore.New(w.DB).Watch(t.Context())
		require.NoError(t, err)
		return watched
	}
	require.Empty(t, watched().Pushes, "no push is pending")
	w.Exec(`update push set state = 'wanted', wanted_at = now() - right(code, 1)::int * interval '1 h'
		where sink = 'dos' and code < 'FA0003'`)
	w.Exec("update push set state = 'refused', wanted_at = now() where sink = 'website' and code = 'FA0000'")
	w.Exec("update route set paused = 'unauthorized', paused_at = now() - interval '2 h' where route = 'profile'")
	w.finds(w.check(), false, "FA0000")
	w.finds(w.check("FA0000"), false, "FA0000", "FA0001") // not a check of everything
	w.check()                                             // has not ended
	found := watched()
	for _, age := range []struct {
		want time.Duration
		of   *time.Duration
	}{
		{0, &found.Pushes[1].Oldest},
		{2 * time.Hour, &found.Pushes[0].Oldest},
		{2 * time.Hour, &found.Paused[0].Age},
		{0, &found.Drift[0].Age},
	} {
		require.InDelta(t, age.want, *age.of, float64(time.Minute))
		*age.of = 0
	}
	require.Equal(t, []watchstore.OpenPushes{
		{Sink: "dos", Route: "change-event", State: "wanted", Pushes: 3}, {Sink: "website", Route: "profile", State: "refused", Pushes: 1},
	}, found.Pushes)
	require.Equal(t, []watchstore.PausedSink{{Sink: "website", Route: "profile", Reason: "unauthorized"}}, found.Paused)
	require.Equal(t, []watchstore.DriftFoundLast{{Sink: "dos", State: push.DriftDone, Drifted: 1, NotVisible: map[string]int{}}}, found.Drift)
}

// Between the reading of a sink and the end of a check, an edit may arrive there: what was read
// is no drift then, and a repair would send the same again.
func TestWhatWasSentSinceItWasComparedIsNotRepaired(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy)
	check := w.check()
	require.Equal(t, []string{"FA0000", "FA0001"}, w.pageOf(check, profile.Pharmacy, "", 10))
	w.Exec("update push set sequence = sequence + 1, accepted_sequence = sequence + 1 where code = 'FA0000' and sink = 'dos'")
	found := []push.Drifted{{Code: "FA0000", Missing: true}, {Code: "FA0001", Missing: true}}
	require.NoError(t, check.Found(t.Context(), found, nil, nil))
	ended, err := check.End(t.Context(), push.DriftResult{Sink: push.SinkDoS, State: push.DriftDone, Checked: 2, Missing: 2}, true)
	require.NoError(t, err)
	require.Equal(t, 1, ended.Repaired)
	require.Equal(t, []string{"FA0001 dos wanted 0"}, w.standing("forced"))
}
