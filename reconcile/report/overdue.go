package report

import "github.com/profilesync/profilesync/reconcile/people"

// Overdue are the rows of a report about organisations that miss something of the
// last quarter.
func Overdue(world people.ReminderContext, orgs []people.CheckedOrg) (rows []StandingRow) {
	last := people.QuarterOn(world.Today).Prev()
	for _, org := range orgs {
		if line, due := world.Line(org, last); due {
			rows = append(rows, StandingRow{
				Section: SectionOverdue, ICB: org.ICB, Cells: []string{string(org.Code), org.Name, string(org.Type), line},
			})
		}
	}
	return rows
}
