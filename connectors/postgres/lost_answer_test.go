package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// written is a write in a world of its own, and what it leaves.
type written struct {
	*world
	// try is one attempt, as the caller in the program makes it. After an error the
	// caller tries again: the queue its job, a person their command.
	try  func() error
	rows string // a query of one column: all that the write leaves
}

// lostAnswer is a write, and the statement after which the answer to its commit
// is lost.
type lostAnswer struct {
	statement string
	begin     func(t *testing.T) written
}

// requireOnce has every write lose the answer to its commit, and be tried again.
// It must leave what it leaves where nothing is lost.
func requireOnce(t *testing.T, writes map[string]lostAnswer) {
	t.Helper()
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quiet := write.begin(t)
			require.NoError(t, quiet.try())
			want := all[string](quiet.world, quiet.rows)
			require.NotEmpty(t, want)

			w := write.begin(t)
			require.NotSubset(t, all[string](w.world, w.rows), want, "there is something to be done")
			line := w.alongALine()
			lost := line.SwallowCommitAfter(write.statement, 1)
			require.Error(t, w.try())
			require.Equal(t, 1, lost.Happened())
			require.NoError(t, w.try())
			require.ElementsMatch(t, want, all[string](w.world, w.rows))
		})
	}
}

// alongALine has the store of the world speak to the database along a line that
// loses what a test wants it to lose.
func (w *world) alongALine() *pgproxy.Proxy {
	w.Helper()
	line := pgproxy.New(w.T, w.url)
	w.store = pgtest.OpenURL(w.T, line.URL())
	return line
}

// seenOnce is no error where the work is there already, by one's own hand: a
// person reads so, and is done.
func seenOnce(err error) error {
	if errors.Is(err, postgres.ErrNotFound) {
		return nil
	}
	return err
}

const allOfAPush = `select concat_ws(' ', code, sink, route, state, due_at is not null, job_id, settled_job, forced, failures, repairs,
	reason, sequence > 0, sent::text, unclear, accepted_sequence > 0, version, asked, answered) from push
	union all select concat_ws(' ', 'attempt', code, sink, answer, count(*)) from push_attempt group by code, sink, answer
	union all select concat_ws(' ', 'job', kind, count(*)) from river.river_job group by kind`

func TestALostAnswerAboutPushes(t *testing.T) {
	t.Parallel()
	requireOnce(t, map[string]lostAnswer{
		"staging": {"StagePushes", func(t *testing.T) written {
			t.Helper()
			w := wanting(t, profile.Pharmacy, profile.Pharmacy)
			w.queue(10)
			pushes := w.load(push.SinkDoS, 1, "FA0000", "FA0001")
			staged := make([]push.Staged, len(pushes))
			for i, p := range pushes {
				staged[i] = push.Staged{Code: p.Code(), Job: p.Job, Own: profile.Hash{1}}
			}
			return written{w, func() error {
				numbers, err := w.store.StagePushes(t.Context(), push.SinkDoS, staged)
				require.True(t, err != nil || min(numbers[0], numbers[1]) > 0, "it knows its own")
				return err
			}, allOfAPush + " union all select count(*)::text from push_sequence s join push p on p.code = s.code and p.sequence = s.last"}
		}},
		"settling": {"SettlePushes", func(t *testing.T) written {
			t.Helper()
			w, outcome := worked(t)
			return written{w, func() error {
				stand, err := w.store.SettlePushes(t.Context(), push.SinkDoS, []push.Outcome{outcome}, nothingToComplete)
				require.True(t, err != nil || stand[0], "it knows its own")
				return err
			}, allOfAPush}
		}},
		"queueing": {"SetPushJobs", func(t *testing.T) written {
			t.Helper()
			w := wanting(t, profile.Pharmacy, profile.Pharmacy)
			w.exec("update profile set hidden = true")
			return written{w, w.dispatchesJobs, strings.ReplaceAll(allOfAPush, " job_id,", " job_id is not null,")}
		}},
		"claiming for a command": {"ClaimPushes", func(t *testing.T) written {
			t.Helper()
			w := wanting(t, profile.Pharmacy)
			return written{w, func() error {
				claimed, err := w.store.ClaimPushes(t.Context(), push.SinkDoS, []profile.ODSCode{"FA0000"}, 7)
				require.True(t, err != nil || len(claimed) == 1, "it knows its own")
				return err
			}, allOfAPush}
		}},
		"forcing": {"ForcePushes", func(t *testing.T) written {
			t.Helper()
			w := resting(t, profile.Pharmacy)
			w.exec("update push set state = 'refused', failures = 3")
			return written{w, func() error {
				_, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, push.Sinks())
				return err
			}, allOfAPush}
		}},
		"repairing drift": {"EndDriftCheck", func(t *testing.T) written {
			t.Helper()
			w := resting(t, profile.Pharmacy, profile.Pharmacy)
			return written{w, w.looksForDrift, allOfAPush + `
				union all select concat_ws(' ', sum(repaired), min(state), max(state)) from drift_check`}
		}},
		"pausing": {"PauseRoute", func(t *testing.T) written {
			t.Helper()
			w := wanting(t, profile.Pharmacy)
			return written{w, func() error {
				_, err := w.store.PauseRoute(t.Context(), push.SinkDoS, "change-event", "down", time.Hour)
				return err
			}, "select concat_ws(' ', sink, route, paused, probes, probe_at > now()) from route"}
		}},
		"holding": {"InsertHold", func(t *testing.T) written {
			t.Helper()
			w := resting(t, profile.Pharmacy)
			return written{w, func() error {
				_, err := w.store.AddHold(t.Context(), postgres.Hold{Code: "FA0000", Sink: "dos", Reason: "moving", Actor: "jo"})
				return err
			}, "select concat_ws(' ', code, sink, reason, actor) from hold"}
		}},
	})
}

// dispatchesJobs is a round of the dispatcher, as package jobs makes it.
func (w *world) dispatchesJobs() error {
	_, err := w.store.WithDispatch(w.Context(), sinkRoutes(), func(d *postgres.Dispatch) error {
		if err := d.Read(w.Context(), day(1), settle); err != nil {
			return err
		}
		due, err := d.Due(w.Context(), 100)
		if err != nil {
			return err
		}
		ids := make([]int64, len(due))
		for i := range due {
			ids[i] = insertJob(w.Context(), w, d.Tx())
		}
		return d.Queued(w.Context(), due, ids)
	})
	return err
}

func insertJob(ctx context.Context, w *world, tx pgx.Tx) (id int64) {
	w.Helper()
	require.NoError(w, tx.QueryRow(ctx, `insert into river.river_job (state, kind, args, max_attempts) values ('available', 'x', '{}', 5)
		returning id`).Scan(&id))
	return id
}

// looksForDrift is the look of a job at what DoS shows: nothing of what it is to
// show.
func (w *world) looksForDrift() error {
	check, err := w.store.BeginDrift(w.Context(), push.SinkDoS, nil, "schedule", day(1))
	if err != nil {
		return err
	}
	page, err := check.Page(w.Context(), profile.Pharmacy, "", 100)
	if err != nil {
		return err
	}
	drifted := make([]push.Drifted, len(page))
	for i, p := range page {
		drifted[i] = push.Drifted{Code: p.Code(), Missing: true}
	}
	if err := check.Found(w.Context(), drifted, nil); err != nil {
		return err
	}
	_, err = check.End(w.Context(), push.DriftResult{State: push.DriftDone, Checked: len(page), Missing: len(drifted)}, true)
	return err
}
