package postgres_test

import "testing"

// Jobs are given away, made available and completed besides the queue. Meanwhile
// another process goes on with them.
func TestALostAnswerAboutJobs(t *testing.T) {
	t.Parallel()
	const (
		allOfJobs = `select concat_ws(' ', id, state, attempt, attempted_by[cardinality(attempted_by)] = 'another',
			metadata ->> 'recovered', extract(year from finalized_at) = 2020) from river.river_job`
		taken = `insert into river.river_job (id, state, kind, args, max_attempts, attempt, attempted_at, attempted_by) overriding system value
			values (1, 'running', 'remind', '{}', 3, 1, now() - interval '1 minute', array['somebody before', $1]) on conflict do nothing`
		takenOver = "update river.river_job set state = 'running', attempt = attempt + 1, attempted_by = attempted_by || 'another'::text"
	)
	requireOnce(t, map[string]lostAnswer{
		"giving away": {"RecoverJobsOf", func(t *testing.T) written {
			t.Helper()
			w := newWorld(t)
			w.Exec("insert into process (name, ended_at) values ('gone', now())")
			w.Exec(taken, "gone")
			return written{world: w, rows: allOfJobs, between: func() { w.Exec(takenOver) }, try: func() error {
				return w.store.ClearGone(t.Context(), func(int64, string, string) {})
			}}
		}},
		"recovering": {"RecoverJob", func(t *testing.T) written {
			t.Helper()
			w := newWorld(t)
			return written{world: w, rows: allOfJobs, between: func() { w.Exec(takenOver) }, try: func() error {
				w.Exec(taken, w.store.Process())
				_, err := w.store.RecoverJob(t.Context(), 1, 1)
				return err
			}}
		}},
		"completing": {"RecordDoneJob", func(t *testing.T) written {
			t.Helper()
			w := newWorld(t)
			return written{
				world: w, rows: allOfJobs, try: func() error {
					w.Exec(taken, w.store.Process())
					_, err := w.store.RecordDone(t.Context(), 1, 1)
					return err
				},
				between: func() { w.Exec("update river.river_job set finalized_at = '2020-01-01'") },
			}
		}},
	})
}
