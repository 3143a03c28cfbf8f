package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

// pharmacy is an active pharmacy as the register writes it.
func pharmacy(edits ...func(*reconcile.Record)) reconcile.Record {
	r := reconcile.Record{Code: "FA001", Standing: reconcile.Active, Opened: today.AddDays(-4000)}
	r.Values.Set(reconcile.FieldName, "BOOTS")
	r.Values.Set(reconcile.FieldAddress, "1 HIGH STREET\nLEEDS")
	r.Values.Set(reconcile.FieldPostcode, "LS1 1AA")
	r.Values.Set(reconcile.FieldType, "pharmacy")
	r.Values.Set(reconcile.FieldRoles, "RO182")
	r.Values.Set(reconcile.FieldICB, "QWO")
	for _, edit := range edits {
		edit(&r)
	}
	return r
}

func standing(s reconcile.Standing) func(*reconcile.Record) {
	return func(r *reconcile.Record) { r.Standing = s }
}

// opens and closes are days from today.
func opens(days int) func(*reconcile.Record) {
	return func(r *reconcile.Record) { r.Opened = today.AddDays(days) }
}

func closes(days int) func(*reconcile.Record) {
	return func(r *reconcile.Record) { r.Closed = today.AddDays(days) }
}

func stating(f reconcile.Field, value string) func(*reconcile.Record) {
	return func(r *reconcile.Record) { r.Values.Set(f, value) }
}

// profiled is the profile that agrees with pharmacy.
func profiled(status reconcile.Status, edits ...func(*reconcile.Record)) *reconcile.Profile {
	p := profiledAs(pharmacy(edits...))
	p.Values.Set(reconcile.FieldStatus, string(status))
	return p
}

// profiledAs is the open profile that agrees with a record.
func profiledAs(r reconcile.Record) *reconcile.Profile {
	r.Values.Set(reconcile.FieldName, reconcile.DisplayName(r.Values.Get(reconcile.FieldName)))
	r.Values.Set(reconcile.FieldAddress, reconcile.DisplayAddress(r.Values.Get(reconcile.FieldAddress)))
	r.Values.Set(reconcile.FieldStatus, string(reconcile.StatusOpen))
	return &reconcile.Profile{Code: r.Code, Values: r.Values}
}

// compute compares one item in a look of today.
func compute(item reconcile.Item) (changes []reconcile.Change, outcome reconcile.Outcome) {
	return computeIn(reconcile.Input{AsOf: today, Look: true, Kept: kept, Items: []reconcile.Item{item}})
}

func computeIn(in reconcile.Input) (changes []reconcile.Change, outcome reconcile.Outcome) {
	plan := reconcile.Compute(in)
	return plan.Changes, plan.Outcomes[0]
}

// verbs are what a plan does, a word a change: "update name".
func verbs(changes []reconcile.Change) []string {
	words := []string{}
	for _, c := range changes {
		word := string(c.Verb)
		if c.Field != reconcile.NoField {
			word += " " + c.Field.String()
		}
		words = append(words, word)
	}
	return words
}

// The table in Compute's comment, cell by cell. The profile has another
// postcode, so that it shows whether fields are compared.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	const none = reconcile.Status("")
	const fields = "update postcode"
	type cells = map[reconcile.Status][]string // what is planned for a profile in that state
	for name, row := range map[string]struct {
		record reconcile.Record
		cells  cells
		flag   reconcile.Flag // of an open or dormant profile
	}{
		"active": {record: pharmacy(), cells: cells{
			none: {"create"}, reconcile.StatusOpen: {fields},
			reconcile.StatusDormant: {fields, "reopen status"}, reconcile.StatusClosed: {fields, "reopen status"},
		}},
		"alive": {record: pharmacy(standing(reconcile.Alive)), cells: cells{
			none: {}, reconcile.StatusOpen: {fields},
			reconcile.StatusDormant: {fields}, reconcile.StatusClosed: {fields, "reopen status"},
		}},
		"dormant": {record: pharmacy(standing(reconcile.Dormant)), cells: cells{
			none: {}, reconcile.StatusOpen: {fields, "dormant status"},
			reconcile.StatusDormant: {fields}, reconcile.StatusClosed: {fields, "dormant status"},
		}},
		"inactive, ended": {record: pharmacy(standing(reconcile.Inactive), closes(0)), cells: cells{
			none: {}, reconcile.StatusOpen: {fields, "close status"},
			reconcile.StatusDormant: {fields, "close status"}, reconcile.StatusClosed: {},
		}},
		"inactive, ends tomorrow": {record: pharmacy(standing(reconcile.Inactive), closes(1)), flag: reconcile.EndInFuture, cells: cells{
			none: {}, reconcile.StatusOpen: {fields}, reconcile.StatusDormant: {fields}, reconcile.StatusClosed: {},
		}},
		"inactive, no end": {record: pharmacy(standing(reconcile.Inactive)), flag: reconcile.NoEndDate, cells: cells{
			none: {}, reconcile.StatusOpen: {fields}, reconcile.StatusDormant: {fields}, reconcile.StatusClosed: {},
		}},
		"proposed": {record: pharmacy(standing(reconcile.Proposed), opens(30)), cells: cells{
			none: {}, reconcile.StatusOpen: {fields}, reconcile.StatusDormant: {fields}, reconcile.StatusClosed: {},
		}},
	} {
		for status, want := range row.cells {
			t.Run(name+" on "+string(status), func(t *testing.T) {
				t.Parallel()
				item := reconcile.Item{Upstream: row.record, PendingSince: today.AddDays(-1)}
				flag := reconcile.NoFlag
				if status != none {
					item.Local = profiled(status, stating(reconcile.FieldPostcode, "YO1 7HH"))
				}
				if status == reconcile.StatusOpen || status == reconcile.StatusDormant {
					flag = row.flag
				}
				changes, outcome := compute(item)
				require.Equal(t, want, verbs(changes))
				require.Equal(t, flag, outcome.Flag)
				require.Equal(t, flag == reconcile.NoFlag, outcome.Settled)
			})
		}
	}
}

func TestADecisionOnAClosureIsRemembered(t *testing.T) {
	t.Parallel()
	ended := reconcile.Item{Upstream: pharmacy(standing(reconcile.Inactive), closes(-30)), Local: profiled(reconcile.StatusOpen)}
	mark := reconcile.Mark{Field: reconcile.FieldStatus, Value: string(reconcile.StatusClosed)}

	mark.Verdict, ended.Marks = reconcile.VerdictUndone, nil
	ended.Marks = append(ended.Marks, mark)
	changes, _ := computeIn(reconcile.Input{AsOf: today, Look: true, Kept: kept, Items: []reconcile.Item{ended}})
	require.Len(t, changes, 1, "what was undone was confirmed before: it is proposed at the next look")
	require.True(t, changes[0].Undone)

	ended.Marks[0].Verdict = reconcile.VerdictRejected
	changes, outcome := computeIn(reconcile.Input{AsOf: today, Look: true, Kept: kept, Items: []reconcile.Item{ended}})
	require.Empty(t, changes)
	require.True(t, outcome.PendingSince.IsZero(), "what was rejected is not pending")
	require.False(t, outcome.Settled)
}

func TestTwoLooks(t *testing.T) {
	t.Parallel()
	var none reconcile.Date
	for name, c := range map[string]struct {
		first, asOf reconcile.Date
		short       bool
		pending     reconcile.Date
		closes      bool
	}{
		"the first look":                    {first: none, asOf: today, pending: today},
		"the same day again":                {first: today, asOf: today, pending: today},
		"a day later":                       {first: today, asOf: today.AddDays(1), pending: today, closes: true},
		"a month later":                     {first: today, asOf: today.AddDays(30), pending: today, closes: true},
		"an earlier day":                    {first: today, asOf: today.AddDays(-1), pending: today},
		"a short listing starts nothing":    {first: none, asOf: today, short: true, pending: none},
		"a short listing confirms nothing":  {first: today, asOf: today.AddDays(1), short: true, pending: today},
		"the turn of a month is a day, too": {first: today, asOf: reconcile.NewDate(2026, 4, 1), pending: today, closes: true},
		"a clock change shortens none": {
			first: today.AddDays(-3), asOf: reconcile.NewDate(2026, 3, 29), pending: today.AddDays(-3), closes: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, outcome := computeIn(reconcile.Input{AsOf: c.asOf, Look: !c.short, Kept: kept, Items: []reconcile.Item{{
				Upstream: pharmacy(standing(reconcile.Inactive), closes(-30)), Local: profiled(reconcile.StatusOpen), PendingSince: c.first,
			}}})
			require.Equal(t, c.pending, outcome.PendingSince)
			require.Equal(t, c.closes, len(changes) > 0)
			require.Equal(t, c.closes, outcome.Revisit.IsZero(), "only what is pending is looked at again")
			if c.closes {
				require.Equal(t, []reconcile.Change{{
					Code: "FA001", Type: reconcile.Pharmacy, Verb: reconcile.Close, Field: reconcile.FieldStatus,
					Old: "open", New: "closed", Reason: reconcile.BecauseUpstream,
				}}, changes)
			}
		})
	}
}

// Coming back before the second look forgets the first one.
func TestComingBackForgetsTheFirstLook(t *testing.T) {
	t.Parallel()
	changes, outcome := compute(reconcile.Item{Upstream: pharmacy(), Local: profiled(reconcile.StatusOpen), PendingSince: today.AddDays(-1)})
	require.Empty(t, changes)
	require.Equal(t, reconcile.Outcome{Code: "FA001", Settled: true}, outcome)
}

// What waits for its second look is compared as usual.
func TestPendingClosureIsComparedAsUsual(t *testing.T) {
	t.Parallel()
	changes, _ := compute(reconcile.Item{
		Upstream: pharmacy(standing(reconcile.Inactive), closes(-30), stating(reconcile.FieldName, "WELL")),
		Local:    profiled(reconcile.StatusOpen),
	})
	require.Equal(t, []string{"update name"}, verbs(changes))
}

// A short listing changes everything but lives.
func TestShortListingStillUpdates(t *testing.T) {
	t.Parallel()
	changes, _ := computeIn(reconcile.Input{AsOf: today, Kept: kept, Items: []reconcile.Item{
		{Upstream: pharmacy(stating(reconcile.FieldName, "WELL")), Local: profiled(reconcile.StatusClosed)},
	}})
	require.Equal(t, []string{"update name", "reopen status"}, verbs(changes))
}

// Exactly: active, close date on or before as-of, of a type that is kept.
func TestContradictions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		record  reconcile.Record
		want    bool
		revisit reconcile.Date
	}{
		"active, closed today":             {pharmacy(closes(0)), true, reconcile.Date{}},
		"active, closed long ago":          {pharmacy(closes(-900)), true, reconcile.Date{}},
		"active, closes tomorrow":          {pharmacy(closes(1)), false, today.AddDays(1)},
		"active, no close date":            {pharmacy(), false, reconcile.Date{}},
		"a type that is not kept":          {pharmacy(closes(0), stating(reconcile.FieldType, "optical-site")), false, reconcile.Date{}},
		"no type":                          {pharmacy(closes(0), stating(reconcile.FieldType, "")), false, reconcile.Date{}},
		"alive, closed: it may be dormant": {pharmacy(standing(reconcile.Alive), closes(-1)), false, reconcile.Date{}},
		"dormant, closed":                  {pharmacy(standing(reconcile.Dormant), closes(-1)), false, reconcile.Date{}},
		"proposed, closed":                 {pharmacy(standing(reconcile.Proposed), closes(-1)), false, reconcile.Date{}},
		"inactive, closed":                 {pharmacy(standing(reconcile.Inactive), closes(-1)), false, today.AddDays(1)},
		"no status, closed: no doubt":      {pharmacy(standing(reconcile.Unstated), closes(-1)), false, today.AddDays(1)},
		"no status, closes tomorrow":       {pharmacy(standing(reconcile.Unstated), closes(1)), false, today.AddDays(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, outcome := compute(reconcile.Item{Upstream: c.record, Local: profiled(reconcile.StatusOpen)})
			require.Equal(t, c.want, outcome.Contradiction)
			require.Equal(t, c.revisit, outcome.Revisit)
		})
	}
	changes, outcome := compute(reconcile.Item{Upstream: pharmacy(closes(0))})
	require.True(t, outcome.Contradiction, "also without a profile")
	require.Equal(t, []string{"create"}, verbs(changes), "status decides")
}

// A future opening is compared again on its day, though its bytes stay.
func TestFutureOpening(t *testing.T) {
	t.Parallel()
	changes, outcome := compute(reconcile.Item{Upstream: pharmacy(standing(reconcile.Unstated), opens(30))})
	require.Empty(t, changes)
	require.Equal(t, today.AddDays(30), outcome.Revisit, "the day itself opens it: its bytes need not change")
	changes, _ = compute(reconcile.Item{Upstream: pharmacy(standing(reconcile.Unstated), opens(0))})
	require.Equal(t, []string{"create"}, verbs(changes))

	changes, outcome = compute(reconcile.Item{Upstream: pharmacy(standing(reconcile.Proposed), opens(30))})
	require.Empty(t, changes)
	require.True(t, outcome.Revisit.IsZero(), "status decides: only other bytes can open it")
}

// The earlier of two days is remembered.
func TestEarliestRevisitWins(t *testing.T) {
	t.Parallel()
	for held, want := range map[int]int{5: 6, 90: 30} {
		_, outcome := compute(reconcile.Item{
			Upstream: pharmacy(closes(30), stating(reconcile.FieldName, "WELL")), Local: profiled(reconcile.StatusOpen),
			Marks: []reconcile.Mark{{Field: reconcile.FieldName, Verdict: reconcile.VerdictHeld, Until: today.AddDays(held)}},
		})
		require.Equal(t, today.AddDays(want), outcome.Revisit)
	}
}

// A practice that leaves its role while active is flagged, never closed.
func TestLeftType(t *testing.T) {
	t.Parallel()
	left := pharmacy(stating(reconcile.FieldType, ""), stating(reconcile.FieldRoles, "RO177"))
	for _, status := range []reconcile.Status{reconcile.StatusOpen, reconcile.StatusDormant} {
		changes, outcome := compute(reconcile.Item{Upstream: left, Local: profiled(status)})
		require.Equal(t, []string{"update roles"}, verbs(changes), "the type stays, the roles are facts")
		require.Equal(t, reconcile.LeftType, outcome.Flag)
		require.False(t, outcome.Settled)
	}
	for _, s := range []reconcile.Standing{reconcile.Active, reconcile.Alive} {
		left.Standing = s
		changes, outcome := compute(reconcile.Item{Upstream: left, Local: profiled(reconcile.StatusClosed)})
		require.Empty(t, changes, "it does not come back for being %s as something else", s)
		require.Equal(t, reconcile.LeftType, outcome.Flag)
	}
	changes, outcome := compute(reconcile.Item{Upstream: left})
	require.Empty(t, changes, "it gets no profile")
	require.True(t, outcome.Settled)
}

func TestComputeOfNothing(t *testing.T) {
	t.Parallel()
	plan := reconcile.Compute(reconcile.Input{AsOf: today, Look: true, Kept: kept})
	require.Empty(t, plan.Changes)
	require.Empty(t, plan.Outcomes)
	require.Equal(t, reconcile.DigestOf(nil), plan.Digest())
}
