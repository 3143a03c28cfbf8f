package render

import (
	"strings"

	"github.com/profilesync/profilesync/reconcile/report"
)

// noChanges is said in plain words: silence would look like a failure.
const noChanges = "No changes"

// title names the report, for people.
func title(h report.Head) string {
	return "Daily change report, " + h.Day.Time().Format("Monday 2 January 2006") + ": " + scope(h)
}

// scope says whose rows the report has.
func scope(h report.Head) string {
	name := strings.TrimSpace(clean(h.Name))
	switch {
	case h.Region == "" && name == "":
		return "all regions"
	case h.Region == "":
		return name
	case name == "":
		return string(h.Region)
	}
	return name + " (" + string(h.Region) + ")"
}

// empty reports whether nothing changed in the window.
func empty(r report.Report) bool {
	for _, s := range r.Sections {
		if s.Name == report.SectionChanges {
			return s.Count == 0
		}
	}
	return true
}
