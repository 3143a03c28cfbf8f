package runstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// rehearsal is a world of 30 pharmacies that has rehearsed a listing.
type rehearsal struct {
	*world

	plans *planstore.Store
	plan  runs.PlanID
}

// rehearsed rehearses a listing of 5 April.
func rehearsed(t *testing.T, orgs []org) *rehearsal {
	t.Helper()
	w := newWorld(t)
	w.listing(1, pharmacies(30))
	shown := w.rehearse(5, orgs)
	require.True(t, shown.Rehearsal)
	return &rehearsal{w, planstore.New(w.DB), shown.Plan}
}

// rehearse rehearses a listing on the day before it.
func (w *world) rehearse(on int, orgs []org) runs.Summary {
	w.Helper()
	today := w.runs.Today
	defer func() { w.runs.Today = today }()
	w.runs.Today = func() profile.Date { return day(on - 1) }
	shown, err := w.preview(runs.Run{Kind: runs.RunRehearsal, AsOf: day(on)}, orgs)
	require.NoError(w, err)
	return shown
}

// ahead approves what is selected for some days.
func (r *rehearsal) ahead(selection runs.Selection, first, last int) {
	r.Helper()
	rows, err := r.plans.Rehearsed(r.Context(), r.plan, selection)
	require.NoError(r, err)
	selection.Digest = planstore.Digest(rows)
	approved, err := r.plans.Approve(r.Context(), planstore.Approval{
		Plan: r.plan, Selection: selection, Span: runs.Span{First: day(first), Last: day(last)}, Actor: "Ann", OSUser: "ann",
	})
	require.NoError(r, err)
	require.Equal(r, len(rows), approved)
}

// run is a listing without a plan.
func (r *rehearsal) run(on int, orgs []org) runs.Summary {
	r.Helper()
	return r.work(r.begin(runs.Run{Kind: runs.RunListing, AsOf: day(on)}, orgs))
}

// count is how many changes a run applied because Ann had approved them ahead.
func (r *rehearsal) count(of runs.Summary) (count int) {
	r.Helper()
	for _, a := range of.ApprovedAhead {
		require.Equal(r, runs.AheadCount{Plan: r.plan, By: "Ann", Count: a.Count}, a)
		count += a.Count
	}
	return count
}

// states counts approvals by state.
func (r *rehearsal) states() map[string]int {
	r.Helper()
	return pgtest.One[map[string]int](r.Database,
		"select coalesce(jsonb_object_agg(state, n), '{}') from (select state, count(*) as n from approved_ahead group by state) s")
}

func TestWhatIsAppliedOfWhatWasApprovedAhead(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	for name, c := range map[string]struct {
		selection   runs.Selection
		first, last int
		edit        string
		orgs        []org
		applied     int
		withheld    []string
		states      map[string]int
	}{
		"all":       {first: 2, last: 9, orgs: orgs, applied: 14, withheld: []string{}, states: map[string]int{"used": 14}},
		"one day":   {first: 5, last: 5, orgs: orgs, applied: 14, withheld: []string{}, states: map[string]int{"used": 14}},
		"before it": {first: 6, last: 9, orgs: orgs, withheld: []string{"mass-change name 14"}, states: map[string]int{"open": 14}},
		"after it":  {first: 2, last: 4, orgs: orgs, withheld: []string{"mass-change name 14"}, states: map[string]int{"open": 14}},
		"a part": {
			selection: runs.Selection{Codes: []profile.ODSCode{"FA0003", "FA0004"}}, first: 2, last: 9, orgs: orgs, applied: 2,
			withheld: []string{"mass-change name 12"}, states: map[string]int{"used": 2},
		},
		"five of another name beside them": {
			first: 2, last: 9, orgs: with(orgs, 15, func(o *org) { o.Name = o.Name[:len("CHEMIST 1")] + " (NEW)" }),
			applied: 10, withheld: []string{"mass-change name 5"}, states: map[string]int{"used": 10, "open": 4},
		},
		"an edited profile": {
			first: 2, last: 9, edit: "update profile set name = 'Mine' where code = 'FA0003'", orgs: orgs, applied: 13,
			withheld: []string{"mass-change name 1"}, states: map[string]int{"used": 13, "open": 1},
		},
		"few are left": {
			first: 2, last: 9, orgs: with(pharmacies(30), 3, renamed), applied: 3, withheld: []string{},
			states: map[string]int{"used": 3, "open": 11},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rehearsed(t, orgs)
			r.ahead(c.selection, c.first, c.last)
			if c.edit != "" {
				r.Exec(c.edit)
			}
			shown := r.listing(5, c.orgs) // by its plan, which must show the same
			require.Equal(t, c.applied, r.count(shown))
			require.Equal(t, c.withheld, withheldFor(shown))
			require.Equal(t, c.states, r.states())
			require.Equal(t, c.applied, pgtest.One[int](r.Database, "select count(*) from profile where name like '% (New)'"))
			again := r.run(5, c.orgs)
			require.Zero(t, again.Changes)
			require.Empty(t, again.ApprovedAhead)
			require.Equal(t, c.states, r.states())
		})
	}
}

// An address and its postcode are approved and applied as one.
func TestFactsAreApprovedAheadAsOne(t *testing.T) {
	t.Parallel()
	moves := func(o *org) { o.Address, o.Postcode = "9 NEW ROAD\nHULL", "HU1 1AA" }
	r := rehearsed(t, with(pharmacies(30), 14, moves))
	r.ahead(runs.Selection{Fact: "address"}, 2, 9)
	run := r.run(5, with(with(pharmacies(30), 14, moves), 1, func(o *org) { o.Postcode = "HU2 2AA" }))
	require.Equal(t, 26, r.count(run))
	require.Equal(t, []string{"mass-change address 1"}, withheldFor(run), "whose postcode is another")
	require.Equal(t, "LS1 1AA", r.value("FA0000", profile.FieldPostcode))
	require.Equal(t, "1 High Street\nLeeds", r.value("FA0000", profile.FieldAddress))
}

// A delta, or a run of another report, is a run like any other.
func TestADeltaAppliesWhatWasApprovedAhead(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	r := rehearsed(t, orgs)
	r.ahead(runs.Selection{}, 2, 9)
	delta := r.work(r.begin(runs.Run{Kind: runs.RunDelta, Report: "api", AsOf: day(4)}, orgs[:12]))
	require.Equal(t, 12, r.count(delta))
	require.Empty(t, delta.Withheld)
	run := r.run(5, orgs)
	require.Equal(t, 2, r.count(run))
	require.Equal(t, map[string]int{"used": 14}, r.states())
}

// The register takes it back and says it again: what was approved is used up.
func TestWhatWasApprovedAheadIsUsedOnce(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	r := rehearsed(t, orgs)
	r.ahead(runs.Selection{}, 2, 9)
	require.Equal(t, 14, r.count(r.rehearse(6, orgs)), "a second rehearsal shows what was approved")
	require.Equal(t, map[string]int{"open": 14}, r.states(), "and uses nothing")
	require.Equal(t, 14, r.count(r.run(5, orgs)))
	back := r.run(6, pharmacies(30))
	require.Equal(t, []string{"mass-change name 14"}, withheldFor(back))
	require.Equal(t, 14, r.approve(back, runs.Selection{}).Changes.Update)
	again := r.run(7, orgs)
	require.Equal(t, []string{"mass-change name 14"}, withheldFor(again))
	require.Empty(t, again.ApprovedAhead)
}

// A value that a person rejected or took back does not come by an approval that was
// given before.
func TestRejectedAndUndoneValuesAreNotApprovedAheadAnyMore(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	t.Run("rejected", func(t *testing.T) {
		t.Parallel()
		r := rehearsed(t, orgs)
		r.ahead(runs.Selection{}, 5, 9)
		early := r.run(4, orgs)
		_, err := r.store.Reject(t.Context(), idOf(early), runs.Selection{}, "Bob", "bob")
		require.NoError(t, err)
		require.Equal(t, map[string]int{"rejected": 14}, r.states())
		require.Equal(t, 14, pgtest.One[int](r.Database, `
			select count(*) from decision_change
			where about like 'approved_ahead 1 FA%name' and field = 'state' and new = 'rejected' and actor = 'Bob'`))
		require.Equal(t, 1, pgtest.One[int](r.Database,
			"select count(*) from decision_change where about = 'approval_ahead 1' and field = 'digest' and actor = 'Ann'"))
		require.Empty(t, r.run(5, orgs).ApprovedAhead)
		r.run(6, pharmacies(30)) // lifts the rejection
		require.Equal(t, []string{"mass-change name 14"}, withheldFor(r.run(7, orgs)))
	})
	t.Run("undone", func(t *testing.T) {
		t.Parallel()
		r := rehearsed(t, orgs)
		r.ahead(runs.Selection{}, 5, 9)
		early := r.run(4, orgs)
		applied := r.approve(early, runs.Selection{})
		undo := r.child(runs.RunUndo, applied)
		require.Equal(t, 14, undo.Changes.Update)
		require.Equal(t, map[string]int{"undone": 14}, r.states())
		next := r.run(5, orgs)
		require.Empty(t, next.ApprovedAhead)
		require.Equal(t, []string{"mass-change name 14"}, withheldFor(next))
	})
	t.Run("undone after it was used", func(t *testing.T) {
		t.Parallel()
		r := rehearsed(t, orgs)
		r.ahead(runs.Selection{}, 5, 9)
		run := r.run(5, orgs)
		undo := r.child(runs.RunUndo, run)
		require.Equal(t, 14, undo.Changes.Update)
		require.Equal(t, "Chemist 0", r.name("FA0000"))
		next := r.run(6, orgs)
		require.Empty(t, next.ApprovedAhead)
		require.Equal(t, 14, next.Waiting)
		back := r.child(runs.RunUndo, undo)
		require.Equal(t, 14, back.Changes.Update)
		require.Equal(t, map[string]int{"used": 14}, r.states())
	})
}

// A profile of which the opening was approved ahead opens, beside others that stay
// closed.
func TestOpeningsAreApprovedAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed := with(pharmacies(60), 24, ended)
	w.listing(1, pharmacies(60))
	w.Exec("update profile set status = 'closed' where code < 'FA0024'")
	w.listing(2, closed)
	opened := with(pharmacies(60), 24, renamed)
	shown := w.rehearse(5, opened)
	require.Equal(t, []string{"mass-change status 24"}, withheldFor(shown))
	r := &rehearsal{w, planstore.New(w.DB), shown.Plan}
	r.ahead(runs.Selection{Codes: []profile.ODSCode{"FA0000", "FA0001"}}, 5, 5)
	run := r.listing(5, opened)
	require.Equal(t, 2, r.count(run))
	require.Equal(t, 2, run.Changes.Reopen)
	require.Equal(t, []string{"mass-change status 22"}, withheldFor(run))
	require.Equal(t, "Chemist 0 (New)", r.name("FA0000"), "it is open: its fields are compared")
	require.Equal(t, "Chemist 9", r.name("FA0009"))
}

func TestMissingMarksAreNotApprovedAhead(t *testing.T) {
	t.Parallel()
	r := rehearsed(t, pharmacies(30)[:18])
	rows, err := r.plans.Rehearsed(t.Context(), r.plan, runs.Selection{})
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = r.plans.Approve(t.Context(), planstore.Approval{Plan: r.plan, Span: runs.Span{First: day(5), Last: day(5)}})
	require.EqualError(t, err, "plan P2: nothing that is selected can be approved ahead")
}

// A run that dies before its plan is sealed uses nothing; after that, the next process
// applies the same, whatever a person withdraws meanwhile.
func TestAKilledRunUsesWhatWasApprovedAheadOnce(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	r := rehearsed(t, orgs)
	r.ahead(runs.Selection{}, 5, 5)
	id := r.begin(runs.Run{Kind: runs.RunListing, AsOf: day(5)}, orgs)
	r.read(id, pull{orgs: orgs, fails: errors.New("cut off")})
	broken, stop := context.WithCancel(t.Context())
	r.hooks.report = func(string, int) { stop() }
	_, err := r.runs.Work(broken, profile.SourceODS, id)
	require.Error(t, err)
	require.Equal(t, map[string]int{"open": 14}, r.states())

	r.hooks.report = nil
	r.read(id, pull{orgs: orgs})
	killed, kill := context.WithCancel(t.Context())
	r.hooks.beforeApply = kill
	_, err = r.runs.Work(killed, profile.SourceODS, id)
	require.Error(t, err)
	require.Equal(t, map[string]int{"used": 14}, r.states())
	require.Equal(t, "Chemist 0", r.name("FA0000"))
	_, err = r.plans.Withdraw(t.Context(), r.plan, runs.Selection{}, "Bob")
	require.EqualError(t, err, "plan P2: nothing of this is approved ahead and not used yet")

	r.hooks.beforeApply = nil
	require.Equal(t, 14, r.count(r.work(id)))
	require.Equal(t, "Chemist 0 (New)", r.name("FA0000"))
	require.Equal(t, 14, pgtest.One[int](r.Database, "select count(*) from change where field = 'name' and old is not null"))
	require.Zero(t, r.run(5, orgs).Changes)
}

// What a run has read for its plan is not withdrawn under its hands.
func TestNothingIsWithdrawnThatARunIsAboutToUse(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	r := rehearsed(t, orgs)
	r.ahead(runs.Selection{}, 5, 5)
	var withdrawn error
	var once sync.Once
	r.hooks.report = func(stage string, _ int) {
		if stage != "comparing" {
			return
		}
		once.Do(func() {
			tx, err := r.DB.Begin(t.Context())
			require.NoError(t, err)
			defer func() { require.NoError(t, tx.Rollback(context.WithoutCancel(t.Context()))) }()
			// as the run locks them, before it seals its plan
			_, err = planstore.LoadOpen(t.Context(), tx, runs.Run{Source: profile.SourceODS, AsOf: day(5)}, []string{"FA0000"})
			require.NoError(t, err)
			_, withdrawn = r.plans.Withdraw(t.Context(), r.plan, runs.Selection{}, "Bob")
		})
	}
	run := r.run(5, orgs)
	require.EqualError(t, withdrawn, "plan P2: a run that is being planned may use what was approved ahead; try again")
	require.Equal(t, 14, r.count(run))
}

func TestOfTwoWhoApproveTheSameAheadOneLearnsOfTheOther(t *testing.T) {
	t.Parallel()
	r := rehearsed(t, with(pharmacies(30), 14, renamed))
	rows, err := r.plans.Rehearsed(t.Context(), r.plan, runs.Selection{})
	require.NoError(t, err)
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, name := range []string{"Ann", "Bob"} {
		both.Go(func() {
			_, errs[i] = r.plans.Approve(t.Context(), planstore.Approval{
				Plan: r.plan, Selection: runs.Selection{Digest: planstore.Digest(rows)},
				Span: runs.Span{First: day(5), Last: day(6)}, Actor: name,
			})
		})
	}
	both.Wait()
	if errs[0] == nil {
		require.ErrorContains(t, errs[1], "FA0000 name is already approved ahead by Ann, 2025-04-05 to 2025-04-06")
	} else {
		require.NoError(t, errs[1])
		require.ErrorContains(t, errs[0], "FA0000 name is already approved ahead by Bob, 2025-04-05 to 2025-04-06")
	}
	require.Equal(t, map[string]int{"open": 14}, r.states())
}

func TestNoRehearsalIsStoredAsARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.store.CreateRun(t.Context(), runs.Run{
		Kind: runs.RunRehearsal, Source: profile.SourceODS, Report: reportName, AsOf: day(5), Actor: "Eve",
	}, nil)
	require.ErrorContains(t, err, "run_kind_known")
	w.runs.Today = func() profile.Date { return day(5) }
	_, err = w.preview(runs.Run{Kind: runs.RunRehearsal, AsOf: day(5)}, pharmacies(3))
	require.ErrorContains(t, err, "a rehearsal is of a day to come, and 2025-04-05 is not (today is 2025-04-05)")
	_, err = w.preview(runs.Run{Kind: runs.RunListing, AsOf: day(6)}, pharmacies(3))
	require.ErrorContains(t, err, "that day has not come yet")
}

// The changes of a rehearsal are kept until a week after its day, those of other plans
// for a week.
func TestARehearsalIsKeptUntilItsDayIsOver(t *testing.T) {
	t.Parallel()
	r := rehearsed(t, with(pharmacies(30), 14, renamed))
	r.Exec("update plan set created_at = created_at - interval '90 days'")
	for _, c := range []struct {
		day  string
		kept bool
	}{{"current_date + 30", true}, {"current_date - 6", true}, {"current_date - 9", false}} {
		r.Exec("update plan set as_of = " + c.day + " where kind = 'rehearsal'")
		require.NoError(t, r.store.Prune(t.Context(), day(1).Time()))
		require.Equal(t, c.kept, len(r.rowsOf(r.plan)) > 0, c.day)
		_, err := r.plans.Rehearsal(t.Context(), r.plan)
		if c.kept {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "no longer kept")
		}
		require.Empty(t, r.rowsOf(1), "the plan of the first listing")
	}
}
