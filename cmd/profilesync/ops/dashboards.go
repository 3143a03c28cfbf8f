package ops

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	grafanatable "github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/profilesync/profilesync/cmd/internal/admin"
)

const (
	width = 24 // columns of a dashboard
	// nothing is what tables and charts show without a series: a gauge is absent also while the database cannot be read.
	nothing = "none, or not known"
)

// JSON is the board as Grafana reads it.
func (b Board) JSON() ([]byte, error) {
	// The SDK prefers its second schema, which older Grafanas do not read.
	builder := dashboard.NewDashboardBuilder(b.Title). //nolint:staticcheck // see above
								Uid(b.Name).Description(b.Means).Tags([]string{"profilesync"}).
								Time("now-6h", "now").Refresh("30s").Timezone("Europe/London").Readonly().
								WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus"))
	for _, row := range b.Rows {
		builder.WithRow(dashboard.NewRowBuilder(row.Title))
		for at, panel := range row.Panels {
			builder.WithPanel(panel.build(row.span(at)))
		}
	}
	built, err := builder.Build()
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", b.Name, err)
	}
	text, err := json.MarshalIndent(built, "", "  ")
	return append(text, '\n'), err
}

// span is how many columns the panel at a place of the row has: figures share one line,
// all others stand two or three beside each other and fill the lines.
func (r Row) span(at int) uint32 {
	count := len(r.Panels)
	switch {
	case r.Panels[at].Kind == Figure:
		figures := len(slices.DeleteFunc(slices.Clone(r.Panels), func(p Panel) bool { return p.Kind != Figure }))
		if figures == count {
			return uint32(width / count) //nolint:gosec // there are a few
		}
		return width / 3
	case count%3 == 0:
		return width / 3
	case count%2 == 1 && at == count-1:
		return width
	default:
		return width / 2
	}
}

// build makes Grafana's panel. Its description is that of its metrics.
func (p Panel) build(span uint32) cog.Builder[dashboard.Panel] {
	source := common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
	targets := make([]cog.Builder[variants.Dataquery], len(p.Queries))
	for i, q := range p.Queries {
		target := prometheus.NewDataqueryBuilder().Expr(q.Expr).RefId(refID(i)).Datasource(source)
		if p.Kind == Table {
			target.Format(prometheus.PromQueryFormatTable).Instant()
		} else {
			target.LegendFormat(q.Legend).Range()
		}
		targets[i] = target
	}
	switch p.Kind {
	case Figure:
		return stat.NewPanelBuilder().Title(p.Title).Description(p.means()).Unit(p.unit()).Datasource(source).Targets(targets).
			Height(4).Span(span).NoValue("not known").GraphMode(common.BigValueGraphModeNone)
	case Table:
		return grafanatable.NewPanelBuilder().Title(p.Title).Description(p.means()).Unit(p.unit()).Datasource(source).Targets(targets).
			Height(8).Span(span).NoValue(nothing).Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{})).
			WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
			WithTransformation(dashboard.DataTransformerConfig{
				Id: "organize", Options: map[string]any{"excludeByName": map[string]bool{"Time": true}, "renameByName": p.columns()},
			})
	default:
		return timeseries.NewPanelBuilder().Title(p.Title).Description(p.means()).Unit(p.unit()).Datasource(source).Targets(targets).
			Height(8).Span(span).Min(0).NoValue(nothing).FillOpacity(0).
			Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).
				Placement(common.LegendPlacementBottom))
	}
}

// columns are the titles of a table's columns of values.
func (p Panel) columns() map[string]string {
	titles := map[string]string{}
	if len(p.Queries) == 1 {
		return titles
	}
	for i, q := range p.Queries {
		titles["Value #"+refID(i)] = q.Legend
	}
	return titles
}

// refID is how Grafana calls a panel's query.
func refID(query int) string { return string("ABCDEFGHIJ"[query]) }

func (p Panel) unit() string {
	if p.Unit == "" {
		return "short"
	}
	return p.Unit
}

var nameOf = regexp.MustCompile(`\bprofilesync_[a-z_]+\b`)

// means is the help of the panel's metrics.
func (p Panel) means() string {
	named := map[string]bool{}
	for _, q := range p.Queries {
		for _, name := range nameOf.FindAllString(q.Expr, -1) {
			named[strings.TrimSuffix(name, "_bucket")] = true
		}
	}
	var texts []string
	for _, d := range admin.Declared() {
		if named[d.Name] {
			texts = append(texts, d.Name+": "+d.Help)
		}
	}
	return strings.Join(texts, "\n\n")
}
