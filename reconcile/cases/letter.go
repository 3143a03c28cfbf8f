package cases

import (
	"cmp"
	"fmt"
	"slices"
)

// Holds reports whether what was to be told is still so: nobody is told that a case
// is new which has gone since, nor that one has ended which is back.
func (i Item) Holds() bool {
	if i.Opening != i.Openings {
		return false
	}
	if i.News == HasEnded {
		return i.State == Gone
	}
	return i.State == Open
}

// Lines says what a letter tells, a line a case, in the order of lists; of those that
// hold. The first of several of a kind says what to do.
func Lines(items []Item) []string {
	lines, said := []string{}, make(map[Kind]bool)
	for _, i := range slices.SortedFunc(slices.Values(items), Item.compare) {
		if !i.Holds() {
			continue
		}
		line := i.line()
		if i.News != HasEnded && !said[i.Kind] {
			said[i.Kind] = true
			line += " " + i.Next() + "."
		}
		lines = append(lines, line)
	}
	return lines
}

func (i Item) compare(other Item) int {
	return cmp.Or(i.Order(other.Case), cmp.Compare(i.ID, other.ID))
}

func (i Item) line() string {
	switch i.News {
	case HasEnded:
		return fmt.Sprintf("Ended: %s (case %d).", i.Title(), i.ID)
	case IsOverdue:
		return fmt.Sprintf("Overdue since %s: %s (case %d).", i.Deadline.Words(), i.Title(), i.ID)
	default:
		return fmt.Sprintf("New: %s (case %d, by %s).", i.Title(), i.ID, i.Deadline.Words())
	}
}
