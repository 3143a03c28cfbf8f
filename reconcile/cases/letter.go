package cases

import "fmt"

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

// Lines says what a letter tells, a line a case; of those that hold.
func Lines(items []Item) []string {
	lines := []string{}
	for _, i := range items {
		if i.Holds() {
			lines = append(lines, i.line())
		}
	}
	return lines
}

func (i Item) line() string {
	switch i.News {
	case HasEnded:
		return fmt.Sprintf("Ended: %s (case %d).", i.Title(), i.ID)
	case IsOverdue:
		return fmt.Sprintf("Overdue since %s: %s (case %d). %s.", i.Deadline.Words(), i.Title(), i.ID, i.Next())
	default:
		return fmt.Sprintf("New: %s (case %d, by %s). %s.", i.Title(), i.ID, i.Deadline.Words(), i.Next())
	}
}
