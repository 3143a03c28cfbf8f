package page

import "cmp"

// Form is a form that changes something, or a search with GET.
type Form struct {
	ID      string
	Title   string // empty for none
	Action  string
	Get     bool     // a search: no token, and what is typed is in the address
	Upload  bool     // it sends a file
	Once    string   // the token that lets it be done once
	Hidden  []Hidden // what the form says unasked
	Blocks  []Block  // before the fields, such as a table with checkboxes
	Fields  []Field
	Buttons []Button
	Inline  bool // fields and button on one line where there is room
}

// Hidden is a value that a form sends unasked.
type Hidden struct{ Name, Value string }

// Kind is the kind of a field.
type Kind string

// The kinds of fields.
const (
	OneLine    Kind = "text"
	ManyLines  Kind = "textarea"
	Day        Kind = "date"
	Search     Kind = "search"
	Choice     Kind = "select"
	OneOf      Kind = "radios"
	SomeOf     Kind = "checkboxes"
	FileToSend Kind = "file"
)

// Field is a field of a form.
type Field struct {
	Kind    Kind
	ID      string // empty for its name
	Name    string
	Label   string
	Hint    string
	Value   string // what was typed before
	Error   string // what is wrong with it
	Options []Option
	Accept  string // of files: the ends of their names
	Width   int    // characters; 0 for the whole width
	Most    int    // characters at most; 0 for 200
	Unasked bool   // the field may stay empty
}

// Option is one choice of a field.
type Option struct {
	Value, Label, Hint string
	Chosen             bool
}

// Button sends a form.
type Button struct {
	Text  string
	Name  string // with Value: which button it was; empty where there is one
	Value string
	// Hidden follows the text for screen readers, where several buttons have one name.
	Hidden string
	Kind   ButtonKind
}

// ButtonKind is how a button looks.
type ButtonKind string

// The kinds of buttons.
const (
	Primary   ButtonKind = ""
	Secondary ButtonKind = "secondary"
	Warning   ButtonKind = "warning" // it takes something away
)

func (Form) block() string { return "form" }

// MostLetters is how many characters may be typed.
func (f Field) MostLetters() int {
	if f.Most > 0 {
		return f.Most
	}
	return 200
}

// Ident is the id of the field.
func (f Field) Ident() string { return cmp.Or(f.ID, f.Name) }

// Describes are the ids of what describes the field.
func (f Field) Describes() string {
	described := ""
	if f.Hint != "" {
		described = f.Ident() + "-hint"
	}
	if f.Error != "" {
		described += " " + f.Ident() + "-error"
	}
	return described
}

// Size is the class of the width of a field.
func (f Field) Size() string {
	switch {
	case f.Width == 0:
		return "whole"
	case f.Width <= 5:
		return "w5"
	case f.Width <= 10:
		return "w10"
	default:
		return "w20"
	}
}

// Marked is the form with what is wrong beside its fields.
func (f Form) Marked(p *Page) Form {
	fields := make([]Field, len(f.Fields))
	for i, field := range f.Fields {
		field.Error = p.ErrorOf(field.Ident())
		fields[i] = field
	}
	f.Fields = fields
	return f
}

// Unlink lets errors lead nowhere whose fields the page does not have.
func (p *Page) Unlink() {
	if len(p.Errors) == 0 {
		return
	}
	fields := make(map[string]bool)
	p.EachForm(func(f Form) Form {
		for _, field := range f.Fields {
			fields[field.Ident()] = true
		}
		return f
	})
	for i, e := range p.Errors {
		if !fields[e.Field] {
			p.Errors[i].Field = ""
		}
	}
}

// EachForm replaces every form of the page by what change makes of it.
func (p *Page) EachForm(change func(Form) Form) { p.Blocks = eachForm(p.Blocks, change) }

func eachForm(blocks []Block, change func(Form) Form) []Block {
	changed := make([]Block, len(blocks))
	for i, b := range blocks {
		switch b := b.(type) {
		case Form:
			b.Blocks = eachForm(b.Blocks, change)
			changed[i] = change(b)
		case Section:
			b.Blocks = eachForm(b.Blocks, change)
			changed[i] = b
		case Details:
			b.Blocks = eachForm(b.Blocks, change)
			changed[i] = b
		case Columns:
			changed[i] = eachFormOf(b, change)
		case Table:
			changed[i] = b.eachForm(change)
		default:
			changed[i] = b
		}
	}
	return changed
}

func eachFormOf(columns Columns, change func(Form) Form) Columns {
	changed := make(Columns, len(columns))
	for i, s := range columns {
		s.Blocks = eachForm(s.Blocks, change)
		changed[i] = s
	}
	return changed
}

func (t Table) eachForm(change func(Form) Form) Table {
	rows := make([]Row, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = make(Row, len(row))
		for j, cell := range row {
			if cell.Form != nil {
				form := change(*cell.Form)
				cell.Form = &form
			}
			rows[i][j] = cell
		}
	}
	t.Rows = rows
	return t
}
