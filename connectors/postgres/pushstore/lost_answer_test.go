package pushstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const allOfAPush = `select concat_ws(' ', code, sink, route, state, due_at is not null, job_id, settled_job, forced, failures, repairs,
	reason, sequence > 0, sent::text, unclear, accepted_sequence > 0, version, asked, answered) from push
	union all select concat_ws(' ', 'attempt', code, sink, answer, count(*)) from push_attempt group by code, sink, answer
	union all select concat_ws(' ', 'job', kind, count(*)) from river.river_job group by kind
	union all select concat_ws(' ', about, field, old, new, actor, count(*)) from decision_change group by about, field, old, new, actor`

func TestALostAnswerAboutPushes(t *testing.T) {
	t.Parallel()
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"staging": {Statement: "StagePushes", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := wanting(t, profile.Pharmacy, profile.Pharmacy)
			w.queue(10)
			pushes := w.load(push.SinkDoS, 1, "FA0000", "FA0001")
			staged := make([]push.Staged, len(pushes))
			for i, p := range pushes {
				staged[i] = push.Staged{Code: p.Code(), Job: p.Job, Hash: profile.Hash{1}}
			}
			return pgtest.Write{
				Database: w.Database, Try: func() error {
					numbers, err := w.store.StagePushes(t.Context(), push.SinkDoS, staged)
					require.True(t, err != nil || min(numbers[0], numbers[1]) > 0, "it knows its own")
					return err
				},
				Rows: allOfAPush + `
					union all select concat_ws(' ', 'since', code, n.last - p.sequence) from push_sequence n join push p using (code)
					where p.sink = 'dos'`,
				Between: func() { w.Exec("update push_sequence set last = last + 1") }, // by the other sink
			}
		}},
		"settling": {Statement: "RecordOutcomes", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w, outcome := worked(t)
			return pgtest.Write{
				Database: w.Database, Try: func() error {
					stand, err := w.store.RecordOutcomes(t.Context(), push.SinkDoS, []push.Outcome{outcome}, nothingToComplete)
					require.True(t, err != nil || stand[0], "it knows its own")
					return err
				},
				Rows:    allOfAPush, // it was edited, and has a job again
				Between: func() { w.Exec("update push set state = 'wanted', job_id = 2, asked = asked + 1 where sink = 'dos'") },
			}
		}},
		"queueing": {Statement: "SetPushJobs", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := wanting(t, profile.Pharmacy, profile.Pharmacy)
			w.Exec("update profile set hidden = true")
			return pgtest.Write{
				Database: w.Database, Try: w.dispatchesJobs, Rows: strings.ReplaceAll(allOfAPush, " job_id,", " job_id is not null,"),
			}
		}},
		"claiming for a command": {Statement: "ClaimPushes", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := wanting(t, profile.Pharmacy)
			return pgtest.Write{Database: w.Database, Rows: allOfAPush, Try: func() error {
				claimed, err := w.store.ClaimPushes(t.Context(), push.SinkDoS, []profile.ODSCode{"FA0000"}, 7)
				require.True(t, err != nil || len(claimed) == 1, "it knows its own")
				return err
			}}
		}},
		"forcing": {Statement: "ForcePushes", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := resting(t, profile.Pharmacy)
			w.Exec("update push set state = 'refused', failures = 3")
			return pgtest.Write{Database: w.Database, Rows: allOfAPush, Try: func() error {
				_, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, push.Sinks(), true, "jo")
				return err
			}}
		}},
		"repairing drift": {Statement: "EndDriftCheck", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := resting(t, profile.Pharmacy, profile.Pharmacy)
			return pgtest.Write{Database: w.Database, Try: w.looksForDrift, Rows: allOfAPush + `
				union all select concat_ws(' ', sum(repaired), min(state), max(state)) from drift_check`}
		}},
		"pausing": {Statement: "PauseRoute", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := wanting(t, profile.Pharmacy)
			return pgtest.Write{
				Database: w.Database, Try: func() error {
					_, err := w.store.PauseRoute(t.Context(), push.SinkDoS, "change-event", "down", time.Hour)
					return err
				},
				Rows:    "select concat_ws(' ', sink, route, paused, probes, probe_at > now(), extract(year from paused_at) = 2020) from route",
				Between: func() { w.Exec("update route set probes = 3, paused_at = '2020-01-01' where paused <> ''") }, // since long
			}
		}},
		"holding": {Statement: "InsertHold", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := resting(t, profile.Pharmacy)
			return pgtest.Write{Database: w.Database, Rows: "select concat_ws(' ', code, sink, reason, actor) from hold", Try: func() error {
				_, err := w.store.AddHold(t.Context(), pushstore.Hold{Code: "FA0000", Sink: "dos", Reason: "moving", Actor: "jo"})
				return err
			}}
		}},
		"holding no more": {Statement: "RemoveHold", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := resting(t, profile.Pharmacy)
			id, err := w.store.AddHold(t.Context(), pushstore.Hold{Code: "FA0000", Sink: "dos", Reason: "moving", Actor: "jo"})
			require.NoError(t, err)
			return pgtest.Write{
				Database: w.Database, Try: func() error { return pgtest.SeenOnce(w.store.RemoveHold(t.Context(), id, "jo")) },
				Rows: "select concat_ws(' ', code, removed_by, extract(year from removed_at) = 2020) from hold",
				Between: func() {
					w.Exec("alter table hold disable trigger hold_stands; update hold set removed_at = '2020-01-01'; " +
						"alter table hold enable trigger hold_stands")
				},
			}
		}},
	})
}

// dispatchesJobs runs a round of the dispatcher, as package jobs does.
func (w *world) dispatchesJobs() error {
	_, err := w.store.WithDispatch(w.Context(), sinkRoutes(), func(d *pushstore.Dispatch) error {
		if err := d.ReadChanges(w.Context(), day(1), editDelay); err != nil {
			return err
		}
		due, err := d.DuePushes(w.Context(), 100)
		if err != nil {
			return err
		}
		ids := make([]int64, len(due))
		for i := range due {
			ids[i] = insertJob(w.Context(), w, d.Tx())
		}
		return d.SetPushJobs(w.Context(), due, ids)
	})
	return err
}

func insertJob(ctx context.Context, w *world, tx pgx.Tx) (id int64) {
	w.Helper()
	require.NoError(w, tx.QueryRow(ctx, `insert into river.river_job (state, kind, args, max_attempts) values ('available', 'x', '{}', 5)
		returning id`).Scan(&id))
	return id
}

// looksForDrift runs a job's drift check; DoS shows nothing that it should.
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
	if err := check.Found(w.Context(), drifted, nil, nil); err != nil {
		return err
	}
	_, err = check.End(w.Context(), push.DriftResult{State: push.DriftDone, Checked: len(page), Missing: len(drifted)}, true)
	return err
}
