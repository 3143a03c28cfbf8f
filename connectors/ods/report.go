package ods

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// report says how the content of one report must look, and which of its columns
// are read (CONTRACT.md "Columns").
type report struct {
	types    []profile.OrgType
	codes    []string          // shapes of its codes, see hasShape
	status   statusColumn      // whether column 13 is read
	subtypes map[string]string // from column 14 to the roles it means; nil if the column is not read
	roles    string            // the roles of all its rows, if no column says them
	setting  bool              // column 26 holds the prescribing setting
	layouts  layouts           // what the columns mean that differ between reports
}

type statusColumn int

const (
	noStatus       statusColumn = iota // the dates decide
	statusRequired                     // every row has a status word
	statusOptional                     // the file either has them or has none
)

// Columns from 1, as the register's specification numbers them.
const (
	colCode    = 1
	colName    = 2
	colRegion  = 3
	colICB     = 4
	colAddress = 5 // five columns
	colPost    = 10
	colOpened  = 11
	colClosed  = 12
	colStatus  = 13
	colSubtype = 14
	colParent  = 15
	colPhone   = 18
	colAmended = 22
	colSetting = 26
	numColumns = 27
)

// reports are the reports that can be loaded, a row each. Three closed rows of
// edispensary have sub-type 3, whose meaning is not documented: such a row has
// no type, and its roles are not stated.
var reports = map[string]report{
	"edispensary": {
		types: []profile.OrgType{profile.Pharmacy}, codes: []string{"Fxxxx"}, status: statusRequired,
		subtypes: map[string]string{"1": "RO182", "2": "RO94", "3": "", "RO182": "RO182", "RO94": "RO94"},
		layouts:  inBoth(board(icbOfPostcode, headquarters)),
	},
	"epraccur": {
		types: []profile.OrgType{profile.GPPractice}, codes: []string{"axx999"}, status: statusRequired,
		subtypes: map[string]string{"B": "", "Z": ""}, setting: true,
		layouts: layouts{legacy: board(icbOfCommissioner, commissioner), dse: practicesToday},
	},
	"egdpprac": {
		types: []profile.OrgType{profile.DentalPractice}, codes: []string{"V99999"}, status: statusRequired,
		subtypes: map[string]string{"D": "RO110", "P": "RO110|RO65", "RO110": "RO110", "RO65": "RO110|RO65", "RO110|RO65": "RO110|RO65"},
		layouts:  layouts{legacy: board(icbOfCommissioner, commissioner), dse: board(icbOfPostcode, commissioner)},
	},
	"ebranchs": {
		types: []profile.OrgType{profile.GPBranch}, codes: []string{"xxxxxxxxx", anana}, roles: "RO96", subtypes: noSubtype,
		layouts: layouts{legacy: board(icbOfPractice, practice), dse: board(icbOfPostcode, practice)},
	},
	"etr": {
		types: []profile.OrgType{profile.Trust}, codes: []string{"Rxx", anana}, roles: "RO197", subtypes: noSubtype,
		layouts: inBoth(board(icbOfTrust)),
	},
	"ets": {
		types: []profile.OrgType{profile.TrustSite}, codes: []string{"Rxxxx", anana}, roles: "RO198", subtypes: noSubtype,
		layouts: layouts{legacy: board(icbOfTrust), dse: board(icbOfPostcode)},
	},
	"etrust": {
		types: []profile.OrgType{profile.Trust, profile.TrustSite}, codes: []string{"Rxx", "Rxxxx", anana},
		subtypes: noSubtype, layouts: layouts{legacy: board(icbOfTrust), dse: board(icbOfPostcode)},
	},
	"eoptsite": {
		types: []profile.OrgType{profile.OpticalSite}, codes: []string{"Txx", "Txxx", "Txxxx", "Txxxxx", "Txxxxxx", "Txxxxxxx", anana},
		status: statusOptional, roles: "RO167", layouts: inBoth(board(icbOfPostcode)),
	},
}

var noSubtype = map[string]string{"": ""}

// anana is the shape of codes issued since April 2020: letters and digits in
// turn (CONTRACT.md "Codes"). Legacy codes may have it by chance.
const anana = "a9a9a"

// Reports lists the reports that can be loaded, in the order of their names.
func Reports() []string {
	return []string{"ebranchs", "edispensary", "egdpprac", "eoptsite", "epraccur", "etr", "etrust", "ets"}
}

// ReportOf returns the report that a file holds: its name up to the first "_",
// or else up to its extension (reconcile/RULES.md "Listings"). It is one of Reports,
// or ReportOfCommissioners.
func ReportOf(fileName string) (string, error) {
	base := filepath.Base(fileName)
	name, _, found := strings.Cut(base, "_")
	if !found {
		name, _, _ = strings.Cut(base, ".")
	}
	if name == ReportOfCommissioners {
		return name, nil
	}
	if _, err := reportNamed(name); err != nil {
		return "", fmt.Errorf("file %q: its name does not start with a report; name the report: %w", base, err)
	}
	return name, nil
}

// Types returns the organisation types that can have a profile and that the
// report lists: the population of its guard.
func Types(name string) ([]profile.OrgType, error) {
	r, err := reportNamed(name)
	return r.types, err
}

func reportNamed(name string) (report, error) {
	if r, ok := reports[name]; ok {
		return r, nil
	}
	return report{}, fmt.Errorf("report %q: want one of %s", name, strings.Join(Reports(), ", "))
}

// hasShape reports whether the code has one of the shapes: "a" stands for a
// letter, "9" for a digit, "x" for either, anything else for itself.
func hasShape(code string, shapes ...string) bool {
	for _, shape := range shapes {
		if hasShapeOf(code, shape) {
			return true
		}
	}
	return false
}

func hasShapeOf(code, shape string) bool {
	if len(code) != len(shape) {
		return false
	}
	for i := range len(code) {
		if !stands(code[i], shape[i]) {
			return false
		}
	}
	return true
}

func stands(c, shape byte) bool {
	letter, digit := c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
	switch shape {
	case 'a':
		return letter
	case '9':
		return digit
	case 'x':
		return letter || digit
	}
	return c == shape
}
