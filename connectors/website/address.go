package website

import (
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// split lays the lines of an address out over Address1, 2, 3, City and County.
// Our addresses are lines with the town and then the county last, either of
// which may be missing, and nothing tells a line from a town. So:
//
//   - a last line that the core knows for a county goes to County;
//   - of what is left the last line goes to City, when there are two or more;
//   - the others fill Address1 to 3, the rest joining the third with commas.
//
// joined puts them together again. The two addresses are always the same by
// profile.Same, for which a comma ends a part as a line does.
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

// joined is the address of a document: "", null and blanks all mean that there
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

// lines are those with something in them.
func lines(text string) (kept []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

// isCounty asks the core, for which a county in an address is noise.
func isCounty(line string) bool {
	const street = "1 Any Street"
	return profile.Same(profile.FieldAddress, street, street+"\n"+line)
}
