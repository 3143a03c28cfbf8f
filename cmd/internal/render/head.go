package render

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/report"
)

// noChanges is shown if nothing changed: an empty report would look like a
// failure.
const noChanges = "No changes"

// title returns the title of the report.
func title(h report.Header) string {
	return "Daily change report, " + h.Day.Time().Format("Monday 2 January 2006") + ": " + scope(h)
}

// scope returns the name of the region that the report covers.
func scope(h report.Header) string {
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

// hasNoChanges reports whether nothing changed in the window.
func hasNoChanges(r report.Report) bool {
	for _, s := range r.Sections {
		if s.Name == report.SectionChanges {
			return s.Count == 0
		}
	}
	return true
}

// withData returns the charts that have something to show.
func withData(charts []report.Chart) []report.Chart {
	return slices.DeleteFunc(slices.Clone(charts), func(c report.Chart) bool {
		return !slices.ContainsFunc(c.Bars, func(b report.Bar) bool { return b.Count != 0 })
	})
}
