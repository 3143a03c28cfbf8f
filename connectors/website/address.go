package website

import (
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// split distributes the lines of an address over Address1, 2, 3, City and County.
// Our addresses are lines that end with the town and then the county, either of
// which may be missing, and a town cannot be told from any other line. So:
//
//   - if the core knows the last line as a county, it goes to County;
//   - if two or more lines are left, the last of them goes to City;
//   - the others fill Address1 to 3; extra ones are added to the third with commas.
//
// joined reverses this. The two addresses are always the same by profile.Same, for
// which a comma ends a part as a newline does.
func split(address string) (fields [5]string) {
	left := lines(address)
	if n := len(left); n > 1 && isCounty(left[n-1]) {
		fields[4], left = left[n-1], left[:n-1]
	}
	if n := len(left); n > 1 {
		fields[3], left = left[n-1], left[:n-1]
	}
	for i, line := range left {
		if i < 3 {
			fields[i] = line
		} else {
			fields[2] += ", " + line
		}
	}
	return fields
}

// joined returns the address of a document: "", null and blanks all mean that there
// is no such line (CONTRACT.md "The record").
func joined(fields ...*string) string {
	var all []string
	for _, field := range fields {
		if field != nil {
			all = append(all, lines(*field)...)
		}
	}
	return strings.Join(all, "\n")
}

// lines returns the lines that are not blank.
func lines(text string) (kept []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

// isCounty uses the core's rule that a county in an address is noise.
func isCounty(line string) bool {
	const street = "1 Any Street"
	return profile.Same(profile.FieldAddress, street, street+"\n"+line)
}
