package runpages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

const (
	firstRows = 300
	mostRows  = 5000
	// refresh is after how many seconds a run that is worked on is shown again without a script.
	refresh = 3
)

// oneRun is what the page of a run shows.
type oneRun struct {
	run      runs.Run
	progress runstore.Progress
	rows     []runstore.Planned
	names    map[profile.ODSCode]string
	hidden   int // rows that are not shown
	waiting  []runstore.WaitingRow
	values   values
	// What the reader may do.
	mayApprove, mayCancel bool
	ticked                map[string][]string // what was ticked in a form that was refused, by its group
}

func (m room) run(r *http.Request) (page.Page, error) {
	id, err := m.number(r)
	if err != nil {
		return page.Page{}, err
	}
	ctx := r.Context()
	o := oneRun{mayApprove: web.May(ctx, guard.Approve), mayCancel: web.May(ctx, guard.Reconcile)}
	if o.run, err = m.do.Run(ctx, id); err != nil {
		return page.Page{}, err
	}
	if !o.run.State.Ended() {
		o.progress, err = m.do.RunProgress(ctx, id)
		return o.page(), err
	}
	most := firstRows
	if r.URL.Query().Get("all") != "" {
		most = mostRows
	}
	if o.rows, o.hidden, err = m.do.RunRows(ctx, id, false, most); err != nil {
		return page.Page{}, err
	}
	if o.waiting, err = m.waitingOf(r, id); err != nil {
		return page.Page{}, err
	}
	if o.values.board, err = m.do.App.BoardNames(ctx); err != nil {
		return page.Page{}, err
	}
	codes := make([]profile.ODSCode, len(o.rows))
	for i, row := range o.rows {
		codes[i] = row.Code
	}
	if o.names, err = m.do.NamesOf(ctx, codes); err != nil {
		return page.Page{}, err
	}
	if r.Method == http.MethodPost {
		o.ticked = map[string][]string{r.PostFormValue("group"): r.PostForm["code"]}
	}
	return o.page(), nil
}

func (o oneRun) page() page.Page {
	run := o.run
	p := page.Page{Title: "Run " + run.ID.String(), Back: page.Link{Text: "Runs", To: "/runs"}}
	about := page.Summary{
		{Key: "What", Value: page.Say(whatOf(run))},
		{Key: "Asked for by", Value: page.Say(run.Actor)},
	}
	if run.Parent != 0 {
		about = append(about, page.SummaryRow{Key: "About", Value: runLink(run.Parent)})
	}
	if run.Plan != 0 {
		about = append(about, page.SummaryRow{Key: "Plan", Value: page.Leads(run.Plan.String(), "/plans/"+run.Plan.String())})
	}
	if len(run.Codes) > 0 {
		codes := make([]string, len(run.Codes))
		for i, code := range run.Codes {
			codes[i] = string(code)
		}
		about = append(about, page.SummaryRow{Key: "Only", Value: page.Say(strings.Join(codes, ", "))})
	}
	if !run.State.Ended() {
		p.Refresh = refresh
		p.Add(o.bar(), about)
		o.addCancel(&p)
		return p
	}
	about = slices.Insert(about, 0, page.SummaryRow{Key: "State", Value: words.RunState(run.State)})
	p.Add(append(about, summary(run.Summary)...))
	o.addDecisions(&p)
	o.addRows(&p)
	o.addUndo(&p)
	return p
}

// whatOf says what a run is: Listing of trusts (ODS etr) as of 9 April 2026.
func whatOf(run runs.Run) string {
	return words.Sentence(words.RunKind(run.Kind)) + " of " + words.Listing(run.Source, run.Report) + " as of " + words.Day(run.AsOf)
}

// bar is how far the run has come. The API sends the script how it goes on.
func (o oneRun) bar() page.Progress {
	label := "It waits for its turn"
	if o.run.State == runs.RunRunning || o.progress.Stage != "" {
		label = words.Sentence(o.progress.Stage)
		if o.progress.Total > 0 {
			label += ": " + page.Count(o.progress.Done) + " of " + page.Count(o.progress.Total)
		}
	}
	if label == "" {
		label = "It has begun"
	}
	return page.Progress{
		Label: label, Done: o.progress.Done, Total: o.progress.Total, Events: "/api/v1/runs/" + o.run.ID.String() + "/progress",
	}
}

func (o oneRun) addCancel(p *page.Page) {
	if o.run.State == runs.RunQueued && o.mayCancel {
		p.Add(page.Form{
			Action: to(o.run.ID.String(), ""), Hidden: []page.Hidden{{Name: "do", Value: "cancel"}},
			Buttons: []page.Button{{Text: "Cancel this run", Kind: page.Warning}},
		})
	}
}

// addRows adds what the run planned, and what became of it, kind by kind.
func (o oneRun) addRows(p *page.Page) {
	if len(o.rows) == 0 {
		p.Add(page.Section{ID: "rows", Title: "What it did", Blocks: []page.Block{page.Text{"It changed no profile."}}})
		return
	}
	type kind struct {
		verb   runs.Verb
		field  string
		waits  bool
		reason runs.WithheldReason
	}
	section := page.Section{ID: "rows", Title: "What it did"}
	for _, of := range byKey(o.rows, func(r runstore.Planned) kind {
		field, _, _ := strings.Cut(r.Field, "/")
		return kind{r.Verb, field, r.Waits, r.Withheld}
	}) {
		if of[0].Waits && len(o.waiting) > 0 {
			continue // among the decisions
		}
		section.Blocks = append(section.Blocks, o.table(of))
	}
	if o.hidden > 0 {
		text := "and " + page.Many(o.hidden, "more change", "more changes")
		section.Blocks = append(
			section.Blocks, page.Links{{Text: text, To: to(o.run.ID.String(), "") + "?all=1", Hint: "at most " + page.Count(mostRows)}},
		)
	}
	if len(section.Blocks) > 0 {
		p.Add(section)
	}
}

func (o oneRun) table(of []runstore.Planned) page.Table {
	what := words.Field(of[0].Field)
	if of[0].Verb != runs.Update {
		what = words.Sentence(words.Does(of[0].Verb))
	}
	if field, _, isPart := strings.Cut(of[0].Field, "/"); isPart {
		what = words.Field(field)
	}
	t := page.Table{
		Caption: what + ": " + page.Many(len(of), "change", "changes"), Columns: page.Names("Code", "Before", "After", "What became of it"),
	}
	for _, r := range of {
		field, was, is := o.values.change(r.Field, r.Old, r.Shown())
		if field != what && r.Verb == runs.Update {
			is.Soft = strings.TrimSpace(field + " " + is.Soft)
		}
		t.Rows = append(t.Rows, page.Row{words.Profile(r.Code, o.names[r.Code]), was, is, page.Say(r.Fate())})
	}
	return t
}

func (o oneRun) addUndo(p *page.Page) {
	undoable := o.run.Kind == runs.RunListing || o.run.Kind == runs.RunDelta || o.run.Kind == runs.RunApprove
	done := o.run.State == runs.RunDone || o.run.State == runs.RunWithheld
	if o.mayApprove && undoable && done {
		p.Add(page.Section{ID: "undo", Title: "Undo", Blocks: []page.Block{
			page.Links{
				{
					Text: "See what an undo would take back", To: "/runs/" + strconv.FormatInt(int64(o.run.ID), 10) + "/undo",
					Hint: "nothing changes yet",
				},
			},
		}})
	}
}
