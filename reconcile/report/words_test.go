package report_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// sectionNamed returns a section.
func sectionNamed(t *testing.T, name string) report.Section {
	t.Helper()
	sections := report.Sections()
	at := slices.IndexFunc(sections, func(s report.Section) bool { return s.Name == name })
	require.GreaterOrEqual(t, at, 0, name)
	return sections[at]
}

// rowWith returns a row of a section; pairs are a column's name and a text.
func rowWith(t *testing.T, s report.Section, pairs ...string) []string {
	t.Helper()
	row := make([]string, len(s.Columns))
	for pair := range slices.Chunk(pairs, 2) {
		row[columnNamed(t, s, pair[0])] = pair[1]
	}
	return row
}

func columnNamed(t *testing.T, s report.Section, name string) int {
	t.Helper()
	at := slices.IndexFunc(s.Columns, func(c report.Column) bool { return c.Name == name })
	require.GreaterOrEqual(t, at, 0, name)
	return at
}

func TestRowsInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		section string
		row     []string // pairs of a column's name and a text
		column  string
		want    string
	}{
		{"changes", []string{"changed_by", "system", "source", "ODS_SYNC"}, "changed_by", "the register"},
		{"changes", []string{"changed_by", "system", "source", "ERS_SYNC"}, "changed_by", "e-RS"},
		{"changes", []string{"changed_by", "system", "source", "SYSTEM"}, "changed_by", "the system"},
		{"changes", []string{"changed_by", "operator"}, "changed_by", "an operator"},
		{"changes", []string{"changed_by", "u-4711", "changed_by_role", "DoS lead"}, "changed_by", "DoS lead u-4711"},
		{
			"changes",
			[]string{"changed_by", "system", "source", "ODS_SYNC", "approved_by", "dos-lead-12"},
			"changed_by",
			"the register, approved by dos-lead-12",
		},
		{
			"changes",
			[]string{"changed_by", "system", "source", "ODS_SYNC", "approved_by", "operator"},
			"changed_by",
			"the register, approved by an operator",
		},
		{"changes", []string{"field_label", "Status", "after", "closed", "source", "ODS_SYNC"}, "after", "closed by the register"},
		{"changes", []string{"field_label", "Status", "after", "closed", "source", "SYSTEM"}, "after", "closed"},
		{"changes", []string{"field_label", "Status", "before", "closed", "source", "ODS_SYNC"}, "before", "closed"},
		{"changes", []string{"field_label", "Name", "after", "closed"}, "after", "closed"},
		{"changes", []string{"field_label", "Address", "after", "1 High Street$Leeds"}, "after", "1 High Street, Leeds"},
		{"changes", []string{"field_label", "Type", "after", "gp-branch"}, "after", "GP branch"},
		{"changes", []string{"field_label", "Integrated care board", "after", "QAA"}, "after", "NHS Example ICB (QAA)"},
		{"changes", []string{"field_label", "Integrated care board", "after", "QBB"}, "after", "QBB"},
		{"withheld", []string{"field", "region", "before", "Y56"}, "before", "London (Y56)"},
		{"changes", []string{"field_label", "Hidden", "after", "true"}, "after", "yes"},
		{"changes", []string{"field", "cmsurl"}, "field", "cmsurl"},
		{"changes", []string{"organisation_type", "DEN"}, "organisation_type", "dentist"},
		{"changes", []string{"action", "modify"}, "action", "changed"},
		{"changes", []string{"approval_status", "NOT_REQUIRED"}, "approval_status", "not needed"},
		{"changes", []string{"dos_push_status", "SUPERSEDED"}, "dos_push_status", "replaced by a later change"},
		{"changes", []string{"nhsuk_push_status", "NO_ROUTE"}, "nhsuk_push_status", "not sent there"},
		{"changes", []string{"organisation_name", "update"}, "organisation_name", "update"},
		{"updates", []string{"field", "opening-times"}, "field", "Opening hours"},
		{"updates", []string{"sink", "dos"}, "sink", "DoS"},
		{"withheld", []string{"verb", "close"}, "verb", "closure"},
		{"withheld", []string{"report", "etr"}, "report", "trusts"},
		{"withheld", []string{"reason", "mass-change"}, "reason", "the same field of too many organisations at once"},
		{"withheld", []string{"field", "type", "before", "trust"}, "before", "trust"},
		{"push-failures", []string{"reason", "mass-change"}, "reason", "mass-change"},
		{"drift", []string{"field", "phone of service 7 (type 148)"}, "field", "Telephone of service 7 (type 148)"},
		{"drift", []string{"field", "a name of the future"}, "field", "a name of the future"},
		{"cases", []string{"kind", "no-account-manager"}, "kind", "no account manager"},
		{"cases", []string{"owner", "dos-lead"}, "owner", "DoS lead"},
		{"quarantine", []string{"source", "ods"}, "source", "organisation register"},
		{"no-contact", []string{"organisation_type", "gp-practice"}, "organisation_type", "GP practice"},
	} {
		s := sectionNamed(t, c.section)
		s.Names = map[profile.ODSCode]string{"QAA": "NHS Example ICB", "Y56": "London"}
		row := rowWith(t, s, c.row...)
		before := slices.Clone(row)
		require.Equal(t, c.want, s.Worded(row)[columnNamed(t, s, c.column)], "%s %q", c.section, c.row)
		require.Equal(t, before, row, "the row itself stays")
	}
}

// Nobody reads more than eight columns at once, and each stands somewhere once.
func TestReadingOrder(t *testing.T) {
	t.Parallel()
	for _, s := range report.Sections() {
		first, rest := s.ReadingOrder()
		require.NotEmpty(t, first, s.Name)
		require.LessOrEqual(t, len(first), 8, s.Name)
		var names []string
		for _, at := range slices.Concat(first, rest) {
			names = append(names, s.Columns[at].Name)
		}
		var want []string
		for _, c := range s.Columns {
			if c.Name != "ods_code" || !slices.Contains(names, "organisation_name") {
				want = append(want, c.Name)
			}
		}
		require.ElementsMatch(t, want, names, s.Name)
	}
	changes := sectionNamed(t, "changes")
	first, _ := changes.ReadingOrder()
	var labels []string
	for _, at := range first {
		labels = append(labels, changes.Columns[at].Label)
	}
	require.Equal(t, []string{"Organisation", "What", "Before", "After", "Changed", "By", "DoS", "Website"}, labels)
}

func TestOrganisationsHaveNameAndCode(t *testing.T) {
	t.Parallel()
	s := sectionNamed(t, "no-contact")
	require.Equal(t, "Example Pharmacy (FA001)", s.Organisation(rowWith(t, s, "ods_code", "FA001", "organisation_name", "Example Pharmacy")))
	require.Equal(t, "FA001", s.Organisation(rowWith(t, s, "ods_code", "FA001")))
	require.Equal(t, "Example Pharmacy", s.Organisation(rowWith(t, s, "organisation_name", "Example Pharmacy")))
}

// Excel takes 31 characters.
func TestTitlesFitASheet(t *testing.T) {
	t.Parallel()
	for _, s := range report.Sections() {
		if s.Sheet == "" {
			s.Sheet = s.Title
		}
		require.LessOrEqual(t, len(s.Sheet), 31, s.Sheet)
	}
}
