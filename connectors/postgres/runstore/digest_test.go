package runstore_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// The guard and the digest exist twice: in the core, over a plan in memory, and
// in SQL, over plan rows. They must agree on every plan.
func TestTheStoreCountsAndDigestsAsTheCore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into profile (code, name, type, status)
		select 'FA' || n, 'X', case when n < 150 then 'pharmacy' else 'gp-practice' end, case n % 5 when 0 then 'closed' else 'open' end
		from generate_series(100, 250) n`)
	types := []profile.OrgType{profile.Pharmacy, profile.GPPractice, profile.Trust}
	situation := runs.Situation{Open: map[profile.OrgType]int{profile.Pharmacy: 40, profile.GPPractice: 80, profile.Trust: 0}}
	x, err := w.store.LockOrganisations(t.Context())
	require.NoError(t, err)
	defer x.Close()
	guard := runs.Guard{RemovalShare: 0.02, FieldShare: 0.1, Floor: 3, ShortShare: 0.9}
	rapid.Check(t, func(r *rapid.T) {
		changes := plans(types).Draw(r, "changes")
		situation.Short = rapid.Bool().Draw(r, "short")
		require.NoError(r, x.BeginPlan(context.Background(), runs.Run{
			Kind: runs.RunListing, Source: profile.SourceODS, Report: reportName, AsOf: day(1), Actor: "tester",
		}, types))
		defer x.DiscardPlan()
		require.NoError(r, x.RecordDecision(context.Background(), changes, nil))
		groups, counted, err := x.Groups(context.Background())
		require.NoError(r, err)
		counted.Short = situation.Short
		verdicts := guard.Judge(groups, counted)
		require.NoError(r, x.Withhold(context.Background(), verdicts))
		summary, err := x.Summarise(context.Background())
		require.NoError(r, err)
		require.Equal(r, runs.DigestOf(changes), summary.Digest)

		expected := guard.Judge(groupsOf(changes), situation)
		require.Equal(r, runs.Summarise(groupsOf(changes), expected, situation), runs.Summarise(groups, verdicts, counted))
		applied := slices.DeleteFunc(changes, func(c runs.Change) bool { return expected[groupOf(c)] != runs.NotWithheld })
		require.Equal(r, fieldsOf(applied), summary.Fields)
		require.Equal(r, countsOf(applied), summary.Changes)
	})
}

// plans are plans whose rows have different keys (code, field).
func plans(types []profile.OrgType) *rapid.Generator[[]runs.Change] {
	text := rapid.SampledFrom([]string{"", "A", "a\nb", "é|ß", "A B"})
	one := rapid.Custom(func(r *rapid.T) runs.Change {
		c := runs.Change{
			Code: profile.ODSCode(rapid.StringMatching("F[AB0-9]{2}").Draw(r, "code")), Old: text.Draw(r, "old"), New: text.Draw(r, "new"),
			Reason: runs.BecauseUpstream, Undone: rapid.IntRange(0, 4).Draw(r, "undone") == 0,
		}
		// A profile has one type: a plan never holds two types for a code.
		c.Type = types[int(c.Code[1])%len(types)]
		c.Verb = rapid.SampledFrom([]runs.Verb{
			runs.Create, runs.Close, runs.Reopen, runs.MakeDormant, runs.Update, runs.Update, runs.Missing,
		}).Draw(r, "verb")
		switch c.Verb {
		case runs.Update:
			c.Field = rapid.SampledFrom(profile.Fields()[:profile.FieldHidden]).Draw(r, "field")
		case runs.Close, runs.Reopen, runs.MakeDormant:
			c.Field = profile.FieldStatus
		}
		return c
	})
	return rapid.SliceOfNDistinct(one, 0, 60, func(c runs.Change) string { return string(c.Code) + " " + c.Field.String() })
}

func groupOf(c runs.Change) runs.Group {
	return runs.Group{Type: c.Type, Verb: c.Verb, Fact: c.Field.Fact(), Undone: c.Undone}
}

// groupsOf counts the profiles of each group.
func groupsOf(changes []runs.Change) map[runs.Group]int {
	codes := make(map[runs.Group]map[profile.ODSCode]bool)
	for _, c := range changes {
		if codes[groupOf(c)] == nil {
			codes[groupOf(c)] = make(map[profile.ODSCode]bool)
		}
		codes[groupOf(c)][c.Code] = true
	}
	groups := make(map[runs.Group]int)
	for group, members := range codes {
		groups[group] = len(members)
	}
	return groups
}

func fieldsOf(changes []runs.Change) map[string]int {
	fields := map[string]int{}
	for _, c := range changes {
		if c.Verb != runs.Create && c.Verb != runs.Missing {
			fields[c.Field.String()]++
		}
	}
	return fields
}

// countsOf counts every profile once, by its first verb.
func countsOf(changes []runs.Change) (counts runs.ChangeCounts) {
	seen := map[profile.ODSCode]bool{}
	for _, kind := range []struct {
		verb  runs.Verb
		count *int
	}{
		{runs.Create, &counts.Create},
		{runs.Close, &counts.Close},
		{runs.Reopen, &counts.Reopen},
		{runs.MakeDormant, &counts.Dormant},
		{runs.Update, &counts.Update},
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
