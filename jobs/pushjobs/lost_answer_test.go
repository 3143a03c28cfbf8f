package pushjobs

import (
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

var errLost = errors.New("the answer is lost")

// handWorked is a database whose pushes to DoS a test works by hand, as a worker
// of the queue does.
type handWorked struct {
	*pushing
	*Pusher
	then func() // done before the caller learns of it
}

func workedByHand(t *testing.T, profiles int) *handWorked {
	t.Helper()
	h := &handWorked{pushing: newPushing(t)}
	delete(h.sinks, push.SinkWebsite)
	h.store.answers = func() error {
		if h.then == nil {
			return nil
		}
		then := h.then
		h.then = nil
		then()
		return errLost
	}
	h.Pusher = h.pusher(push.SinkDoS, h.sinks[push.SinkDoS])
	pool, err := postgres.RiverPool(t.Context(), h.conn.Config().ConnString(), postgres.NewProcess())
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	h.complete = completer(riverpgxv5.New(pool), postgres.RiverSchema, time.Now)
	h.insert(t, profiles)
	h.queue(t)
	return h
}

// queue makes jobs of what is due, and begins them.
func (h *handWorked) queue(t *testing.T) {
	t.Helper()
	_, err := h.dispatcher().round(t.Context(), h.client)
	require.NoError(t, err)
	h.exec(t, `update river.river_job set state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{test}'
		where kind = 'push_dos' and state = 'available'`)
}

// load loads pushes of profiles that have jobs.
func (h *handWorked) load(t *testing.T, codes ...profile.ODSCode) []push.Push {
	t.Helper()
	pushes, err := h.store.LoadPushes(t.Context(), push.SinkDoS, codes, h.Today())
	require.NoError(t, err)
	require.Len(t, pushes, len(codes))
	return pushes
}

// delivered brings pushes to the sink, and records nothing yet.
func (h *handWorked) delivered(t *testing.T, codes ...profile.ODSCode) (outcomes []*batchedCall[push.Outcome, bool]) {
	t.Helper()
	for _, p := range h.load(t, codes...) {
		outcome, _, err := h.deliver(t.Context(), p, false)
		require.NoError(t, err)
		outcomes = append(outcomes, &batchedCall[push.Outcome, bool]{in: outcome, done: make(chan struct{})})
	}
	return outcomes
}

// The settlement of a batch was committed, and its answer lost: it is recorded
// again, one by one. Meanwhile one of the profiles was edited, and its push was
// queued again.
func TestALostAnswerToASettlementLosesNoEdit(t *testing.T) {
	t.Parallel()
	h := workedByHand(t, 3)
	batch := h.delivered(t, "FA001", "FA002", "FA003")
	h.then = func() {
		h.exec(t, "update profile set name = 'The newest' where code = 'FA002'")
		h.queue(t)
	}
	h.outcomes.batch(t.Context(), batch)
	for _, call := range batch {
		require.NoError(t, call.err)
		require.True(t, call.out, "it was recorded, by this very job")
	}
	const attempts = "select count(*) from push_attempt where sequence > 0"
	require.Equal(t, 3, h.count(t, attempts), "one a push")
	require.Equal(t, 2, h.count(t, accepted))
	require.Equal(t, 3, h.count(t, completed))

	next := h.load(t, "FA002")[0]
	require.Positive(t, next.Job, "its new job carries it")
	_, err := h.Push(t.Context(), "FA002", false, next.Job)
	require.NoError(t, err)
	require.Equal(t, "The newest", h.sinks[push.SinkDoS].names()[3])
	require.Equal(t, 3, h.count(t, accepted))
	require.Equal(t, 4, h.count(t, attempts))
}

// A push that was given up for lost, and that another job carries since, is that
// job's.
func TestAJobThatWasGivenUpRecordsNothing(t *testing.T) {
	t.Parallel()
	h := workedByHand(t, 2)
	batch := h.delivered(t, "FA001", "FA002")
	h.exec(t, "update push set job_id = null, due_at = now() where code = 'FA001'")
	h.queue(t)
	h.outcomes.batch(t.Context(), batch)
	require.Equal(t, []bool{false, true}, []bool{batch[0].out, batch[1].out})
	require.Equal(t, 1, h.count(t, accepted))
	require.Equal(t, 1, h.count(t, completed), "the old job's worker learns that it is not its push any more")
	require.Equal(t, 1, h.count(t, "select count(*) from push_attempt"))

	old := batch[0].in
	outcome, err := h.Push(t.Context(), "FA001", false, old.Job)
	require.NoError(t, err, "it is looked at again, and left to the other")
	require.Empty(t, outcome.State)
	_, err = h.number(t, h.load(t, "FA001")[0], old.Job)
	require.ErrorIs(t, err, errNotOurs)
}

// number has a push numbered for a job.
func (h *handWorked) number(t *testing.T, push push.Push, job int64) (int64, error) {
	t.Helper()
	push.Job = job
	b := pushWork{pusher: h.Pusher, route: tagged, known: push}
	err := b.assignNumber(t.Context(), push.Desired.Stated(tagged), profile.Hash{1})
	return b.known.Sequence, err
}

// The numbers were committed, and the answer lost: they are asked for again, one
// by one.
func TestALostAnswerToAStagingSpendsNoNumber(t *testing.T) {
	t.Parallel()
	h := workedByHand(t, 2)
	var batch []*batchedCall[push.Staged, int64]
	for _, p := range h.load(t, "FA001", "FA002") {
		staged := push.Staged{
			Code: p.Code(), Job: p.Job, Last: p.Sequence, Sent: p.Desired.Stated(tagged), Hash: profile.Hash{1},
		}
		batch = append(batch, &batchedCall[push.Staged, int64]{in: staged, done: make(chan struct{})})
	}
	var committed []int64
	h.then = func() {
		for _, push := range h.load(t, "FA001", "FA002") {
			committed = append(committed, push.Sequence)
		}
	}
	h.numbers.batch(t.Context(), batch)
	require.Equal(t, []int64{batch[0].out, batch[1].out}, committed)
	require.Positive(t, committed[0])
	for i, push := range h.load(t, "FA001", "FA002") {
		require.Equal(t, committed[i], push.Sequence)
	}
}

// A job that was completed, but by no settlement, has nothing recorded: a worker
// found that the push was not its own, or the queue ended it.
func TestAJobThatIsNotRunningIsNotCompleted(t *testing.T) {
	t.Parallel()
	for state, finalized := range map[string]string{
		"completed": "now()", "cancelled": "now()", "discarded": "now()", "available": "null", "retryable": "null",
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			h := workedByHand(t, 1)
			batch := h.delivered(t, "FA001")
			h.exec(t, "update river.river_job set finalized_at = "+finalized+", state = $1 where kind = 'push_dos'", state)
			h.outcomes.batch(t.Context(), batch)
			require.ErrorContains(t, batch[0].err, "it was "+state+" already")
			require.Zero(t, h.count(t, "select count(*) from push_attempt"))
			require.Zero(t, h.count(t, accepted))
		})
	}
}
