package pushstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// What a push left out is stored with its outcome, in any state, loaded with the push,
// listed, and gone with the next outcome that leaves nothing out.
func TestWhatAPushLeavesOutIsRemembered(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Pharmacy)
	require.Empty(t, w.load(push.SinkDoS, 1, "FA0000")[0].LeftOut)
	since := time.Now().UTC().Truncate(time.Microsecond)
	left := []push.LeftOut{
		{Field: profile.FieldWebsite, Value: "https://x.com", Reason: "one-letter label", Since: since},
		{Field: profile.FieldPhone, Reason: "DoS refuses it", Refused: push.HashOfValue("0113"), Since: since},
	}
	for _, state := range push.States() {
		w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: state, Asked: 1, LeftOut: left})
		require.Equal(t, left, w.load(push.SinkDoS, 1, "FA0000")[0].LeftOut, state)
		w.Exec("update push set state = 'accepted', due_at = null, job_id = null where code = 'FA0000' and sink = 'dos'")
	}
	require.Empty(t, w.load(push.SinkDoS, 1, "FA0001")[0].LeftOut, "no other push")
	listed := []pushstore.LeftOut{
		{Field: "website", Value: "https://x.com", Reason: "one-letter label", Since: since},
		{Field: "phone", Reason: "DoS refuses it", Since: since},
	}
	require.Equal(t, listed, w.listed(pushstore.PushFilter{Code: "FA0000"})[0].LeftOut)

	// A repair does not try again what the sink refused; a person does.
	_, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, push.Sinks(), false, "jo")
	require.NoError(t, err)
	left[1].Refused = profile.Hash{}
	require.Equal(t, left, w.load(push.SinkDoS, 1, "FA0000")[0].LeftOut, "still named, in their order, until the next outcome")
	require.Equal(t, listed, w.listed(pushstore.PushFilter{Code: "FA0000"})[0].LeftOut)

	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Asked: 1})
	require.Empty(t, w.load(push.SinkDoS, 1, "FA0000")[0].LeftOut)
	require.Equal(t, 1, pgtest.One[int](w.Database, "select count(*) from push where code = 'FA0000' and sink = 'dos' and left_out = '[]'"))
}

// A repair of drift leaves out what the last push left out.
func TestARepairRemembersWhatWasRefused(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	left := []push.LeftOut{{Field: profile.FieldPhone, Reason: "refused", Refused: push.HashOfValue("0113"), Since: time.Unix(0, 0).UTC()}}
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Asked: 1, LeftOut: left})
	check := w.check()
	difference := push.Difference{Field: profile.FieldWebsite, Want: "a", Shown: "b"}
	require.NoError(t, check.Found(t.Context(), []push.Drifted{{Code: "FA0000", Differences: []push.Difference{difference}}}, nil, nil))
	result, err := check.End(t.Context(), push.DriftResult{Sink: push.SinkDoS, State: push.DriftDone, Checked: 1, Drifted: 1}, true)
	require.NoError(t, err)
	require.Equal(t, 1, result.Repaired)
	require.Equal(t, left, w.load(push.SinkDoS, 1, "FA0000")[0].LeftOut)
}
