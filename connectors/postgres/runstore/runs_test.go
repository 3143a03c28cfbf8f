package runstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestFirstLoadThenNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.listing(1, pharmacies(30))
	require.Equal(t, runs.RunDone, first.State)
	require.Equal(t, runs.ChangeCounts{Create: 30}, first.Changes)
	require.Equal(t, 30, first.Records)
	require.Equal(t, 30, first.Population)
	require.Equal(t, "Chemist 7", w.name("FA0007"))
	require.Equal(t, 30, w.audited())

	second := w.listing(2, pharmacies(30))
	require.Equal(t, runs.ChangeCounts{}, second.Changes)
	require.Equal(t, runs.DigestOf(nil), second.Digest)
	require.Equal(t, 30, second.Population)
	require.Equal(t, 30, w.audited())
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from run_record"))

	stored, err := w.store.Run(t.Context(), idOf(second))
	require.NoError(t, err)
	require.Equal(t, second, stored.Summary)
	require.True(t, stored.State.Ended())
}

func TestPreviewLeavesOnlyItsPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(20))
	orgs := with(with(pharmacies(25), 2, renamed), 12, ended)
	orgs[24].Bad = false
	before := w.rows()
	planned, err := w.preview(runs.Run{Kind: runs.RunListing, AsOf: day(3)}, orgs[1:])
	require.NoError(t, err)
	require.Equal(t, 5, planned.Changes.Create)
	require.Empty(t, planned.Run)
	after := w.rows()
	require.Equal(t, 7, after["plan_change"]-before["plan_change"])
	require.Equal(t, 1, after["plan"]-before["plan"])
	delete(before, "plan")
	delete(before, "plan_change")
	delete(after, "plan")
	delete(after, "plan_change")
	require.Equal(t, before, after)
	require.Equal(t, "2", w.listing(3, pharmacies(20)).Run, "plans leave no gap in the numbers of runs")
}

// rows counts the rows of every table.
func (w *world) rows() map[string]int {
	w.Helper()
	counts := map[string]int{}
	for _, table := range pgtest.All[string](w.Database, "select tablename::text from pg_tables where schemaname = 'profilesync'") {
		counts[table] = pgtest.One[int](w.Database, "select count(*) from "+table)
	}
	return counts
}

func TestOneRunWithEveryKindOfChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := pharmacies(20)
	ended(&orgs[0])
	orgs[1].Closed = "2025-03-01" // active all the same: a contradiction
	loaded := w.listing(1, orgs)
	require.Equal(t, 19, loaded.Changes.Create, "an organisation that has ended gets no profile")
	require.Equal(t, 1, loaded.Contradictions)

	orgs[0].Standing, orgs[0].Closed = profile.Active, ""
	ended(&orgs[2])
	orgs[3].Standing = profile.Dormant
	renamed(&orgs[4])
	orgs[4].ICB = "QOQ"
	second := w.listing(2, orgs)
	require.Equal(t, runs.ChangeCounts{Create: 1, Update: 1, Dormant: 1}, second.Changes)
	require.Equal(t, map[string]int{"name": 1, "icb": 1, "status": 1}, second.Fields)
	require.Equal(t, 1, second.PendingClose)
	require.Equal(t, 20, second.Population)

	orgs[3].Standing = profile.Active
	third := w.listing(3, orgs)
	require.Equal(t, runs.ChangeCounts{Close: 1, Reopen: 1}, third.Changes)
	require.Zero(t, third.PendingClose)
	require.Equal(t, 19, third.Population)
	require.Equal(t, 1, third.Contradictions)
	require.Equal(t, profile.StatusClosed, w.profile("FA0002").Status())

	require.Equal(t, runs.ChangeCounts{}, w.listing(4, orgs).Changes)
}

func TestTwoLooksNeedTwoDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(5))
	closing := with(pharmacies(5), 1, ended)
	for range 2 {
		look := w.listing(2, closing)
		require.Equal(t, runs.ChangeCounts{}, look.Changes)
		require.Equal(t, 1, look.PendingClose)
	}
	require.Equal(t, 1, w.listing(3, closing).Changes.Close)
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from upstream_record where pending_since is not null"))
	require.Equal(t, 1, w.listing(4, pharmacies(5)).Changes.Reopen)
}

func TestAnotherFormIsNoChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := pharmacies(12)
	orgs[0].Closed = "2025-03-01"
	w.listing(1, orgs)
	audited := w.audited()
	for form := 1; form < 3; form++ {
		again := w.listing(form+1, with(orgs, 12, func(o *org) { o.Form = form }))
		require.Equal(t, runs.ChangeCounts{}, again.Changes)
		require.Equal(t, 1, again.Contradictions, "a contradiction stands, whatever the form")
	}
	require.Equal(t, audited, w.audited())
}

func TestMissingIsFlaggedAndNeverClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ends := with(pharmacies(20), 1, ended)
	w.listing(1, pharmacies(20))
	w.listing(2, ends)
	const state = "select concat_ws(' ', missing_since, nullif(flag, '')) from upstream_record where code = 'FA0000'"
	for i, want := range []string{"2025-04-03", "2025-04-04", "2025-04-05"} {
		run := w.listing(i+3, ends[1:])
		require.Equal(t, runs.ChangeCounts{}, run.Changes, want)
		require.Equal(t, 1, run.PendingClose, "absence takes nothing back")
		require.Equal(t, 20, run.Population)
		flagged := map[bool]string{true: "2025-04-03", false: "2025-04-03 missing-twice"}[i == 0]
		require.Equal(t, flagged, pgtest.One[string](w.Database, state), want)
	}
	require.Equal(t, profile.StatusOpen, w.profile("FA0000").Status())

	w.listing(6, pharmacies(20))
	require.Empty(t, pgtest.One[string](w.Database, state))
	require.Equal(t, runs.ChangeCounts{}, w.listing(7, pharmacies(20)).Changes)
}

func TestShortListingRemovesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(20))
	w.listing(2, pharmacies(19)) // one is missing once
	short := w.listing(3, with(pharmacies(17), 1, ended))
	require.Equal(t, runs.RunWithheld, short.State)
	require.Equal(t, []runs.Withheld{{Reason: runs.ShortListing, Type: profile.Pharmacy, Count: 2, Of: 20}}, short.Withheld)
	require.Zero(t, short.PendingClose, "a short listing does not count as a sighting")
	require.Equal(t, 1, pgtest.One[int](w.Database, "select count(*) from upstream_record where missing_since is not null"))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from upstream_record where flag <> ''"))
	require.Equal(t, 19, pgtest.One[int](w.Database, "select records from listing"), "nor as the baseline")

	w.listing(4, pharmacies(18)) // one of the two is missing still
	w.child(runs.RunApprove, short)
	require.Equal(t, 18, pgtest.One[int](w.Database, "select records from listing"), "the later one stays the baseline")
}

func TestApprovingAShortListingMakesItTheYardstick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(20))
	short := w.listing(2, pharmacies(10))
	approved := w.child(runs.RunApprove, short)
	require.Equal(t, runs.RunDone, approved.State)
	require.Equal(t, 10, pgtest.One[int](w.Database, "select count(*) from upstream_record where missing_since = '2025-04-02'"))
	require.Equal(t, 10, pgtest.One[int](w.Database, "select records from listing"))
	require.Empty(t, w.listing(3, pharmacies(10)).Withheld)
}

func TestOlderListingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(2, pharmacies(3))
	old := w.listing(1, with(pharmacies(3), 1, renamed))
	require.Equal(t, runs.RunRefused, old.State)
	require.Contains(t, old.Error, "2025-04-01")
	require.Equal(t, "Chemist 0", w.name("FA0000"))
}

func TestOneInAHundredIsQuarantined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(200))
	two := w.listing(2, with(pharmacies(200), 2, func(o *org) { o.Bad = true }))
	require.Equal(t, runs.RunDone, two.State)
	require.Equal(t, 2, two.Rejected)
	require.Equal(t, 200, two.Records)
	require.Equal(t, 2, pgtest.One[int](w.Database, "select count(*) from quarantine"))
	require.Zero(t, pgtest.One[int](w.Database,
		"select count(*) from upstream_record where missing_since is not null"), "they count as present")

	three := w.listing(3, with(with(pharmacies(200), 3, func(o *org) { o.Bad = true }), 9, renamed))
	require.Equal(t, runs.RunRefused, three.State)
	require.Contains(t, three.Error, "line 1")
	require.Equal(t, 2, pgtest.One[int](w.Database, "select count(*) from quarantine"))
	require.Equal(t, "Chemist 8", w.name("FA0008"))
}

func TestDuplicatesAreQuarantined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(300))
	orgs := with(pharmacies(300), 1, renamed)
	orgs = append(orgs, org{Code: "FA0000", Name: "ANOTHER", Type: profile.Pharmacy, Standing: profile.Active})
	run := w.listing(2, orgs)
	require.Equal(t, 2, run.Rejected)
	require.Equal(t, 301, run.Records)
	require.Equal(t, runs.ChangeCounts{}, run.Changes)
	require.Equal(t, "Chemist 0", w.name("FA0000"))
	require.Equal(t, []string{"FA0000", "FA0000"}, pgtest.All[string](w.Database, "select code from quarantine"))
}

func TestDeltaSaysNothingOfAbsence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(20))
	id := w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(2)}, nil)
	w.read(id, pull{orgs: with(pharmacies(20), 1, renamed)[:1], until: day(28), deleted: []profile.ODSCode{"FA0001"}})
	run := w.work(id)
	require.Equal(t, runs.ChangeCounts{Update: 1}, run.Changes)
	require.Empty(t, run.Withheld)
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from upstream_record where missing_since is not null"))
	require.Equal(t, "2025-04-02", pgtest.One[string](w.Database, "select until::text from watermark"), "a day after the run is not believed")
	require.Equal(t, []string{"FA0001"}, pgtest.All[string](w.Database, "select code from upstream_record where flag = 'deleted'"))
	require.Equal(t, profile.StatusOpen, w.profile("FA0001").Status(), "a deletion says nothing of the organisation")
	require.Equal(t, "2025-04-01", pgtest.One[string](w.Database, "select as_of::text from listing"), "not a delta")
}

func TestRunLimitedToCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(20))
	limited := runs.Run{Kind: runs.RunDelta, AsOf: day(2), Codes: []profile.ODSCode{"FA0003"}}
	run := w.work(w.begin(limited, with(pharmacies(19), 19, renamed)))
	require.Equal(t, runs.ChangeCounts{Update: 1}, run.Changes)
	require.Equal(t, 1, run.Records)
	require.Equal(t, "Chemist 3 (New)", w.name("FA0003"))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from watermark"))
}

func TestABrokenPullFailsTheRun(t *testing.T) {
	t.Parallel()
	for name, codes := range map[string][]profile.ODSCode{"all": nil, "limited": {"FA0000"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(1), Codes: codes}, nil)
			w.read(id, pull{orgs: pharmacies(2), fails: errors.New("cut short")})
			run := w.work(id)
			require.Equal(t, runs.RunFailed, run.State)
			require.Contains(t, run.Error, "cut short")
			require.Zero(t, w.audited())
		})
	}
}

func TestHeldFieldWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(3))
	w.Exec("insert into hold (code, field, until, reason, actor) values ('FA0000', 'name', '2025-04-04', 'disputed', 'editor')")
	orgs := with(pharmacies(3), 1, func(o *org) { renamed(o); o.ICB = "QOQ" })
	for on := 2; on <= 4; on++ {
		require.Equal(t, on == 2, w.listing(on, orgs).Fields["icb"] == 1, "the other fields are updated")
		require.Equal(t, "Chemist 0", w.name("FA0000"))
	}
	require.Equal(t, map[string]int{"name": 1}, w.listing(5, orgs).Fields)
}

func TestDriftIsPutRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(3))
	w.Exec("update profile set name = 'My shop', phone = '0113 496 0000' where code = 'FA0001'")
	run := w.listing(2, pharmacies(3))
	require.Equal(t, map[string]int{"name": 1}, run.Fields)
	rows, _, err := w.store.PlanRows(t.Context(), idOf(run), false, 10)
	require.NoError(t, err)
	require.Equal(t, "My shop>Chemist 1 drift", fmt.Sprintf("%s>%s %s", rows[0].Old, rows[0].New, rows[0].Reason))
	require.Equal(t, "0113 496 0000", w.value("FA0001", profile.FieldPhone), "editors' own values stay")
	require.Equal(t, runs.ChangeCounts{}, w.listing(3, pharmacies(3)).Changes)
}

func TestARunWantsPushesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(3))
	routes := push.Routes{push.SinkDoS: {profile.Pharmacy: push.Route{Name: "change-event"}}}
	_, err := pushstore.New(w.DB).WithDispatch(t.Context(), routes, func(d *pushstore.Dispatch) error {
		return d.ReadChanges(t.Context(), day(1), time.Minute)
	})
	require.NoError(t, err)
	require.Equal(t, 3, pgtest.One[int](w.Database, "select count(*) from push where state = 'wanted' and due_at <= wanted_at"))
}

func TestPruningKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.listing(1, pharmacies(3))
	old, err := w.store.StoreUpload(ctx, "left-by-a-killed-command.csv", strings.NewReader("x"))
	require.NoError(t, err)
	w.Exec("update upload set created_at = now() - interval '2 days'")
	_, err = w.store.StoreUpload(ctx, "just-stored.csv", strings.NewReader("x"))
	require.NoError(t, err)
	now, audited := time.Now(), w.audited()
	require.NoError(t, w.store.Prune(ctx, now.AddDate(0, 0, -400)))
	require.Equal(t, []string{"just-stored.csv"}, pgtest.All[string](w.Database, "select name from upload"), "upload %d is gone", old)
	require.Equal(t, 3, pgtest.One[int](w.Database, "select count(*) from plan_row"))

	require.NoError(t, w.store.Prune(ctx, now.Add(time.Hour)))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from plan_row"))
	require.Equal(t, audited, w.audited(), "the audit is never pruned")
	require.Equal(t, runs.ChangeCounts{}, w.listing(2, pharmacies(3)).Changes)
}

func TestAWatermarkOfADayThatHasNotComeGoesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("insert into watermark (source, stream, until) values ('ods', 'changes', '2062-11-28')")
	id := w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(2)}, nil)
	w.read(id, pull{orgs: pharmacies(1), until: day(1)})
	w.work(id)
	require.Equal(t, "2025-04-01", pgtest.One[string](w.Database, "select until::text from watermark"))
}

// Every kind of run but an undo is refused for a day after today, by plan and run.
func TestARunForADayThatHasNotComeIsRefused(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]runs.Kind{"listing": runs.RunListing, "delta": runs.RunDelta} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.itIs(2)
			tomorrow := runs.Run{Kind: kind, AsOf: day(3)}
			_, err := w.preview(tomorrow, pharmacies(3))
			require.EqualError(t, err, "edispensary: refused, nothing changed: it is for 2025-04-03, and that day has not come yet "+
				"(today is 2025-04-02); if a run was for a wrong day, undo it")
			run := w.work(w.begin(tomorrow, pharmacies(3)))
			require.Equal(t, runs.RunRefused, run.State)
			require.Equal(t, err.Error(), run.Error)
			require.Zero(t, w.audited())
			require.Zero(t, pgtest.One[int](w.Database, "select count(*) from listing"))
			require.Equal(t, 3, w.work(w.begin(runs.Run{Kind: kind, AsOf: day(2)}, pharmacies(3))).Changes.Create, "today itself")

			early := w.begin(runs.Run{Kind: kind, AsOf: day(3)}, pharmacies(3)) // by a clock that is ahead
			w.Exec("update run set created_at = '2025-04-03T00:00:01+01' where id = $1", early)
			require.Equal(t, runs.RunDone, w.work(early).State)
		})
	}
}

// itIs plays a day of April from now on.
func (w *world) itIs(on int) {
	w.runs.Today = func() profile.Date { return day(on) }
	w.Exec("alter table run alter column created_at set default '" + day(on).String() + "T12:00:00Z'")
}

func TestWhatARunForAWrongDayWithheldCannotBeApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	w.listing(2, with(pharmacies(40), 11, ended))
	wrong := w.listing(20, with(pharmacies(40), 11, ended))
	require.Equal(t, []string{"too-many-removals status 11"}, withheldFor(wrong))
	w.itIs(2) // the 20th was a typing error
	approved := w.child(runs.RunApprove, wrong)
	require.Equal(t, runs.RunRefused, approved.State)
	require.Contains(t, approved.Error, "2025-04-20, and that day has not come yet")

	again := w.work(w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(2)}, pharmacies(40)))
	require.Equal(t, runs.RunRefused, again.State)
	require.Contains(t, again.Error, "`profilesync listings reset edispensary --to DATE --reason TEXT`")
	require.Equal(t, runs.RunDone, w.child(runs.RunUndo, wrong).State)
}

func TestARunThatHasBegunIsNotCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(1)}, pharmacies(2))
	var refused error
	w.hooks.report = func(string, int) { _, refused = w.store.Cancel(t.Context(), id, "u-4711", nil) }
	require.Equal(t, runs.RunDone, w.work(id).State)
	require.ErrorContains(t, refused, "can no longer be cancelled: its state is running, not queued")
}

// A run is either cancelled or worked, whoever comes first.
func TestARunIsCancelledOrWorked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		id := w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(1)}, pharmacies(2))
		worked := make(chan runs.Summary)
		go func() {
			defer close(worked)
			if summary, err := w.runs.Work(t.Context(), profile.SourceODS, id); err == nil {
				worked <- summary
			}
		}()
		_, err := w.store.Cancel(t.Context(), id, "u-4711", nil)
		summary := <-worked
		if err == nil {
			require.Equal(t, runs.RunFailed, summary.State)
			require.Equal(t, "cancelled by u-4711", summary.Error)
			require.Zero(t, pgtest.One[int](w.Database, "select count(*) from plan_row where run_id = $1", id))
		} else {
			require.ErrorContains(t, err, "can no longer be cancelled")
			require.Equal(t, runs.RunDone, summary.State, summary.Error)
		}
	}
}

func TestWatermarksOnlyGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, until := range []int{10, 12, 11} {
		session, err := w.store.LockOrganisations(t.Context())
		require.NoError(t, err)
		run := runs.Run{Kind: runs.RunDelta, Source: profile.SourceODS, Report: "api", AsOf: day(12), Actor: "test"}
		require.NoError(t, session.BeginPlan(t.Context(), run, nil))
		require.NoError(t, session.MoveWatermark(t.Context(), "changes", day(until)))
		require.NoError(t, session.Seal(t.Context(), runs.NewSummary(run), runs.Stamp{}))
		session.Close()
	}
	until, err := w.store.Watermark(t.Context(), profile.SourceODS, "changes")
	require.NoError(t, err)
	require.Equal(t, day(12), until)
}
