package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// pharmacy is an active pharmacy as the register writes it.
func pharmacy(edits ...func(*profile.Record)) profile.Record {
	r := profile.Record{Code: "FA001", Standing: profile.Active, Opened: today.AddDays(-4000)}
	r.Values.Set(profile.FieldName, "BOOTS")
	r.Values.Set(profile.FieldAddress, "1 HIGH STREET\nLEEDS")
	r.Values.Set(profile.FieldPostcode, "LS1 1AA")
	r.Values.Set(profile.FieldType, "pharmacy")
	r.Values.Set(profile.FieldRoles, "RO182")
	r.Values.Set(profile.FieldICB, "QWO")
	for _, edit := range edits {
		edit(&r)
	}
	return r
}

func standing(s profile.Standing) func(*profile.Record) {
	return func(r *profile.Record) { r.Standing = s }
}

// opens and closes are days from today.
func opens(days int) func(*profile.Record) {
	return func(r *profile.Record) { r.Opened = today.AddDays(days) }
}

func closes(days int) func(*profile.Record) {
	return func(r *profile.Record) { r.Closed = today.AddDays(days) }
}

func stating(f profile.Field, value string) func(*profile.Record) {
	return func(r *profile.Record) { r.Values.Set(f, value) }
}

// profiled is the profile that agrees with pharmacy.
func profiled(status profile.Status, edits ...func(*profile.Record)) *profile.Profile {
	p := profiledAs(pharmacy(edits...))
	p.Values.Set(profile.FieldStatus, string(status))
	return p
}

// profiledAs is the open profile that agrees with a record.
func profiledAs(r profile.Record) *profile.Profile {
	r.Values.Set(profile.FieldName, profile.DisplayName(r.Values.Get(profile.FieldName)))
	r.Values.Set(profile.FieldAddress, profile.DisplayAddress(r.Values.Get(profile.FieldAddress)))
	r.Values.Set(profile.FieldStatus, string(profile.StatusOpen))
	return &profile.Profile{Code: r.Code, Values: r.Values}
}

// compute compares one item in a look of today.
func compute(item runs.Item) (changes []runs.Change, outcome runs.Outcome) {
	return computeIn(runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept, Items: []runs.Item{item}})
}

func computeIn(in runs.Input) (changes []runs.Change, outcome runs.Outcome) {
	plan := runs.Compute(in)
	return plan.Changes, plan.Outcomes[0]
}

// verbs are what a plan does, a word a change: "update name".
func verbs(changes []runs.Change) []string {
	words := []string{}
	for _, c := range changes {
		word := string(c.Verb)
		if c.Field != profile.NoField {
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
	const none = profile.Status("")
	const fields = "update postcode"
	type cells = map[profile.Status][]string // what is planned for a profile in that state
	for name, row := range map[string]struct {
		record profile.Record
		cells  cells
		flag   runs.Flag // of an open or dormant profile
	}{
		"active": {record: pharmacy(), cells: cells{
			none: {"create"}, profile.StatusOpen: {fields},
			profile.StatusDormant: {fields, "reopen status"}, profile.StatusClosed: {fields, "reopen status"},
		}},
		"alive": {record: pharmacy(standing(profile.Alive)), cells: cells{
			none: {}, profile.StatusOpen: {fields},
			profile.StatusDormant: {fields}, profile.StatusClosed: {fields, "reopen status"},
		}},
		"dormant": {record: pharmacy(standing(profile.Dormant)), cells: cells{
			none: {}, profile.StatusOpen: {fields, "dormant status"},
			profile.StatusDormant: {fields}, profile.StatusClosed: {fields, "dormant status"},
		}},
		"inactive, ended": {record: pharmacy(standing(profile.Inactive), closes(0)), cells: cells{
			none: {}, profile.StatusOpen: {fields, "close status"},
			profile.StatusDormant: {fields, "close status"}, profile.StatusClosed: {},
		}},
		"inactive, ends tomorrow": {record: pharmacy(standing(profile.Inactive), closes(1)), flag: runs.EndInFuture, cells: cells{
			none: {}, profile.StatusOpen: {fields}, profile.StatusDormant: {fields}, profile.StatusClosed: {},
		}},
		"inactive, no end": {record: pharmacy(standing(profile.Inactive)), flag: runs.NoEndDate, cells: cells{
			none: {}, profile.StatusOpen: {fields}, profile.StatusDormant: {fields}, profile.StatusClosed: {},
		}},
		"proposed": {record: pharmacy(standing(profile.Proposed), opens(30)), cells: cells{
			none: {}, profile.StatusOpen: {fields}, profile.StatusDormant: {fields}, profile.StatusClosed: {},
		}},
	} {
		for status, want := range row.cells {
			t.Run(name+" on "+string(status), func(t *testing.T) {
				t.Parallel()
				item := runs.Item{Upstream: row.record, PendingSince: today.AddDays(-1)}
				flag := runs.NoFlag
				if status != none {
					item.Local = profiled(status, stating(profile.FieldPostcode, "YO1 7HH"))
				}
				if status == profile.StatusOpen || status == profile.StatusDormant {
					flag = row.flag
				}
				changes, outcome := compute(item)
				require.Equal(t, want, verbs(changes))
				require.Equal(t, flag, outcome.Flag)
				require.Equal(t, flag == runs.NoFlag, outcome.Settled)
			})
		}
	}
}

func TestADecisionOnAClosureIsRemembered(t *testing.T) {
	t.Parallel()
	ended := runs.Item{Upstream: pharmacy(standing(profile.Inactive), closes(-30)), Local: profiled(profile.StatusOpen)}
	mark := runs.Mark{Field: profile.FieldStatus, Value: string(profile.StatusClosed)}

	mark.Verdict, ended.Marks = runs.VerdictUndone, nil
	ended.Marks = append(ended.Marks, mark)
	changes, _ := computeIn(runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept, Items: []runs.Item{ended}})
	require.Len(t, changes, 1, "what was undone was confirmed before: it is proposed at the next look")
	require.True(t, changes[0].Undone)

	ended.Marks[0].Verdict = runs.VerdictRejected
	changes, outcome := computeIn(runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept, Items: []runs.Item{ended}})
	require.Empty(t, changes)
	require.True(t, outcome.PendingSince.IsZero(), "what was rejected is not pending")
	require.True(t, outcome.Settled, "it costs nothing any more")
}

func TestTwoLooks(t *testing.T) {
	t.Parallel()
	var none profile.Date
	for name, c := range map[string]struct {
		first, asOf profile.Date
		short       bool
		pending     profile.Date
		closes      bool
	}{
		"the first look":                    {first: none, asOf: today, pending: today},
		"the same day again":                {first: today, asOf: today, pending: today},
		"a day later":                       {first: today, asOf: today.AddDays(1), pending: today, closes: true},
		"a month later":                     {first: today, asOf: today.AddDays(30), pending: today, closes: true},
		"an earlier day":                    {first: today, asOf: today.AddDays(-1), pending: today},
		"a short listing starts nothing":    {first: none, asOf: today, short: true, pending: none},
		"a short listing confirms nothing":  {first: today, asOf: today.AddDays(1), short: true, pending: today},
		"the turn of a month is a day, too": {first: today, asOf: profile.NewDate(2026, 4, 1), pending: today, closes: true},
		"a clock change shortens none": {
			first: today.AddDays(-3), asOf: profile.NewDate(2026, 3, 29), pending: today.AddDays(-3), closes: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, outcome := computeIn(runs.Input{AsOf: c.asOf, CountsAsLook: !c.short, ProfileTypes: kept, Items: []runs.Item{{
				Upstream: pharmacy(standing(profile.Inactive), closes(-30)), Local: profiled(profile.StatusOpen), PendingSince: c.first,
			}}})
			require.Equal(t, c.pending, outcome.PendingSince)
			require.Equal(t, c.closes, len(changes) > 0)
			require.Equal(t, c.closes, outcome.Revisit.IsZero(), "only what is pending is looked at again")
			if c.closes {
				require.Equal(t, []runs.Change{{
					Code: "FA001", Type: profile.Pharmacy, Verb: runs.Close, Field: profile.FieldStatus,
					Old: "open", New: "closed", Reason: runs.BecauseUpstream,
				}}, changes)
			}
		})
	}
}

// Coming back before the second look forgets the first one.
func TestComingBackForgetsTheFirstLook(t *testing.T) {
	t.Parallel()
	changes, outcome := compute(runs.Item{Upstream: pharmacy(), Local: profiled(profile.StatusOpen), PendingSince: today.AddDays(-1)})
	require.Empty(t, changes)
	require.Equal(t, runs.Outcome{Code: "FA001", Settled: true}, outcome)
}

// What waits for its second look is compared as usual.
func TestPendingClosureIsComparedAsUsual(t *testing.T) {
	t.Parallel()
	changes, _ := compute(runs.Item{
		Upstream: pharmacy(standing(profile.Inactive), closes(-30), stating(profile.FieldName, "WELL")),
		Local:    profiled(profile.StatusOpen),
	})
	require.Equal(t, []string{"update name"}, verbs(changes))
}

// A short listing changes everything but lives.
func TestShortListingStillUpdates(t *testing.T) {
	t.Parallel()
	changes, _ := computeIn(runs.Input{AsOf: today, ProfileTypes: kept, Items: []runs.Item{
		{Upstream: pharmacy(stating(profile.FieldName, "WELL")), Local: profiled(profile.StatusClosed)},
	}})
	require.Equal(t, []string{"update name", "reopen status"}, verbs(changes))
}

// Exactly: active, close date on or before as-of, of a type that is kept.
func TestContradictions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		record  profile.Record
		want    bool
		revisit profile.Date
	}{
		"active, closed today":             {pharmacy(closes(0)), true, profile.Date{}},
		"active, closed long ago":          {pharmacy(closes(-900)), true, profile.Date{}},
		"active, closes tomorrow":          {pharmacy(closes(1)), false, today.AddDays(1)},
		"active, no close date":            {pharmacy(), false, profile.Date{}},
		"a type that is not kept":          {pharmacy(closes(0), stating(profile.FieldType, "optical-site")), false, profile.Date{}},
		"no type":                          {pharmacy(closes(0), stating(profile.FieldType, "")), false, profile.Date{}},
		"alive, closed: it may be dormant": {pharmacy(standing(profile.Alive), closes(-1)), false, profile.Date{}},
		"dormant, closed":                  {pharmacy(standing(profile.Dormant), closes(-1)), false, profile.Date{}},
		"proposed, closed":                 {pharmacy(standing(profile.Proposed), closes(-1)), false, profile.Date{}},
		"inactive, closed":                 {pharmacy(standing(profile.Inactive), closes(-1)), false, today.AddDays(1)},
		"no status, closed: no doubt":      {pharmacy(standing(profile.Unstated), closes(-1)), false, today.AddDays(1)},
		"no status, closes tomorrow":       {pharmacy(standing(profile.Unstated), closes(1)), false, today.AddDays(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, outcome := compute(runs.Item{Upstream: c.record, Local: profiled(profile.StatusOpen)})
			require.Equal(t, c.want, outcome.Contradiction)
			require.Equal(t, c.revisit, outcome.Revisit)
		})
	}
	changes, outcome := compute(runs.Item{Upstream: pharmacy(closes(0))})
	require.True(t, outcome.Contradiction, "also without a profile")
	require.Equal(t, []string{"create"}, verbs(changes), "status decides")
}

// A future opening is compared again on its day, though its bytes stay.
func TestFutureOpening(t *testing.T) {
	t.Parallel()
	changes, outcome := compute(runs.Item{Upstream: pharmacy(standing(profile.Unstated), opens(30))})
	require.Empty(t, changes)
	require.Equal(t, today.AddDays(30), outcome.Revisit, "the day itself opens it: its bytes need not change")
	changes, _ = compute(runs.Item{Upstream: pharmacy(standing(profile.Unstated), opens(0))})
	require.Equal(t, []string{"create"}, verbs(changes))

	changes, outcome = compute(runs.Item{Upstream: pharmacy(standing(profile.Proposed), opens(30))})
	require.Empty(t, changes)
	require.True(t, outcome.Revisit.IsZero(), "status decides: only other bytes can open it")
}

// The earlier of two days is remembered.
func TestEarliestRevisitWins(t *testing.T) {
	t.Parallel()
	for held, want := range map[int]int{5: 6, 90: 30} {
		_, outcome := compute(runs.Item{
			Upstream: pharmacy(closes(30), stating(profile.FieldName, "WELL")), Local: profiled(profile.StatusOpen),
			Marks: []runs.Mark{{Field: profile.FieldName, Verdict: runs.VerdictHeld, Until: today.AddDays(held)}},
		})
		require.Equal(t, today.AddDays(want), outcome.Revisit)
	}
}

// A practice that leaves its role while active is flagged, never closed.
func TestLeftType(t *testing.T) {
	t.Parallel()
	left := pharmacy(stating(profile.FieldType, ""), stating(profile.FieldRoles, "RO177"))
	for _, status := range []profile.Status{profile.StatusOpen, profile.StatusDormant} {
		changes, outcome := compute(runs.Item{Upstream: left, Local: profiled(status)})
		require.Equal(t, []string{"update roles"}, verbs(changes), "the type stays, the roles are facts")
		require.Equal(t, runs.LeftType, outcome.Flag)
		require.False(t, outcome.Settled)
	}
	for _, s := range []profile.Standing{profile.Active, profile.Alive} {
		left.Standing = s
		changes, outcome := compute(runs.Item{Upstream: left, Local: profiled(profile.StatusClosed)})
		require.Empty(t, changes, "it does not come back for being %s as something else", s)
		require.Equal(t, runs.LeftType, outcome.Flag)
	}
	changes, outcome := compute(runs.Item{Upstream: left})
	require.Empty(t, changes, "it gets no profile")
	require.True(t, outcome.Settled)
}

func TestComputeOfNothing(t *testing.T) {
	t.Parallel()
	plan := runs.Compute(runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept})
	require.Empty(t, plan.Changes)
	require.Empty(t, plan.Outcomes)
	require.Equal(t, runs.DigestOf(nil), plan.Digest())
}
