package ods

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// format decodes the rows of one report in one layout.
type format struct {
	report
	name    string
	layout  string
	columns []column
	words   map[string]profile.Standing // of the status column; nil if it is not used
	known   *Commissioners              // nil where none were given
}

func newFormat(name string, r report, layout string, withStatus bool) *format {
	f := &format{report: r, name: name, layout: layout, columns: r.layouts[layout]}
	if withStatus {
		f.words = statusWords[layout]
	}
	return f
}

// statusWords are the words of both layouts (CONTRACT.md "Layouts"). PROPOSED has
// not been seen in today's layout, but is accepted.
var statusWords = map[string]map[string]profile.Standing{
	legacy: {"A": profile.Active, "C": profile.Inactive, "D": profile.Dormant, "P": profile.Proposed},
	dse:    {"ACTIVE": profile.Active, "INACTIVE": profile.Inactive, "DORMANT": profile.Dormant, "PROPOSED": profile.Proposed},
}

// columns are the fields of one row.
type columns []string

// at returns a column, numbered from 1, without the spaces around it.
func (c columns) at(n int) string { return strings.TrimSpace(c[n-1]) }

// decode returns the canonical record of a raw row, or a rejection; the caller
// adds the rejection's line and raw bytes.
func (f *format) decode(raw []byte) (profile.Record, *profile.Rejected) {
	row, bad := split(raw)
	if bad != nil {
		return profile.Record{}, bad
	}
	record := profile.Record{}
	bad = f.readCode(row, &record)
	if bad == nil {
		bad = f.readStanding(row, &record)
	}
	if bad == nil {
		bad = readDates(row, &record)
	}
	if bad == nil {
		bad = f.readRoles(row, &record)
	}
	if bad != nil {
		return profile.Record{}, bad
	}
	f.readValues(row, &record)
	return record, nil
}

func split(raw []byte) (columns, *profile.Rejected) {
	row, err := splitLine(canonical.ValidText(raw), make([]string, 0, numColumns))
	switch {
	case len(raw) == 0:
		return nil, canonical.Reject("row", "", "empty line; remove it")
	case err != nil:
		return nil, canonical.Reject("row", canonical.Excerpt(raw), fmt.Sprintf("not CSV (%v); correct its quotes", err))
	case len(row) != numColumns:
		want := fmt.Sprintf("want %d columns; correct the row or take the file again", numColumns)
		return row, canonical.Reject("columns", strconv.Itoa(len(row)), want)
	}
	return row, nil
}

func (f *format) readCode(row columns, record *profile.Record) *profile.Rejected {
	value := row.at(colCode)
	code, err := profile.ParseODSCode(value)
	if err != nil {
		return canonical.Reject("Organisation Code", value, "want 3 to 10 letters and digits")
	}
	if !hasShape(string(code), f.codes...) {
		return canonical.Reject("Organisation Code", value, fmt.Sprintf("not a code of report %s; check that the file is that report", f.name))
	}
	record.Code = code
	return nil
}

func (f *format) readStanding(row columns, record *profile.Record) *profile.Rejected {
	word := row.at(colStatus)
	if f.words == nil {
		if word != "" {
			return canonical.Reject("Status", word, fmt.Sprintf("report %s has no status; check that the file is that report", f.name))
		}
		return nil
	}
	standing, known := f.words[word]
	if !known {
		return canonical.Reject("Status", word, "want one of "+f.wordList())
	}
	record.Standing = standing
	return nil
}

func (f *format) wordList() string {
	if f.layout == legacy {
		return "A, C, D, P, as in the rest of the file"
	}
	return "ACTIVE, INACTIVE, DORMANT, PROPOSED, as in the rest of the file"
}

func readDates(row columns, record *profile.Record) *profile.Rejected {
	var err error
	if record.Opened, err = profile.ParseCompactDate(row.at(colOpened)); err != nil {
		return canonical.Reject("Open Date", row.at(colOpened), "want YYYYMMDD")
	}
	if record.Closed, err = profile.ParseCompactDate(row.at(colClosed)); err != nil {
		return canonical.Reject("Close Date", row.at(colClosed), "want YYYYMMDD or nothing")
	}
	return nil
}

func (f *format) readRoles(row columns, record *profile.Record) *profile.Rejected {
	roles, bad := f.rolesOf(row, record)
	if bad != nil {
		return bad
	}
	if roles != "" {
		record.Values.Set(profile.FieldRoles, roles)
	}
	told := roles != "" || f.name != "etrust" // it does not tell what codes since 2020 are
	if told && canonical.FirstLeftOut(*record) < 0 {
		record.Values.Set(profile.FieldType, string(canonical.TypeOf(roles)))
	}
	return nil
}

// rolesOf returns canonical roles; empty if the row does not state them.
func (f *format) rolesOf(row columns, record *profile.Record) (string, *profile.Rejected) {
	roles := f.roles
	if f.subtypes != nil {
		meant, known := f.subtypes[row.at(colSubtype)]
		if !known {
			want := fmt.Sprintf("not a sub-type of report %s; check that the file is that report", f.name)
			return "", canonical.Reject("Sub-type", row.at(colSubtype), want)
		}
		if meant != "" {
			roles = meant
		}
	}
	switch {
	case f.setting:
		return f.settingRoles(row.at(colSetting), record)
	case f.name == "etrust":
		return trustRoles(record), nil
	}
	return roles, nil
}

// settingRoles reads column 26: a number in the legacy layout, role ids in
// today's, in which six real rows have none. Roles are not stated if one of them
// is no role id.
func (f *format) settingRoles(setting string, record *profile.Record) (string, *profile.Rejected) {
	joined := setting
	if f.layout == legacy {
		var known bool
		if joined, known = canonical.Settings[setting]; !known {
			return "", canonical.Reject("Prescribing Setting", setting, "not a known setting number; add it to the table with its role")
		}
	}
	roles := []string{"RO177"}
	for role := range strings.SplitSeq(joined, "|") {
		if role = strings.TrimSpace(role); role == "" {
			continue
		}
		if !canonical.IsRole(role) {
			canonical.LeaveOut(record, profile.FieldRoles, setting, "no role ids such as RO76, joined by a bar")
			return "", nil
		}
		roles = append(roles, role)
	}
	return canonical.Roles(roles), nil
}

// trustRoles tells trusts and their sites apart in the one report that mixes
// them. Codes issued since 2020 have one shape, so they do not say which it is.
func trustRoles(record *profile.Record) string {
	switch {
	case len(record.Code) == 3:
		return "RO197"
	case legacySite(record):
		return "RO198"
	}
	return ""
}

// legacySite reports a site whose code starts with that of its trust: "R" and
// four more, issued before ANANA codes, which 123 of them look like.
func legacySite(record *profile.Record) bool {
	code := string(record.Code)
	issuedBefore := !record.Opened.IsZero() && record.Opened.Before(profile.NewDate(2020, 4, 1))
	return hasShape(code, "Rxxxx") && (issuedBefore || !hasShape(code, anana))
}

func (f *format) readValues(row columns, record *profile.Record) {
	values := &record.Values
	if name := row.at(colName); name != "" {
		values.Set(profile.FieldName, name)
	}
	values.Set(profile.FieldAddress, canonical.Lines(row[colAddress-1:colPost-1]))
	canonical.SetPostcode(record, row.at(colPost))
	values.Set(profile.FieldPhone, row.at(colPhone))
	for _, c := range f.columns {
		if c.field == profile.FieldParent || c.field == profile.FieldCommissioner {
			canonical.SetCode(record, c.field, row.at(c.number))
		}
	}
	if values.Get(profile.FieldType) == string(profile.TrustSite) {
		readTrust(row, record)
	}
	f.readBoard(row, record)
}

// readTrust reads the trust of a site. By the specification it is in column 15; in
// real files that column is empty.
func readTrust(row columns, record *profile.Record) {
	if trust := row.at(colParent); trust != "" {
		canonical.SetCode(record, profile.FieldParent, trust)
	} else if legacySite(record) {
		record.Values.Set(profile.FieldParent, string(record.Code[:3]))
	}
}
