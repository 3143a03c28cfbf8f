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

// mostLines is of how many cases a letter tells one by one: nobody reads more, and no mail
// service takes a letter of any length.
const mostLines = 200

// Lines says what a letter tells, a line a case, in the order of lists; of those that
// hold. The first of several of a kind says what to do. Of very many it tells the first,
// and how many more there are.
func Lines(items []Item) []string {
	holding := slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return !i.Holds() })
	slices.SortFunc(holding, Item.compare)
	lines, said := []string{}, make(map[Kind]bool)
	for _, i := range holding[:min(mostLines, len(holding))] {
		line := i.line()
		if i.News != HasEnded && !said[i.Kind] {
			said[i.Kind] = true
			line += " " + i.Next() + "."
		}
		lines = append(lines, line)
	}
	if more := len(holding) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("And %d more. See all: profilesync cases list.", more))
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
