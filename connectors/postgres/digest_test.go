package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile"
)

// The guard and the digest exist twice: in the core, over a plan in memory, and
// in SQL, over plan rows. They must agree on every plan.
func TestTheStoreCountsAndDigestsAsTheCore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`insert into profile (code, name, type, status)
		select 'FA' || n, 'X', case when n < 150 then 'pharmacy' else 'gp-practice' end, case n % 5 when 0 then 'closed' else 'open' end
		from generate_series(100, 250) n`)
	types := []reconcile.OrgType{reconcile.Pharmacy, reconcile.GPPractice, reconcile.Trust}
	situation := reconcile.Situation{Open: map[reconcile.OrgType]int{reconcile.Pharmacy: 40, reconcile.GPPractice: 80, reconcile.Trust: 0}}
	x, err := w.store.Session(t.Context(), reconcile.SourceODS)
	require.NoError(t, err)
	defer x.Close()
	guard := reconcile.Guard{RemovalShare: 0.02, FieldShare: 0.1, Floor: 3, ShortShare: 0.9}
	rapid.Check(t, func(r *rapid.T) {
		changes := plans(types).Draw(r, "changes")
		situation.Short = rapid.Bool().Draw(r, "short")
		draft, err := x.Draft(context.Background(), reconcile.Run{
			Kind: reconcile.RunListing, Source: reconcile.SourceODS, Report: report, AsOf: day(1), Actor: "tester",
		}, types)
		require.NoError(r, err)
		defer draft.Discard()
		require.NoError(r, draft.RecordDecision(context.Background(), changes, nil))
		summary, err := draft.Judge(context.Background(), &guard, situation.Short)
		require.NoError(r, err)
		require.Equal(r, reconcile.DigestOf(changes), summary.Digest)

		applied, _, withheld := guard.Screen(reconcile.Plan{Changes: changes}, situation)
		require.Equal(r, withheld, summary.Withheld)
		require.Equal(r, fieldsOf(applied), summary.Fields)
		require.Equal(r, countsOf(applied), summary.Changes)
	})
}

// plans are plans whose rows have different keys (code, field).
func plans(types []reconcile.OrgType) *rapid.Generator[[]reconcile.Change] {
	text := rapid.SampledFrom([]string{"", "A", "a\nb", "é|ß", "A B"})
	one := rapid.Custom(func(r *rapid.T) reconcile.Change {
		c := reconcile.Change{
			Code: reconcile.ODSCode(rapid.StringMatching("F[AB0-9]{2}").Draw(r, "code")), Old: text.Draw(r, "old"), New: text.Draw(r, "new"),
			Reason: reconcile.BecauseUpstream, Undone: rapid.IntRange(0, 4).Draw(r, "undone") == 0,
		}
		// A profile has one type: a plan never holds two of a code.
		c.Type = types[int(c.Code[1])%len(types)]
		c.Verb = rapid.SampledFrom([]reconcile.Verb{
			reconcile.Create, reconcile.Close, reconcile.Reopen, reconcile.ToSleep, reconcile.Update, reconcile.Update, reconcile.Missing,
		}).Draw(r, "verb")
		switch c.Verb {
		case reconcile.Update:
			c.Field = rapid.SampledFrom(reconcile.Fields()[:reconcile.FieldHidden]).Draw(r, "field")
		case reconcile.Close, reconcile.Reopen, reconcile.ToSleep:
			c.Field = reconcile.FieldStatus
		}
		return c
	})
	return rapid.SliceOfNDistinct(one, 0, 60, func(c reconcile.Change) string { return string(c.Code) + " " + c.Field.String() })
}

func fieldsOf(changes []reconcile.Change) map[string]int {
	fields := map[string]int{}
	for _, c := range changes {
		if c.Verb != reconcile.Create && c.Verb != reconcile.Missing {
			fields[c.Field.String()]++
		}
	}
	return fields
}

// countsOf counts every profile once, by its first verb.
func countsOf(changes []reconcile.Change) (counts reconcile.ChangeCounts) {
	seen := map[reconcile.ODSCode]bool{}
	for _, kind := range []struct {
		verb  reconcile.Verb
		count *int
	}{
		{reconcile.Create, &counts.Create},
		{reconcile.Close, &counts.Close},
		{reconcile.Reopen, &counts.Reopen},
		{reconcile.ToSleep, &counts.Dormant},
		{reconcile.Update, &counts.Update},
	} {
		for _, c := range changes {
			if c.Verb == kind.verb && !seen[c.Code] {
				seen[c.Code] = true
				*kind.count++
			}
		}
	}
	return counts
}
