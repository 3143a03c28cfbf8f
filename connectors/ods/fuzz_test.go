package ods

import (
	"strings"
	"testing"
	"unicode/utf8"

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
	f.Fuzz(func(t *testing.T, number uint, line string) {
		name := Reports()[number%uint(len(Reports()))]
		for _, words := range []map[string]profile.Standing{nil, legacyWords, todaysWords} {
			record, bad := (&format{report: reports[name], name: name, words: words}).decode([]byte(line))
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

// FuzzOrganization is FuzzDecode for what the API answers.
func FuzzOrganization(f *testing.F) {
	f.Add(`{"resourceType":"Organization","id":"RR8","active":true,"name":"X","extension":[{"url":"` + roleExtension +
		`","extension":[{"url":"roleCode","valueCodeableConcept":{"coding":[{"code":"RO197"}]}},{"url":"` + periodExtension +
		`","extension":[{"url":"period","valuePeriod":{"start":"1998-04-01"}}]}]}],"address":[{"line":["A"],"postalCode":"LS9 7TF"}]}`)
	f.Add(`{"resourceType":"Organization"}`)
	f.Fuzz(func(t *testing.T, resource string) {
		record, bad := decodeOrganization([]byte(resource))
		if bad != nil {
			if bad.Reason == "" {
				t.Fatalf("rejected without a reason: %+v", bad)
			}
			return
		}
		checkRecord(t, record)
	})
}

func TestRolesOfAnOrganisation(t *testing.T) {
	t.Parallel()
	april := profile.NewDate(2020, 4, 1)
	for name, test := range map[string]struct {
		roles  []role
		active bool
		want   string
		opened profile.Date
	}{
		"primary first": {[]role{{code: "RO76", active: true}, {code: "RO177", active: true}}, true, "RO177|RO76", profile.Date{}},
		"ended role": {
			[]role{{code: "RO177", active: true}, {code: "RO76"}, {code: "RO87", active: true}}, true, "RO177|RO87", profile.Date{},
		},
		"closed with them": {
			[]role{{code: "RO177", closed: april}, {code: "RO76", closed: april}, {code: "RO87"}}, false, "RO177|RO76", profile.Date{},
		},
		"opened again":      {[]role{{code: "RO182"}, {code: "RO182", active: true, opened: april}}, true, "RO182", april},
		"foundation trust":  {[]role{{code: "RO57", active: true}, {code: "RO197", active: true}}, true, "RO197", profile.Date{}},
		"unknown primary":   {[]role{{code: "RO999", active: true}, {code: "RO900", active: true}}, true, "RO900|RO999", profile.Date{}},
		"primary has ended": {[]role{{code: "RO177"}, {code: "RO76", active: true}}, true, "RO177|RO76", profile.Date{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			held, primary := rolesHeld(test.roles, test.active)
			if held != test.want || primary.opened != test.opened {
				t.Fatalf("got %s from %s", held, primary.opened)
			}
		})
	}
}

func TestOperationalPeriodsAreTheDatesOfFiles(t *testing.T) {
	t.Parallel()
	typed := func(kind, start string) extension {
		return extension{URL: periodExtension, Extension: []extension{
			{URL: "dateType", ValueCoding: coding{kind}}, {URL: "period", ValuePeriod: period{Start: start}},
		}}
	}
	legal, used := typed("Legal", "1998-04-01"), typed("Operational", "1999-04-01")
	for want, parts := range map[string][]extension{"1999-04-01": {legal, used}, "1998-04-01": {legal}, "": nil} {
		if got := operational(extension{Extension: parts}).Start; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if got := operational(extension{Extension: []extension{used, legal}}).Start; got != "1999-04-01" {
		t.Fatalf("the order decides: %q", got)
	}
}
