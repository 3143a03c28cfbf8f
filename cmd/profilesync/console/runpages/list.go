package runpages

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// mostRuns is how many runs a page shows.
const mostRuns = 100

func (m room) list(r *http.Request) (page.Page, error) {
	query := r.URL.Query()
	source := profile.Source(query.Get("source"))
	if words.Source(source) == "" {
		source = ""
	}
	before, err := strconv.ParseInt(query.Get("before"), 10, 64)
	if err != nil || before < 1 {
		before = 0
	}
	found, err := m.do.Runs(r.Context(), runstore.RunFilter{Source: source, Before: runs.ID(before), Most: mostRuns + 1})
	return listPage(found, source, mostRuns), err
}

// listPage shows the first runs of those that were found, and leads to older ones if there are more.
func listPage(found []runstore.RunLine, source profile.Source, most int) page.Page {
	p := page.Page{Title: "Runs", Lead: "Every reconciliation, approval and undo, the newest first."}
	sources := []page.Option{{Label: "Every source"}}
	for _, s := range []profile.Source{profile.SourceODS, profile.SourceERS} {
		sources = append(sources, page.Option{Value: string(s), Label: words.Source(s), Chosen: s == source})
	}
	p.Add(page.Form{
		Action: "/runs", Get: true, Inline: true,
		Fields:  []page.Field{{Kind: page.Choice, Name: "source", Label: "Source", Options: sources}},
		Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
	})
	p.Add(page.Links{{Text: "Rehearsals", To: "/rehearsals", Hint: "listings of a day to come, on which people decide ahead"}})
	t := page.Table{
		Caption: "Runs", Hidden: true, Empty: "There is no run yet.",
		Columns: []page.Column{
			{Name: "Run"}, {Name: "Asked for"}, {Name: "What"}, {Name: "State"}, {Name: "Changed", Number: true}, {Name: "By"},
		},
	}
	for i, line := range found {
		if i == most {
			query := url.Values{"source": {string(source)}, "before": {found[i-1].ID.String()}} //nolint:gosec // i is the maximum
			t.More = page.Link{Text: "Older runs", To: "/runs?" + query.Encode()}
			break
		}
		t.Rows = append(t.Rows, page.Row{
			runLink(line.ID), asked(line.CreatedAt, line.EndedAt), what(line), words.RunState(line.State),
			page.Say(page.Count(changed(line))), page.Say(line.Actor),
		})
	}
	p.Add(t)
	return p
}

func asked(at, ended time.Time) page.Cell {
	cell := words.Moment(at)
	if !ended.IsZero() {
		cell.Soft = "took " + words.Ago(ended.Sub(at))
	}
	return cell
}

func what(line runstore.RunLine) page.Cell {
	text := words.Sentence(words.RunKind(line.Kind)) + " of " + words.Listing(line.Source, line.Report)
	if line.Parent != 0 {
		text = words.Sentence(words.RunKind(line.Kind)) + " of run " + line.Parent.String() + ", " + words.Listing(line.Source, line.Report)
	}
	return page.Cell{Text: text, Soft: "as of " + words.Day(line.AsOf)}
}

func changed(line runstore.RunLine) int {
	c := line.Summary.Changes
	return c.Create + c.Update + c.Close + c.Reopen + c.Dormant
}
