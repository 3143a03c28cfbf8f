package report

import "github.com/profilesync/profilesync/reconcile/people"

// Overdue returns the rows of a report about organisations that missed a check in
// the last quarter.
func Overdue(reminding people.ReminderContext, orgs []people.CheckedOrg) (rows []StandingRow) {
	last := people.QuarterOn(reminding.Today).Prev()
	for _, org := range orgs {
		if line, due := reminding.Line(org, last); due {
			rows = append(rows, StandingRow{
				Section: SectionOverdue, ICB: org.ICB, Cells: []string{string(org.Code), org.Name, string(org.Type), line},
			})
		}
	}
	return rows
}
