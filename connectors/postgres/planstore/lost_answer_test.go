package planstore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// rehearsed is a rehearsal that would move two trusts to another board.
const rehearsed = `
insert into profile (code, name, type, icb) values ('RA1', 'A', 'trust', 'QAA'), ('RA2', 'B', 'trust', 'QAA');
insert into plan (kind, source, report, as_of, digest, summary, actor, os_user)
	values ('rehearsal', 'ods', 'etr', current_date + 10, 'x', '{}', 'ann', 'ann');
insert into plan_change (plan_id, code, field, fact, type, verb, old, new, reason, withheld, digest)
	select 1, code, 'icb', 'icb', 'trust', 'update', 'QAA', 'QBB', 'upstream', 'mass-change', sha256(code::bytea) from profile`

// A person whose command lost its answer gives it again, and reads that the first one was
// done: whatever is said then, one approval stands, or is withdrawn, once.
func TestALostAnswerAboutWhatIsApprovedAhead(t *testing.T) {
	t.Parallel()
	span := runs.Span{First: profile.NewDate(2090, 4, 1), Last: profile.NewDate(2090, 4, 20)}
	begin := func(t *testing.T) (*pgtest.Database, *planstore.Store, string) {
		t.Helper()
		db := pgtest.New(t)
		db.Exec(rehearsed)
		store := planstore.New(db.DB)
		rows, err := store.Rehearsed(t.Context(), 1, runs.Selection{})
		require.NoError(t, err)
		require.Len(t, planstore.Undecided(rows), 2)
		return db, store, planstore.Digest(rows)
	}
	approve := func(t *testing.T, store *planstore.Store, digest string) error {
		t.Helper()
		_, err := store.Approve(t.Context(), planstore.Approval{
			Plan: 1, Selection: runs.Selection{Digest: digest}, Span: span, Actor: "rita", OSUser: "rita",
		})
		return err
	}
	const left = `select concat_ws(' ', 'approval', actor, first_day, last_day, count(*))
			from approval_ahead group by actor, first_day, last_day
		union all select concat_ws(' ', 'approved', code, state, ended_by, count(*)) from approved_ahead group by code, state, ended_by
		union all select concat_ws(' ', 'decided', field, new, actor, count(*)) from decision_change
			where field not like '%\_at' group by field, new, actor`
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"an approval": {Statement: "InsertApproved", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			db, store, digest := begin(t)
			return pgtest.Write{Database: db, Rows: left, Try: func() error {
				return unless("already approved ahead by rita", approve(t, store, digest))
			}}
		}},
		"a withdrawal": {Statement: "Withdraw", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			db, store, digest := begin(t)
			require.NoError(t, approve(t, store, digest))
			return pgtest.Write{Database: db, Rows: left, Try: func() error {
				_, err := store.Withdraw(t.Context(), 1, runs.Selection{}, "rolf")
				return unless("nothing of this is approved ahead", err)
			}}
		}},
	})
}

// unless returns nil for the error that says that the work is done.
func unless(done string, err error) error {
	if err != nil && strings.Contains(err.Error(), done) {
		return nil
	}
	return err
}
