package pushstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// sinkRoutes are the routes of these tests: dentists have none to DoS.
func sinkRoutes() push.Routes {
	event, fhir, website := push.Route{Name: "change-event"}, push.Route{Name: "fhir"}, push.Route{Name: "profile"}
	return push.Routes{
		push.SinkDoS: {profile.Pharmacy: event, profile.GPPractice: fhir},
		push.SinkWebsite: {
			profile.Pharmacy: website, profile.GPPractice: website, profile.DentalPractice: website,
		},
	}
}

// editDelay is how long an edit waits in these tests.
const editDelay = 30 * time.Second

// round runs one round of the dispatcher.
func (w *world) round(routes push.Routes, work func(context.Context, *pushstore.Dispatch) error) {
	w.Helper()
	ours, err := w.store.WithDispatch(w.Context(), routes, func(d *pushstore.Dispatch) error { return work(w.Context(), d) })
	require.NoError(w, err)
	require.True(w, ours)
}

// dispatch reads what changed.
func (w *world) dispatch() {
	w.Helper()
	w.dispatchOn(1)
}

// dispatchOn reads what changed, on a day of April.
func (w *world) dispatchOn(n int) {
	w.Helper()
	w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) error { return d.ReadChanges(ctx, day(n), editDelay) })
}

// queue queues the due pushes as jobs with numbers from 1, and returns them.
func (w *world) queue(most int) (due []push.Due) {
	w.Helper()
	w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) (err error) {
		if due, err = d.DuePushes(ctx, most); err != nil {
			return err
		}
		ids := make([]int64, len(due))
		for i := range ids {
			ids[i] = int64(i + 1)
		}
		return d.SetPushJobs(ctx, due, ids)
	})
	return due
}

// wanting creates profiles whose pushes are wanted at once.
func wanting(t *testing.T, types ...profile.OrgType) *world {
	t.Helper()
	w := newWorld(t)
	w.Exec("set profilesync.run = '1'")
	for i, orgType := range types {
		w.Exec("insert into profile (code, name, type) values ($1, 'A', $2)", fmt.Sprintf("FA%04d", i), string(orgType))
	}
	w.Exec("reset profilesync.run")
	w.dispatch()
	w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) error { return d.Enrol(ctx) })
	return w
}

// resting is wanting with all the pushes accepted.
func resting(t *testing.T, types ...profile.OrgType) *world {
	t.Helper()
	w := wanting(t, types...)
	w.rest()
	return w
}

// rest marks all pushes as accepted by the sinks long ago.
func (w *world) rest() {
	w.Helper()
	w.Exec("update push set state = 'accepted', due_at = null, job_id = null, wanted_at = '2025-01-01' where state <> 'no-route'")
}

// standing returns the state of pushes: "FA0000 dos wanted 30", with the
// seconds from wanted to due.
func (w *world) standing(where string) []string {
	w.Helper()
	return pgtest.All[string](w.Database,
		`select code || ' ' || sink || ' ' || state || coalesce(' ' || extract(epoch from due_at - wanted_at)::int, '')
		from push where `+where+` order by code, sink`)
}

func TestAChangeWantsAPushToEachSink(t *testing.T) {
	t.Parallel()
	const today, tomorrow = "2025-04-01", "2025-04-02"
	cases := []struct {
		sql  string // of profile $1
		wait int    // seconds; -1: no push is expected
	}{
		{"update profile set phone = '111' where code = $1", 30},
		{"update profile set phone = phone where code = $1", -1},
		{"update profile set status = 'dormant' where code = $1", 30},
		{"update profile set status = 'closed' where code = $1", 0},
		{"update profile set hidden = true where code = $1", 0},
		{"insert into opening_period (code, day, opens, closes) values ($1, 'mon', '09:00', '17:00')", 30},
		{"insert into dated_opening_period (code, date, opens, closes) values ($1, '" + today + "', '09:00', '12:00')", 30},
		{"insert into dated_opening_period (code, date) values ($1, '" + tomorrow + "')", 30},
		{"insert into dated_opening_period (code, date) values ($1, '" + today + "')", 0},
		{"insert into facility (code, name, value) values ($1, 'Parking', 'No')", 30},
		{"insert into service (code, source, name) values ($1, 'editor', 'Feet')", 30},
		{"insert into service (code, source, external_id, name) values ($1, 'ers', '7', 'Feet')", 30},
		{"with run as (select set_config('profilesync.run', '7', true)) update profile set phone = '111' from run where code = $1", 0},
	}
	types := make([]profile.OrgType, len(cases))
	for i := range types {
		types[i] = profile.Pharmacy
	}
	w := resting(t, types...)
	want := []string{}
	for i, c := range cases {
		code := fmt.Sprintf("FA%04d", i)
		w.Exec(c.sql, code)
		if c.wait >= 0 {
			want = append(want, fmt.Sprintf("%s dos wanted %d", code, c.wait), fmt.Sprintf("%s website wanted %d", code, c.wait))
		}
	}
	w.dispatch()
	require.Equal(t, want, w.standing("state <> 'accepted'"))
	w.rest()
	w.dispatch()
	require.Empty(t, w.standing("state <> 'accepted'"), "each change is read once")

	w.Exec("update profile set hidden = false where code = 'FA0004'")
	w.Exec("delete from dated_opening_period")
	w.dispatch()
	require.Equal(t, []string{
		"FA0004 dos wanted 30", "FA0006 dos wanted 30", "FA0007 dos wanted 30", "FA0008 dos wanted 30",
	}, w.standing("state <> 'accepted' and sink = 'dos'"), "a reopening can wait")
}

func TestACreationAndTypesWithoutRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into profile (code, name, type) values ('FA0000', 'A', 'pharmacy'), ('FA0001', 'B', 'dental-practice'),
		('FA0002', 'C', 'trust')`)
	w.dispatch()
	require.Equal(t, []string{
		"FA0000 dos wanted 30", "FA0000 website wanted 30", "FA0001 dos no-route", "FA0001 website wanted 30",
		"FA0002 dos no-route", "FA0002 website no-route",
	}, w.standing("true"))
	require.Equal(t, []string{"change-event", "", "", "profile", "profile", ""}, pgtest.All[string](w.Database,
		"select route from push order by sink, code"))

	w.Exec("update profile set type = 'pharmacy' where code = 'FA0002'")
	w.Exec("update profile set type = 'trust' where code = 'FA0000'")
	w.dispatch()
	require.Equal(t, []string{
		"FA0000 dos no-route", "FA0000 website no-route", "FA0002 dos wanted 30", "FA0002 website wanted 30",
	}, w.standing("code <> 'FA0001'"))

	only := push.Routes{push.SinkWebsite: sinkRoutes()[push.SinkWebsite]}
	w.Exec("insert into profile (code, name, type) values ('FA0003', 'A', 'pharmacy')")
	w.round(only, func(ctx context.Context, d *pushstore.Dispatch) error { return d.ReadChanges(ctx, day(1), editDelay) })
	require.Equal(t, []string{"FA0003 website wanted 30"}, w.standing("code = 'FA0003'"), "DoS is not configured")
}

func TestLaterEditsPushNothingBack(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	due := func() time.Time {
		return pgtest.One[time.Time](w.Database, "select due_at from push where sink = 'dos'")
	}
	w.Exec("update profile set phone = '111'")
	w.dispatch()
	first := due()
	w.Exec("update profile set phone = '222'")
	w.dispatch()
	require.Equal(t, first, due(), "an editing session makes one push, without further delay")
	require.True(t, pgtest.One[bool](w.Database,
		"select bool_and(due_at < wanted_at + interval '30 s') from push"), "a later edit is recorded")
	w.Exec("update profile set hidden = true")
	w.dispatch()
	require.True(t, due().Before(first))
}

func TestAChangeIsNotLostToTheJobUnderWay(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	require.Len(t, w.queue(10), 2)
	require.Empty(t, w.queue(10), "its job carries it")
	w.Exec("update profile set hidden = true")
	w.dispatch()
	require.Empty(t, w.queue(10), "one job at a time")
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted"})
	require.Equal(t, []string{"FA0000 dos wanted 0"}, w.standing("job_id is null"))
	require.Equal(t, []push.Due{{Code: "FA0000", Sink: push.SinkDoS}}, w.queue(10))
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted, Attempt: "accepted"})
	require.Equal(t, []string{"FA0000 dos accepted"}, w.standing("job_id is null"))
}

func TestTheWindowHoldsForARoute(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy, profile.GPPractice)
	w.Exec("update push set due_at = now() - interval '1 s' * right(code, 1)::int where sink = 'dos'") // the last first
	w.Exec("update push set due_at = now() + interval '1 h' where sink = 'website'")
	require.Equal(t, []push.Due{
		{Code: "FA0002", Sink: push.SinkDoS}, {Code: "FA0001", Sink: push.SinkDoS}, {Code: "FA0003", Sink: push.SinkDoS},
	}, w.queue(2))
	require.Empty(t, w.queue(2))
	w.settles(push.Outcome{Code: "FA0001", Route: "change-event", State: push.Accepted})
	require.Equal(t, []push.Due{{Code: "FA0000", Sink: push.SinkDoS}}, w.queue(2))
}

func TestAPausedRouteGetsAProbe(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy, profile.GPPractice)
	ctx := t.Context()
	pause := func(wait time.Duration) bool {
		paused, err := w.store.PauseRoute(ctx, push.SinkDoS, "change-event", "down", wait)
		require.NoError(t, err)
		return paused
	}
	require.True(t, pause(time.Hour))
	require.False(t, pause(0), "it was already paused")
	require.Len(t, w.queue(10), 4, "the other routes go on")
	loaded, err := w.store.LoadPushes(ctx, push.SinkDoS, []profile.ODSCode{"FA0000", "FA0002"}, day(1))
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, []bool{loaded[0].Paused, loaded[1].Paused})

	require.NoError(t, w.store.PostponeProbe(ctx, push.SinkDoS, "change-event", 0))
	probes := w.queue(10)
	require.Len(t, probes, 1)
	require.True(t, probes[0].Probe)
	require.Empty(t, w.queue(10), "one probe at a time")
	w.settles(push.Outcome{Code: probes[0].Code, Route: "change-event", State: push.Wanted})
	require.NoError(t, w.store.PostponeProbe(ctx, push.SinkDoS, "change-event", time.Hour))
	require.Empty(t, w.queue(10))
	require.Equal(t, 2, pgtest.One[int](w.Database, "select probes from route where paused <> ''"))

	resumed, err := w.store.ResumeRoute(ctx, push.SinkDoS, "change-event")
	require.NoError(t, err)
	require.True(t, resumed)
	require.Len(t, w.queue(10), 2)
	resumed, err = w.store.ResumeRoute(ctx, push.SinkDoS, "change-event")
	require.NoError(t, err)
	require.False(t, resumed)
}

func TestTheNextPush(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.GPPractice)
	next := func() (wait time.Duration, ok bool) {
		w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) (err error) {
			wait, ok, err = d.NextDue(ctx)
			return err
		})
		return wait, ok
	}
	_, ok := next()
	require.False(t, ok)
	w.Exec("update push set due_at = now() + interval '1 h' where sink = 'dos'")
	wait, ok := next()
	require.True(t, ok)
	require.InDelta(t, time.Hour, wait, float64(time.Minute))
	w.Exec("update push set due_at = now() where code = 'FA0000'")
	wait, _ = next()
	require.Zero(t, wait)
	for _, route := range []push.Route{sinkRoutes()["dos"]["pharmacy"], sinkRoutes()["website"]["pharmacy"]} {
		w.Exec("update route set paused = 'down', probe_at = now() + interval '2 h' where route = $1", route.Name)
	}
	wait, _ = next()
	require.InDelta(t, time.Hour, wait, float64(time.Minute), "not those that wait for a probe")
}

func TestLostJobsAreFound(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy, profile.Pharmacy)
	w.Exec("delete from push where sink = 'website'")
	w.Exec("update push set due_at = due_at - interval '1 s' * (9 - right(code, 1)::int)")
	require.Len(t, w.queue(10), 4) // job 1 carries FA0000
	w.Exec(`insert into river.river_job (id, state, finalized_at, kind, args, max_attempts) overriding system value
		select id, state::river.river_job_state, finalized, 'push_dos', '{}', 5
		from (values (1, 'running', null::timestamptz), (2, 'cancelled', now()), (3, 'discarded', now())) as job (id, state, finalized)`)
	find := func() {
		w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) error { return d.FindLost(ctx) })
	}
	find()
	require.Equal(t, []string{"FA0001", "FA0002", "FA0003"},
		pgtest.All[string](w.Database, "select code from push where due_at <= now() and job_id is null order by code"))
	require.Equal(t, int64(1), pgtest.One[int64](w.Database, "select job_id from push where code = 'FA0000'"))
	w.Exec("delete from river.river_job")
	find()
	require.Len(t, w.queue(10), 4, "a job that somebody deleted")
}

func TestEnrolling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("insert into profile (code, name, type) values ('FA0000', 'A', 'pharmacy'), ('FA0001', 'B', 'dental-practice')")
	enrol := func(routes push.Routes) []string {
		w.round(routes, func(ctx context.Context, d *pushstore.Dispatch) error { return d.Enrol(ctx) })
		return w.standing("true")
	}
	require.Empty(t, enrol(push.Routes{}))
	first := []string{"FA0000 website wanted 0", "FA0001 website wanted 0"}
	require.Equal(t, first, enrol(push.Routes{push.SinkWebsite: sinkRoutes()[push.SinkWebsite]}))
	w.rest()
	require.Equal(t, []string{"FA0000 dos wanted 0", "FA0000 website accepted", "FA0001 dos no-route", "FA0001 website accepted"},
		enrol(sinkRoutes()), "a newly configured sink")
	w.rest()

	wider := sinkRoutes()
	wider[push.SinkDoS][profile.DentalPractice] = push.Route{Name: "fhir"}
	delete(wider[push.SinkWebsite], profile.Pharmacy)
	want := []string{"FA0000 dos accepted", "FA0000 website no-route", "FA0001 dos wanted 0", "FA0001 website accepted"}
	require.Equal(t, want, enrol(wider), "one route added, one removed")
	w.rest()
	want[2] = "FA0001 dos accepted"
	require.Equal(t, want, enrol(wider), "once")
	require.Equal(t, []string{"dos change-event", "dos fhir", "website profile"},
		pgtest.All[string](w.Database, "select sink || ' ' || route from route order by 1"))
}

func TestWakeups(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	ctx, cancel := context.WithCancel(t.Context())
	woken, ended := make(chan struct{}, 100), make(chan error, 1)
	go func() { ended <- w.store.Wakeups(ctx, func() { woken <- struct{}{} }) }()
	<-woken // for what was committed before
	w.Exec("update profile set phone = '111'")
	<-woken
	w.Exec("insert into facility (code, name, value) values ('FA0000', 'Parking', 'No')")
	<-woken
	id := w.hold(pushstore.Hold{Code: "FA0000", Sink: "dos", Reason: "moving", Actor: "jo"})
	<-woken
	require.NoError(t, w.store.RemoveHold(ctx, id, "jo"))
	<-woken
	_, err := w.store.ForcePushes(ctx, []profile.ODSCode{"FA0000"}, push.Sinks(), false, "jo")
	require.NoError(t, err)
	<-woken
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
