package canonical

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Settings translate the prescribing setting of the legacy layout into the
// roles that today's layout names, measured on 15,000 codes that both hold
// (CONTRACT.md "Layouts").
var Settings = map[string]string{
	"0": "RO72", "1": "RO87", "2": "RO80", "3": "RO80|RO87", "4": "RO76", "8": "RO255", "9": "RO247",
	"10": "RO250", "11": "RO252", "12": "RO259", "13": "RO249", "14": "RO246", "16": "RO260", "17": "RO257",
	"18": "RO256", "19": "RO251", "20": "RO248", "22": "RO258", "25": "RO82", "26": "RO321", "27": "RO323",
}

// primaryRoles are the roles that say what an organisation is, in the order of
// preference if a record has several (CONTRACT.md "Roles"). The API does not
// mark which role is the primary one (CONTRACT.md "FHIR API").
var primaryRoles = []string{
	"RO177", "RO182", "RO94", "RO181", "RO96", "RO110", "RO167", "RO166", "RO197", "RO198", "RO107", "RO108",
	"RO172", "RO176", "RO157", "RO98", "RO99", "RO261", "RO272", "RO209", "RO210", "RO213", "RO101", "RO104",
	"RO142", "RO148", "RO144", "RO149", "RO175", "RO221", "RO116", "RO280",
}

// extendable are the primary roles for which files and the API both state the
// other roles. For the rest a file states only the role of the whole report:
// "RO197|RO57" from the API and "RO197" from a file are the same facts, so only
// the primary role is kept.
var extendable = []string{"RO177", "RO110"}

// TypeOf returns the organisation type of canonical roles. A prescribing cost
// centre is a GP practice only with RO76: those with RO323 duplicate pharmacies
// (CONTRACT.md "Roles").
func TypeOf(roles string) profile.OrgType {
	primary, _, _ := strings.Cut(roles, "|")
	switch primary {
	case "RO177":
		if slices.Contains(strings.Split(roles, "|"), "RO76") {
			return profile.GPPractice
		}
	case "RO182":
		return profile.Pharmacy
	case "RO96":
		return profile.GPBranch
	case "RO110":
		return profile.DentalPractice
	case "RO167":
		return profile.OpticalSite
	case "RO197":
		return profile.Trust
	case "RO198":
		return profile.TrustSite
	}
	return profile.NoType
}

// Roles returns the primary role and the others in order, each once,
// joined by a bar.
func Roles(roles []string) string {
	if len(roles) == 0 {
		return ""
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(roles)))
	primary, known := PrimaryOf(sorted)
	if known && !slices.Contains(extendable, primary) {
		return primary
	}
	others := slices.DeleteFunc(sorted, func(role string) bool { return role == primary })
	return strings.Join(append([]string{primary}, others...), "|")
}

// PrimaryOf returns the role that says what the organisation is, and whether it
// is a known primary role; if there is none, the first role.
func PrimaryOf(roles []string) (role string, known bool) {
	for _, role := range primaryRoles {
		if slices.Contains(roles, role) {
			return role, true
		}
	}
	return roles[0], false
}

// IsRole reports whether the text has the form of a role id. Unknown ids are
// data, not errors: 209 are in use (CONTRACT.md "FHIR API").
func IsRole(s string) bool {
	if len(s) < 3 || len(s) > 6 || s[:2] != "RO" {
		return false
	}
	return strings.Trim(s[2:], "0123456789") == ""
}
