package statuscommands

import (
	"fmt"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// moment is an instant in London, to the minute.
func moment(at time.Time) string {
	if at.IsZero() {
		return none
	}
	return at.In(profile.London()).Format("2006-01-02 15:04")
}

// age is how long ago an instant was, in one unit.
func age(at, now time.Time) string {
	if at.IsZero() {
		return none
	}
	switch ago := max(now.Sub(at), 0); {
	case ago < time.Minute:
		return counted(int(ago/time.Second), "second")
	case ago < time.Hour:
		return counted(int(ago/time.Minute), "minute")
	case ago < 48*time.Hour:
		return counted(int(ago/time.Hour), "hour")
	default:
		return counted(int(ago/(24*time.Hour)), "day")
	}
}

func counted(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y") && !strings.HasSuffix(what, "day"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// count is a number with what it counts.
type count struct {
	n    int
	what string
}

// listed joins the counts that are not 0.
func listed(counts ...count) string {
	var texts []string
	for _, c := range counts {
		if c.n > 0 {
			texts = append(texts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(texts, ", ")
}
