package pushstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func (w *world) hold(h pushstore.Hold) int64 {
	w.Helper()
	id, err := w.store.AddHold(w.Context(), h)
	require.NoError(w, err)
	return id
}

func TestHoldsAreListedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("insert into profile (code, name, type) values ('FA0000', 'A', 'pharmacy'), ('FA0001', 'B', 'pharmacy')")
	forever := w.hold(pushstore.Hold{Code: "FA0000", Field: "phone", Reason: "new number in May", Actor: "jo"})
	short := w.hold(pushstore.Hold{Code: "FA0001", Sink: "dos", Until: day(2), Reason: "moving", Actor: "jo"})
	standing := func(code profile.ODSCode, on int, ended bool) (ids []int64) {
		holds, err := w.store.Holds(t.Context(), code, day(on), ended)
		require.NoError(t, err)
		for _, h := range holds {
			ids = append(ids, h.ID)
		}
		return ids
	}
	require.Equal(t, []int64{forever, short}, standing("", 2, false), "the last day counts")
	require.Equal(t, []int64{forever}, standing("", 3, false), "it ended by itself")
	require.Equal(t, []int64{short}, standing("FA0001", 2, false))

	require.NoError(t, w.store.RemoveHold(t.Context(), forever, "al"))
	require.Empty(t, standing("", 3, false))
	require.ErrorIs(t, w.store.RemoveHold(t.Context(), forever, "al"), postgres.ErrNotFound, "once")
	require.ErrorIs(t, w.store.RemoveHold(t.Context(), 99, "al"), postgres.ErrNotFound)
	require.Equal(t, []string{"hold 1 field jo", "hold 1 reason jo", "hold 1 removed_by al", "hold 2 sink jo", "hold 2 until jo"},
		pgtest.All[string](w.Database, `select concat_ws(' ', about, field, actor) from decision_change
			where field <> 'removed_at' and (about, field) <> ('hold 2', 'reason') order by about, id`), "the audit says who")

	every, err := w.store.Holds(t.Context(), "", day(3), true)
	require.NoError(t, err)
	require.Len(t, every, 2)
	require.False(t, every[0].At.IsZero())
	require.False(t, every[0].Removed.IsZero())
	every[0].At, every[0].Removed, every[1].At = every[1].Removed, every[1].Removed, every[1].Removed
	require.Equal(t, []pushstore.Hold{
		{ID: forever, Code: "FA0000", Name: "A", Field: "phone", Reason: "new number in May", Actor: "jo", RemovedBy: "al"},
		{ID: short, Code: "FA0001", Name: "B", Sink: "dos", Until: day(2), Reason: "moving", Actor: "jo"},
	}, every)
}

func TestHoldsThatSayNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("insert into profile (code, name, type) values ('FA0000', 'A', 'pharmacy')")
	for why, h := range map[string]pushstore.Hold{
		"FA0009: not found":     {Code: "FA0009", Sink: "dos", Reason: "x"},
		"hold_sink_known":       {Code: "FA0000", Sink: "fax", Reason: "x"},
		"hold_field_known":      {Code: "FA0000", Field: "shoe-size", Reason: "x"},
		"hold_field_or_sink":    {Code: "FA0000", Reason: "x"},
		"FA0000: ERROR":         {Code: "FA0000", Field: "phone", Sink: "dos", Reason: "x"},
		"hold_reason_stated":    {Code: "FA0000", Sink: "dos"},
		"holding FA0000: ERROR": {Code: "FA0000", Field: "phone"},
	} {
		_, err := w.store.AddHold(t.Context(), h)
		require.ErrorContains(t, err, why)
	}
	_, err := w.SQL.Exec(t.Context(), "insert into hold (code, sink, reason, actor, removed_at) values ('FA0000', 'dos', 'x', 'jo', now())")
	require.ErrorContains(t, err, "hold_removed_by_somebody")
}

func TestAHeldSinkWaitsAndGoesOn(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy)
	w.hold(pushstore.Hold{Code: "FA0000", Sink: "dos", Until: day(2), Reason: "moving", Actor: "jo"})
	w.dispatchOn(1)
	require.Equal(t, []string{"FA0000 dos held"}, w.standing("state <> 'accepted'"))
	w.Exec("update profile set hidden = true where code = 'FA0000'")
	w.dispatchOn(2)
	require.Equal(t, []string{"FA0000 dos held", "FA0000 website wanted 0"}, w.standing("state <> 'accepted'"), "the other sink is pushed to")
	require.Len(t, w.queue(10), 1)
	loaded := w.load(push.SinkDoS, 2, "FA0000", "FA0001")
	require.Equal(t, []bool{true, false}, []bool{loaded[0].Held, loaded[1].Held})
	require.False(t, w.load(push.SinkWebsite, 2, "FA0000")[0].Held)

	w.dispatchOn(3)
	require.Equal(t, []string{"FA0000 dos wanted 0"}, w.standing("code = 'FA0000' and sink = 'dos'"), "it ended by itself")
	require.True(t, pgtest.One[bool](w.Database,
		"select wanted_at > now() - interval '1 h' from push where code = 'FA0000' and sink = 'dos'"),
		"its wait counts from now, not from before the hold")
	require.False(t, w.load(push.SinkDoS, 3, "FA0000")[0].Held)
}

func TestAHoldThatIsRemovedLetsGo(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	hold := pushstore.Hold{Code: "FA0000", Sink: "dos", Reason: "moving", Actor: "jo"}
	first, again := w.hold(hold), w.hold(hold)
	require.Equal(t, first, again, "asking twice makes one hold")
	hold.Actor = "al"
	second := w.hold(hold)
	w.dispatch()
	require.NoError(t, w.store.RemoveHold(t.Context(), first, "jo"))
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos held"}, w.standing("sink = 'dos'"), "another hold is in force")
	require.NoError(t, w.store.RemoveHold(t.Context(), second, "jo"))
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos wanted 0"}, w.standing("sink = 'dos'"))
}

func TestAHoldWaitsForTheJobUnderWay(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.queue(10)
	w.hold(pushstore.Hold{Code: "FA0000", Sink: "dos", Reason: "moving", Actor: "jo"})
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos wanted"}, w.standing("sink = 'dos'"))
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted"})
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos held"}, w.standing("sink = 'dos'"))
}

func TestAHoldMakesNoRoute(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Trust, profile.Pharmacy)
	id := w.hold(pushstore.Hold{Code: "FA0000", Sink: "dos", Reason: "moving", Actor: "jo"})
	other := w.hold(pushstore.Hold{Code: "FA0001", Sink: "dos", Reason: "moving", Actor: "jo"})
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos no-route", "FA0001 dos held"}, w.standing("sink = 'dos'"))
	w.Exec("update profile set type = 'trust' where code = 'FA0001'")
	w.dispatch()
	require.NoError(t, w.store.RemoveHold(t.Context(), id, "jo"))
	require.NoError(t, w.store.RemoveHold(t.Context(), other, "jo"))
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos no-route", "FA0001 dos no-route"}, w.standing("sink = 'dos'"))
}

func TestAHeldPushIsForcedWhenTheHoldEnds(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	w.hold(pushstore.Hold{Code: "FA0000", Sink: "dos", Until: day(2), Reason: "moving", Actor: "jo"})
	w.dispatchOn(1)
	forced, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, []push.Sink{push.SinkDoS}, false, "jo")
	require.NoError(t, err)
	require.Equal(t, []pushstore.ForcedPush{{Code: "FA0000", Sink: push.SinkDoS, State: push.Held}}, forced)
	require.Empty(t, w.queue(10))
	w.dispatchOn(3)
	require.Len(t, w.queue(10), 1)
	require.True(t, w.load(push.SinkDoS, 3, "FA0000")[0].Forced)
}

func TestHeldFieldsStandUntilTheirDay(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	w.hold(pushstore.Hold{Code: "FA0000", Field: "phone", Until: day(2), Reason: "x", Actor: "jo"})
	removed := w.hold(pushstore.Hold{Code: "FA0000", Field: "website", Reason: "x", Actor: "jo"})
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos accepted", "FA0000 website accepted"}, w.standing("true"), "a field holds no sink")

	require.NoError(t, w.store.RemoveHold(t.Context(), removed, "jo"))
	held := func(on int) []profile.Field { return w.load(push.SinkDoS, on, "FA0000")[0].Desired.Held }
	require.Equal(t, []profile.Field{profile.FieldPhone}, held(2))
	require.Empty(t, held(3))
	w.dispatch()
	require.Equal(t, []string{"FA0000 dos wanted 0", "FA0000 website wanted 0"}, w.standing("true"), "held values are sent now")
	require.Equal(t, 1, pgtest.One[int](w.Database, "select count(*) from hold where followed"), "asked for once")
}
