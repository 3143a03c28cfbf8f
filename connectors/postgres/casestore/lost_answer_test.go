package casestore_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// What looks, letters and people's decisions leave.
const allOfCases = `select concat_ws(' ', 'case', kind, subject, state, openings, reason, waits_for) from cases
	union all select concat_ws(' ', 'step', step, reason, actor, count(*)) from case_step group by step, reason, actor
	union all select concat_ws(' ', 'letter', reference, kind, state) from letter
	union all select concat_ws(' ', 'told', opening, recipient, news, left_out) from case_told
	union all select concat_ws(' ', 'closure', code, said_by, confirmed_by, successor, taken_back_by, hid_by is null) from closure
	union all select concat_ws(' ', 'profile', code, hidden) from profile
	union all select concat_ws(' ', 'change', code, field, old, new, actor, count(*)) from change group by code, field, old, new, actor
	union all select concat_ws(' ', 'decided', about, field, old, new, actor, count(*)) from decision_change
		where field not like '%\_at' and field <> 'hid_by' group by about, field, old, new, actor`

// taken makes the answer that there is nothing left to take back one that a person can
// rely on: the step was taken.
func taken(err error) error {
	if errors.Is(err, casestore.ErrNotSaid) {
		return nil
	}
	return err
}

func TestALostAnswerAboutCases(t *testing.T) {
	t.Parallel()
	withheld := func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t)
		w.Exec(ordinary)
		w.withheld("mass-change", "RA1")
		return w
	}
	closing := func(t *testing.T, prepare func(*world), try func(*world) error, between string) pgtest.Write {
		t.Helper()
		w := newClosureWorld(t)
		prepare(w)
		return pgtest.Write{
			Database: w.Database, Rows: allOfCases, Try: func() error { return try(w) }, Between: func() { w.Exec(between) },
		}
	}
	nothing := func(*world) {}
	shows := "update profile set hidden = false where code = 'FA001'"
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"a look": {Statement: "OpenCases", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := withheld(t)
			return pgtest.Write{Database: w.Database, Rows: allOfCases, Try: func() error {
				_, err := w.store.Look(t.Context(), w.at, nil)
				return err
			}}
		}},
		"the end of a case": {Statement: "EndCases", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := withheld(t)
			w.looks()
			w.Exec("update plan_row set waits = false")
			return pgtest.Write{Database: w.Database, Rows: allOfCases, Try: func() error {
				_, err := w.store.Look(t.Context(), w.at, nil)
				return err
			}}
		}},
		"letters": {Statement: "RecordTold", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := withheld(t)
			w.looks()
			return pgtest.Write{Database: w.Database, Rows: allOfCases, Try: func() error {
				_, _, err := w.store.Tell(t.Context(), map[profile.ODSCode]bool{people.NationalList: true}, w.at, true)
				return err
			}}
		}},
		"a decision": {Statement: "DecideCase", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := withheld(t)
			w.looks()
			return pgtest.Write{Database: w.Database, Rows: allOfCases, Try: func() error {
				seen, err := w.store.List(t.Context(), casestore.Filter{}, w.at)
				require.NoError(t, err)
				return w.store.Decide(t.Context(), seen[0], casestore.Decision{
					State: cases.SetAside, Until: w.at.Today(), Reason: "later", Actor: "rita",
				})
			}}
		}},
		"a word": {Statement: "SayClosed", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			return closing(t, nothing, func(w *world) error {
				_, err := w.store.Say(t.Context(), step("the board says so"))
				return err
			}, "select")
		}},
		"a confirmation": {Statement: "ConfirmClosed", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			return closing(t, nothing, func(w *world) error {
				_, err := w.store.Confirm(t.Context(), step("rang the board"))
				return err
			}, shows)
		}},
		"taking back": {Statement: "TakeClosedBack", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			return closing(t, (*world).confirms, func(w *world) error {
				_, err := w.store.TakeBack(t.Context(), step("it is open"))
				return taken(err)
			}, "update profile set hidden = true where code = 'FA001'")
		}},
	})
}
