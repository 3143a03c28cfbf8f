package page

import "time"

// Table is a table; on a phone each row is a card.
type Table struct {
	ID      string
	Caption string // what the rows are; needed
	Hidden  bool   // the caption is for screen readers only
	Columns []Column
	Rows    []Row
	All     *Pick  // a box that ticks all boxes of the table, for the script
	Empty   string // what is shown instead of a table without rows
	More    Link   // below the table, where it does not show everything
}

// Column is a column. One of numbers is aligned to the right.
type Column struct {
	Name   string
	Number bool
}

// Row is a row.
type Row []Cell

// Cell is what a table or a summary shows at one place.
type Cell struct {
	Text string
	To   string // where the text leads; empty for nowhere
	// Hidden follows the text for screen readers, where several lead elsewhere under one name.
	Hidden string
	Tag    Colour    // the text is a tag of this colour; empty for none
	Soft   string    // below the text, in small letters
	At     time.Time // the instant that the text says; zero for none
	Code   bool      // the text is for machines, such as a command
	Pick   *Pick     // a checkbox before the text
	Old    bool      // the text is what was before
	Form   *Form     // a small form instead of a text
}

// Pick is a checkbox in a table.
type Pick struct {
	Name, Value string
	Label       string // for screen readers
	Checked     bool
	All         string // of Table.All: the name of the boxes that it ticks
}

// Names returns columns of texts.
func Names(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	return columns
}

// Cells returns a row of plain texts.
func Cells(texts ...string) Row {
	row := make(Row, len(texts))
	for i, text := range texts {
		row[i].Text = text
	}
	return row
}

// Say returns a cell with a text.
func Say(text string) Cell { return Cell{Text: text} }

// Leads returns a cell with a link.
func Leads(text, to string) Cell { return Cell{Text: text, To: to} }

// Tagged returns a cell with a tag.
func Tagged(text string, colour Colour) Cell { return Cell{Text: text, Tag: colour} }

func (Table) block() string { return "table" }

// Name is what column i is called.
func (t Table) Name(i int) string {
	if i < len(t.Columns) {
		return t.Columns[i].Name
	}
	return ""
}

// Number reports whether column i is of numbers.
func (t Table) Number(i int) bool { return i < len(t.Columns) && t.Columns[i].Number }
