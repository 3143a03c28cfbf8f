package report

import (
	"iter"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Header says what a daily change report covers (RULES.md "Report").
type Header struct {
	Day    profile.Date    // the working day it was made for, by which people know it
	From   time.Time       // the window is half-open: from this instant
	Until  time.Time       // to just before this one
	Region profile.ODSCode // the ICB whose rows these are; empty for the national report
	Name   string          // of the region, for people
	Frozen time.Time       // when it was written; it never changes afterwards
	Digest string          // of its rows
}

// Window is what a report covers: the half-open span [From, Until), and what is
// dated after Present, the moment at which it is made, and the calendar of that moment.
type Window struct {
	From, Until, Present time.Time
	Calendar             people.Calendar
}

// Report is a frozen report, ready to be written in any form. Rows are read one
// by one: a report never has to fit in memory.
type Report struct {
	Header

	Figures  []Figure
	Charts   []Chart
	Sections []Section // changes first
}

// Figure is one number of the summary.
type Figure struct {
	Name    string // changes, organisations, withheld, ...
	Label   string // for people
	Count   int
	Section string // whose rows it counts; empty for none
}

// Chart is a bar chart.
type Chart struct {
	Name  string // by-day, by-field, by-region, by-kind
	Title string
	Bars  []Bar
}

// Bar is a bar.
type Bar struct {
	Label string
	Count int
}

// Section is a table of the report.
type Section struct {
	Name    string // changes, updates, withheld, push-failures, ...
	Title   string
	Sheet   string // a shorter title, where a workbook has no room for the other
	Note    string // a sentence below the title; empty for none
	Columns []Column
	Count   int
	Names   map[profile.ODSCode]string // of boards and regions, for words
	Rows    iter.Seq2[[]string, error] // as many cells as columns; may be read several times
}

// Column is a column of a section.
type Column struct {
	Name  string // in files: ods_code
	Label string // for people: ODS code
	Kind  Cell
}

// Cell says what kind of text a cell holds.
type Cell string

// The kinds of cells.
const (
	CellText   Cell = "text"
	CellNumber Cell = "number" // an integer
	CellDate   Cell = "date"   // YYYY-MM-DD
	CellTime   Cell = "time"   // RFC 3339, UTC; empty for none
)

// SectionChanges is the section of changes, whose columns are ChangeColumns.
const SectionChanges = "changes"

// ChangeColumns are the 27 columns of the changes (RULES.md "Report columns").
func ChangeColumns() []Column {
	return []Column{
		{"report_date", "Report", CellDate},
		{"change_id", "Change", CellNumber},
		{"icb_code", "ICB", CellText},
		{"icb_name", "ICB name", CellText},
		{"region_name", "Region", CellText},
		{"ods_code", "ODS code", CellText},
		{"organisation_name", "Organisation", CellText},
		{"organisation_type", "Type", CellText},
		{"dos_service_uid", "DoS service", CellText},
		{"dos_service_type", "DoS type", CellText},
		{"field", "Field in DoS", CellText},
		{"field_label", "What", CellText},
		{"action", "Action", CellText},
		{"before", "Before", CellText},
		{"after", "After", CellText},
		{"changed_at", "Changed", CellTime},
		{"changed_by", "By", CellText},
		{"changed_by_role", "Role", CellText},
		{"source", "Source", CellText},
		{"approval_status", "Approval", CellText},
		{"approved_by", "Approved by", CellText},
		{"approved_at", "Approved", CellTime},
		{"dos_push_status", "DoS", CellText},
		{"dos_pushed_at", "To DoS", CellTime},
		{"nhsuk_push_status", "Website", CellText},
		{"nhsuk_pushed_at", "To website", CellTime},
		{"correlation_id", "Run", CellText},
	}
}

// StandingRow is a row that the store cannot make by itself.
type StandingRow struct {
	Section string
	ICB     profile.ODSCode
	Cells   []string
}
