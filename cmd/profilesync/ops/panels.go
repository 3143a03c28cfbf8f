package ops

// Board is one dashboard.
type Board struct {
	Name  string // of its file, and of its address in Grafana
	Title string
	Means string
	Rows  []Row
}

// Row is a row of panels with a title.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel is a chart, a number or a table.
type Panel struct {
	Title   string
	Kind    Kind
	Unit    string // as Grafana calls it; empty for a number of things
	Queries []Query
}

// Kind is how a panel shows its queries.
type Kind string

// The kinds of panels.
const (
	Chart  Kind = "chart"  // lines over time
	Figure Kind = "figure" // one large number a query
	Table  Kind = "table"  // a line a series, as it is now
)

// Query is one query of Prometheus.
type Query struct {
	Expr   string
	Legend string // with labels, as Grafana writes them; of a table with several queries, the title of its column
}

// Units, as Grafana calls them.
const (
	seconds   = "s"
	bytes     = "bytes"
	perSecond = "ops"
	share     = "percentunit"
)

// Boards lists every dashboard.
func Boards() []Board { return []Board{overview, sources, pushes, people, queueAndDatabase} }

// chart, figure and table are panels with one query.

func chart(title, unit, expr, legend string) Panel {
	return Panel{title, Chart, unit, []Query{{expr, legend}}}
}

func figure(title, unit, expr string) Panel { return Panel{title, Figure, unit, []Query{{expr, ""}}} }

func table(title, unit, expr string) Panel { return Panel{title, Table, unit, []Query{{expr, ""}}} }

// orNone is an expression without labels that is 0 if nothing is found: only where the database was read. Else nobody knows.
func orNone(expr string) string { return expr + " or 0 * max(profilesync_live_daemons)" }

// quantiles is a chart of how long something takes, from a histogram.
func quantiles(title, histogram, by string) Panel {
	of := func(part, legend string) Query {
		return Query{
			"histogram_quantile(" + part + ", sum by (le, " + by + ") (rate(" + histogram + "_bucket[$__rate_interval])))",
			"{{" + by + "}} " + legend,
		}
	}
	return Panel{title, Chart, seconds, []Query{of("0.5", "half"), of("0.99", "99 of 100")}}
}
