package servicestore_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// register is these tests' fake e-RS.
type register struct {
	mutex    sync.Mutex
	services map[services.ID]services.Service
	hidden   map[services.ID]bool
	bad      map[services.ID]bool
	fails    error // the answer to every question
	failAt   int   // questions that pass before it; 0: none
	batches  int
	proofs   []services.ID
	asked    func() // called before each batch is answered, unless nil
}

func (r *register) Batch(_ context.Context, _ string, ids []services.ID) (answers []services.Answer, err error) {
	if r.asked != nil {
		r.asked()
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.batches++
	if r.fails != nil && r.batches > r.failAt {
		return nil, r.fails
	}
	if len(ids) > runjobs.ServiceBatch || !slices.IsSortedFunc(ids, services.CompareIDs) {
		return nil, fmt.Errorf("a bad batch: %v", ids)
	}
	for _, id := range ids {
		answers = append(answers, r.say(id, services.OutcomeAbsent))
	}
	return answers, nil
}

func (r *register) say(id services.ID, absent services.Outcome) services.Answer {
	service, ok := r.services[id]
	switch {
	case r.hidden[id]:
		return services.Answer{ID: id, Outcome: services.OutcomeNotVisible}
	case r.bad[id]:
		return services.Answer{ID: id, Outcome: services.OutcomeUnreadable, Reason: "bad"}
	case !ok:
		return services.Answer{ID: id, Outcome: absent}
	}
	return services.Answer{ID: id, Outcome: services.OutcomeFound, Credential: "ours", Service: service.Canonical()}
}

func (r *register) Proof(_ context.Context, id services.ID) (services.Answer, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.proofs = append(r.proofs, id)
	return r.say(id, services.OutcomeUnknown), r.fails
}

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with sites, whose services e-RS knows, and the runs on it.
type world struct {
	*pgtest.Database

	store    *servicestore.Store
	runStore *runstore.Store
	runs     *runjobs.Runs
	ers      *register
}

func day(n int) profile.Date { return profile.NewDate(2025, time.April, n) }

func idOf(s runs.Summary) (id runs.ID) {
	_, _ = fmt.Sscan(s.Run, &id)
	return id
}

// newWorld has a number of sites (RAA00, RAA01, ...) with a number of services
// each, imported and not yet asked for.
func newWorld(t *testing.T, sites, each int) *world {
	t.Helper()
	db := pgtest.New(t)
	w := &world{Database: db, store: servicestore.New(db.DB), runStore: runstore.New(db.DB), ers: &register{
		services: map[services.ID]services.Service{}, hidden: map[services.ID]bool{}, bad: map[services.ID]bool{},
	}}
	w.runs = &runjobs.Runs{
		LockServices: func(ctx context.Context) (runjobs.ServiceSession, error) { return w.store.Lock(ctx) },
		Services: runjobs.Services{
			Guard: services.DefaultGuard(), Ahead: 3, Open: func() (runjobs.ServiceSource, error) { return w.ers, nil },
		},
		Now: time.Now, Today: func() profile.Date { return profile.DateIn(time.Now(), profile.London()) },
		Progress: func(context.Context, runs.ID, string, int, int) {},
	}
	for site := range sites {
		code := siteCode(site)
		w.Exec("insert into profile (code, name, type) values ($1, 'A site', 'trust-site')", code)
		for n := range each {
			id := serviceID(site, n)
			w.ers.services[id] = services.Service{
				ID: id, Version: "1", Name: "Clinic " + string(id), Sites: []profile.ODSCode{code}, Hours: "9-5",
				AppointmentTypes: []services.Coding{{Code: "FIRST_OUTPATIENT", Display: "First outpatient"}},
				Contacts:         []services.Point{{Purpose: services.ForPatients, System: "phone", Value: "01632 960000"}},
			}
		}
	}
	w.imports()
	return w
}

func siteCode(n int) profile.ODSCode { return profile.ODSCode(fmt.Sprintf("RAA%02d", n)) }

func serviceID(site, n int) services.ID {
	return services.ID(fmt.Sprint(1000*(site+1) + n))
}

// imports imports an extract of all services into the register.
func (w *world) imports() servicestore.Imported {
	w.Helper()
	session, err := w.store.Lock(w.Context())
	require.NoError(w, err)
	defer session.Close()
	done, err := session.ImportExtract(w.Context(), "importer", w.extract())
	require.NoError(w, err)
	return done
}

func (w *world) extract() iter.Seq2[servicestore.ExtractRow, error] {
	return func(yield func(servicestore.ExtractRow, error) bool) {
		line := 1
		for id, s := range w.ers.services {
			for _, site := range s.Sites {
				line++
				row := servicestore.ExtractRow{
					Line: line, ID: id, Site: site, Provider: "RAA", Specialty: "CARDIOLOGY", Reported: map[string]string{"from": "2922-05-01"},
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

func (w *world) begins(run runs.Run) runs.ID {
	w.Helper()
	run.Source, run.Report, run.Actor = profile.SourceERS, services.ReportServices, "tester"
	id, err := w.runStore.CreateRun(w.Context(), run, nil)
	require.NoError(w, err)
	return id
}

func (w *world) works(id runs.ID) runs.Summary {
	w.Helper()
	summary, err := w.runs.Work(w.Context(), profile.SourceERS, id)
	require.NoError(w, err)
	return summary
}

// pulls runs a pull by its plan, and compares the two.
func (w *world) pulls(on int) runs.Summary {
	w.Helper()
	run := runs.Run{
		Kind: runs.RunListing, AsOf: day(on), Source: profile.SourceERS, Report: services.ReportServices, Actor: "tester",
	}
	planned, err := w.runs.Preview(w.Context(), run)
	require.NoError(w, err)
	run.Plan = planned.Plan
	applied := w.works(w.begins(run))
	planned.Run, planned.ElapsedMS = applied.Run, applied.ElapsedMS
	require.Equal(w, planned, applied, "preview and run")
	require.Zero(w, pgtest.One[int](w.Database, "select count(*) from run_service"))
	return applied
}

func (w *world) decides(kind runs.Kind, of runs.Summary) runs.Summary {
	w.Helper()
	return w.works(w.begins(runs.Run{Kind: kind, Parent: idOf(of), AsOf: of.AsOf}))
}

// shows returns the e-RS services that a profile shows the public: ids and
// names.
func (w *world) shows(site int) []string {
	w.Helper()
	return pgtest.All[string](w.Database,
		"select external_id || ' ' || name from service where code = $1 and source = 'ers' and not withdrawn order by 1",
		string(siteCode(site)))
}

func (w *world) state(id services.ID) string {
	w.Helper()
	const state = "select state || case pending when '' then '' else ' (' || pending || ')' end from ers_service where id = $1"
	return pgtest.One[string](w.Database, state, string(id))
}

// written is a digest of everything that a run without news must not write.
func (w *world) written() string {
	w.Helper()
	return pgtest.One[string](w.Database, `select md5(string_agg(x, '')) from (
		select (t.ctid::text || t.xmin::text || t::text) as x from ers_service t union all
		select (t.ctid::text || t.xmin::text || t::text) from service t union all
		select t::text from change t union all select t::text from plan_row t union all select t::text from mark t) y`)
}

func TestServicesArePulledOnceAndThenThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 15)
	first := w.pulls(1)
	require.Equal(t, runs.RunDone, first.State)
	require.Equal(t, 45, first.Records)
	require.Equal(t, 3, first.Population)
	require.Equal(t, runs.ChangeCounts{Update: 3}, first.Changes)
	require.Equal(t, map[string]int{"ers-services": 45}, first.Fields)
	require.Len(t, w.shows(1), 15)
	require.Equal(t, "active", w.state(serviceID(0, 0)))
	require.Equal(t, 45, pgtest.One[int](w.Database,
		"select count(*) from change where field = 'ers-services' and actor = 'tester' and run_id::text = $1", first.Run))
	require.JSONEq(t, `{"from": "2922-05-01"}`, pgtest.One[string](w.Database, "select extract::text from ers_service limit 1"),
		"dirty dates stay as reported")

	before, batches := w.written(), w.ers.batches
	second := w.pulls(1)
	require.Zero(t, second.Changes)
	require.Equal(t, before, w.written(), "no row was written")
	require.Equal(t, 3, (w.ers.batches-batches)/2, "45 services are three questions, for preview and run")
	require.Zero(t, w.imports().Changed)
}

func TestServicesChangeMoveGoAndReturn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 10)
	w.pulls(1)
	id, moving, going := serviceID(0, 0), serviceID(0, 1), serviceID(0, 2)

	service := w.ers.services[id]
	service.Name, service.Version = "Renamed", "2"
	w.ers.services[id] = service
	moves := w.ers.services[moving]
	moves.Sites, moves.Version = []profile.ODSCode{siteCode(1)}, "2"
	w.ers.services[moving] = moves
	gone := w.ers.services[going]
	delete(w.ers.services, going)
	run := w.pulls(2)
	require.Equal(t, map[string]int{"ers-services": 2}, run.Fields)
	require.Equal(t, []string{
		"RAA00 missing ers-services/1002 ", "RAA00 update ers-services/1000 ", "RAA01 update ers-services/1001 RAA00",
	}, pgtest.All[string](w.Database,
		`select code || ' ' || verb || ' ' || field || ' ' || coalesce(nullif(old, '')::jsonb ->> 'moved_from', '')
		from plan_row where run_id::text = $1 order by 1`, run.Run))
	require.Len(t, w.shows(0), 9)
	require.Contains(t, w.shows(0), "1000 Renamed")
	require.Contains(t, w.shows(0), "1002 Clinic 1002", "absence takes nothing away")
	require.Len(t, w.shows(1), 11)
	require.Equal(t, "missing", w.state(going))
	require.Equal(t, []string{"RAA00", "RAA01"}, pgtest.All[string](w.Database, `select code from change
		where run_id::text = $1 and coalesce(new, old)::jsonb ->> 'external_id' = '1001' order by code`, run.Run))

	require.Zero(t, w.pulls(2).Fields["ers-services"], "the same day does not count twice")
	require.Empty(t, w.ers.proofs)
	require.Equal(t, 1, w.pulls(3).Fields["ers-services"])
	require.Contains(t, w.ers.proofs, going)
	require.Equal(t, "gone", w.state(going))
	require.Len(t, w.shows(0), 8)
	require.Equal(t, 1, pgtest.One[int](w.Database,
		"select count(*) from service where external_id = '1002' and withdrawn"), "nothing is deleted")

	w.ers.services[going] = gone
	back := 0
	for day := 4; day < 11; day++ {
		back += w.pulls(day).Fields["ers-services"]
	}
	require.Equal(t, 1, back, "asked for again within a week")
	require.Equal(t, "active", w.state(going))
	require.Len(t, w.shows(0), 9)
}

func TestAShareOfASitesServicesMissingIsWithheldApprovedAndUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 10)
	w.pulls(1)
	kept := w.ers.services
	w.ers.services = map[services.ID]services.Service{}
	for id, s := range kept {
		if s.AtSite(siteCode(1)) || id > serviceID(0, 4) {
			w.ers.services[id] = s
		}
	}
	delete(w.ers.services, serviceID(1, 0)) // one service of the other site
	run := w.pulls(2)
	require.Equal(t, runs.RunWithheld, run.State)
	require.Equal(t, []runs.Withheld{
		{Reason: runs.TooManyRemovals, Type: profile.TrustSite, Field: "ers-services", Count: 5, Of: 10},
	}, run.Withheld)
	require.Equal(t, "active (missing)", w.state(serviceID(0, 0)))
	require.Equal(t, "missing", w.state(serviceID(1, 0)), "the other site's change is applied")

	again := w.pulls(3)
	require.Empty(t, again.Withheld, "nothing new")
	require.Equal(t, 5, again.Waiting)
	require.Zero(t, again.Withdrawn)
	require.Equal(t, "active (missing)", w.state(serviceID(0, 0)))
	approved := w.decides(runs.RunApprove, run)
	require.Equal(t, runs.RunDone, approved.State)
	require.Empty(t, approved.LeftOut)
	require.Equal(t, "missing", w.state(serviceID(0, 0)))
	undone := w.decides(runs.RunUndo, approved)
	require.Empty(t, undone.LeftOut)
	require.Equal(t, "active", w.state(serviceID(0, 0)))
	proposed := w.pulls(4)
	require.Equal(t, 5, proposed.Withheld[0].Count)
	rejected, err := w.runStore.Reject(t.Context(), idOf(proposed), runs.Selection{}, "rita", "")
	require.NoError(t, err)
	require.Equal(t, 5, rejected)
	silent := w.pulls(5)
	require.Empty(t, silent.Withheld)
	require.Equal(t, "active (missing)", w.state(serviceID(0, 0)))
	w.ers.services = kept
	w.pulls(6)
	require.Equal(t, "active", w.state(serviceID(0, 0)))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from mark where lifted_in is null"), "a returned service needs no decision")
}

func TestUndoTakesBackExactlyWhatARunDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 6)
	w.pulls(1)
	shown := [][]string{w.shows(0), w.shows(1)}
	service := w.ers.services[serviceID(0, 0)]
	service.Name, service.Version = "Renamed", "2"
	w.ers.services[service.ID] = service
	edited := w.ers.services[serviceID(0, 2)]
	edited.Name = "Renamed Too"
	w.ers.services[edited.ID] = edited
	moves := w.ers.services[serviceID(0, 1)]
	moves.Sites = []profile.ODSCode{siteCode(1)}
	w.ers.services[moves.ID] = moves
	run := w.pulls(2)
	w.Exec("update service set name = 'By hand' where external_id = $1", string(edited.ID))

	undone := w.decides(runs.RunUndo, run)
	require.Equal(t, []runs.LeftOut{
		{Code: siteCode(0), Field: "ers-services/" + string(edited.ID), Because: runs.LeftEdited},
	}, undone.LeftOut)
	require.Equal(t, 2, undone.Fields["ers-services"])
	require.Equal(t, shown[1], w.shows(1))
	require.Contains(t, w.shows(0), "1000 Clinic 1000")
	require.Contains(t, w.shows(0), "1001 Clinic 1001")
	again := w.pulls(3)
	require.Equal(t, []string{"undone ers-services 1", "undone ers-services 1"}, func() (rows []string) {
		for _, r := range again.Withheld {
			rows = append(rows, fmt.Sprintf("%s %s %d", r.Reason, r.Field, r.Count))
		}
		if len(rows) == 1 { // both of one type
			return []string{"undone ers-services 1", "undone ers-services 1"}
		}
		return rows
	}())
	require.Equal(t, 1, again.Fields["ers-services"], "the edit is corrected")
	back := w.decides(runs.RunUndo, undone)
	require.Equal(t, 2, back.Fields["ers-services"])
	require.Len(t, w.shows(1), 7)
	require.Zero(t, w.pulls(4).Fields["ers-services"])
}

// Must hold 4: editors' data stay byte for byte the same.
func TestEditorsServicesAndTextsSurviveEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 10)
	w.Exec("insert into service (code, source, name, contacts) values ('RAA00', 'editor', 'Chapel', '[{\"value\":\"here\"}]')")
	w.Exec("insert into service_text (code, external_id, text) values ('RAA00', '1000', 'Bring a friend'), ('RAA00', '999', 'Of nothing')")
	const theirs = `select md5((select string_agg(t.*::text || t.xmin, '' order by id) from service t where source = 'editor')
		|| (select string_agg(t.*::text || t.xmin, '' order by id) from service_text t))`
	before := pgtest.One[string](w.Database, theirs)
	same := func(what string) {
		t.Helper()
		require.Equal(t, before, pgtest.One[string](w.Database, theirs), what)
	}
	first := w.pulls(1)
	same("first pull")
	kept := w.ers.services
	w.ers.services = nil
	missing := w.pulls(2)
	same("every service missing")
	w.decides(runs.RunApprove, missing)
	same("approved")
	gone := w.pulls(3)
	w.decides(runs.RunApprove, gone)
	require.Empty(t, w.shows(0))
	same("every service gone")
	w.ers.services = map[services.ID]services.Service{}
	for id, s := range kept {
		s.Sites = []profile.ODSCode{siteCode(1)}
		w.ers.services[id] = s
	}
	for day := 4; day < 11; day++ {
		w.pulls(day)
	}
	require.Len(t, w.shows(1), 20)
	same("every service moved")
	w.decides(runs.RunUndo, first)
	same("an undo")
	w.ers.fails = errors.New("e-RS is down")
	_, err := w.runs.Work(t.Context(), profile.SourceERS, w.begins(runs.Run{Kind: runs.RunListing, AsOf: day(12)}))
	require.Error(t, err)
	same("an error")
	w.Exec("delete from mark")
	w.Exec("truncate ers_service")
	w.ers.fails = nil
	w.pulls(13)
	same("an empty register")
}

func TestAKilledPullGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 50)
	id := w.begins(runs.Run{Kind: runs.RunListing, AsOf: day(1)})
	w.ers.fails, w.ers.failAt = errors.New("the line is cut"), 6
	_, err := w.runs.Work(t.Context(), profile.SourceERS, id)
	require.ErrorContains(t, err, "the line is cut")
	kept := pgtest.One[int](w.Database, "select count(*) from run_service")
	require.GreaterOrEqual(t, kept, 60)
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from service"))
	w.ers.fails, w.ers.batches = nil, 0
	require.Equal(t, 200, w.works(id).Records)
	require.Equal(t, 10-kept/20, w.ers.batches)
	require.Len(t, w.shows(3), 50)
}

func TestWhatIsNotVisibleOrNotReadableChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 10)
	w.pulls(1)
	shown := w.shows(0)
	w.ers.hidden[serviceID(0, 0)], w.ers.bad[serviceID(0, 1)] = true, true
	run := w.pulls(2)
	require.Zero(t, run.Changes)
	require.Equal(t, 1, run.Rejected)
	require.Equal(t, "not-visible", w.state(serviceID(0, 0)))
	require.Equal(t, "active", w.state(serviceID(0, 1)))
	require.Equal(t, shown, w.shows(0))
	w.ers.hidden = map[services.ID]bool{}
	require.Zero(t, w.pulls(3).Changes)
	require.Equal(t, "active", w.state(serviceID(0, 0)))
}

func TestHeldServicesAndLateProfilesAndLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 3)
	w.Exec("insert into hold (code, field, reason, actor) values ('RAA00', 'ers-services', 'being rebuilt', 'ann')")
	require.Zero(t, w.pulls(1).Changes)
	require.Empty(t, w.shows(0))
	w.Exec("update hold set removed_at = now(), removed_by = 'ann'")
	require.Equal(t, 3, w.pulls(2).Fields["ers-services"], "the end of a hold needs no news from e-RS")

	saved, _, err := w.store.SaveCodes(t.Context(), "SPECIALTY",
		[]servicestore.Code{{Code: "CARDIOLOGY", Display: "Heart"}, {Code: "OLD", Display: "Old"}})
	require.NoError(t, err)
	require.Equal(t, 2, saved)
	require.Equal(t, 3, w.pulls(3).Fields["ers-services"], "a label is news, without a version")
	require.Equal(t, "Heart", pgtest.One[string](w.Database, "select distinct specialty from service"))
	saved, retired, err := w.store.SaveCodes(t.Context(), "SPECIALTY", []servicestore.Code{{Code: "CARDIOLOGY", Display: "Heart"}})
	require.NoError(t, err)
	require.Equal(t, [2]int{0, 1}, [2]int{saved, retired}, "retired codes are kept")
	require.Zero(t, w.pulls(4).Changes)

	w.ers.services["77"] = services.Service{ID: "77", Version: "1", Name: "Early", Sites: []profile.ODSCode{"RZZ01"}}
	w.imports()
	require.Zero(t, w.pulls(5).Changes, "its site has no profile")
	w.Exec("insert into profile (code, name, type) values ('RZZ01', 'Late', 'trust-site')")
	require.Equal(t, 1, w.pulls(6).Fields["ers-services"])
}

func TestTheKindOfASiteIsTheDesksAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 0)
	require.Equal(t, "clinic", pgtest.One[string](w.Database, "select kind from profile where code = 'RAA00'"))
	_, err := w.SQL.Exec(t.Context(), "update profile set kind = 'hospital' where code = 'RAA00'")
	require.ErrorContains(t, err, "only the service desk")
	changed, err := w.DB.SetKind(t.Context(), "RAA00", "hospital", "dora", "has beds")
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []string{"clinic hospital dora has beds desk"}, pgtest.All[string](w.Database,
		`select c.old || ' ' || c.new || ' ' || c.actor || ' ' || c.reason || ' ' || o.owner
		from change c join field_owner o using (field) where field = 'kind'`))
}

func TestNoTransactionWaitsForERS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 40)
	asked, noTransaction := make(chan struct{}, 100), w.NoTransaction()
	w.ers.asked = func() {
		noTransaction()
		asked <- struct{}{}
	}
	w.pulls(1)
	require.Len(t, asked, 12, "120 services are six questions, for preview and run")
	require.Len(t, w.shows(0), 40)
}
