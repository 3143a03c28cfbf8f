package ers

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Columns names the header of each fact; case and spaces do not matter. An empty name
// means the header in its comment, "-" that the file does not have the fact (unless it
// is always needed). The official list of columns is not public, so these come from
// the configuration (CONTRACT.md "The EBSX05 extract").
type Columns struct {
	ID              string `json:"ID"`              // service_id; always needed
	Site            string `json:"Site"`            // Location_Org_Id; always needed
	Name            string `json:"Name"`            // service_name
	Provider        string `json:"Provider"`        // Provider_Org_Id
	Specialty       string `json:"Specialty"`       // Specialty_Cd
	AppointmentType string `json:"AppointmentType"` // Appt_Type_Cd
	Bookable        string `json:"Bookable"`        // Directly_Bookable_Ind
	Published       string `json:"Published"`       // Publish_Ind
	Unpublished     string `json:"Unpublished"`     // Unpublished_Dt_Tm
	From            string `json:"From"`            // Beg_Effective_Dt
	To              string `json:"To"`              // End_Effective_Dt
}

// column is one of Columns, with its field in a row.
type column struct {
	fact     string // its name in Columns
	header   *string
	fallback string
	cell     func(*ExtractRow) *string // nil: read separately
}

func allOf(c *Columns) []column {
	return []column{
		{"ID", &c.ID, "service_id", nil},
		{"Site", &c.Site, "Location_Org_Id", nil},
		{"Provider", &c.Provider, "Provider_Org_Id", nil},
		{"Name", &c.Name, "service_name", func(r *ExtractRow) *string { return &r.Name }},
		{"Specialty", &c.Specialty, "Specialty_Cd", func(r *ExtractRow) *string { return &r.Specialty }},
		{"AppointmentType", &c.AppointmentType, "Appt_Type_Cd", func(r *ExtractRow) *string { return &r.AppointmentType }},
		{"Bookable", &c.Bookable, "Directly_Bookable_Ind", func(r *ExtractRow) *string { return &r.Bookable }},
		{"Published", &c.Published, "Publish_Ind", func(r *ExtractRow) *string { return &r.Published }},
		{"Unpublished", &c.Unpublished, "Unpublished_Dt_Tm", func(r *ExtractRow) *string { return &r.Unpublished }},
		{"From", &c.From, "Beg_Effective_Dt", func(r *ExtractRow) *string { return &r.From }},
		{"To", &c.To, "End_Effective_Dt", func(r *ExtractRow) *string { return &r.To }},
	}
}

const (
	needed   = 2 // the first columns, which every file must have
	notThere = "-"
)

func (c Columns) withDefaults() Columns {
	for _, of := range allOf(&c) {
		*of.header = cmp.Or(strings.TrimSpace(*of.header), of.fallback)
	}
	return c
}

// Check returns what is wrong with the columns, with those that are not named as they are
// by default.
func (c Columns) Check() error { return c.withDefaults().check() }

func (c Columns) check() error {
	seen := make(map[string]string)
	for n, of := range allOf(&c) {
		name := normalised(*of.header)
		if name == notThere {
			if n < needed {
				return fmt.Errorf("%s: want its header, since it cannot be left out", of.fact)
			}
			continue
		}
		if seen[name] != "" {
			return fmt.Errorf("%s and %s: both have header %q", seen[name], of.fact, *of.header)
		}
		seen[name] = of.fact
	}
	return nil
}

// normalised returns a header in lower case, with single spaces.
func normalised(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// header says which cell of a row holds each fact.
type header struct {
	cells   int
	columns Columns
	at      map[string]int // by the names in Columns; without those that the file does not have
}

// headerOf reads the first record and finds our columns in it.
func headerOf(open func() (io.ReadCloser, error), columns Columns) (header, error) {
	content, err := open()
	if err != nil {
		return header{}, err
	}
	defer closeRead(content)
	names, err := newRecords(content).next()
	switch {
	case errors.Is(err, io.EOF):
		return header{}, errors.New("it is empty")
	case err != nil:
		return header{}, fmt.Errorf("its first line is not a header: %w", err)
	}
	names = slices.Clone(names)
	for n, name := range names {
		names[n] = normalised(name)
	}
	h := header{cells: len(names), columns: columns, at: make(map[string]int)}
	for _, of := range allOf(&columns) {
		name := normalised(*of.header)
		if name == notThere {
			continue
		}
		n := slices.Index(names, name)
		if n < 0 {
			return header{}, fmt.Errorf("layout not recognised: no column has header %q; check that it is the EBSX05 service extract, "+
				"or configure the header that %s has now; the file has: %.300s", *of.header, of.fact, strings.Join(names, ", "))
		}
		if slices.Contains(names[n+1:], name) {
			return header{}, fmt.Errorf("layout not recognised: several columns have header %q", *of.header)
		}
		h.at[of.fact] = n
	}
	return h, nil
}

// ExtractRow is what the extract says about one service. Texts and dates are as
// reported: people type them, and one date was in the year 2922.
type ExtractRow struct {
	Line            int // in its file, from 1
	ID              services.ID
	Site            profile.ODSCode // empty if it is not an ODS code; see Odd
	Provider        profile.ODSCode // the same
	Name            string
	Specialty       string
	AppointmentType string
	Bookable        string // a flag, Y or N
	Published       string // the same
	Unpublished     string // a day, and a time
	From            string // a day
	To              string // a day; far in the future for services that do not end
	odd             []string
}

// read rejects a row without a valid service id, and notes anything else that is odd.
func (h header) read(cells []string) (ExtractRow, *profile.Rejected) {
	var row ExtractRow
	id, err := services.ParseID(h.cell(cells, "ID"))
	if err != nil {
		return row, &profile.Rejected{Field: h.columns.ID, Value: h.cell(cells, "ID"), Reason: "want the digits of a service id"}
	}
	row.ID = id
	row.Site = h.code(cells, "Site", &row)
	row.Provider = h.code(cells, "Provider", &row)
	for _, of := range allOf(&h.columns) {
		if of.cell != nil {
			*of.cell(&row) = h.cell(cells, of.fact)
		}
	}
	return row, nil
}

func (h header) cell(cells []string, fact string) string {
	n, ok := h.at[fact]
	if !ok {
		return ""
	}
	return cells[n]
}

func (h header) code(cells []string, fact string, row *ExtractRow) profile.ODSCode {
	text := h.cell(cells, fact)
	code, err := profile.ParseODSCode(text)
	if _, there := h.at[fact]; err != nil && there {
		row.odd = append(row.odd, fmt.Sprintf("%s %q: not an ODS code", fact, text))
	}
	return code
}

// Odd lists what is implausible in the row on a day: invalid codes and dates, a start
// after that day, an end before the start.
func (r ExtractRow) Odd(day profile.Date) []string {
	odd := slices.Clone(r.odd)
	dates := make(map[string]profile.Date)
	for _, of := range []struct{ fact, text string }{{"From", r.From}, {"To", r.To}, {"Unpublished", r.Unpublished}} {
		date, ok := ParseDate(of.text)
		if dates[of.fact] = date; !ok {
			odd = append(odd, fmt.Sprintf("%s %q: not a date", of.fact, of.text))
		}
	}
	from, to := dates["From"], dates["To"]
	if from.After(day) {
		odd = append(odd, fmt.Sprintf("From %q: starts after %s", r.From, day))
	}
	if !to.IsZero() && to.Before(from) {
		odd = append(odd, fmt.Sprintf("To %q: ends before it starts", r.To))
	}
	return odd
}

// layouts are likely layouts of dates, until somebody has seen those of a real file
// (CONTRACT.md "Assumptions").
var layouts = []string{
	time.DateOnly, time.DateTime, "2006-01-02T15:04:05", time.RFC3339, "20060102",
	"2/1/2006", "2/1/2006 15:04", "2/1/2006 15:04:05", "2-Jan-2006", "2-Jan-2006 15:04:05",
}

// ParseDate reads a date of the extract, days before months, without its time. It
// returns false if the text is not a date. An empty text is the zero date.
func ParseDate(text string) (profile.Date, bool) {
	if text == "" {
		return profile.Date{}, true
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return profile.NewDate(at.Date()), true
		}
	}
	return profile.Date{}, false
}
