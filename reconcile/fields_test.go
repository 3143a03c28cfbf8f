package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

// Every field, whoever owns it, with a value upstream that the profile lacks.
func TestOnlyTheOwnerIsHeard(t *testing.T) {
	t.Parallel()
	for _, f := range reconcile.Fields() {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			for _, had := range []string{"", "optical-site"} {
				local := profiled(reconcile.StatusOpen)
				if f != reconcile.FieldStatus {
					local.Values.Set(f, had)
				}
				changes, _ := compute(reconcile.Item{Upstream: pharmacy(stating(f, "pharmacy")), Local: local})
				if f.Owner() != reconcile.OwnedByODS || f == reconcile.FieldStatus {
					require.Empty(t, changes, "a person's, or ruled by standing")
					continue
				}
				require.Equal(t, []string{"update " + f.String()}, verbs(changes))
				require.Equal(t, had, changes[0].Old)
			}
		})
	}
}

// The drafted profile takes what ODS owns, and its phone and website as a
// start; from then on those are the editors'.
func TestCreationSeedsPhoneAndWebsiteOnce(t *testing.T) {
	t.Parallel()
	record := pharmacy(
		stating(reconcile.FieldPhone, "0113 4960000"), stating(reconcile.FieldWebsite, "https://example.org"),
		stating(reconcile.FieldEmail, "a@example.org"), stating(reconcile.FieldSuccessor, ""), stating(reconcile.FieldDescription, "x"),
	)
	w := newWorld(record)
	plan := w.pull(t)
	require.Equal(t, []reconcile.Change{{
		Code: "FA001", Type: reconcile.Pharmacy, Verb: reconcile.Create, Reason: reconcile.BecauseUpstream,
		New: `{"name":"Boots","address":"1 High Street\nLeeds","postcode":"LS1 1AA","type":"pharmacy","roles":"RO182",` +
			`"status":"open","icb":"QWO","successor":"","phone":"0113 4960000","website":"https://example.org"}`,
	}}, plan.Changes)
	for _, f := range []reconcile.Field{reconcile.FieldPhone, reconcile.FieldWebsite} {
		for _, edit := range []string{"", "by an editor"} {
			w.edit("FA001", f, edit)
			require.Empty(t, w.pull(t).Changes, "an emptied %s is an edit as well", f)
		}
	}
}

func TestNotStatedAndEmptyChangeNothing(t *testing.T) {
	t.Parallel()
	bare := reconcile.Record{Code: "FA001", Standing: reconcile.Active}
	bare.Values.Set(reconcile.FieldType, "pharmacy")
	empty := pharmacy()
	for _, f := range reconcile.Fields() {
		if f != reconcile.FieldType {
			empty.Values.Set(f, "")
		}
	}
	for name, record := range map[string]reconcile.Record{"not stated": bare, "empty": empty} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := pharmacy()
			for _, status := range []reconcile.Status{reconcile.StatusOpen, reconcile.StatusDormant, reconcile.StatusClosed} {
				changes, outcome := compute(reconcile.Item{Upstream: record, Base: &base, Local: profiled(status)})
				for _, c := range changes {
					require.Equal(t, reconcile.FieldStatus, c.Field)
				}
				require.True(t, outcome.Settled)
			}
		})
	}
}

// The owner's facts, as people read them; noise is no change.
func TestFieldsAreShownAndComparedWithoutNoise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		field           reconcile.Field
		upstream, local string
		want            string // what is written; empty for no change
	}{
		"a name is cased":          {reconcile.FieldName, "ST MARY'S PHARMACY", "Boots", "St Mary's Pharmacy"},
		"case is noise":            {reconcile.FieldName, "BOOTS", "BoOtS", ""},
		"an address is cased":      {reconcile.FieldAddress, "2 MILL LANE\nYORK", "1 High Street\nLeeds", "2 Mill Lane\nYork"},
		"the split is noise":       {reconcile.FieldAddress, "1 HIGH STREET\nLEEDS", "1 High Street, Leeds", ""},
		"our own name is noise":    {reconcile.FieldAddress, "BOOTS\n1 HIGH STREET\nLEEDS", "1 High Street\nLeeds", ""},
		"codes are kept":           {reconcile.FieldICB, "Z9B2Z", "QWO", "Z9B2Z"},
		"postcode spacing":         {reconcile.FieldPostcode, "LS1 1AA", "ls11aa", ""},
		"order of roles is noise":  {reconcile.FieldRoles, "RO177|RO76", "RO76|RO177", ""},
		"an empty field is filled": {reconcile.FieldSuccessor, "FA002", "", "FA002"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, outcome := compute(reconcile.Item{
				Upstream: pharmacy(stating(c.field, c.upstream)),
				Local:    changed(profiled(reconcile.StatusOpen), c.field, c.local),
			})
			require.True(t, outcome.Settled)
			if c.want == "" {
				require.Empty(t, changes)
				return
			}
			require.Len(t, changes, 1)
			require.Equal(t, c.local, changes[0].Old)
			require.Equal(t, c.want, changes[0].New)
		})
	}
}

func changed(p *reconcile.Profile, f reconcile.Field, value string) *reconcile.Profile {
	p.Values.Set(f, value)
	return p
}

func TestReason(t *testing.T) {
	t.Parallel()
	accepted := func(edits ...func(*reconcile.Record)) *reconcile.Record {
		r := pharmacy(edits...)
		return &r
	}
	for name, c := range map[string]struct {
		base *reconcile.Record
		want reconcile.Reason
	}{
		"never accepted":               {nil, reconcile.BecauseUpstream},
		"upstream said something else": {accepted(stating(reconcile.FieldName, "WELL")), reconcile.BecauseUpstream},
		"upstream still says so":       {accepted(), reconcile.BecauseDrift},
		"upstream says it differently": {accepted(stating(reconcile.FieldName, "Boots.")), reconcile.BecauseDrift},
		"another layout did not state": {&reconcile.Record{Code: "FA001"}, reconcile.BecauseUpstream},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local := changed(profiled(reconcile.StatusOpen), reconcile.FieldName, "Edited By Hand")
			changes, _ := compute(reconcile.Item{Upstream: pharmacy(), Base: c.base, Local: local})
			require.Len(t, changes, 1)
			require.Equal(t, c.want, changes[0].Reason)
			require.Equal(t, "Edited By Hand", changes[0].Old, "both values are recorded")
		})
	}
}

// A life is never drift: its statement may be old, its second look is news.
func TestReasonOfStatus(t *testing.T) {
	t.Parallel()
	base := pharmacy(stating(reconcile.FieldStatus, "open"))
	changes, _ := compute(reconcile.Item{Upstream: base, Base: &base, Local: profiled(reconcile.StatusClosed)})
	require.Equal(t, []string{"reopen status"}, verbs(changes))
	require.Equal(t, reconcile.BecauseUpstream, changes[0].Reason)
}

func held(f reconcile.Field, until reconcile.Date) reconcile.Mark {
	return reconcile.Mark{Field: f, Verdict: reconcile.VerdictHeld, Until: until}
}

func decided(verdict reconcile.Verdict, f reconcile.Field, value string) reconcile.Mark {
	return reconcile.Mark{Field: f, Verdict: verdict, Value: value}
}

// Each time upstream says WELL at another postcode and the profile Boots.
func TestDecisions(t *testing.T) {
	t.Parallel()
	const both, name, postcode = "name, postcode", "name", "postcode"
	var never reconcile.Date
	for title, c := range map[string]struct {
		marks   []reconcile.Mark
		want    string // fields that change
		undone  bool   // the name's change is one that was undone
		settled bool
		revisit reconcile.Date
	}{
		"none":                {want: both, settled: true},
		"held without an end": {marks: []reconcile.Mark{held(reconcile.FieldName, never)}, want: postcode},
		"held until tomorrow": {
			marks: []reconcile.Mark{held(reconcile.FieldName, today.AddDays(1))}, want: postcode, revisit: today.AddDays(2),
		},
		"the last day":          {marks: []reconcile.Mark{held(reconcile.FieldName, today)}, want: postcode, revisit: today.AddDays(1)},
		"expired yesterday":     {marks: []reconcile.Mark{held(reconcile.FieldName, today.AddDays(-1))}, want: both, settled: true},
		"another field is held": {marks: []reconcile.Mark{held(reconcile.FieldICB, never)}, want: both, settled: true},
		"rejected":              {marks: []reconcile.Mark{decided(reconcile.VerdictRejected, reconcile.FieldName, "Well")}, want: postcode},
		"rejected, but for noise": {
			marks: []reconcile.Mark{decided(reconcile.VerdictRejected, reconcile.FieldName, "WELL.")}, want: postcode,
		},
		"rejected another value": {
			marks: []reconcile.Mark{decided(reconcile.VerdictRejected, reconcile.FieldName, "Lloyds")}, want: both, settled: true,
		},
		"undone": {
			marks: []reconcile.Mark{decided(reconcile.VerdictUndone, reconcile.FieldName, "Well")}, want: both, undone: true, settled: true,
		},
		"undone another value": {
			marks: []reconcile.Mark{decided(reconcile.VerdictUndone, reconcile.FieldName, "Lloyds")}, want: both, settled: true,
		},
		"undone, then held": {
			marks: []reconcile.Mark{decided(reconcile.VerdictUndone, reconcile.FieldName, "Well"), held(reconcile.FieldName, never)},
			want:  postcode,
		},
		"an expired hold hides no rejection": {
			marks: []reconcile.Mark{
				held(reconcile.FieldName, today.AddDays(-9)), decided(reconcile.VerdictRejected, reconcile.FieldName, "Well"),
			},
			want: postcode,
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			changes, outcome := compute(reconcile.Item{
				Upstream: pharmacy(stating(reconcile.FieldName, "WELL"), stating(reconcile.FieldPostcode, "YO1 7HH")),
				Local:    profiled(reconcile.StatusOpen), Marks: c.marks,
			})
			want := map[string][]string{both: {"update name", "update postcode"}, name: {"update name"}, postcode: {"update postcode"}}
			require.Equal(t, want[c.want], verbs(changes))
			require.Equal(t, c.undone, changes[0].Undone)
			require.Equal(t, c.settled, outcome.Settled)
			require.Equal(t, c.revisit, outcome.Revisit)
		})
	}
}

func TestDecisionsOnStatus(t *testing.T) {
	t.Parallel()
	ended := pharmacy(standing(reconcile.Inactive), closes(-9))
	for title, c := range map[string]struct {
		mark   reconcile.Mark
		want   []string
		undone bool
	}{
		"held":                 {held(reconcile.FieldStatus, reconcile.Date{}), []string{}, false},
		"rejected":             {decided(reconcile.VerdictRejected, reconcile.FieldStatus, "closed"), []string{}, false},
		"rejected reopening":   {decided(reconcile.VerdictRejected, reconcile.FieldStatus, "open"), []string{"close status"}, false},
		"undone":               {decided(reconcile.VerdictUndone, reconcile.FieldStatus, "closed"), []string{"close status"}, true},
		"another field's mark": {decided(reconcile.VerdictRejected, reconcile.FieldName, "closed"), []string{"close status"}, false},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			changes, outcome := compute(reconcile.Item{
				Upstream: ended, Local: profiled(reconcile.StatusOpen), PendingSince: today.AddDays(-1), Marks: []reconcile.Mark{c.mark},
			})
			require.Equal(t, c.want, verbs(changes))
			require.Equal(t, len(c.want) > 0, outcome.Settled)
			for _, change := range changes {
				require.Equal(t, c.undone, change.Undone)
			}
		})
	}
}

// A reopening that a person forbids leaves the closed profile as it is.
func TestHeldReopeningComparesNoFields(t *testing.T) {
	t.Parallel()
	changes, outcome := compute(reconcile.Item{
		Upstream: pharmacy(stating(reconcile.FieldName, "WELL")), Local: profiled(reconcile.StatusClosed),
		Marks: []reconcile.Mark{held(reconcile.FieldStatus, today)},
	})
	require.Empty(t, changes)
	require.False(t, outcome.Settled)
}
