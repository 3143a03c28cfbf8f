package servicestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// worksAgain is a job that works a stored run.
func (w *world) worksAgain(id runs.ID) func() error {
	return func() error {
		_, err := w.runs.Work(w.Context(), profile.SourceERS, id)
		return err
	}
}

func TestALostAnswerAboutServices(t *testing.T) {
	t.Parallel()
	asking := func(t *testing.T) pgtest.Write {
		t.Helper()
		w := newWorld(t, 2, 30)
		w.pulls(1)
		for _, n := range []int{0, 1, 25} {
			service := w.ers.services[serviceID(0, n)]
			service.Name, service.Version = "Renamed", "2"
			w.ers.services[serviceID(0, n)] = service
		}
		delete(w.ers.services, serviceID(1, 7))
		again := w.worksAgain(w.begins(runs.Run{Kind: runs.RunListing, AsOf: day(2)}))
		return pgtest.Write{Database: w.Database, Try: again, Rows: pgtest.AllOfRuns}
	}
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"an import": {Statement: "ImportExtract", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := newWorld(t, 1, 2)
			w.Exec("delete from ers_service where id = '1001'")
			write, tries := pgtest.Write{Database: w.Database}, 0
			write.Rows = "select concat_ws(' ', id, origin, claimed::text, provider, specialty, extract::text, added_by) from ers_service"
			write.Try = func() error {
				session, err := w.store.Lock(t.Context())
				if err != nil {
					return err
				}
				defer session.Close()
				done, err := session.ImportExtract(t.Context(), "importer", w.extract())
				tries++
				require.True(t, tries == 1 || done.Added+done.Changed == 0, "nothing is new")
				return err
			}
			return write
		}},
		"a service": {Statement: "AddService", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := newWorld(t, 1, 1)
			return pgtest.Write{Database: w.Database, Rows: `select concat_ws(' ', id, claimed::text) from ers_service
				union all select concat_ws(' ', about, new, actor) from decision_change`, Try: func() error {
				session, err := w.store.Lock(t.Context())
				if err != nil {
					return err
				}
				defer session.Close()
				_, err = session.AddService(t.Context(), "1000", "RAA77", "jo")
				return err
			}}
		}},
		"what was asked": {Statement: "MovePull", Begin: asking},
		"a plan":         {Statement: "SealPlan", Begin: asking},
		"a chunk":        {Statement: "MoveCursor", Begin: asking},
		"the end":        {Statement: "EndRun", Begin: asking},
		"a code system": {Statement: "SaveCodes", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := newWorld(t, 0, 0)
			tries := 0
			const codes = "select concat_ws(' ', kind, code, display, retired) from ers_code"
			return pgtest.Write{Database: w.Database, Rows: codes, Try: func() error {
				saved, _, err := w.store.SaveCodes(t.Context(), "SPECIALTY", []servicestore.Code{{Code: "CARDIOLOGY", Display: "Cardiology"}})
				tries++
				require.True(t, tries == 1 || saved == 0, "nothing is new")
				return err
			}}
		}},
	})
}
