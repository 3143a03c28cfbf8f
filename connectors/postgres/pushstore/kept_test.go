package pushstore_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// What a sink accepted last, and when, is what later pushes are compared with:
// an answer that accepts nothing says nothing of it.
func TestARefusalLeavesWhatWasAccepted(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.Exec("update push set accepted_own = '\\x01', accepted_sequence = 5, version = 'v1', accepted_at = '2025-01-01' where sink = 'dos'")
	accepted := func() string {
		return pgtest.One[string](w.Database, `select concat_ws(' ', left(encode(accepted_own, 'hex'), 2), accepted_sequence, version,
			accepted_at > '2025-01-01') from push where sink = 'dos'`)
	}
	for _, state := range []push.State{push.Wanted, push.Waits, push.Refused} {
		w.Exec("update push set state = 'wanted', due_at = now(), not_before = null where sink = 'dos'")
		w.queue(10)
		w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: state, Attempt: "refused", AcceptedSequence: 9, Version: "v9"})
		require.Equal(t, "01 5 v1 f", accepted(), state)
	}
	w.Exec("update push set state = 'wanted', due_at = now(), not_before = null where sink = 'dos'")
	w.queue(10)
	w.settles(push.Outcome{
		Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted", AcceptedHash: profile.Hash{9},
		AcceptedSequence: 9, Version: "v9",
	})
	require.Equal(t, "09 9 v9 t", accepted())
}

func TestAJobThatGoesOnIsNotLost(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy)
	w.Exec("delete from push where sink = 'website'")
	require.Len(t, w.queue(10), 5)
	w.Exec(`insert into river.river_job (id, state, kind, args, max_attempts) overriding system value
		select i, (array['available', 'pending', 'retryable', 'running', 'scheduled'])[i]::river.river_job_state, 'push_dos', '{}', 5
		from generate_series(1, 5) i`)
	w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) error { return d.FindLost(ctx) })
	require.Len(t, w.standing("job_id is not null and due_at is null"), 5)
}

func TestTheOldestPushesGoFirst(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy)
	w.Exec("delete from push where sink = 'website'")
	w.Exec("update push set due_at = now() - interval '1 minute' * case code when 'FA0001' then 3 when 'FA0002' then 2 else 1 end")
	due := w.queue(2)
	require.Len(t, due, 2)
	require.Equal(t, []profile.ODSCode{"FA0001", "FA0002"}, []profile.ODSCode{due[0].Code, due[1].Code})
}

// A day of a hold is held to its end, whether it holds a field or a sink.
func TestAHoldIsFollowedOnceItsLastDayIsOver(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy)
	w.hold(pushstore.Hold{Code: "FA0000", Field: "phone", Until: day(2), Reason: "x", Actor: "jo"})
	w.hold(pushstore.Hold{Code: "FA0001", Sink: "dos", Until: day(2), Reason: "x", Actor: "jo"})
	for _, n := range []int{1, 2} {
		w.dispatchOn(n)
		require.Equal(t, []string{"FA0001 dos held"}, w.standing("state <> 'accepted'"), "on day %d", n)
		require.Zero(t, pgtest.One[int](w.Database, "select count(*) from hold where followed"))
	}
	w.dispatchOn(3)
	require.Equal(t, []string{"FA0000 dos wanted 0", "FA0000 website wanted 0", "FA0001 dos wanted 0"}, w.standing("state <> 'accepted'"))
}
