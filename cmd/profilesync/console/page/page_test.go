package page_test

import (
	"testing"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
)

// everything has each component, with texts that need escaping.
func everything() page.Page {
	at := time.Date(2026, 11, 19, 9, 30, 0, 0, time.UTC)
	p := page.Page{
		Title: "Every component", Lead: "Each component once, as people see it.", Section: "/runs",
		Back: page.Link{Text: "Runs", To: "/runs"}, Viewer: page.Viewer{Name: "alex", SignOut: true},
		Nav: []page.Link{
			{Text: "What waits", To: "/"}, {Text: "Now", To: "/now"}, {Text: "Runs", To: "/runs"}, {Text: "Reconcile", To: "/reconcile"},
		},
		Notice: "Run 12 was approved: 54 changes.",
		Errors: []page.FieldError{{Field: "reason", Text: "Say why"}, {Text: "What waits has changed since"}},
	}
	table := page.Table{
		ID: "waiting", Caption: "3 profiles",
		Columns: []page.Column{
			{Name: "Code"}, {Name: "Before"}, {Name: "After"}, {Name: "Pushes", Number: true}, {Name: "State"}, {Name: "Since"},
		},
		More: page.Link{Text: "All 55 rows", To: "/runs/12?all=1"},
	}
	for i, code := range []string{"RR8", "RVJ", "R0A"} {
		table.Rows = append(table.Rows, page.Row{
			{
				Text: code, To: "/profiles/" + code, Soft: `Trust <b>"&"`,
				Pick: &page.Pick{Name: "row", Value: code, Label: "Choose " + code, Checked: i == 0},
			},
			{Text: "QWO NHS West Yorkshire Integrated Care Board", Old: true},
			page.Say("QWO"), page.Say(page.Count(1234 * i)),
			page.Tagged([]string{"waits", "refused", "done"}[i], []page.Colour{page.Yellow, page.Red, page.Green}[i]),
			{Text: "19 November, 09:30", At: at},
		})
	}
	p.Add(
		page.Figures{
			{Number: "55", Label: "changes wait", To: "/runs/12", Colour: page.Orange},
			{Number: "0", Label: "letters failed", Colour: page.Green},
			{Number: "1,204", Label: "profiles"},
		},
		page.Inset{Title: "Mass change", Text: "The same field changes in 55 of 205 trusts.", Warning: true},
		page.Inset{Text: "Nothing was applied."},
		page.Progress{Label: "Comparing 40 of 120 records", Done: 40, Total: 120},
		page.Section{ID: "rows", Title: "Rows", Blocks: []page.Block{
			page.Form{ID: "decide", Action: "/runs/12/decide", Once: "token", Blocks: []page.Block{table}, Fields: []page.Field{
				{Kind: page.ManyLines, Name: "reason", Label: "Reason", Hint: "Others read it", Value: "<script>", Error: "Say why"},
				{
					Kind: page.OneOf, Name: "what", Label: "What is it about",
					Options: []page.Option{{Value: "a", Label: "All", Hint: "55 rows", Chosen: true}, {Value: "b", Label: "Some"}},
				},
				{
					Kind: page.SomeOf, Name: "verbs", Label: "What may it do",
					Options: []page.Option{{Value: "read", Label: "Read"}, {Value: "approve", Label: "Approve"}},
				},
				{
					Kind: page.Choice, Name: "source", Label: "Source",
					Options: []page.Option{{Value: "ods", Label: "ODS"}, {Value: "ers", Label: "e-RS", Chosen: true}},
				},
				{Kind: page.Day, Name: "until", Label: "Until", Value: "2026-12-01", Unasked: true},
				{Kind: page.FileToSend, Name: "file", Label: "Listing", Accept: ".csv"},
			}, Buttons: []page.Button{
				{Text: "Approve", Name: "do", Value: "approve"}, {Text: "Reject", Kind: page.Warning}, {Text: "Keep", Kind: page.Secondary},
			}},
		}},
		page.Form{
			Action: "/profiles", Get: true, Inline: true,
			Fields:  []page.Field{{Kind: page.Search, Name: "q", Label: "Name, code or postcode", Width: 20}},
			Buttons: []page.Button{{Text: "Search"}},
		},
		page.Summary{
			{Key: "Name", Value: page.Say("Example Pharmacy"), Actions: []page.Link{{Text: "Hold", Hint: "Name", To: "#decide"}}},
			{Key: "Command", Value: page.Cell{Text: "profilesync runs show 12", Code: true}},
		},
		page.Tasks{
			{
				Link:   page.Link{Text: "Approve run 12", To: "/runs/12", Hint: "since yesterday"},
				Status: page.Tag{Text: "waits", Colour: page.Yellow},
			},
		},
		page.Details{Summary: "Who was told", Blocks: []page.Block{page.Text{"Nobody yet."}}},
		page.Columns{
			{
				Title: "Left",
				Blocks: []page.Block{
					page.Chart{Title: "Jobs that wait", Bars: []page.Bar{{Label: "push_dos", Number: 12}, {Label: "report", Number: 0}}},
				},
			},
			{Title: "Right", Blocks: []page.Block{
				page.Chart{Title: "Nothing", Empty: "Nothing waits."},
				page.Links{{Text: "HTML", To: "/reports/2026-11-18", Hint: "the whole report"}},
			}},
		},
		page.Table{Caption: "Empty", Empty: "No profile is held."},
		page.Pager{Previous: page.Link{Text: "runs 21 to 40", To: "?page=1"}, Next: page.Link{Text: "runs 61 to 80", To: "?page=3"}},
	)
	return p
}

func TestGolden(t *testing.T) {
	t.Parallel()
	pagetest.Golden(t, "everything", everything())
}

func TestInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, map[string]page.Page{"everything": everything(), "nothing": {Title: "Nothing", Lead: "A page without anything."}})
}
