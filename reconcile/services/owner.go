package services

import "github.com/profilesync/profilesync/reconcile/profile"

// OwnerProblem is why the service desk should look at the owner of a site.
type OwnerProblem string

// The problems, the worst first.
const (
	NoOwnerProblem OwnerProblem = ""
	OwnerUnknown   OwnerProblem = "no-owner"      // nothing names one, or we know nobody of that code
	OwnerClosed    OwnerProblem = "owner-closed"  // it belongs to nobody open
	OwnerChanged   OwnerProblem = "owner-changed" // the register named another before, or its code does
)

// SiteOwner says to whom a site belongs. The first three characters of a legacy
// site code name its trust; ANANA codes (A1A1A) name nothing. The register's
// operator (RE6), where it states one, outweighs the code.
func SiteOwner(site, operator profile.ODSCode) (owner, byCode profile.ODSCode) {
	if !anana(site) && len(site) == 5 {
		byCode = site[:3]
	}
	if operator != "" {
		return operator, byCode
	}
	return byCode, byCode
}

// anana tells letter, digit, letter, digit, letter.
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
// that the register named until lately, empty where it named none; the status is
// that of the owner's profile, empty where there is none.
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
