package page

// Block is something that stands on a page.
type Block interface {
	// block is the name of its template.
	block() string
}

// Colour is the colour of a tag. What it says stands in its text.
type Colour string

// The colours.
const (
	Grey   Colour = "grey"
	Blue   Colour = "blue"
	Green  Colour = "green"
	Yellow Colour = "yellow"
	Orange Colour = "orange"
	Red    Colour = "red"
)

// Section is a part of a page with a heading.
type Section struct {
	ID     string // for links to it
	Title  string
	Blocks []Block
}

// Text is paragraphs.
type Text []string

// Inset is a text that stands out: something to know before going on.
type Inset struct {
	Title   string
	Text    string
	Warning bool
}

// Figures are numbers with what they count.
type Figures []Figure

// Figure is a number. With a link, it leads to what it counts.
type Figure struct {
	Number string
	Label  string
	To     string
	Colour Colour // empty for a number that is neither good nor bad
}

// Summary is a list of names and values.
type Summary []SummaryRow

// SummaryRow is one row of a summary.
type SummaryRow struct {
	Key     string
	Value   Cell
	Actions []Link
}

// Details is what is shown when somebody wants to see it.
type Details struct {
	Summary string
	Open    bool
	Blocks  []Block
}

// Tasks is a list of things to do.
type Tasks []Task

// Task is something to do, with its state.
type Task struct {
	Link   Link
	Status Tag
}

// Tag is a state in a word or two.
type Tag struct {
	Text   string
	Colour Colour
}

// Links is a list of links.
type Links []Link

// Pager leads to the pages before and after this one.
type Pager struct{ Previous, Next Link }

// Progress is how far something has come. The script follows Events, and asks for the
// page again when that ends.
type Progress struct {
	Label       string
	Done, Total int // Total 0: nobody knows how much there is
	Events      string
}

// Columns are blocks beside each other where there is room.
type Columns []Section

func (Section) block() string  { return "section" }
func (Text) block() string     { return "text" }
func (Inset) block() string    { return "inset" }
func (Figures) block() string  { return "figures" }
func (Summary) block() string  { return "summary" }
func (Details) block() string  { return "details" }
func (Tasks) block() string    { return "tasks" }
func (Links) block() string    { return "links" }
func (Pager) block() string    { return "pager" }
func (Progress) block() string { return "progress" }
func (Columns) block() string  { return "columns" }
