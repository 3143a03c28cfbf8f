package runstore_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// planned plans a listing of day 2, and returns its plan and the run that applies it.
func (w *world) planned(orgs []org) (runs.Summary, runs.Run) {
	w.Helper()
	shown, err := w.preview(runs.Run{Kind: runs.RunListing, AsOf: day(2)}, orgs)
	require.NoError(w, err)
	run, err := w.store.Plan(w.Context(), shown.Plan)
	require.NoError(w, err)
	return shown, run
}

func TestAPlanIsAppliedExactlyAndOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(120))
	orgs := with(with(pharmacies(123), 14, renamed), 3, func(o *org) { o.ICB = "QOQ" })
	shown, run := w.planned(orgs)
	require.Equal(t, runs.RunWithheld, shown.State)
	require.Equal(t, runs.PlanID(2), shown.Plan)

	second := w.begin(run, orgs) // asked for while nothing was applied
	applied := w.work(w.begin(run, orgs))
	require.Equal(t, shown.Digest, applied.Digest)
	require.Equal(t, shown.Changes, applied.Changes)
	require.Equal(t, shown.Plan, applied.Plan)
	require.Equal(t, "QOQ", w.value("FA0000", profile.FieldICB))
	audited := w.audited()

	already := "plan P2: refused, nothing changed: it was already applied in run 3; make a new plan"
	refused := w.work(second)
	require.Equal(t, runs.RunRefused, refused.State)
	require.Equal(t, already, refused.Error)
	_, err := w.store.Plan(t.Context(), shown.Plan)
	require.EqualError(t, err, already)
	_, err = w.store.Plan(t.Context(), 77)
	require.EqualError(t, err, "there is no plan P77")
	require.Equal(t, audited, w.audited())
	again, _ := w.planned(orgs)
	require.Zero(t, again.Changes)
	require.Empty(t, w.rowsOf(again.Plan))
}

// rowsOf lists the changes of a plan as "code field reason of withholding".
func (w *world) rowsOf(plan runs.PlanID) (rows []string) {
	w.Helper()
	for page, err := range planstore.New(w.DB).Changes(w.Context(), plan) {
		require.NoError(w, err)
		for _, c := range page {
			rows = append(rows, fmt.Sprintf("%s %s %s", c.Code, c.Field, c.Withheld))
		}
	}
	return rows
}

func TestARunThatIsNotItsPlanIsRefused(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 4, renamed)
	intent := func(verb runs.Verb, before, after string, withheld runs.WithheldReason) *runs.Intent {
		return &runs.Intent{Verb: verb, Old: before, New: after, Withheld: withheld}
	}
	planned := intent(runs.Update, "Chemist 0", "Chemist 0 (New)", "")
	for name, test := range map[string]struct {
		edit string
		orgs []org
		want runs.Differs
	}{
		"somebody edited what it changes": {
			"update profile set name = 'Mine' where code = 'FA0000'", orgs,
			runs.Differs{Other: 1, Rows: []runs.Difference{
				{Code: "FA0000", Field: "name", Planned: planned, Now: intent(runs.Update, "Mine", "Chemist 0 (New)", "")},
			}},
		},
		"somebody did what it does": {
			"update profile set name = 'Chemist 0 (New)' where code = 'FA0000'", orgs,
			runs.Differs{Gone: 1, Rows: []runs.Difference{{Code: "FA0000", Field: "name", Planned: planned}}},
		},
		"somebody edited something else": {
			"update profile set name = 'Mine' where code = 'FA0029'", orgs,
			runs.Differs{New: 1, Rows: []runs.Difference{
				{Code: "FA0029", Field: "name", Now: intent(runs.Update, "Mine", "Chemist 29", "")},
			}},
		},
		"the register says something else": {
			"", with(orgs, 1, func(o *org) { o.Name = "OTHER" }),
			runs.Differs{Other: 1, Rows: []runs.Difference{
				{Code: "FA0000", Field: "name", Planned: planned, Now: intent(runs.Update, "Chemist 0", "Other", "")},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listing(1, pharmacies(30))
			shown, run := w.planned(orgs)
			if test.edit != "" {
				w.Exec(test.edit)
			}
			audited := w.audited()
			refused := w.work(w.begin(run, test.orgs))
			require.Equal(t, runs.RunRefused, refused.State)
			require.Equal(t, &test.want, refused.Differs)
			require.ErrorContains(t, &runs.DiffersError{Plan: shown.Plan, Differs: test.want}, refused.Error)
			require.Equal(t, audited, w.audited())
			require.Zero(t, pgtest.One[int](w.Database, "select count(*) from plan_row where run_id = $1", int64(idOf(refused))))
			stored, err := w.store.Run(t.Context(), idOf(refused))
			require.NoError(t, err)
			require.Equal(t, refused, stored.Summary)

			_, run = w.planned(test.orgs)
			require.NotEqual(t, shown.Plan, run.Plan)
			require.Equal(t, runs.RunDone, w.work(w.begin(run, test.orgs)).State)
		})
	}
}

// A refusal does not use the plan up: it is applied once the profile is as it was.
func TestARefusedPlanCanStillBeApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(30))
	orgs := with(pharmacies(60), 30, renamed)
	_, run := w.planned(orgs)
	w.Exec("update profile set name = name || ' (mine)'")
	refused := w.work(w.begin(run, orgs))
	require.Equal(t, 30, refused.Differs.Other)
	require.Len(t, refused.Differs.Rows, 20)
	w.Exec("update profile set name = replace(name, ' (mine)', '')")
	require.Equal(t, runs.RunWithheld, w.work(w.begin(run, orgs)).State)
}

// What the guard would withhold now, and did not when the plan was made, is another
// plan even if every change is the same.
func TestWithholdingIsPartOfAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	orgs := with(pharmacies(40), 4, renamed)
	_, run := w.planned(orgs)
	w.Exec("update plan_change set withheld = 'mass-change' where plan_id = $1 and code = 'FA0002'", int64(run.Plan))
	refused := w.work(w.begin(run, orgs))
	require.Equal(t, runs.Differs{Other: 1, Rows: refused.Differs.Rows}, *refused.Differs)
	require.Equal(t, profile.ODSCode("FA0002"), refused.Differs.Rows[0].Code)
}

// Once its plan is sealed, a run goes on whatever changes.
func TestASealedRunOfAPlanGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(30))
	orgs := with(pharmacies(30), 4, renamed)
	shown, run := w.planned(orgs)
	id := w.begin(run, orgs)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.hooks.beforeApply = cancel
	_, err := w.runs.Work(ctx, profile.SourceODS, id)
	require.Error(t, err)
	w.hooks.beforeApply = nil
	w.Exec("update profile set name = 'Mine' where code = 'FA0029'")
	_, err = w.store.Plan(t.Context(), shown.Plan)
	require.ErrorContains(t, err, "already applied in run")
	require.Equal(t, runs.RunDone, w.work(id).State)
	require.Equal(t, "Chemist 0 (New)", w.name("FA0000"))
}

// The database itself lets only one run apply a plan.
func TestOnlyOneRunSealsAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(3))
	_, run := w.planned(with(pharmacies(3), 1, renamed))
	first, second := w.begin(run, nil), w.begin(run, nil)
	w.Exec("update run set planned = true where id = $1", int64(first))
	_, err := w.DB.Exec(t.Context(), "update run set planned = true where id = $1", int64(second))
	require.ErrorContains(t, err, "run_applies_plan")
}

func TestPlansAreKeptAWeek(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file, err := w.store.StoreUpload(t.Context(), "edispensary.csv", bytes.NewReader([]byte("x")))
	require.NoError(t, err)
	plan := func() runs.PlanID {
		shown, err := w.preview(runs.Run{Kind: runs.RunListing, AsOf: day(2), Upload: file}, pharmacies(3))
		require.NoError(t, err)
		return shown.Plan
	}
	first, second := plan(), plan()
	kept := func() []string {
		require.NoError(t, w.store.Prune(t.Context(), day(1).Time()))
		return pgtest.All[string](w.Database, `
			select 'P' || plan_id || ' ' || count(*) from plan_change group by plan_id union all select name from upload order by 1`)
	}
	run, err := w.store.Plan(t.Context(), first)
	require.NoError(t, err)
	w.read(w.begin(run, nil), pull{fails: &profile.RefusedError{Name: "x", Why: "y"}})
	require.Equal(t, runs.RunRefused, w.work(1).State)
	w.Exec("update upload set created_at = now() - interval '8 days'")
	require.Equal(t, []string{"P1 3", "P2 3", "edispensary.csv"}, kept(), "the run was refused, and its file is kept with the plan")

	queued := w.begin(run, pharmacies(3))
	w.Exec("update plan set created_at = now() - interval '8 days'")
	require.Equal(t, []string{"P1 3", "edispensary.csv"}, kept(), "a run that is to apply it has not ended")
	require.Equal(t, 3, w.work(queued).Changes.Create)
	require.Empty(t, kept())
	_, err = w.store.Plan(t.Context(), second)
	require.EqualError(t, err, "plan P2 is no longer kept: plans are kept for a week; make a new one")
	_, _, err = w.store.OpenUpload(t.Context(), file)
	require.ErrorIs(t, err, postgres.ErrNotFound)
}

func TestAFileIsDroppedOnlyIfNothingWasMadeFromIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var files [3]int64
	for i := range files {
		var err error
		files[i], err = w.store.StoreUpload(t.Context(), fmt.Sprint(i), bytes.NewReader([]byte("x")))
		require.NoError(t, err)
	}
	_, err := w.preview(runs.Run{Kind: runs.RunListing, AsOf: day(2), Upload: files[0]}, pharmacies(3))
	require.NoError(t, err)
	w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(2), Upload: files[1]}, nil)
	for _, file := range files {
		require.NoError(t, w.store.DropUpload(t.Context(), file))
	}
	require.Equal(t, []string{"0", "1"}, pgtest.All[string](w.Database, "select name from upload order by 1"))
}

// People see what is withheld first, and of addresses those of practices that moved.
func TestChangesAreShownKindByKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, append(pharmacies(100), org{Code: "FB000", Name: "GONE", Type: profile.Pharmacy, Standing: profile.Dormant}))
	orgs := with(pharmacies(125), 12, renamed)
	orgs[20].Standing = profile.Dormant
	for i := range 6 {
		orgs[40+i].Address = fmt.Sprintf("%d LOW ROAD\nLEEDS", 3+i)
	}
	for _, i := range []int{45, 43, 50} {
		orgs[i].Postcode, orgs[i].Address = "LS2 2BB", "9 NEW STREET\nLEEDS"
	}
	shown, _ := w.planned(orgs)
	rows := func(most int) (kinds []string, addresses []string, all []planstore.Shown) {
		all, err := planstore.New(w.DB).ShownChanges(t.Context(), shown.Plan, most)
		require.NoError(t, err)
		for _, c := range all {
			kinds = append(kinds, fmt.Sprintf("%s %s %s %s %d", c.Withheld, c.Verb, c.Type, c.Fact, c.Profiles))
			if c.Fact == "address" {
				addresses = append(addresses, c.Code.String()+" "+c.Field)
			}
		}
		return slices.Compact(kinds), addresses, all
	}
	kinds, addresses, first := rows(20)
	require.Equal(t, []string{
		"mass-change update pharmacy name 12", " create pharmacy  25", " dormant pharmacy status 1", " update pharmacy address 7",
	}, kinds)
	require.Equal(t, []string{
		"FA0043 address", "FA0043 postcode", "FA0045 address", "FA0045 postcode", "FA0050 address", "FA0050 postcode",
		"FA0040 address", "FA0041 address", "FA0042 address", "FA0044 address",
	}, addresses)
	require.Equal(t, "Chemist 0", first[0].Name)
	require.Equal(t, "Chemist 100", first[12].Name, "the name of a creation")
	require.Empty(t, first[12].New)
	require.Len(t, first, 12+20+1+10)
	_, _, all := rows(0)
	require.Len(t, all, 12+25+1+10)
	_, addresses, _ = rows(2)
	require.Equal(t, []string{"FA0043 address", "FA0043 postcode", "FA0045 address", "FA0045 postcode"}, addresses)
	require.Len(t, w.rowsOf(shown.Plan), len(all))
}

// A plan of several pages is kept whole, in the order of its digest.
func TestALargePlanIsKeptWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shown, run := w.planned(pharmacies(9000))
	rows := w.rowsOf(shown.Plan)
	require.Len(t, rows, 9000)
	require.True(t, slices.IsSorted(rows))
	require.Equal(t, shown.Digest, pgtest.One[string](w.Database, `
		select encode(sha256(string_agg(digest, ''::bytea order by code, field)), 'hex') from plan_change`))
	require.Equal(t, 9000, w.work(w.begin(run, pharmacies(9000))).Changes.Create)
}
