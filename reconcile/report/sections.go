package report

import "slices"

// The sections of a report, in order. Rows that are not changes show the state
// when the report was frozen.
const (
	SectionCases          = "cases"
	SectionUpdates        = "updates"
	SectionWithheld       = "withheld"
	SectionPushFailures   = "push-failures"
	SectionPushWaits      = "push-waits"
	SectionLeftOut        = "left-out"
	SectionOverwritten    = "overwritten"
	SectionClosures       = "pending-closures"
	SectionContradictions = "contradictions"
	SectionDrift          = "drift"
	SectionQuality        = "quality"
	SectionQuarantine     = "quarantine"
	SectionOverdue        = "overdue-checks"
	SectionAccounts       = "accounts"
	SectionUnreached      = "no-contact"
)

// The columns that most sections share.
var (
	codeColumn    = Column{"ods_code", "ODS code", CellText}
	nameColumn    = Column{"organisation_name", "Organisation", CellText}
	typeColumn    = Column{"organisation_type", "Type", CellText}
	fieldColumn   = Column{"field", "What", CellText}
	sinkColumn    = Column{"sink", "Directory", CellText}
	listingColumn = Column{"report", "Listing", CellText}
	sourceColumn  = Column{"source", "Source", CellText}
	reasonColumn  = Column{"reason", "Why", CellText}
)

// Sections returns the sections without their rows.
func Sections() []Section {
	return slices.Concat(caseSections(), changeSections(), pushSections(), standingSections(), estateSections(), peopleSections())
}

// caseSections returns the section about what waits for people: it comes first.
func caseSections() []Section {
	return []Section{{
		Name: SectionCases, Title: "What waits for people", Note: "Each ends by itself once its reason is gone.",
		Columns: []Column{
			{"case", "Case", CellNumber},
			{"kind", "Kind", CellText},
			{"what", "What is wrong", CellText},
			{"owner", "Who must act", CellText},
			{"deadline", "By", CellDate},
			{"state", "State", CellText},
			{"since", "Since", CellTime},
		},
	}}
}

// changeSections returns the sections about changes.
func changeSections() []Section {
	return []Section{
		{Name: SectionChanges, Title: "Changes", Columns: ChangeColumns()},
		{
			Name: SectionUpdates, Title: "Updates to earlier rows",
			Note: "Changes of earlier reports whose push has ended since.",
			Columns: []Column{
				{"change_id", "Change", CellNumber},
				codeColumn, nameColumn, fieldColumn, sinkColumn,
				{"push_status", "Result", CellText},
				{"pushed_at", "Arrived", CellTime},
				{"reason", "Why not", CellText},
				{"changed_at", "Changed", CellTime},
			},
		},
		{
			Name: SectionWithheld, Title: "Held back, waiting for approval", Note: "Nothing of this is done until a person says yes.",
			Columns: []Column{
				{"run", "Run", CellNumber},
				sourceColumn, listingColumn, codeColumn, nameColumn, fieldColumn,
				{"verb", "Action", CellText},
				{"before", "Before", CellText},
				{"after", "After", CellText},
				reasonColumn,
			},
		},
	}
}

// pushSections returns the sections about pushes that need a person, and about what
// pushes left out or overwrote.
func pushSections() []Section {
	return []Section{
		{
			Name: SectionPushFailures, Title: "Pushes that were refused",
			Columns: []Column{sinkColumn, codeColumn, nameColumn, typeColumn, reasonColumn, {"wanted_at", "Since", CellTime}},
		},
		{
			Name: SectionPushWaits, Title: "Pushes that wait for a person",
			Note:    "They would overwrite what nobody stated.",
			Columns: []Column{sinkColumn, codeColumn, nameColumn, typeColumn, reasonColumn, {"wanted_at", "Since", CellTime}},
		},
		{
			Name: SectionLeftOut, Title: "Fields that a directory does not take", Sheet: "Not taken by a directory",
			Note: "They stay there as they were; everything else of the profile was sent. Correct them in the profile.",
			Columns: []Column{
				sinkColumn, codeColumn, nameColumn, fieldColumn,
				{"value", "Value", CellText},
				reasonColumn,
				{"since", "Since", CellTime},
			},
		},
		{
			Name: SectionOverwritten, Title: "Overwritten, although nobody stated it", Sheet: "Overwritten, nobody stated it",
			Note: "Opening times never wait, and what a push could not leave out went with them; or a person said yes.",
			Columns: []Column{
				sinkColumn, codeColumn, nameColumn, fieldColumn,
				{"before", "Before", CellText},
				{"after", "After", CellText},
				{"sent_at", "When", CellTime},
			},
		},
	}
}

// standingSections returns the sections about the state of the register.
func standingSections() []Section {
	return []Section{
		{
			Name: SectionClosures, Title: "Closures waiting for a second look", Sheet: "Closures for a second look",
			Columns: []Column{listingColumn, codeColumn, nameColumn, {"since", "First seen", CellDate}},
		},
		{
			Name: SectionContradictions, Title: "Active, with an end date that has passed", Sheet: "Active after its end date",
			Columns: []Column{listingColumn, codeColumn, nameColumn, {"status", "Status", CellText}, {"ended", "End date", CellText}},
		},
	}
}

// estateSections returns the sections about what the directories show, and about records
// of the register.
func estateSections() []Section {
	return []Section{
		{
			Name: SectionDrift, Title: "Drift found in the directories",
			Columns: []Column{
				sinkColumn, codeColumn, nameColumn, fieldColumn,
				{"ours", "Ours", CellText},
				{"shown", "It showed", CellText},
				{"outcome", "Outcome", CellText},
				{"found_at", "Found", CellTime},
			},
		},
		{
			Name: SectionQuality, Title: "New findings of the quality checks", Sheet: "New quality findings",
			Note: "What no push can mend. Each is named once, until it goes and comes back.",
			Columns: []Column{
				{"quality_check", "Quality check", CellText},
				codeColumn, nameColumn,
				{"service", "DoS service", CellText},
				{"about", "About", CellText},
				{"detail", "What was found", CellText},
				{"owner", "Who must act", CellText},
				{"found_at", "Found", CellTime},
			},
		},
		{
			Name: SectionQuarantine, Title: "Records that could not be understood", Sheet: "Records not understood",
			Columns: []Column{
				sourceColumn, listingColumn, codeColumn,
				{"line", "Line", CellNumber},
				{"field", "Field", CellText},
				reasonColumn,
				{"seen_at", "Seen", CellTime},
			},
		},
	}
}

// peopleSections returns the sections about checks and accounts.
func peopleSections() []Section {
	return []Section{
		{
			Name: SectionOverdue, Title: "Checks overdue from last quarter", Sheet: "Checks overdue",
			Columns: []Column{codeColumn, nameColumn, typeColumn, {"missing", "What is missing", CellText}},
		},
		{
			Name: SectionAccounts, Title: "Accounts warned, ended or kept", Note: "Accounts are named by their ids alone.",
			Columns: []Column{
				{"account", "Account", CellText},
				{"event", "What happened", CellText},
				{"at", "When", CellTime},
				{"organisations", "Organisations", CellText},
			},
		},
		{
			Name: SectionUnreached, Title: "Organisations that no letter reaches", Sheet: "No letter reaches them",
			Note:    "Nobody's account there is active with an address that works.",
			Columns: []Column{codeColumn, nameColumn, typeColumn},
		},
	}
}

// sectionFigures holds the labels of the summary's figures that count the rows of
// a section.
var sectionFigures = map[string]string{
	SectionCases:   "Cases that wait for people",
	SectionChanges: "Changes", SectionUpdates: "Updates to earlier rows", SectionWithheld: "Held back for approval",
	SectionPushFailures: "Pushes refused", SectionPushWaits: "Pushes that wait for a person",
	SectionLeftOut: "Fields that a directory does not take", SectionOverwritten: "Values overwritten that nobody stated",
	SectionClosures: "Closures pending", SectionContradictions: "Contradictions",
	SectionDrift: "Drifted fields", SectionQuality: "New quality findings",
	SectionQuarantine: "Records in quarantine", SectionOverdue: "Organisations with overdue checks",
	SectionAccounts: "Accounts warned or ended", SectionUnreached: "Organisations without contact",
}

// FigureOf returns the summary's figure for a section.
func FigureOf(s Section) Figure {
	return Figure{Name: s.Name, Label: sectionFigures[s.Name], Count: s.Count, Section: s.Name}
}

// Names of figures that do not count the rows of a section.
const (
	FigureOrganisations = "organisations"
	FigureRepaired      = "repaired"
	FigureLasting       = "lasting"
	FigureNoise         = "noise"
	FigureChecked       = "checked"
)

// CountedFigure returns a figure of the summary that does not count the rows of a
// section, with the section that holds its rows, if any.
func CountedFigure(name string, count int) Figure {
	figure := Figure{Name: name, Label: name, Count: count}
	switch name {
	case FigureOrganisations:
		figure.Label, figure.Section = "Organisations changed", SectionChanges
	case FigureRepaired:
		figure.Label, figure.Section = "Drifted fields repaired", SectionDrift
	case FigureLasting:
		figure.Label = "Quality findings that last"
	case FigureNoise:
		figure.Label = "Changes of form only, not listed"
	case FigureChecked:
		figure.Label = "Sections checked, no change"
	}
	return figure
}
