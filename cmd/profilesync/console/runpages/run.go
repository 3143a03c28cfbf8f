package runpages

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
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
	rows     []runstore.Planned // without those that wait
	names    map[profile.ODSCode]string
	hidden   int  // rows that are not shown
	all      bool // as many are shown as may be
	waiting  []runstore.WaitingRow
	approved map[change]runs.ID // what a run that is still to come will apply
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
	o.all = r.URL.Query().Get("all") != ""
	if err := m.readRows(ctx, &o); err != nil {
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

// change names a row of a run.
type change struct {
	code  profile.ODSCode
	field string
}

// readRows reads what waits of a run, and besides as many of its rows as are shown.
func (m room) readRows(ctx context.Context, o *oneRun) error {
	waiting, _, err := m.do.Waiting(ctx, runs.Selection{Run: o.run.ID})
	if err != nil {
		return err
	}
	most := firstRows
	if o.all {
		most = mostRows
	}
	rows, more, err := m.do.RunRows(ctx, o.run.ID, false, most+len(waiting)) // what was withheld comes first
	*o = o.divided(waiting, rows, more, most)
	return err
}

// divided keeps the rows that a person decides on apart from those that are shown as they are.
func (o oneRun) divided(waiting []runstore.WaitingRow, rows []runstore.Planned, more, most int) oneRun {
	o.approved = make(map[change]runs.ID)
	undecided := make(map[change]bool)
	for _, w := range waiting {
		if w.Approved != 0 {
			o.approved[change{w.Code, w.Field}] = w.Approved
			continue
		}
		undecided[change{w.Code, w.Field}] = true
		o.waiting = append(o.waiting, w)
	}
	rows = slices.DeleteFunc(rows, func(r runstore.Planned) bool { return r.Waits && undecided[change{r.Code, r.Field}] })
	o.rows = rows[:min(len(rows), most)]
	o.hidden = more + len(rows) - len(o.rows)
	return o
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
	if len(o.rows)+o.hidden == 0 {
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
		section.Blocks = append(section.Blocks, o.table(of))
	}
	section.Blocks = append(section.Blocks, o.more()...)
	p.Add(section)
}

// more says how many rows are not shown, and leads to them unless as many are shown as may be.
func (o oneRun) more() []page.Block {
	text := "and " + page.Many(o.hidden, "more change", "more changes")
	switch {
	case o.hidden == 0:
		return nil
	case o.all:
		return []page.Block{page.Text{words.Sentence(text) + ": each is in the history of its profile."}}
	default:
		return []page.Block{page.Links{{Text: text, To: to(o.run.ID.String(), "") + "?all=1", Hint: "at most " + page.Count(mostRows)}}}
	}
}

// fate says what became of a row.
func (o oneRun) fate(r runstore.Planned) string {
	in, approved := o.approved[change{r.Code, r.Field}]
	switch {
	case r.Waits && approved:
		return "Approved by " + r.By + ": run " + in.String() + " applies it"
	case r.Decision == runs.Undecided && r.Withheld != "":
		return "Waits: " + words.Withheld(r.Withheld)
	case r.Decision == runs.Undecided && r.LeftOut != "":
		return "Left out: " + runtext.WhyLeft(r.LeftOut)
	default:
		return words.Sentence(r.Fate())
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
		t.Rows = append(t.Rows, page.Row{words.Profile(r.Code, o.names[r.Code]), was, is, page.Say(o.fate(r))})
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
