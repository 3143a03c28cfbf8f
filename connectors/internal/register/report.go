package register

import (
	"fmt"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Report is one list of the register, by the name of its file and its download
// (connectors/ods/CONTRACT.md "Downloads").
type Report string

// The reports in the register.
const (
	Authorities  Report = "eauth" // NHS England regions and integrated care boards
	SubICBs      Report = "eccg"
	PharmacyHQs  Report = "epharmacyhq"
	OpticalHQs   Report = "eopthq"
	Trusts       Report = "etr"
	TrustSites   Report = "ets"
	Practices    Report = "epraccur"
	Branches     Report = "ebranchs"
	Dispensaries Report = "edispensary"
	Dentists     Report = "egdpprac"
	OpticalSites Report = "eoptsite"
)

// Reports lists every report, parents before those they operate.
func Reports() []Report {
	list := make([]Report, len(specs))
	for i, s := range specs {
		list[i] = s.report
	}
	return list
}

// ParseReport returns the report with a name, or an error that lists the reports.
func ParseReport(name string) (Report, error) {
	for _, s := range specs {
		if string(s.report) == name {
			return s.report, nil
		}
	}
	return "", fmt.Errorf("report %q: want one of %v", name, Reports())
}

// spec holds the figures of one report, as measured on published files
// (connectors/ods/CONTRACT.md "Measured figures"). Shares are of all rows, from 0
// to 1.
type spec struct {
	report Report
	count  int // rows of the real one

	inactive, dormant, proposed float64
	archived                    float64 // of the inactive: closed by 31 March 2017

	// Dirt by position, so that the smallest register has some: on one row in this
	// many.
	contradictions, strays, oddPostcodes, noBoard int
	welsh                                         float64

	epoch      profile.Date // a day on which very many of them opened
	epochShare float64
	since      int // the first year of the other openings

	postcodes  float64 // postcodes to draw from, per organisation: fewer means more sharing
	names      float64 // names to draw from, per organisation, besides chains
	noPhone    float64
	phones     []weighted
	keptParent float64 // those still with the parent with which they opened
	status     bool    // whether the layout has a status column
	forms      []form
	roles      []string // primary first, if all have the same
}

// weighted is one choice of a table, with its measured frequency.
type weighted struct {
	value  string
	weight int
}

var specs = []spec{
	{report: Authorities, count: 49}, // 7 regions and 42 boards, whatever the size
	{report: SubICBs, count: 106, since: 2013, forms: subICBForms, roles: []string{"RO98", "RO319"}},
	{
		report: PharmacyHQs, count: 6155, inactive: 0.370, archived: 0.6, since: 1995, postcodes: 15, names: 8,
		noPhone: 0.1, phones: shopPhones, forms: pharmacyHQForms, roles: []string{"RO181"},
	},
	{
		report: OpticalHQs, count: 4400, inactive: 0.230, archived: 0.4, since: 2006, postcodes: 15, names: 8,
		noPhone: 0.1, phones: shopPhones, forms: opticalHQForms, roles: []string{"RO166"},
	},
	{
		report: Trusts, count: 273, inactive: 0.25, archived: 0.45,
		epoch: profile.NewDate(1993, 4, 1), epochShare: 0.13, since: 1991,
		postcodes: 400, names: 400, noPhone: 0.06, phones: trustPhones, forms: trustForms,
	},
	{
		report: TrustSites, count: 29721, inactive: 0.019, archived: 0, since: 2005, postcodes: 0.93, names: 4.2,
		noPhone: 1, keptParent: 0.95, forms: siteForms, roles: []string{"RO198"},
	},
	{
		report: Practices, count: 16534, inactive: 0.2345, dormant: 0.0153, proposed: 0.0005, archived: 0.37,
		contradictions: 7690, strays: 5511, welsh: 0.0457,
		epoch: profile.NewDate(1974, 4, 1), epochShare: 0.40, since: 2000, postcodes: 1.5, names: 11,
		noPhone: 0.0225, phones: practicePhones, keptParent: 0.28, status: true, forms: practiceForms,
	},
	{
		report: Branches, count: 2702, inactive: 0.032, archived: 0.5, epoch: profile.NewDate(1974, 4, 1), epochShare: 0.2, since: 1998,
		postcodes: 10, names: 11, noPhone: 0.1, phones: practicePhones, keptParent: 0.9, forms: branchForms, roles: []string{"RO96"},
	},
	{
		report: Dispensaries, count: 20932, inactive: 0.4566, proposed: 0.0047, archived: 0.52,
		contradictions: 2093, strays: 1161, oddPostcodes: 10466, noBoard: 430, welsh: 0.063,
		epoch: profile.NewDate(1948, 7, 5), epochShare: 0.103, since: 1988, postcodes: 9.5, names: 1.6,
		noPhone: 0.0536, phones: shopPhones, keptParent: 0.536, status: true, forms: dispensaryForms,
	},
	{
		report: Dentists, count: 10410, inactive: 0.2406, archived: 0.85,
		epoch: profile.NewDate(2006, 4, 1), epochShare: 0.85, since: 2006, strays: 3470,
		postcodes: 11, names: 5, noPhone: 1, keptParent: 0.035, status: true, forms: dentistForms,
	},
	{
		report: OpticalSites, count: 9000, inactive: 0.232, archived: 0.4, since: 2006, postcodes: 8, names: 6,
		noPhone: 0.05, phones: shopPhones, keptParent: 0.7, forms: opticalSiteForms, roles: []string{"RO167"},
	},
}

// The spacing layouts of phone numbers with their measured frequencies:
// edispensary of April 2025, epraccur of May 2025, etr of December 2025.
var (
	shopPhones = []weighted{
		{"99999 999999", 12270},
		{"9999 9999999", 4196},
		{"999 99999999", 2994},
		{"99999 99999", 237},
		{"9999 999999", 51},
		{"999999 99999", 40},
		{"999 9999999", 11},
		{"9999 999 999", 4},
		{"99999999999", 4},
		{"999999999999", 1},
		{"99999 999 99", 1},
	}
	practicePhones = []weighted{
		{"99999 999999", 9620},
		{"9999 9999999", 3825},
		{"999 99999999", 2550},
		{"99999 99999", 115},
		{"99999999999", 24},
		{"9999 999999", 12},
		{"999 9999999", 11},
		{"999999 99999", 4},
		{"9999 999 999", 1},
	}
	trustPhones = []weighted{
		{"99999 999999", 140},
		{"9999 999 9999", 66},
		{"999 9999 9999", 43},
		{"99999 999 999", 3},
		{"9999 9999999", 2},
		{"9999 9999 999", 2},
		{"9999 9999", 1},
	}
)
