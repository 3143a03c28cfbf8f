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

// manualWorker is a database whose pushes to DoS the test works itself, as a
// worker of the queue would.
type manualWorker struct {
	*pushing
	*Pusher
	beforeLost func() // called before the caller learns that the answer is lost
}

func newManualWorker(t *testing.T, profiles int) *manualWorker {
	t.Helper()
	h := &manualWorker{pushing: newPushing(t)}
	delete(h.sinks, push.SinkWebsite)
	h.store.answers = func() error {
		if h.beforeLost == nil {
			return nil
		}
		then := h.beforeLost
		h.beforeLost = nil
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

// queue queues what is due, and marks the jobs as running.
func (h *manualWorker) queue(t *testing.T) {
	t.Helper()
	_, err := h.dispatcher().round(t.Context(), h.client)
	require.NoError(t, err)
	h.exec(t, `update river.river_job set state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{test}'
		where kind = 'push_dos' and state = 'available'`)
}

// load loads pushes of profiles that have jobs.
func (h *manualWorker) load(t *testing.T, codes ...profile.ODSCode) []push.Push {
	t.Helper()
	pushes, err := h.store.LoadPushes(t.Context(), push.SinkDoS, codes, h.Today())
	require.NoError(t, err)
	require.Len(t, pushes, len(codes))
	return pushes
}

// delivered sends pushes to the sink, and records nothing yet.
func (h *manualWorker) delivered(t *testing.T, codes ...profile.ODSCode) (outcomes []*batchedCall[push.Outcome, bool]) {
	t.Helper()
	for _, p := range h.load(t, codes...) {
		outcome, _, err := h.deliver(t.Context(), p, false)
		require.NoError(t, err)
		outcomes = append(outcomes, &batchedCall[push.Outcome, bool]{in: outcome, done: make(chan struct{})})
	}
	return outcomes
}

// The outcomes of a batch were committed, but the reply was lost: they are
// recorded again, one by one. Meanwhile one of the profiles was edited, and its
// push was queued again.
func TestALostAnswerToASettlementLosesNoEdit(t *testing.T) {
	t.Parallel()
	h := newManualWorker(t, 3)
	batch := h.delivered(t, "FA001", "FA002", "FA003")
	h.beforeLost = func() {
		h.exec(t, "update profile set name = 'The newest' where code = 'FA002'")
		h.queue(t)
	}
	h.outcomes.batch(t.Context(), batch)
	for _, call := range batch {
		require.NoError(t, call.err)
		require.True(t, call.out, "it was recorded, by this job")
	}
	const attempts = "select count(*) from push_attempt where sequence > 0"
	require.Equal(t, 3, h.count(t, attempts), "one per push")
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

// A push that was declared lost, and has another job since, belongs to that
// job.
func TestAJobThatWasGivenUpRecordsNothing(t *testing.T) {
	t.Parallel()
	h := newManualWorker(t, 2)
	batch := h.delivered(t, "FA001", "FA002")
	h.exec(t, "update push set job_id = null, due_at = now() where code = 'FA001'")
	h.queue(t)
	h.outcomes.batch(t.Context(), batch)
	require.Equal(t, []bool{false, true}, []bool{batch[0].out, batch[1].out})
	require.Equal(t, 1, h.count(t, accepted))
	require.Equal(t, 1, h.count(t, completed), "the old job's worker learns that the push no longer belongs to it")
	require.Equal(t, 1, h.count(t, "select count(*) from push_attempt"))

	old := batch[0].in
	outcome, err := h.Push(t.Context(), "FA001", false, old.Job)
	require.NoError(t, err, "the retried job leaves the push to the new job")
	require.Empty(t, outcome.State)
	_, err = h.number(t, h.load(t, "FA001")[0], old.Job)
	require.ErrorIs(t, err, errNotOurs)
}

// number assigns a push a number for a job.
func (h *manualWorker) number(t *testing.T, known push.Push, job int64) (int64, error) {
	t.Helper()
	known.Job = job
	b := pushWork{pusher: h.Pusher, route: tagged, known: known}
	err := b.assignNumber(t.Context(), push.Composition{Values: known.Desired.Stated(tagged)}, profile.Hash{1})
	return b.known.Sequence, err
}

// The numbers were committed, but the reply was lost: they are requested again,
// one by one.
func TestALostAnswerToAStagingSpendsNoNumber(t *testing.T) {
	t.Parallel()
	h := newManualWorker(t, 2)
	var batch []*batchedCall[push.Staged, int64]
	for _, p := range h.load(t, "FA001", "FA002") {
		staged := push.Staged{
			Code: p.Code(), Job: p.Job, Last: p.Sequence, Sent: p.Desired.Stated(tagged), Hash: profile.Hash{1},
		}
		batch = append(batch, &batchedCall[push.Staged, int64]{in: staged, done: make(chan struct{})})
	}
	var committed []int64
	h.beforeLost = func() {
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

// If a job was completed without recording an outcome, nothing is recorded
// later: its worker found that the push belonged to another job, or the queue
// ended it.
func TestAJobThatIsNotRunningIsNotCompleted(t *testing.T) {
	t.Parallel()
	for state, finalized := range map[string]string{
		"completed": "now()", "cancelled": "now()", "discarded": "now()", "available": "null", "retryable": "null",
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			h := newManualWorker(t, 1)
			batch := h.delivered(t, "FA001")
			h.exec(t, "update river.river_job set finalized_at = "+finalized+", state = $1 where kind = 'push_dos'", state)
			h.outcomes.batch(t.Context(), batch)
			require.ErrorContains(t, batch[0].err, "it was "+state+" already")
			require.Zero(t, h.count(t, "select count(*) from push_attempt"))
			require.Zero(t, h.count(t, accepted))
		})
	}
}
