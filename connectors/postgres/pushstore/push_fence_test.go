package pushstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// betweenTimes are the things that may happen to a push that job 1 staged under
// number 6 before that job's outcome is recorded (again).
var betweenTimes = map[string]string{
	"queued again":                    "update push set job_id = 2",
	"given up, and due":               "update push set job_id = null, due_at = now()",
	"given up, and settled":           "update push set job_id = null, state = 'accepted', settled_job = 2",
	"queued again, and staged again":  "update push set job_id = 2, sequence = 7, sent = '{}', sent_own = '\\x07', unclear = true",
	"queued again, staged, settled":   "update push set job_id = null, sequence = 7, settled_job = 2, state = 'refused'",
	"claimed by a command":            "update push set job_id = -1",
	"staged by the job's next worker": "update push set sequence = 7, sent = '{}', sent_own = '\\x07', unclear = true",
}

// row returns the whole row of the push of FA0000 to DoS.
func (w *world) row() string {
	w.Helper()
	return pgtest.One[string](w.Database, "select (p.*)::text from push p where code = 'FA0000' and sink = 'dos'")
}

// worked returns a push that job 1 sent under number 6, and its outcome.
func worked(t *testing.T) (*world, push.Outcome) {
	t.Helper()
	w := wanting(t, profile.Pharmacy)
	w.Exec(`update push set job_id = 1, due_at = null, sequence = 6, sent = '{"name": "A"}', sent_own = '\x06', unclear = true, asked = 3
		where sink = 'dos'`)
	return w, push.Outcome{
		Code: "FA0000", Job: 1, Asked: 3, Route: "change-event", State: push.Accepted, Attempt: "accepted", Status: 200, Sequence: 6,
		AcceptedHash: profile.Hash{6}, AcceptedSequence: 6,
	}
}

// settleOnce records an outcome, and returns whether it is on record and which
// jobs it completed.
func (w *world) settleOnce(o push.Outcome) (stands bool, completed []int64) {
	w.Helper()
	stand, err := w.store.RecordOutcomes(w.Context(), push.SinkDoS, []push.Outcome{o},
		func(_ context.Context, _ pgx.Tx, jobs []int64) error { completed = jobs; return nil })
	require.NoError(w, err)
	require.Len(w, stand, 1)
	return stand[0], completed
}

func TestAnOutcomeCountsOnlyWhileItsJobCarriesThePush(t *testing.T) {
	t.Parallel()
	for name, between := range betweenTimes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, outcome := worked(t)
			w.Exec(between + " where sink = 'dos'")
			before := w.row()
			stands, completed := w.settleOnce(outcome)
			require.False(t, stands)
			require.Empty(t, completed)
			require.Equal(t, before, w.row())
			require.Zero(t, pgtest.One[int](w.Database, "select count(*) from push_attempt"))
		})
	}
}

func TestAnOutcomeIsRecordedOnce(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]string{
		"nothing":                        "select",
		"an edit":                        "update push set state = 'wanted', due_at = now(), asked = asked + 1 where sink = 'dos'",
		"queued again":                   "update push set state = 'wanted', job_id = 2 where sink = 'dos'",
		"queued again, and staged again": "update push set state = 'wanted', job_id = 2, sequence = 7, unclear = true where sink = 'dos'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, outcome := worked(t)
			stands, completed := w.settleOnce(outcome)
			require.True(t, stands)
			require.Equal(t, []int64{1}, completed)
			require.Equal(t, "accepted 3", pgtest.One[string](w.Database, "select state || ' ' || answered from push where sink = 'dos'"))
			w.Exec(between)
			before := w.row()
			stands, completed = w.settleOnce(outcome)
			require.True(t, stands, "it was done before")
			require.Empty(t, completed)
			require.Equal(t, before, w.row())
			require.Equal(t, 1, pgtest.One[int](w.Database, "select count(*) from push_attempt"))
		})
	}
}

// The outcomes of two jobs for one push come in one batch: only one job carries it.
func TestTwoOutcomesOfOnePush(t *testing.T) {
	t.Parallel()
	w, outcome := worked(t)
	late := outcome
	late.Job, late.State = 9, push.Refused
	stand, err := w.store.RecordOutcomes(t.Context(), push.SinkDoS, []push.Outcome{late, outcome, late}, nothingToComplete)
	require.NoError(t, err)
	require.Equal(t, []bool{false, true, false}, stand)
	require.Equal(t, "accepted", pgtest.One[string](w.Database, "select state from push where sink = 'dos'"))
	require.Equal(t, 1, pgtest.One[int](w.Database, "select count(*) from push_attempt"))
}

// What the dispatcher read while a push was under way is newer than what its
// job knew.
func TestARouteThatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for kind, want := range map[profile.OrgType]string{
		profile.Trust: " no-route f", profile.GPPractice: "fhir wanted t",
	} {
		w, outcome := worked(t)
		w.Exec("update profile set type = $1", string(kind))
		w.dispatch()
		stands, _ := w.settleOnce(outcome)
		require.True(t, stands)
		require.Equal(t, want, pgtest.One[string](w.Database,
			"select concat_ws(' ', route, state, due_at is not null) from push where sink = 'dos'"))
	}
}

func TestAPushIsNumberedOnlyForTheJobThatCarriesIt(t *testing.T) {
	t.Parallel()
	for name, between := range betweenTimes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := worked(t)
			w.Exec(between + " where sink = 'dos'")
			before := w.row()
			numbers, err := w.store.StagePushes(t.Context(), push.SinkDoS, []push.Staged{
				{Code: "FA0000", Job: 1, Last: 6, Hash: profile.Hash{8}},
			})
			require.NoError(t, err)
			require.Equal(t, []int64{0}, numbers)
			require.Equal(t, before, w.row())
			require.Zero(t, pgtest.One[int](w.Database, "select count(*) from push_sequence"), "no number was used")
		})
	}
}

func TestAPushIsNumberedOnce(t *testing.T) {
	t.Parallel()
	w, _ := worked(t)
	staged := []push.Staged{{Code: "FA0000", Job: 1, Last: 6, Hash: profile.Hash{8}, SetHolidays: "2026-12-25 10:00-12:00"}}
	staged[0].Sent.Set(profile.FieldName, "B")
	stage := func() int64 {
		numbers, err := w.store.StagePushes(t.Context(), push.SinkDoS, staged)
		require.NoError(t, err)
		return numbers[0]
	}
	first := stage()
	require.Greater(t, first, int64(6))
	before := w.row()
	require.Equal(t, first, stage(), "the answer was lost, and nothing was sent under the number")
	require.Equal(t, before, w.row())
	require.Equal(t, "2026-12-25 10:00-12:00", w.load(push.SinkDoS, 1, "FA0000")[0].Desired.SetHolidays)

	staged[0].Sent.Set(profile.FieldName, "C")
	require.Zero(t, stage(), "the same number never carries anything else")
	staged[0].Last = first
	require.Greater(t, stage(), first, "the next attempt of the same job")
}

func TestACommandClaimsPushesOnce(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy)
	w.Exec("update push set job_id = 9 where code = 'FA0001'")
	claim := func(process int64) []profile.ODSCode {
		claimed, err := w.store.ClaimPushes(t.Context(), push.SinkDoS, []profile.ODSCode{"FA0000", "FA0001"}, process)
		require.NoError(t, err)
		return claimed
	}
	require.Equal(t, []profile.ODSCode{"FA0000"}, claim(7), "the other has a job")
	require.Empty(t, claim(8), "another command")
	w.Exec("update profile set hidden = true where code = 'FA0000'")
	w.dispatch()
	before := w.row()
	require.Equal(t, []profile.ODSCode{"FA0000"}, claim(7), "the answer was lost")
	require.Equal(t, before, w.row(), "the edit since is not lost with it")
	stands, completed := w.settleOnce(push.Outcome{
		Code: "FA0000", Job: -7, State: push.Accepted, Route: "change-event",
	})
	require.True(t, stands)
	require.Empty(t, completed, "a command is no job")
	require.Equal(t, []profile.ODSCode{"FA0000"}, claim(8), "it was edited since")
}

// A push that was asked for, and that nothing will send, for whatever reason.
func TestWhatIsLeftBehindIsFound(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Trust)
	find := func() (n int) {
		w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) (err error) {
			n, err = d.FindLeftBehind(ctx)
			return err
		})
		return n
	}
	settle := func() {
		job, sequence := w.carry(push.SinkDoS, "FA0000", 0)
		stands, _ := w.settleOnce(push.Outcome{
			Code: "FA0000", Job: job, Sequence: sequence, Asked: w.load(push.SinkDoS, 1, "FA0000")[0].Asked,
			Route: "change-event", State: push.Accepted,
		})
		require.True(t, stands)
	}
	w.Exec("delete from push where sink = 'website'")
	require.Zero(t, find(), "it is due; the trust has no route")
	w.queue(10)
	require.Zero(t, find(), "a job carries it")
	settle()
	require.Zero(t, find(), "it was sent")

	w.Exec("update profile set hidden = true where code = 'FA0000'")
	w.dispatch()
	w.Exec("delete from push where sink = 'website'")
	require.Zero(t, find(), "it is due again")
	for _, state := range []string{"accepted", "refused", "wanted"} {
		w.Exec("update push set due_at = null, job_id = null, state = $1, not_before = now() + interval '1 h' where code = 'FA0000'", state)
		require.Equal(t, 1, find(), state)
		require.Equal(t, "wanted t", pgtest.One[string](w.Database,
			"select concat_ws(' ', state, due_at = not_before) from push where code = 'FA0000'"))
		require.Zero(t, find(), "once")
	}
	w.Exec("update push set due_at = null, state = 'held' where code = 'FA0000'")
	require.Zero(t, find(), "a person holds it")
	settle()
	require.Zero(t, find())
	w.Exec("update push set state = 'accepted' where code = 'FA0000'")
	require.Zero(t, find(), "its outcome includes the last change")
	w.Exec("set enable_seqscan = off")
	plan := pgtest.All[string](w.Database, `explain select code from push
		where asked > answered and due_at is null and job_id is null and state not in ('held', 'no-route') order by code, sink`)
	require.Contains(t, strings.Join(plan, "\n"), "push_left_behind")
}

// A daemon that is not configured for a sink, by mistake or because the new
// setting has not reached it yet, still asks for the pushes of the daemons that
// are.
func TestAChangeIsAskedForAtSinksThatAnotherDaemonServes(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.dispatch()
	w.rest()
	without := sinkRoutes()
	delete(without, push.SinkWebsite)
	w.Exec("update profile set phone = '020' where code = 'FA0000'")
	w.round(without, func(ctx context.Context, d *pushstore.Dispatch) error { return d.ReadChanges(ctx, day(1), editDelay) })
	require.Equal(t, 1, pgtest.One[int](w.Database, `select count(*) from push where code = 'FA0000' and sink = 'website' and state = 'wanted'
		and due_at is not null and route <> ''`))
}

func TestWhatIsWantedAndNothingBringsIsLeftBehindWhoeverAsked(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.dispatch()
	w.Exec("update push set state = 'wanted', due_at = null, job_id = null, asked = 0, answered = 0 where code = 'FA0000'")
	w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) error {
		n, err := d.FindLeftBehind(ctx)
		require.Equal(t, 2, n)
		return err
	})
}
