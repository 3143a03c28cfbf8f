package fhir

import (
	"testing"

	"github.com/profilesync/profilesync/reconcile/profile"
)

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
			{URL: "dateType", ValueCoding: Coding{kind}}, {URL: "period", ValuePeriod: Period{Start: start}},
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
