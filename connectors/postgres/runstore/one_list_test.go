package runstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// apiReport is another report of the same register, which lists nothing
// completely.
const apiReport = "api"

// delta reads some records of a report.
func (w *world) delta(report string, on int, orgs []org) runs.Summary {
	w.Helper()
	return w.work(w.begin(runs.Run{Kind: runs.RunDelta, Report: report, AsOf: day(on)}, orgs))
}

// waits is what waits, with the report that withheld it.
func (w *world) waits() []string {
	w.Helper()
	waiting, err := w.store.Waiting(w.Context(), runs.Selection{})
	require.NoError(w, err)
	var list []string
	for _, row := range waiting {
		list = append(list, row.Report+" "+string(row.Code)+" "+row.Field+" "+row.New)
	}
	require.Len(w, list, pgtest.One[int](w.Database, "select coalesce(sum(waiting), 0) from run"), "what runs count")
	return list
}

func TestADeltaAppliesNothingThatAListingWithheld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		differ   func(*org)
		withheld string
	}{
		"names":    {renamed, "mass-change name 12"},
		"closures": {ended, "too-many-removals status 12"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			listed := with(pharmacies(40), 12, c.differ)
			w.listing(1, pharmacies(40))
			w.listing(2, listed)
			w.listing(3, listed)
			waiting := w.waits()
			require.Len(t, waiting, 12, c.withheld)
			audited := w.audited()
			part := w.delta(apiReport, 4, listed[:10])
			require.Equal(t, runs.ChangeCounts{}, part.Changes)
			require.Empty(t, part.Withheld, "it waits once")
			require.Equal(t, waiting, w.waits())
			require.Equal(t, audited, w.audited())

			part = w.delta(apiReport, 5, pharmacies(2))
			require.Equal(t, 2, part.Withdrawn, "the register takes back what its listing said")
			require.Equal(t, waiting[2:], w.waits())
			again := w.listing(6, listed)
			require.Equal(t, []string{c.withheld[:len(c.withheld)-2] + "2"}, withheldFor(again), "the listing, of the same bytes, says it still")
			require.Len(t, w.waits(), 12)
			require.Equal(t, runs.ChangeCounts{}, w.listing(7, listed).Changes)
			require.Equal(t, audited, w.audited())
		})
	}
}

func TestAListingTakesBackWhatADeltaWithheld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.delta(apiReport, 2, with(pharmacies(12), 12, renamed))
	require.Equal(t, []string{"mass-change name 12"}, withheldFor(mass))
	waiting := w.waits()
	night := w.listing(2, with(pharmacies(40), 12, renamed))
	require.Empty(t, night.Withheld, "it waits already")
	require.Equal(t, waiting, w.waits())

	more := w.listing(3, with(pharmacies(40), 14, renamed))
	require.Equal(t, []string{"mass-change name 2"}, withheldFor(more), "counted with what the other report withheld")
	back := w.listing(4, pharmacies(40))
	require.Equal(t, 14, back.Withdrawn)
	require.Empty(t, w.waits())
	require.Equal(t, map[string]int{"withdrawn": 12}, w.decisions(mass))
	require.Equal(t, runs.ChangeCounts{}, w.listing(5, pharmacies(40)).Changes)
}

// What the program withheld before reports were held against each other waits in
// two of them: an approval applies what the register said last.
func TestAnApprovalFollowsTheLatestRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.delta(apiReport, 2, with(pharmacies(12), 12, renamed))
	w.listing(3, with(pharmacies(40), 2, func(o *org) { o.ICB = "QOQ" }))
	w.Exec("update plan_row set waits = true, decision = '' where run_id = $1", idOf(mass))
	approved := w.approve(mass, runs.Selection{})
	require.Equal(t, map[string]int{"name": 10}, approved.Fields, "the listing says the old name of two")
	require.Len(t, approved.LeftOut, 2)
}

// An approval knows of each field what the latest record that states it says.
func TestAnApprovalTakesFromEveryReportWhatItStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	moved := with(pharmacies(40), 12, func(o *org) { o.ICB = "QOQ" })
	mass := w.listing(2, moved)
	require.Equal(t, []string{"mass-change icb 12"}, withheldFor(mass))
	renaming := w.delta(apiReport, 3, with(moved[:3], 3, func(o *org) { o.ICB = ""; o.Name += " (NEW)" }))
	require.Equal(t, map[string]int{"name": 3}, renaming.Fields)
	require.Len(t, w.waits(), 12)
	require.Equal(t, map[string]int{"icb": 12}, w.approve(mass, runs.Selection{}).Fields)
}

func TestAbsenceIsOfOneReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(200))
	w.listing(2, pharmacies(200)[11:])
	require.Len(t, w.waits(), 11)
	w.delta(apiReport, 3, pharmacies(2))
	require.Len(t, w.waits(), 11, "the other report was never complete")
	found := w.delta(reportName, 3, pharmacies(2))
	require.Equal(t, 2, found.Withdrawn, "here they are, as they were")
	require.Len(t, w.waits(), 9)
	require.Zero(t, w.delta(reportName, 3, pharmacies(2)).Withdrawn)
}

func TestAPartOfAnOldListingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(5, pharmacies(40))
	old := w.delta(reportName, 4, with(pharmacies(1), 1, renamed))
	require.Equal(t, runs.RunRefused, old.State)
	require.Contains(t, old.Error, "its date is 2025-04-04, but a listing of 2025-04-05 was accepted already")
	require.Equal(t, 1, w.delta(reportName, 5, with(pharmacies(1), 1, renamed)).Changes.Update)
	require.Equal(t, runs.RunDone, w.delta(apiReport, 4, pharmacies(1)).State, "of that report no listing was accepted")
}
