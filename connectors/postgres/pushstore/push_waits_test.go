package pushstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// waits records that a push to DoS waits for a person.
func (w *world) waits(code profile.ODSCode) {
	w.Helper()
	w.settles(push.Outcome{Code: code, Route: "change-event", State: push.Waits, Reason: "website differs", Asked: 1})
}

func (w *world) listed(f pushstore.PushFilter) []pushstore.ListedPush {
	w.Helper()
	f.Sink, f.Most = push.SinkDoS, 10
	pushes, err := w.store.Pushes(w.Context(), f)
	require.NoError(w, err)
	return pushes
}

// What a push overwrites is stored with its number, once.
func TestWhatAPushOverwritesIsStoredWithItsNumber(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy)
	w.queue(10)
	stage := func(code profile.ODSCode, name string, overwrites ...push.Overwrite) int64 {
		p := w.load(push.SinkDoS, 1, code)[0]
		staged := push.Staged{Code: code, Job: p.Job, Last: p.Sequence, Hash: profile.Hash{1}, Overwrites: overwrites}
		staged.Sent.Set(profile.FieldName, name)
		var number int64
		for range 2 { // the second time as after a lost answer
			numbers, err := w.store.StagePushes(t.Context(), push.SinkDoS, []push.Staged{staged})
			require.NoError(t, err)
			require.Positive(t, numbers[0])
			require.True(t, number == 0 || number == numbers[0])
			number = numbers[0]
		}
		return number
	}
	stage("FA0001", "A")
	first := stage("FA0000", "A",
		push.Overwrite{Entry: "service 1", Field: profile.FieldWebsite, Before: "a", After: "b"},
		push.Overwrite{Entry: "service 1", Field: profile.FieldPhone, Before: push.NotVisible},
		push.Overwrite{Entry: "service 2", Field: profile.FieldWebsite, Before: "", After: "b"})
	second := stage("FA0000", "B", push.Overwrite{Field: profile.FieldWebsite, Before: "c", After: "d"})

	lost := push.Staged{Code: "FA0000", Job: 12345, Overwrites: []push.Overwrite{{Field: profile.FieldWebsite}}}
	numbers, err := w.store.StagePushes(t.Context(), push.SinkDoS, []push.Staged{lost})
	require.NoError(t, err)
	require.Equal(t, []int64{0}, numbers, "another job carries it")

	last := []pushstore.Overwritten{{Sequence: second, Field: "website", Before: "c", After: "d"}}
	all := slices.Concat(last, []pushstore.Overwritten{
		{Sequence: first, Entry: "service 1", Field: "phone", Before: "not visible"},
		{Sequence: first, Entry: "service 1", Field: "website", Before: "a", After: "b"},
		{Sequence: first, Entry: "service 2", Field: "website", After: "b"},
	})
	for earlier, want := range map[bool][]pushstore.Overwritten{false: last, true: all} {
		for _, p := range w.listed(pushstore.PushFilter{Earlier: earlier}) {
			for i := range p.Overwritten {
				require.WithinDuration(t, time.Now(), p.Overwritten[i].At, time.Hour)
				p.Overwritten[i].At = time.Time{}
			}
			if p.Code == "FA0000" {
				require.Equal(t, want, p.Overwritten)
			} else {
				require.Empty(t, p.Overwritten)
			}
		}
	}
	require.NoError(t, w.store.Prune(t.Context(), time.Now().Add(time.Hour)))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from push_overwrite"))
}

// A push that waits is left alone by every sweep; a change, a person and the drift check
// have it tried again.
func TestAPushThatWaitsIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		again     func(w *world)
		overwrite bool
		forced    bool
	}{
		"a change": {again: func(w *world) {
			w.Exec("update profile set phone = '777' where code = 'FA0000'")
			w.dispatch()
		}},
		"a person": {forced: true, again: func(w *world) {
			_, err := w.store.ForcePushes(w.Context(), []profile.ODSCode{"FA0000"}, push.Sinks(), false, "jo")
			require.NoError(w, err)
		}},
		"a person who says yes": {forced: true, overwrite: true, again: func(w *world) {
			_, err := w.store.ForcePushes(w.Context(), []profile.ODSCode{"FA0000"}, push.Sinks(), true, "jo")
			require.NoError(w, err)
		}},
		"the drift check": {again: func(w *world) {
			require.Equal(w, 1, w.finds(w.check(), true).Waiting)
			require.Equal(w, 1, pgtest.One[int](w.Database, "select max(waiting) from drift_check"))
		}},
		"the drift check of this profile": {again: func(w *world) {
			require.Zero(w, w.finds(w.check("FA0001"), true).Waiting, "it is not in the check")
			require.Zero(w, w.finds(w.check(), false).Waiting, "nothing is repaired")
			require.Equal(w, 1, w.finds(w.check("FA0000"), true).Waiting)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := resting(t, profile.Pharmacy, profile.Pharmacy)
			w.Exec("update push set asked = 1, answered = 0 where sink = 'dos' and code = 'FA0000'")
			w.waits("FA0000")
			w.dispatch()
			require.Equal(t, []string{"FA0000 dos waits"}, w.standing("state = 'waits'"), "no sweep takes it up")
			p := w.listed(pushstore.PushFilter{State: push.Waits})
			require.Len(t, p, 1)
			require.Equal(t, "website differs", p[0].Reason)
			require.Empty(t, w.pageOf(w.check("FA0000"), profile.Pharmacy, "", 10), "nothing was accepted that could drift")

			c.again(w)
			require.Len(t, w.standing("state = 'wanted' and sink = 'dos' and due_at is not null and code = 'FA0000'"), 1)
			loaded := w.load(push.SinkDoS, 1, "FA0000")[0]
			require.Equal(t, c.forced, loaded.Forced)
			require.Equal(t, c.overwrite, loaded.Overwrite)
		})
	}
}

// What a person or a repair forced stays forced while it waits, and an outcome ends the
// permission to overwrite, unless it was given during the attempt.
func TestAPermissionToOverwriteIsForOnePush(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	force := func() {
		_, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, []push.Sink{push.SinkDoS}, true, "jo")
		require.NoError(t, err)
	}
	permitted := func() bool { return w.load(push.SinkDoS, 1, "FA0000")[0].Overwrite }
	force()
	w.queue(10)
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Wanted, Attempt: "later"})
	require.True(t, permitted(), "it was not sent yet")
	w.queue(10)
	force()
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted"})
	require.True(t, permitted(), "given again during the attempt")
	w.queue(10)
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted"})
	require.False(t, permitted())
	require.Equal(t, []string{"push FA0000 dos, overwrite: true by jo"}, pgtest.All[string](w.Database,
		"select about || ', ' || field || ': ' || new || ' by ' || actor from decision_change"))

	_, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, []push.Sink{push.SinkDoS}, false, "jo")
	require.NoError(t, err)
	w.queue(10)
	w.waits("FA0000")
	require.True(t, w.load(push.SinkDoS, 1, "FA0000")[0].Forced, "a repair that waits is still one")
}
