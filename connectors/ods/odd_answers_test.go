package ods_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// spoilt is an active relationship of FA001 with its operator, of which one part is
// not as it should be.
func spoilt(part string, value any) object {
	link := relationship("FA001", "RE6", "P009", "2020-01-01", true)
	link[part] = value
	return link
}

// A relationship that cannot be read leaves one field of one organisation unstated,
// with a note, and stops nobody.
func TestOddRelationships(t *testing.T) {
	t.Parallel()
	named := func(value any) object { return object{"identifier": object{"value": value}} }
	for name, test := range map[string]struct {
		odd  object
		note profile.Note
	}{
		"its kind is a text": {spoilt("code", "RE6"), profile.Note{Reason: "a relationship cannot be read: code has the type string"}},
		"no kind":            {spoilt("code", nil), profile.Note{Reason: "a relationship cannot be read: it does not say what kind it is"}},
		"a period in text":   {spoilt("period", "2020"), profile.Note{Reason: "a relationship cannot be read: period has the type string"}},
		"state in text":      {spoilt("active", "true"), profile.Note{Reason: "a relationship cannot be read: active has the type string"}},
		"no target": {
			spoilt("participatingOrganization", object{}),
			profile.Note{Reason: "a relationship cannot be read: it names no participatingOrganization"},
		},
		"a target that is no code": {
			spoilt("participatingOrganization", named("5.00E+01")),
			profile.Note{Value: "5.00E+01", Reason: "no code of 3 to 10 letters and digits"},
		},
		"a reference that is no code": {
			spoilt("participatingOrganization", object{"reference": "urn:uuid:0a1b"}),
			profile.Note{Value: "urn:uuid:0a1b", Reason: "no code of 3 to 10 letters and digits"},
		},
		"nobody's": {
			spoilt("organization", named(1)),
			profile.Note{Reason: "a relationship cannot be read: organization.identifier.value has the type number"},
		},
		"of what is no code": {
			spoilt("organization", named("FA 001")),
			profile.Note{Reason: `a relationship cannot be read: its organization "FA 001" is no code`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.note.Field, test.note.LeftOut = "parent", true
			fake := &fakeAPI{organisations: many(3), affiliations: []object{
				relationship("FA001", "RE6", "P001", "2001-01-01", true), test.odd, relationship("FA002", "RE6", "P002", "2001-01-01", true),
			}}
			for range 2 { // alone, and among others
				records := recordsByCode(t, changes(t, fake.serve(t)))
				odd, other := records["FA001"], records["FA000"]
				require.False(t, odd.Values.States(profile.FieldParent))
				require.Equal(t, []profile.Note{test.note}, odd.Notes)
				if len(records) == 1 {
					continue
				}
				require.Equal(t, "P002", orNone(records["FA002"], profile.FieldParent))
				require.Empty(t, orNone(records["FA000"], profile.FieldParent))
				require.True(t, other.Values.States(profile.FieldParent))
				require.Empty(t, records["FA002"].Notes)
				fake.organisations = fake.organisations[1:2]
			}
		})
	}
}

// What is odd about a relationship that is not shown says nothing about the one that
// is.
func TestOddRelationshipsOfAnotherKind(t *testing.T) {
	t.Parallel()
	other := relationship("FA001", "RE4", "QKS", "2020-01-01", true)
	other["period"] = "2020"
	fake := &fakeAPI{organisations: many(3), affiliations: []object{relationship("FA001", "RE6", "P001", "2001-01-01", true), other}}
	record := recordsByCode(t, changes(t, fake.serve(t)))["FA001"]
	require.Equal(t, "P001", orNone(record, profile.FieldParent))
	require.Empty(t, record.Notes)
}

func TestOddSuccessors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer any
		note   profile.Note
	}{
		"no text": {
			object{"not": "a code"},
			profile.Note{Reason: "the answer cannot be read: parameter.part.valueCode has the type object"},
		},
		"no code": {"5.00E+01", profile.Note{Value: "5.00E+01", Reason: "no code of 3 to 10 letters and digits"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.note.Field, test.note.LeftOut = "successor", true
			fake := &fakeAPI{
				organisations: []object{organisation("RW6", false, "RO197"), organisation("RW7", false, "RO197")},
				successors:    map[string]any{"RW6": test.answer, "RW7": "R0A"},
			}
			records := recordsByCode(t, changes(t, fake.serve(t)))
			odd := records["RW6"]
			require.False(t, odd.Values.States(profile.FieldSuccessor))
			require.Equal(t, []profile.Note{test.note}, odd.Notes)
			require.Equal(t, "R0A", orNone(records["RW7"], profile.FieldSuccessor))
		})
	}
}

// An answer that is not the organisation that was looked up is rejected under its
// code; the others are read.
func TestOddLookups(t *testing.T) {
	t.Parallel()
	unnumbered := organisation("FA002", true, "RO182")
	unnumbered["id"] = 7
	for name, test := range map[string]struct {
		answer any
		want   string
	}{
		"another organisation": {organisation("FA001", true, "RO182"), `identifier "FA001": want FA002, which was looked up`},
		"another resource":     {object{"resourceType": "Location", "id": "FA002"}, `resourceType "Location/FA002": want Organization`},
		"a text":               {"FA002", `resource "string": want a fhir.Organization, as FHIR R4 has it`},
		"nothing":              {nil, `resourceType "": want Organization`},
		"an odd id":            {unnumbered, `id "number": want a string, as FHIR R4 has it`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeAPI{organisations: many(2), reads: map[string]any{"FA002": test.answer}}
			d, err := fake.serve(t).Lookup(t.Context(), []profile.ODSCode{"FA001", "FA002", "FZ999"})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, d.Close()) })
			require.Equal(t, []profile.ODSCode{"FZ999"}, d.Missing())
			require.Equal(t, "FA002: "+test.want, theRejected(t, d))
		})
	}
}

// theRejected returns what is rejected of a delta that has FA001 and one more row.
func theRejected(t *testing.T, d *ods.Delta) (text string) {
	t.Helper()
	for row, err := range d.Rows() {
		require.NoError(t, err)
		record, err := d.Record(row)
		if rejected, ok := errors.AsType[*profile.Rejected](err); ok {
			require.Empty(t, text)
			require.NotEmpty(t, rejected.Raw)
			rejected.Line = 0
			text = rejected.Code.String() + ": " + rejected.Error()[len("line 0: "):]
			continue
		}
		require.NoError(t, err)
		require.Equal(t, profile.ODSCode("FA001"), record.Code)
	}
	return text
}
