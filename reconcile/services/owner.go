package services

import "github.com/profilesync/profilesync/reconcile/profile"

// OwnerProblem is why the service desk should look at the owner of a site.
type OwnerProblem string

// The problems, the worst first.
const (
	NoOwnerProblem OwnerProblem = ""
	OwnerUnknown   OwnerProblem = "no-owner"      // no owner is named, or we know no organisation with its code
	OwnerClosed    OwnerProblem = "owner-closed"  // the owner has closed
	OwnerChanged   OwnerProblem = "owner-changed" // the register named another owner before, or the site's code does
)

// SiteOwner says to whom a site belongs. The first three characters of a legacy
// site code name its trust; ANANA codes (A1A1A) name none. The operator (RE6) in
// the register, if there is one, takes precedence over the code.
func SiteOwner(site, operator profile.ODSCode) (owner, byCode profile.ODSCode) {
	if !anana(site) && len(site) == 5 {
		byCode = site[:3]
	}
	if operator != "" {
		return operator, byCode
	}
	return byCode, byCode
}

// anana reports whether a code is letter, digit, letter, digit, letter.
func anana(code profile.ODSCode) bool {
	if len(code) != 5 {
		return false
	}
	for n := range len(code) {
		digit := code[n] >= '0' && code[n] <= '9'
		if digit != (n%2 == 1) {
			return false
		}
	}
	return true
}

// JudgeOwner says what is wrong with the owner of a site. Before is the operator
// that the register named previously, empty if it named none; status is that of
// the owner's profile, empty if there is none.
func JudgeOwner(owner, byCode, before profile.ODSCode, status profile.Status) OwnerProblem {
	switch {
	case owner == "" || status == "":
		return OwnerUnknown
	case status == profile.StatusClosed:
		return OwnerClosed
	case byCode != "" && byCode != owner, before != "" && before != owner:
		return OwnerChanged
	default:
		return NoOwnerProblem
	}
}
