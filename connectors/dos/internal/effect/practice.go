package effect

import "slices"

// RefusesRoles says why the ingest refuses a practice with these roles; empty if it does
// not (CONTRACT.md "The Organization body").
func RefusesRoles(codes []string) string {
	primary := 0
	for i, code := range codes {
		if code == "RO177" {
			primary++
		}
		if slices.Contains(codes[:i], code) {
			return "roles: DoS refuses one that is sent twice"
		}
	}
	if len(codes) > 0 && (primary != 1 || !slices.Contains(codes, "RO76")) {
		return "roles: DoS refuses any but RO177 once, with RO76 beside it, and shows others itself: ask DoS to correct them"
	}
	return ""
}
