package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/report"
)

// columnsOf returns the names of the columns in one line, each with its kind unless
// it is text.
func columnsOf(section report.Section) string {
	var columns []string
	for _, c := range section.Columns {
		name := c.Name
		if c.Kind != report.CellText {
			name += ":" + string(c.Kind)
		}
		columns = append(columns, name)
	}
	return strings.Join(columns, " ")
}

// People's spreadsheets and programs depend on these names and their order.
func TestSectionsAndTheirColumns(t *testing.T) {
	t.Parallel()
	want := []struct{ name, title, columns string }{
		{"cases", "What waits for people", "case:number kind what owner deadline:date state since:time"},
		{
			"changes", "Changes",
			"report_date:date change_id:number icb_code icb_name region_name ods_code organisation_name organisation_type " +
				"dos_service_uid dos_service_type field field_label action before after changed_at:time changed_by changed_by_role source " +
				"approval_status approved_by approved_at:time dos_push_status dos_pushed_at:time nhsuk_push_status nhsuk_pushed_at:time " +
				"correlation_id",
		},
		{
			"updates", "Updates to earlier rows",
			"change_id:number ods_code organisation_name field sink push_status pushed_at:time reason changed_at:time",
		},
		{
			"withheld", "Held back, waiting for approval",
			"run:number source report ods_code organisation_name field verb before after reason",
		},
		{"push-failures", "Pushes that were refused", "sink ods_code organisation_name organisation_type reason wanted_at:time"},
		{"push-waits", "Pushes that wait for a person", "sink ods_code organisation_name organisation_type reason wanted_at:time"},
		{
			"left-out", "Fields that a directory does not take",
			"sink ods_code organisation_name field value reason since:time",
		},
		{"overwritten", "Overwritten, although nobody stated it", "sink ods_code organisation_name field before after sent_at:time"},
		{"pending-closures", "Closures waiting for a second look", "report ods_code organisation_name since:date"},
		{"contradictions", "Active, with an end date that has passed", "report ods_code organisation_name status ended"},
		{"drift", "Drift found in the directories", "sink ods_code organisation_name field ours shown outcome found_at:time"},
		{
			"quality", "New findings of the quality checks",
			"quality_check ods_code organisation_name service about detail owner found_at:time",
		},
		{"quarantine", "Records that could not be understood", "source report ods_code line:number field reason seen_at:time"},
		{"overdue-checks", "Checks overdue from last quarter", "ods_code organisation_name organisation_type missing"},
		{"accounts", "Accounts warned, ended or kept", "account event at:time organisations"},
		{"no-contact", "Organisations that no letter reaches", "ods_code organisation_name organisation_type"},
	}
	sections := report.Sections()
	require.Len(t, sections, len(want))
	for i, section := range sections {
		require.Equal(t, want[i].name, section.Name)
		require.Equal(t, want[i].title, section.Title, section.Name)
		require.Equal(t, want[i].columns, columnsOf(section), section.Name)
		require.Nil(t, section.Rows, "%s: rows come from the store", section.Name)
		require.Zero(t, section.Count, section.Name)
	}
}

func TestColumnsAreNamedOnce(t *testing.T) {
	t.Parallel()
	inFiles := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	kinds := []report.Cell{report.CellText, report.CellNumber, report.CellDate, report.CellTime}
	named := map[string]bool{}
	for _, section := range report.Sections() {
		require.False(t, named[section.Name], section.Name)
		named[section.Name] = true
		names, labels := map[string]bool{}, map[string]bool{}
		for _, column := range section.Columns {
			where := section.Name + " " + column.Name
			require.Regexp(t, inFiles, column.Name, where)
			require.NotEmpty(t, column.Label, where)
			require.False(t, names[column.Name], where)
			require.False(t, labels[column.Label], "%s: called %q twice", where, column.Label)
			require.Contains(t, kinds, column.Kind, where)
			names[column.Name], labels[column.Label] = true, true
		}
	}
}

// If callers shared a section, one report would show the rows of another.
func TestSectionsAreCopies(t *testing.T) {
	t.Parallel()
	before := fmt.Sprint(report.Sections())
	mine := report.Sections()
	for i := range mine {
		mine[i].Count = 7
		for j := range mine[i].Columns {
			mine[i].Columns[j].Label = "scribbled"
		}
	}
	require.Equal(t, before, fmt.Sprint(report.Sections()))
	require.Len(t, report.ChangeColumns(), 27)
}

// A note is a sentence below the title. Only these sections need one.
func TestNotesAreSentences(t *testing.T) {
	t.Parallel()
	var with []string
	for _, section := range report.Sections() {
		if section.Note != "" {
			with = append(with, section.Name)
			require.True(t, strings.HasSuffix(section.Note, "."), section.Note)
		}
	}
	require.Equal(t, []string{
		"cases", "updates", "withheld", "push-waits", "left-out", "overwritten", "quality", "accounts", "no-contact",
	}, with)
}

func TestEverySectionHasAFigure(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		report.SectionCases:          "Cases that wait for people",
		report.SectionChanges:        "Changes",
		report.SectionUpdates:        "Updates to earlier rows",
		report.SectionWithheld:       "Held back for approval",
		report.SectionPushFailures:   "Pushes refused",
		report.SectionPushWaits:      "Pushes that wait for a person",
		report.SectionLeftOut:        "Fields that a directory does not take",
		report.SectionOverwritten:    "Values overwritten that nobody stated",
		report.SectionClosures:       "Closures pending",
		report.SectionContradictions: "Contradictions",
		report.SectionDrift:          "Drifted fields",
		report.SectionQuality:        "New quality findings",
		report.SectionQuarantine:     "Records in quarantine",
		report.SectionOverdue:        "Organisations with overdue checks",
		report.SectionAccounts:       "Accounts warned or ended",
		report.SectionUnreached:      "Organisations without contact",
	}
	for i, section := range report.Sections() {
		section.Count = i
		require.Equal(t, report.Figure{
			Name: section.Name, Label: want[section.Name], Count: i, Section: section.Name,
		}, report.FigureOf(section))
	}
}

func TestFiguresThatCountNoRows(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]report.Figure{
		report.FigureOrganisations: {Label: "Organisations changed", Section: report.SectionChanges},
		report.FigureRepaired:      {Label: "Drifted fields repaired", Section: report.SectionDrift},
		report.FigureLasting:       {Label: "Quality findings that last"},
		report.FigureNoise:         {Label: "Changes of form only, not listed"},
		report.FigureChecked:       {Label: "Sections checked, no change"},
		"an unknown figure":        {Label: "an unknown figure"},
	} {
		want.Name, want.Count = name, 3
		require.Equal(t, want, report.CountedFigure(name, 3))
	}
}
