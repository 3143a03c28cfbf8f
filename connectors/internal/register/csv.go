package register

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Layout is one of the two layouts in which the same facts are written as files
// (connectors/ods/CONTRACT.md "Layouts").
type Layout int

// DSE is the layout of today's download, Legacy that of the old zip files.
const (
	DSE Layout = iota
	Legacy
)

func (l Layout) String() string { return [...]string{"dse", "legacy"}[l] }

const columns = 27

// WriteCSV writes a report in a layout: 27 quoted columns, CRLF, no header, in
// the order of codes. Memory does not grow with the report.
func (r *Register) WriteCSV(w io.Writer, report string, layout Layout) error {
	return r.WriteCSVOf(w, report, layout, nil)
}

// WriteCSVOf is WriteCSV for the organisations that keep accepts; nil accepts all.
// The error names an unknown report, or says why writing failed.
func (r *Register) WriteCSVOf(w io.Writer, report string, layout Layout, keep func(Organisation) bool) error {
	name, err := ParseReport(report)
	if err != nil {
		return err
	}
	out, asOf := bufio.NewWriterSize(w, 64<<10), r.AsOf()
	var line []byte
	for o := range r.All(name) {
		if keep != nil && !keep(o) || layout == DSE && o.archived() {
			continue
		}
		line = appendRow(line[:0], Row(o, layout, asOf))
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("writing %s at %s: %w", report, o.Code, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing %s: %w", report, err)
	}
	return nil
}

// archived reports whether today's exports and APIs no longer have the
// organisation. They keep all trusts.
func (o Organisation) archived() bool {
	return o.Standing == profile.Inactive && !o.Closed.After(archivedUntil) && o.Report != Trusts
}

// Archived reports whether the organisation closed by 31 March 2017 and so is
// in no current export (connectors/ods/CONTRACT.md "Layouts").
func (o Organisation) Archived() bool { return o.archived() }

func appendRow(line []byte, row [columns]string) []byte {
	for i, field := range row {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(line, '"')
		line = append(line, strings.ReplaceAll(field, `"`, `""`)...)
		line = append(line, '"')
	}
	return append(line, '\r', '\n')
}

// Row returns the 27 columns of an organisation
// (connectors/ods/CONTRACT.md "Columns"); asOf is the day of the file.
func Row(o Organisation, layout Layout, asOf profile.Date) [columns]string {
	if layout == DSE {
		return dseRow(o.Clean())
	}
	row := common(o)
	copy(row[4:9], legacyAddress(o))
	row[12] = legacyStatus(o)
	row[21] = "0"
	if days(o.LastChange, asOf) < 45 {
		row[21] = "1"
	}
	if o.Report == TrustSites {
		row[14], row[15], row[16] = "", "", "" // the old file named no owner
	}
	return row
}

func dseRow(o Organisation) [columns]string {
	row := common(o)
	copy(row[4:9], dseAddress(o))
	if o.Region == wales.region {
		row[2], row[3] = "", ""
	}
	if slices.Contains([]Report{Practices, Dispensaries, Dentists}, o.Report) {
		row[12] = strings.ToUpper(string(o.Standing))
	}
	if o.Report == Dispensaries {
		row[13] = o.Roles[0]
	}
	if o.Report == SubICBs {
		row[13] = o.Roles[1] // the part of an ICB that it is
	}
	if o.Report == Practices {
		row[25] = strings.Join(o.Roles[1:], "|")
	}
	row[21] = "1"
	return row
}

// common fills the columns that are the same in both layouts.
func common(o Organisation) [columns]string {
	row := [columns]string{
		0: o.Code, 1: o.Name, 2: o.Region, 3: o.ICB, 9: o.Postcode,
		10: compact(o.Opened), 11: compact(o.Closed), 13: o.SubType, 17: o.Phone,
	}
	switch o.Report {
	case Practices:
		parent(&row, o.Commissioner())
		row[23] = o.Parent().Target
		row[25] = setting(o.Roles)
	case Dispensaries:
		parent(&row, o.Parent())
		row[23] = o.ICB
	case Dentists:
		parent(&row, o.Commissioner())
	case TrustSites, Branches, OpticalSites:
		parent(&row, o.Parent())
		row[23] = o.Area
	case Trusts:
		row[23] = o.Area
	case PharmacyHQs, OpticalHQs:
		row[2], row[3] = "", ""
	}
	return row
}

func parent(row *[columns]string, l Link) {
	row[14], row[15], row[16] = l.Target, compact(l.From), compact(l.To)
}

func compact(day profile.Date) string {
	if day.IsZero() {
		return ""
	}
	year, month, date := day.Time().Date()
	return strconv.Itoa(year*10000 + int(month)*100 + date)
}

func legacyStatus(o Organisation) string {
	if o.Report != Practices && o.Report != Dispensaries && o.Report != Dentists {
		return ""
	}
	return map[profile.Standing]string{
		profile.Active: "A", profile.Inactive: "C", profile.Dormant: "D", profile.Proposed: "P",
	}[o.Standing]
}

// setting returns the old number of a practice's prescribing setting.
func setting(roles []string) string {
	for _, s := range settings {
		if slices.Equal(s.roles, roles) {
			return s.number
		}
	}
	return ""
}

// legacyAddress puts the building first and leaves no gaps, so that the town may
// be on any line, followed by the county; trusts and their sites have both on
// fixed lines.
func legacyAddress(o Organisation) []string {
	a := o.Address
	lines := filled(a.Building, a.Street, a.Locality)
	if o.Report == Trusts || o.Report == TrustSites {
		return append(append(lines, "", "", "")[:3], a.Town, a.County)
	}
	lines = append(lines, a.Town, a.County)
	if o.Report == Dispensaries && len(lines) > 4 {
		lines = lines[:4] // its last column is never filled: the county goes
	}
	return lines
}

// dseAddress puts the town on the fourth line, and nothing on the fifth. It drops
// a building that only repeats the name, and the county.
func dseAddress(o Organisation) []string {
	a := o.Address
	if a.Building == o.Name {
		a.Building = ""
	}
	lines := append(filled(a.Building, a.Street, a.Locality), "", "", "")[:3]
	return append(lines, hyphens.Replace(a.Town), "")
}

var hyphens = strings.NewReplacer(" ON ", "-ON-", " UPON ", "-UPON-")

func filled(lines ...string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}
