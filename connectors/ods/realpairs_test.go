package ods_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// pair is a listing of practices, loaded into nothing, and the plan of the next.
type pair struct {
	profiles map[profile.ODSCode]*profile.Profile // as the first listing left them
	records  map[profile.ODSCode]profile.Record   // of the second
	changes  map[profile.ODSCode]map[profile.Field]runs.Change
}

func pairOf(t *testing.T, first, second *ods.Listing) pair {
	t.Helper()
	p := pair{
		profiles: map[profile.ODSCode]*profile.Profile{}, records: map[profile.ODSCode]profile.Record{},
		changes: map[profile.ODSCode]map[profile.Field]runs.Change{},
	}
	in := runs.Input{AsOf: profile.NewDate(2026, 2, 22), CountsAsLook: true, ProfileTypes: []profile.OrgType{profile.GPPractice}}
	for _, record := range recordsOf(t, first) {
		in.Items = append(in.Items, runs.Item{Upstream: record})
	}
	for _, c := range runs.Compute(in).Changes {
		p.profiles[c.Code] = &profile.Profile{Code: c.Code}
		require.NoError(t, json.Unmarshal([]byte(c.New), &p.profiles[c.Code].Values))
	}
	in.Items = nil
	for _, record := range recordsOf(t, second) {
		p.records[record.Code] = record
		in.Items = append(in.Items, runs.Item{Upstream: record, Local: p.profiles[record.Code]})
	}
	for _, c := range runs.Compute(in).Changes {
		if p.changes[c.Code] == nil {
			p.changes[c.Code] = map[profile.Field]runs.Change{}
		}
		p.changes[c.Code][c.Field] = c
	}
	return p
}

// changed returns the profiles in which a field changes.
func (p pair) changed(f profile.Field) map[profile.ODSCode]bool {
	codes := map[profile.ODSCode]bool{}
	for code, fields := range p.changes {
		if _, ok := fields[f]; ok {
			codes[code] = true
		}
	}
	return codes
}

// written are the profiles whose address is written otherwise than the register
// has it, by more than case and the other noise that needs no postcode to be told.
func (p pair) written() map[profile.ODSCode]bool {
	codes := map[profile.ODSCode]bool{}
	for code, shown := range p.profiles {
		record, listed := p.records[code]
		address, name := record.Values.Get(profile.FieldAddress), record.Values.Get(profile.FieldName)
		if listed && !profile.Same(profile.FieldAddress, address, shown.Values.Get(profile.FieldAddress), name) {
			codes[code] = true
		}
	}
	return codes
}

// updated are the profiles of which at least one field is put right.
func (p pair) updated() map[profile.ODSCode]bool {
	codes := map[profile.ODSCode]bool{}
	for code, fields := range p.changes {
		for _, c := range fields {
			if c.Verb == runs.Update {
				codes[code] = true
			}
		}
	}
	return codes
}

func within(t *testing.T, some, all map[profile.ODSCode]bool) {
	t.Helper()
	for code := range some {
		require.Contains(t, all, code)
	}
}

// TestRealAddressesAcrossTheLayouts holds the break of 2025/26 to what changed in
// fact. Of 3,672 addresses that are written otherwise all those stay changes whose
// postcode is new, and few besides; no practice moves to another ICB or region whose
// commissioner is the same.
func TestRealChangesAcrossTheLayouts(t *testing.T) {
	t.Parallel()
	p := pairOf(t, openReal(t, realData(t, "legacy", "epraccur_2025-05-25.csv")),
		openReal(t, realData(t, "dse", "epraccur_2026-02-22.csv"), ods.WithCommissioners(realCommissioners(t))))
	require.Len(t, p.profiles, 6651)
	written, addresses, postcodes := p.written(), p.changed(profile.FieldAddress), p.changed(profile.FieldPostcode)
	require.Len(t, written, 3672)
	require.Len(t, addresses, 677)
	within(t, addresses, written)
	moved := maps.Clone(written)
	maps.DeleteFunc(moved, func(code profile.ODSCode, _ bool) bool { return !postcodes[code] })
	require.Len(t, moved, 93)
	within(t, moved, addresses)
	for code := range written {
		if !addresses[code] {
			require.Equal(t, numbersIn(p.profiles[code].Values), numbersIn(p.records[code].Values), code)
		}
	}
	require.Len(t, p.changed(profile.FieldCommissioner), 13)
	within(t, p.changed(profile.FieldICB), p.changed(profile.FieldCommissioner))
	within(t, p.changed(profile.FieldRegion), p.changed(profile.FieldICB))
}

// numbersIn are the numbers of an address, each once: a building may repeat the
// number of its street.
func numbersIn(v profile.Values) []string {
	isNone := func(r rune) bool { return r < '0' || r > '9' }
	return slices.Compact(slices.Sorted(slices.Values(strings.FieldsFunc(v.Get(profile.FieldAddress), isNone))))
}

// TestRealAddressesInOneLayout: of the 143 practices that nine months of one layout
// updated, those drop out whose address was written otherwise, and none comes in.
func TestRealAddressesInOneLayout(t *testing.T) {
	t.Parallel()
	p := pairOf(t, openReal(t, realData(t, "legacy", "epraccur_2024-08-24.csv")),
		openReal(t, realData(t, "legacy", "epraccur_2025-05-25.csv")))
	written, updated := p.written(), p.updated()
	before := maps.Clone(updated)
	maps.Copy(before, written)
	require.Len(t, before, 143)
	var formOnly []string
	for code := range before {
		if !updated[code] {
			formOnly = append(formOnly, code.String())
			require.Equal(t, numbersIn(p.profiles[code].Values), numbersIn(p.records[code].Values), code)
		}
	}
	// A building added, left out or named otherwise (B81104 L81034 L83067 M81016
	// P81070 W93012 W98001), its name shortened (E82051 E86030), a town's spelling
	// (M82033).
	require.ElementsMatch(t, strings.Fields("B81104 E82051 E86030 L81034 L83067 M81016 M82033 P81070 W93012 W98001"), formOnly)
	require.Len(t, p.changed(profile.FieldPostcode), 61)
	require.Len(t, p.changed(profile.FieldAddress), 76)
}
