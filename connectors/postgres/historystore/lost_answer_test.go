package historystore_test

import (
	"errors"
	"testing"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// A person who reads that nothing is left to undo, or that another change came since, looks
// at the history, and knows that it was done.
func TestALostAnswerAboutAnUndo(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T, f profile.Field, actor, run, statement, between string) pgtest.Write {
		t.Helper()
		w := newWorld(t)
		w.writes(actor, run, statement)
		return pgtest.Write{
			Database: w.Database, Between: func() { w.writes("u-5", "", between) },
			Try: func() error {
				_, err := w.undo(f, pgtest.One[int64](w.Database, "select max(id) from change where actor in ('u-1', 'u-2')"))
				var left history.NothingLeftError
				var refused history.RefusedError
				if errors.As(err, &left) || errors.As(err, &refused) {
					return nil
				}
				return err
			},
			Rows: pgtest.AllOfProfiles + " union all select concat_ws(' ', 'taken back', count(*)) from taken_back",
		}
	}
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"of an edit": {Statement: "NoteTakenBack", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			return begin(t, profile.FieldPhone, "u-2", "", "update profile set phone = '0113 496 0001' where code = 'FA001'",
				"update profile set phone = '0113 496 0009' where code = 'FA001'")
		}},
		"of a run": {Statement: "NoteTakenBack", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			return begin(t, profile.FieldName, "u-1", "1", "update profile set name = 'B' where code = 'FA001'",
				"update profile set phone = '0113 496 0009' where code = 'FA001'")
		}},
	})
}
