package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Every field, whoever owns it, with a value upstream that the profile lacks.
func TestOnlyTheOwnerIsHeard(t *testing.T) {
	t.Parallel()
	for _, f := range profile.Fields() {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			for _, had := range []string{"", "optical-site"} {
				local := profiled(profile.StatusOpen)
				if f != profile.FieldStatus {
					local.Values.Set(f, had)
				}
				changes, _ := compute(runs.Item{Upstream: pharmacy(stating(f, "pharmacy")), Local: local})
				if f.Owner() != profile.OwnedByODS || f == profile.FieldStatus {
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
		stating(profile.FieldPhone, "0113 4960000"), stating(profile.FieldWebsite, "https://example.org"),
		stating(profile.FieldEmail, "a@example.org"), stating(profile.FieldSuccessor, ""), stating(profile.FieldDescription, "x"),
	)
	w := newWorld(record)
	plan := w.pull(t)
	require.Equal(t, []runs.Change{{
		Code: "FA001", Type: profile.Pharmacy, Verb: runs.Create, Reason: runs.BecauseUpstream,
		New: `{"name":"Boots","address":"1 High Street\nLeeds","postcode":"LS1 1AA","type":"pharmacy","roles":"RO182",` +
			`"status":"open","icb":"QWO","successor":"","phone":"0113 4960000","website":"https://example.org"}`,
	}}, plan.Changes)
	for _, f := range []profile.Field{profile.FieldPhone, profile.FieldWebsite} {
		for _, edit := range []string{"", "by an editor"} {
			w.edit("FA001", f, edit)
			require.Empty(t, w.pull(t).Changes, "an emptied %s is an edit as well", f)
		}
	}
}

func TestNotStatedAndEmptyChangeNothing(t *testing.T) {
	t.Parallel()
	bare := profile.Record{Code: "FA001", Standing: profile.Active}
	bare.Values.Set(profile.FieldType, "pharmacy")
	empty := pharmacy()
	for _, f := range profile.Fields() {
		if f != profile.FieldType {
			empty.Values.Set(f, "")
		}
	}
	for name, record := range map[string]profile.Record{"not stated": bare, "empty": empty} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := pharmacy()
			for _, status := range []profile.Status{profile.StatusOpen, profile.StatusDormant, profile.StatusClosed} {
				changes, outcome := compute(runs.Item{Upstream: record, Base: &base, Local: profiled(status)})
				for _, c := range changes {
					require.Equal(t, profile.FieldStatus, c.Field)
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
		field           profile.Field
		upstream, local string
		want            string // what is written; empty for no change
	}{
		"a name is cased":          {profile.FieldName, "ST MARY'S PHARMACY", "Boots", "St Mary's Pharmacy"},
		"case is noise":            {profile.FieldName, "BOOTS", "BoOtS", ""},
		"an address is cased":      {profile.FieldAddress, "2 MILL LANE\nYORK", "1 High Street\nLeeds", "2 Mill Lane\nYork"},
		"the split is noise":       {profile.FieldAddress, "1 HIGH STREET\nLEEDS", "1 High Street, Leeds", ""},
		"our own name is noise":    {profile.FieldAddress, "BOOTS\n1 HIGH STREET\nLEEDS", "1 High Street\nLeeds", ""},
		"codes are kept":           {profile.FieldICB, "Z9B2Z", "QWO", "Z9B2Z"},
		"postcode spacing":         {profile.FieldPostcode, "LS1 1AA", "ls11aa", ""},
		"order of roles is noise":  {profile.FieldRoles, "RO177|RO76", "RO76|RO177", ""},
		"an empty field is filled": {profile.FieldSuccessor, "FA002", "", "FA002"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, outcome := compute(runs.Item{
				Upstream: pharmacy(stating(c.field, c.upstream)),
				Local:    changed(profiled(profile.StatusOpen), c.field, c.local),
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

func changed(p *profile.Profile, f profile.Field, value string) *profile.Profile {
	p.Values.Set(f, value)
	return p
}

func TestReason(t *testing.T) {
	t.Parallel()
	accepted := func(edits ...func(*profile.Record)) *profile.Record {
		r := pharmacy(edits...)
		return &r
	}
	for name, c := range map[string]struct {
		base *profile.Record
		want runs.Reason
	}{
		"never accepted":               {nil, runs.BecauseUpstream},
		"upstream said something else": {accepted(stating(profile.FieldName, "WELL")), runs.BecauseUpstream},
		"upstream still says so":       {accepted(), runs.BecauseDrift},
		"upstream says it differently": {accepted(stating(profile.FieldName, "Boots.")), runs.BecauseDrift},
		"another layout did not state": {&profile.Record{Code: "FA001"}, runs.BecauseUpstream},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local := changed(profiled(profile.StatusOpen), profile.FieldName, "Edited By Hand")
			changes, _ := compute(runs.Item{Upstream: pharmacy(), Base: c.base, Local: local})
			require.Len(t, changes, 1)
			require.Equal(t, c.want, changes[0].Reason)
			require.Equal(t, "Edited By Hand", changes[0].Old, "both values are recorded")
		})
	}
}

// A life is never drift: its statement may be old, its second look is news.
func TestReasonOfStatus(t *testing.T) {
	t.Parallel()
	base := pharmacy(stating(profile.FieldStatus, "open"))
	changes, _ := compute(runs.Item{Upstream: base, Base: &base, Local: profiled(profile.StatusClosed)})
	require.Equal(t, []string{"reopen status"}, verbs(changes))
	require.Equal(t, runs.BecauseUpstream, changes[0].Reason)
}

func held(f profile.Field, until profile.Date) runs.Mark {
	return runs.Mark{Field: f, Verdict: runs.VerdictHeld, Until: until}
}

func decided(verdict runs.Verdict, f profile.Field, value string) runs.Mark {
	return runs.Mark{Field: f, Verdict: verdict, Value: value}
}

// Each time upstream says WELL at another postcode and the profile Boots.
func TestDecisions(t *testing.T) {
	t.Parallel()
	const both, name, postcode = "name, postcode", "name", "postcode"
	var never profile.Date
	for title, c := range map[string]struct {
		marks   []runs.Mark
		want    string // fields that change
		undone  bool   // the name's change is one that was undone
		settled bool
		revisit profile.Date
	}{
		"none":                {want: both, settled: true},
		"held without an end": {marks: []runs.Mark{held(profile.FieldName, never)}, want: postcode},
		"held until tomorrow": {
			marks: []runs.Mark{held(profile.FieldName, today.AddDays(1))}, want: postcode, revisit: today.AddDays(2),
		},
		"the last day":          {marks: []runs.Mark{held(profile.FieldName, today)}, want: postcode, revisit: today.AddDays(1)},
		"expired yesterday":     {marks: []runs.Mark{held(profile.FieldName, today.AddDays(-1))}, want: both, settled: true},
		"another field is held": {marks: []runs.Mark{held(profile.FieldICB, never)}, want: both, settled: true},
		"rejected": {
			marks: []runs.Mark{decided(runs.VerdictRejected, profile.FieldName, "Well")}, want: postcode, settled: true,
		},
		"rejected, but for noise": {
			marks: []runs.Mark{decided(runs.VerdictRejected, profile.FieldName, "WELL.")}, want: postcode, settled: true,
		},
		"rejected another value": {
			marks: []runs.Mark{decided(runs.VerdictRejected, profile.FieldName, "Lloyds")}, want: both, settled: true,
		},
		"undone": {
			marks: []runs.Mark{decided(runs.VerdictUndone, profile.FieldName, "Well")}, want: both, undone: true, settled: true,
		},
		"undone another value": {
			marks: []runs.Mark{decided(runs.VerdictUndone, profile.FieldName, "Lloyds")}, want: both, settled: true,
		},
		"undone, then held": {
			marks: []runs.Mark{decided(runs.VerdictUndone, profile.FieldName, "Well"), held(profile.FieldName, never)},
			want:  postcode,
		},
		"an expired hold hides no rejection": {
			marks: []runs.Mark{
				held(profile.FieldName, today.AddDays(-9)), decided(runs.VerdictRejected, profile.FieldName, "Well"),
			},
			want: postcode, settled: true,
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			changes, outcome := compute(runs.Item{
				Upstream: pharmacy(stating(profile.FieldName, "WELL"), stating(profile.FieldPostcode, "YO1 7HH")),
				Local:    profiled(profile.StatusOpen), Marks: c.marks,
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
	ended := pharmacy(standing(profile.Inactive), closes(-9))
	for title, c := range map[string]struct {
		mark   runs.Mark
		want   []string
		undone bool
	}{
		"held":                 {held(profile.FieldStatus, profile.Date{}), []string{}, false},
		"rejected":             {decided(runs.VerdictRejected, profile.FieldStatus, "closed"), []string{}, false},
		"rejected reopening":   {decided(runs.VerdictRejected, profile.FieldStatus, "open"), []string{"close status"}, false},
		"undone":               {decided(runs.VerdictUndone, profile.FieldStatus, "closed"), []string{"close status"}, true},
		"another field's mark": {decided(runs.VerdictRejected, profile.FieldName, "closed"), []string{"close status"}, false},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			changes, outcome := compute(runs.Item{
				Upstream: ended, Local: profiled(profile.StatusOpen), PendingSince: today.AddDays(-1), Marks: []runs.Mark{c.mark},
			})
			require.Equal(t, c.want, verbs(changes))
			require.Equal(t, c.mark.Verdict != runs.VerdictHeld, outcome.Settled)
			for _, change := range changes {
				require.Equal(t, c.undone, change.Undone)
			}
		})
	}
}

// A reopening that a person forbids leaves the closed profile as it is.
func TestHeldReopeningComparesNoFields(t *testing.T) {
	t.Parallel()
	changes, outcome := compute(runs.Item{
		Upstream: pharmacy(stating(profile.FieldName, "WELL")), Local: profiled(profile.StatusClosed),
		Marks: []runs.Mark{held(profile.FieldStatus, today)},
	})
	require.Empty(t, changes)
	require.False(t, outcome.Settled)
}
