package ods

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/connectors/ods/internal/fhir"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// FuzzDecode holds the decoder to its promises for any bytes: a rejection with
// its reason, or a record that every later layer can store.
func FuzzDecode(f *testing.F) {
	row := `"A81001","THE OAK SURGERY","Y63","QHM","HEALTH CENTRE","","","STOCKTON","","TS18 1HU","19740401","",` +
		`"ACTIVE","B","16C","","","","","","","1","","16C","","RO76",""`
	for i := range Reports() {
		f.Add(uint(i), row)
		f.Add(uint(i), strings.ReplaceAll(row, `"`, ""))
		f.Add(uint(i), strings.Replace(row, "OAK", `""OAK""`, 1))
	}
	f.Add(uint(0), strings.Repeat(",", 26))
	f.Add(uint(1), "\"\xff\x00")
	f.Add(uint(4), strings.Replace(row, `"16C"`, "5.00E+01", 1))
	f.Add(uint(4), strings.Replace(row, `"RO76"`, `"5.00E+01"`, 1))
	f.Add(uint(4), strings.Replace(row, "OAK", "St Mary\x92s Caf\xe9", 1))
	f.Add(uint(4), strings.Replace(row, "TS18 1HU", "EI 4LR", 1))
	known := &Commissioners{boards: map[string]Board{"16C": {"QHM", "Y63"}}, regions: map[string]string{"QHM": "Y63", "QOP": "Y62"}}
	f.Fuzz(func(t *testing.T, number uint, line string) {
		name := Reports()[number%uint(len(Reports()))]
		for _, f := range []*format{
			newFormat(name, reports[name], legacy, false), newFormat(name, reports[name], legacy, true),
			newFormat(name, reports[name], dse, true),
		} {
			f.known = known
			record, bad := f.decode([]byte(line))
			if bad != nil {
				if bad.Field == "" || bad.Reason == "" {
					t.Fatalf("rejected without a reason: %+v", bad)
				}
				continue
			}
			checkRecord(t, record)
		}
	})
}

func checkRecord(t *testing.T, record profile.Record) {
	t.Helper()
	checkCodes(t, record)
	if code, err := profile.ParseODSCode(string(record.Code)); err != nil || code != record.Code {
		t.Fatalf("code %q", record.Code)
	}
	for _, field := range profile.Fields() {
		value := record.Values.Get(field)
		if !utf8.ValidString(value) || strings.ContainsAny(value, "\x00\r\t") {
			t.Fatalf("%s cannot be stored: %q", field, value)
		}
		if value != strings.TrimSpace(value) {
			t.Fatalf("%s has spaces around it: %q", field, value)
		}
	}
}

// checkCodes holds a record to its codes, to its notes, and to a region and an ICB
// that are stated together.
func checkCodes(t *testing.T, record profile.Record) {
	t.Helper()
	values := &record.Values
	for _, field := range []profile.Field{profile.FieldParent, profile.FieldCommissioner, profile.FieldICB, profile.FieldRegion} {
		if value := values.Get(field); value != "" && !canonical.IsCode(value) {
			t.Fatalf("%s is no code: %q", field, value)
		}
	}
	for _, n := range record.Notes {
		field, err := profile.ParseField(n.Field)
		if err != nil || n.Reason == "" || n.LeftOut && values.States(field) {
			t.Fatalf("note %+v of %+v", n, record)
		}
	}
	icb, region := values.Get(profile.FieldICB), values.Get(profile.FieldRegion)
	if values.States(profile.FieldICB) != values.States(profile.FieldRegion) || icb == "" && region != "" {
		t.Fatalf("ICB %q in region %q", icb, region)
	}
}

// FuzzOrganization is FuzzDecode for what the API answers.
func FuzzOrganization(f *testing.F) {
	const extensions = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-"
	f.Add(`{"resourceType":"Organization","id":"RR8","active":true,"name":"X","extension":[{"url":"` + extensions + `OrganisationRole` +
		`","extension":[{"url":"roleCode","valueCodeableConcept":{"coding":[{"code":"RO197"}]}},{"url":"` + extensions + `TypedPeriod` +
		`","extension":[{"url":"period","valuePeriod":{"start":"1998-04-01"}}]}]}],"address":[{"line":["A"],"postalCode":"LS9 7TF"}]}`)
	f.Add(`{"resourceType":"Organization"}`)
	f.Fuzz(func(t *testing.T, resource string) {
		record, bad := fhir.Decode([]byte(resource))
		if bad != nil {
			if bad.Reason == "" {
				t.Fatalf("rejected without a reason: %+v", bad)
			}
			return
		}
		checkRecord(t, record)
	})
}
