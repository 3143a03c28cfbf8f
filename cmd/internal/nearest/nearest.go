// Package nearest finds the name that somebody meant by one that is misspelt.
package nearest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Of returns the known name that takes the fewest changes of a letter, capitals or not;
// of several, the first of the alphabet. It is empty if no name is known.
func Of[T ~string](name T, known []T) T {
	if len(known) == 0 {
		return ""
	}
	meant := strings.ToLower(string(name))
	distance := func(of T) int { return levenshtein.ComputeDistance(meant, strings.ToLower(string(of))) }
	return slices.MinFunc(slices.Sorted(slices.Values(known)), func(a, b T) int { return distance(a) - distance(b) })
}

// Wrong says that a name is none of those known: what it is a name of, all names that
// are right, and the nearest.
func Wrong[T ~string](what, name string, known []T) error {
	all := make([]string, len(known))
	for i, k := range known {
		all[i] = string(k)
	}
	return fmt.Errorf("%s %q: want %s; did you mean %s?", what, name, List(all), Of(T(name), known))
}

// List joins names as a sentence does: a, b or c.
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
