package ods

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// The layouts in which a report was published (CONTRACT.md "Layouts"). Their names
// are kept with runs.
const (
	legacy = "legacy" // the zip files of before November 2025
	dse    = "dse"    // the downloads of today
)

// meaning is what a column says of an organisation. Two layouts may have the same
// field from columns of different meaning: then their values do not compare.
type meaning string

// The meanings of columns.
const (
	regionOfICB       meaning = "NHS England region of the organisation's ICB"
	icbOfCommissioner meaning = "ICB of the commissioner"
	icbOfPostcode     meaning = "ICB that the postcode lies in"
	icbOfTrust        meaning = "ICB of the trust"
	icbOfPractice     meaning = "ICB of the parent practice"
	aCommissioner     meaning = "commissioner"
	aHeadquarters     meaning = "headquarters"
	aPractice         meaning = "parent practice"
)

// column is what one column of a layout means, and the field that it gives.
type column struct {
	number int
	means  meaning
	field  profile.Field // NoField where no profile shows it
	via    string        // the report that leads from the column to the field; empty where the column holds it
}

// layouts are the columns of a report by the name of the layout: those in which
// reports differ. The others mean the same everywhere.
type layouts map[string][]column

// inBoth are the columns of a report that kept their meaning.
func inBoth(columns []column) layouts { return layouts{legacy: columns, dse: columns} }

// board are the columns of region and ICB.
func board(icb meaning, others ...column) []column {
	return append([]column{{colRegion, regionOfICB, profile.FieldRegion, ""}, {colICB, icb, profile.FieldICB, ""}}, others...)
}

var (
	commissioner = column{colParent, aCommissioner, profile.FieldCommissioner, ""}
	headquarters = column{colParent, aHeadquarters, profile.FieldParent, ""}
	practice     = column{colParent, aPractice, profile.FieldParent, ""}
)

// practicesToday are the columns of GP practices in today's layout: region and ICB
// are those of the postcode there, and no profile shows them; a practice has those
// of its commissioner.
var practicesToday = []column{
	{colRegion, regionOfICB, profile.NoField, ""},
	{colICB, icbOfPostcode, profile.NoField, ""},
	commissioner,
	{colParent, regionOfICB, profile.FieldRegion, ReportOfCommissioners},
	{colParent, icbOfCommissioner, profile.FieldICB, ReportOfCommissioners},
}

// giving returns the column that gives a field, the zero one where none does.
func giving(columns []column, f profile.Field) column {
	for _, c := range columns {
		if c.field == f {
			return c
		}
	}
	return column{}
}

// NeedsCommissioners reports whether a layout of the report has fields that follow
// from the boards of commissioners: without these it does not state them.
func NeedsCommissioners(report string) bool {
	for _, columns := range reports[report].layouts {
		if needsCommissioners(columns) {
			return true
		}
	}
	return false
}

func needsCommissioners(columns []column) bool {
	return slices.ContainsFunc(columns, func(c column) bool { return c.via == ReportOfCommissioners })
}

// Redefined lists the fields whose values mean something else in one layout of a
// report than in another, in order: where a listing's layout is not that of the
// one before it, they are not to be compared. A region means what its ICB does.
func Redefined(report, from, to string) ([]profile.Field, error) {
	r, err := reportNamed(report)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{from, to} {
		if _, ok := r.layouts[name]; !ok {
			return nil, fmt.Errorf("layout %q: want %s or %s", name, legacy, dse)
		}
	}
	var fields []profile.Field
	for _, f := range profile.Fields() {
		if meaningOf(r.layouts[from], f) != meaningOf(r.layouts[to], f) {
			fields = append(fields, f)
		}
	}
	return fields, nil
}

func meaningOf(columns []column, f profile.Field) meaning {
	if f == profile.FieldRegion {
		f = profile.FieldICB
	}
	return giving(columns, f).means
}

// ColumnsOf names the columns of a report's layout that a field is read from, such as
// "column 2"; empty if none is, as for a field that follows from the report itself.
func ColumnsOf(name, layout string, f profile.Field) string {
	r, known := reports[name]
	if !known {
		return ""
	}
	columns := r.layouts[layout]
	switch f {
	case profile.FieldName:
		return columnText(colName)
	case profile.FieldAddress:
		return fmt.Sprintf("columns %d to %d", colAddress, colPost-1)
	case profile.FieldPostcode:
		return columnText(colPost)
	case profile.FieldStatus:
		if r.status == noStatus {
			return fmt.Sprintf("columns %d and %d", colOpened, colClosed)
		}
		return columnText(colStatus)
	case profile.FieldRoles:
		return r.columnOfRoles()
	case profile.FieldPhone:
		return columnText(colPhone)
	}
	c := giving(columns, f)
	switch {
	case c.number == 0:
		return ""
	case c.via != "":
		return columnText(c.number) + " and report " + c.via
	default:
		return columnText(c.number)
	}
}

func (r report) columnOfRoles() string {
	switch {
	case r.setting:
		return columnText(colSetting)
	case r.roles == "" && len(r.subtypes) > 0:
		return columnText(colSubtype)
	default:
		return ""
	}
}

func columnText(number int) string { return "column " + strconv.Itoa(number) }
