package cases

import "slices"

// Standing returns the cases that ought to stand, in the order of lists: a pure
// function of what the tables show and of the moment. Of two signals with one key
// the first counts.
func Standing(shown map[Kind][]Signal, at Moment) []Case {
	standing := []Case{}
	seen := make(map[Key]bool)
	for _, r := range rules {
		for _, signal := range shown[r.kind] {
			c := Case{r.kind, signal}
			if !seen[c.Key()] && (r.stands == nil || r.stands(signal, at)) {
				seen[c.Key()] = true
				standing = append(standing, c)
			}
		}
	}
	slices.SortFunc(standing, Case.Order)
	return standing
}
