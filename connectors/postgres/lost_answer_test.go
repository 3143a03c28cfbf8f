package postgres_test

import (
	"testing"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// Jobs are released, made available and completed outside the queue. Meanwhile
// another process works on them.
func TestALostAnswerAboutJobs(t *testing.T) {
	t.Parallel()
	const (
		allOfJobs = `select concat_ws(' ', id, state, attempt, attempted_by[cardinality(attempted_by)] = 'another',
			metadata ->> 'recovered', extract(year from finalized_at) = 2020) from river.river_job`
		taken = `insert into river.river_job (id, state, kind, args, max_attempts, attempt, attempted_at, attempted_by) overriding system value
			values (1, 'running', 'remind', '{}', 3, 1, now() - interval '1 minute', array['somebody before', $1]) on conflict do nothing`
		takenOver = "update river.river_job set state = 'running', attempt = attempt + 1, attempted_by = attempted_by || 'another'::text"
	)
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"giving away": {Statement: "RecoverJobsOf", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := pgtest.New(t)
			w.Exec("insert into process (name, ended_at) values ('gone', now())")
			w.Exec(taken, "gone")
			return pgtest.Write{Database: w, Rows: allOfJobs, Between: func() { w.Exec(takenOver) }, Try: func() error {
				return w.DB.ClearGone(t.Context(), func(int64, string, string) {})
			}}
		}},
		"recovering": {Statement: "RecoverJob", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := pgtest.New(t)
			return pgtest.Write{Database: w, Rows: allOfJobs, Between: func() { w.Exec(takenOver) }, Try: func() error {
				w.Exec(taken, w.DB.Process())
				_, err := w.DB.RecoverJob(t.Context(), 1, 1)
				return err
			}}
		}},
		"completing": {Statement: "RecordDoneJob", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := pgtest.New(t)
			return pgtest.Write{
				Database: w, Rows: allOfJobs, Try: func() error {
					w.Exec(taken, w.DB.Process())
					_, err := w.DB.RecordDone(t.Context(), 1, 1)
					return err
				},
				Between: func() { w.Exec("update river.river_job set finalized_at = '2020-01-01'") },
			}
		}},
	})
}

func TestALostAnswerAboutProfiles(t *testing.T) {
	t.Parallel()
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"a kind": {Statement: "SetKind", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := pgtest.New(t)
			w.Exec("insert into profile (code, name, type) values ('RAA', 'A', 'trust')")
			return pgtest.Write{Database: w, Rows: pgtest.AllOfProfiles + " union all select kind from profile", Try: func() error {
				_, err := w.DB.SetKind(t.Context(), "RAA", "hospital", "jo", "asked")
				return err
			}}
		}},
	})
}
