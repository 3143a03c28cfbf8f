package people

import (
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Stage is a stage of reminding people of their checks in a quarter.
type Stage string

// The stages, in the order of a quarter (RULES.md "Reminders").
const (
	StageOpening   Stage = "opening"
	StageFourWeeks Stage = "28-days"
	StageTwoWeeks  Stage = "14-days"
	StageThreeDays Stage = "3-days"
	StageOverdue   Stage = "overdue" // for account managers and ICB lists
	StageAsked     Stage = "asked"   // a person asked for it
)

// Letter returns the kind of letter of a stage.
func (s Stage) Letter() LetterKind {
	switch s {
	case StageFourWeeks:
		return LetterFourWeeks
	case StageTwoWeeks:
		return LetterTwoWeeks
	case StageThreeDays:
		return LetterThreeDays
	case StageOverdue:
		return LetterOverdue
	default:
		return LetterOpening
	}
}

// For reports whether the stage is for people in a role.
func (s Stage) For(role MemberRole) bool { return s != StageOverdue || role == RoleManager }

// StageDay says when a stage is sent: on its day or, if that was not possible,
// later, up to and including the last day on which it makes sense.
type StageDay struct {
	Stage   Stage
	Quarter Quarter
	Day     profile.Date
	Until   profile.Date // the last day on which it is sent late
}

// overdueDays is how many days after its day an overdue notice still makes sense.
const overdueDays = 14

// Stages returns the stages of a quarter. Each makes sense until the next one is
// due, the last but one until the deadline. A stage whose day is not a working
// day is sent on the next working day.
func (c Calendar) Stages(q Quarter) []StageDay {
	deadline := q.Last()
	days := []StageDay{
		{Stage: StageOpening, Day: c.WorkingDayOnOrAfter(q.First())},
		{Stage: StageFourWeeks, Day: c.WorkingDayOnOrAfter(deadline.AddDays(-28))},
		{Stage: StageTwoWeeks, Day: c.WorkingDayOnOrAfter(deadline.AddDays(-14))},
		{Stage: StageThreeDays, Day: c.AddWorkingDays(deadline, -3)},
		{Stage: StageOverdue, Day: c.WorkingDayOnOrAfter(deadline.AddDays(1))},
	}
	for i := range days {
		days[i].Quarter = q
		switch days[i].Stage {
		case StageThreeDays:
			days[i].Until = deadline
		case StageOverdue:
			days[i].Until = days[i].Day.AddDays(overdueDays)
		default:
			days[i].Until = days[i+1].Day.AddDays(-1)
		}
	}
	return days
}

// StagesOn returns the stages due on a day, on time or late: at most one of the
// quarter, and the overdue notice of the quarter before.
func (c Calendar) StagesOn(today profile.Date) (due []StageDay) {
	q := QuarterOn(today)
	for _, day := range slices.Concat(c.Stages(q.Prev()), c.Stages(q)) {
		if !today.Before(day.Day) && !today.After(day.Until) {
			due = append(due, day)
		}
	}
	return due
}

// ReminderContext holds what reminders are planned with.
type ReminderContext struct {
	Today    profile.Date
	Calendar Calendar
	Rules    CheckRules
}

// Reminder is a letter that is due to a person or to the list of an ICB.
type Reminder struct {
	StageDay

	Account AccountID         // 0 for a list
	List    profile.ODSCode   // the ICB of a list; empty for a person
	Codes   []profile.ODSCode // the organisations that miss something
	Lines   []string          // what is missing in each, for people
}

// Reference returns the reminder's unique name, so that nobody gets the same
// stage of a quarter twice.
func (r Reminder) Reference() string {
	to := r.Account.String()
	if r.Account == 0 {
		to = "list-" + string(r.List)
	}
	stage := string(r.Stage)
	if r.Stage == StageAsked {
		stage += "-" + r.Day.String()
	}
	return fmt.Sprintf("check/%s/%s/%s", r.Quarter, to, stage)
}

// DueLetter returns the reminder as a letter that is due. A reminder that a person
// asked for is sent at most once a day.
func (r Reminder) DueLetter() DueLetter {
	letter := DueLetter{
		Reference: r.Reference(), Kind: r.Stage.Letter(), Account: r.Account, List: r.List, Stage: r.Stage, Quarter: r.Quarter,
	}
	if r.Account == 0 {
		letter.Codes = r.Codes // a list has no organisations of its own
	}
	return letter
}

// Plan returns the reminders due today. Each is judged once more, for its
// recipient alone, at the moment of sending.
func (r ReminderContext) Plan(people []Person) (reminders []Reminder) {
	for _, day := range r.Calendar.StagesOn(r.Today) {
		for _, p := range people {
			if reminder, due := r.For(p, day); due {
				reminders = append(reminders, reminder)
			}
		}
	}
	return reminders
}

// For returns the reminder of one person in a stage, and false if nothing is
// missing or nothing may be sent to them.
func (r ReminderContext) For(p Person, day StageDay) (reminder Reminder, due bool) {
	if p.State != AccountActive || p.Dead {
		return reminder, false
	}
	reminder = Reminder{StageDay: day, Account: p.ID}
	for _, org := range p.Orgs {
		if day.Stage.For(org.Role) {
			reminder = reminder.withOrg(r, org.CheckedOrg)
		}
	}
	return reminder, len(reminder.Codes) > 0
}

// ForList returns the overdue notice to an ICB's list, and false if nothing is
// missing.
func (r ReminderContext) ForList(icb profile.ODSCode, orgs []CheckedOrg, day StageDay) (reminder Reminder, due bool) {
	reminder = Reminder{StageDay: day, List: icb}
	for _, org := range orgs {
		reminder = reminder.withOrg(r, org)
	}
	return reminder, len(reminder.Codes) > 0
}

// withOrg adds an organisation if it misses something.
func (r Reminder) withOrg(reminding ReminderContext, org CheckedOrg) Reminder {
	if line, missing := reminding.Line(org, r.Quarter); missing {
		r.Codes, r.Lines = append(r.Codes, org.Code), append(r.Lines, line)
	}
	return r
}

// Line says what an organisation misses in a quarter, and false if nothing.
func (r ReminderContext) Line(org CheckedOrg, q Quarter) (line string, due bool) {
	rule := r.Rules[org.Type]
	missing := rule.Missing(org.Checked, org.Stated, r.Calendar, q, r.Today)
	if len(missing) == 0 {
		return "", false
	}
	return MissingLine(org.Code, org.Name, org.Type, rule.Every, missing, rule.LastReview(org.Checked)), true
}

// Types returns the types of organisations that must check something, in the
// order of profile.OrgTypes.
func (r CheckRules) Types() []profile.OrgType {
	types := []profile.OrgType{}
	for _, t := range profile.OrgTypes() {
		if len(r[t].Sections) > 0 {
			types = append(types, t)
		}
	}
	return types
}

// Quarterly lists the types that must check something in each quarter, in the order of
// profile.OrgTypes.
func (r CheckRules) Quarterly() []profile.OrgType {
	return slices.DeleteFunc(r.Types(), func(t profile.OrgType) bool { return r[t].Every != EveryQuarter })
}
