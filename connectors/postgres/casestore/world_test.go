package casestore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database and its store of cases.
type world struct {
	*pgtest.Database

	store *casestore.Store
	at    cases.Moment
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.New(t)
	return &world{db, casestore.New(db.DB), cases.Moment{Now: time.Now(), Rules: people.DefaultCheckRules()}}
}

// looks looks at the cases, and then once more, which must find nothing.
func (w *world) looks() cases.Steps {
	w.Helper()
	steps, err := w.store.Look(w.Context(), w.at, []string{"ods edispensary"})
	require.NoError(w, err)
	again, err := w.store.Look(w.Context(), w.at, []string{"ods edispensary"})
	require.NoError(w, err)
	require.True(w, again.Empty(), "a second look finds something: %+v", again)
	return steps
}

// stand lists the cases that stand, as kind, subject, about and state.
func (w *world) stand() []string {
	return pgtest.All[string](w.Database,
		"select concat_ws(' | ', kind, subject, nullif(about, ''), state) from cases where state <> 'gone' order by kind, subject, about")
}

// steps lists the audit of cases.
func (w *world) steps() []string {
	return pgtest.All[string](w.Database,
		"select concat_ws(' ', c.kind, s.step, nullif(s.reason, '')) from case_step s join cases c on c.id = s.case_id order by s.id")
}
