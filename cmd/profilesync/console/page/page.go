package page

// Page is one page of the console.
type Page struct {
	Title   string // heading and title of the window
	Lead    string // one sentence below the heading; empty for none
	Section string // the address of the entry of the navigation that is current; empty for none
	Back    Link   // above the heading; without text for none
	Viewer  Viewer
	Nav     []Link

	Notice  string       // what was done a moment ago; empty for none
	Errors  []FieldError // what is wrong with a form: shown at the top
	Blocks  []Block
	Next    string // an address where the browser goes on by itself; empty for none
	Refresh int    // seconds after which the page is asked for again without a script; 0 for never
}

// Viewer is who sees the page. Without a name nobody has signed in.
type Viewer struct {
	Name    string
	SignOut bool // it is a session, which can be ended
}

// Link is a link.
type Link struct {
	Text string
	To   string
	Hint string // what follows it, in small letters
}

// FieldError is an error of a form, linked to its field.
type FieldError struct {
	Field string // the id of the field; empty for the whole form
	Text  string
}

// ErrorOf returns what is wrong with a field; empty for nothing.
func (p *Page) ErrorOf(field string) string {
	for _, e := range p.Errors {
		if e.Field == field && field != "" {
			return e.Text
		}
	}
	return ""
}

// Add puts blocks at the end of the page.
func (p *Page) Add(blocks ...Block) { p.Blocks = append(p.Blocks, blocks...) }
