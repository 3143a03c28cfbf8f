package runpages

import (
	"net/http"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (m room) undo(r *http.Request) (page.Page, error) {
	id, err := m.number(r)
	if err != nil {
		return page.Page{}, err
	}
	preview, err := m.do.PreviewUndo(r.Context(), id)
	if err != nil {
		return page.Page{}, err
	}
	return undoPage(preview, r.PostFormValue("confirm")), nil
}

func undoPage(preview actions.UndoPreview, typed string) page.Page {
	run := preview.Run
	p := page.Page{
		Title: "Undo run " + run.ID.String(), Back: page.Link{Text: "Run " + run.ID.String(), To: to(run.ID.String(), "")},
		Lead: "What the undo would take back now. Nothing has changed yet. What people edited since stays.",
	}
	p.Add(undoSummary(preview))
	if len(preview.Reversal.TakenBack) > 0 {
		p.Add(takenBack(preview.Reversal))
	}
	form := page.Form{
		Action:  "/runs/" + run.ID.String() + "/undo",
		Hidden:  []page.Hidden{{Name: "do", Value: "undo"}, {Name: "digest", Value: preview.Reversal.Digest}},
		Buttons: []page.Button{{Text: "Undo run " + run.ID.String(), Kind: page.Warning}},
	}
	if preview.Large() {
		p.Add(page.Inset{Title: "This is unusually large", Text: "It takes back more than a run may change unasked.", Warning: true})
		form.Fields = []page.Field{{
			Kind: page.OneLine, Name: "confirm", Label: "Number of the run, to confirm", Hint: "Type " + run.ID.String(), Value: typed,
			Width: 10,
		}}
	}
	p.Add(form)
	return p
}

// undoSummary is what the undo would do, in words.
func undoSummary(preview actions.UndoPreview) page.Summary {
	run := preview.Run
	rows := page.Summary{
		{Key: "What is undone", Value: page.Say(whatOf(run))},
		{Key: "Asked for by", Value: page.Say(run.Actor)},
	}
	key := "What happens"
	for _, row := range preview.Reversal.Rows(run, "")[1:] { // after the title
		value := row[1]
		switch row[0] {
		case "":
			row[0], key = key, "and"
		case "fields":
			value = fieldsOf(preview.Reversal.Fields)
		case "unusual", "left out":
			continue // below
		}
		rows = append(rows, page.SummaryRow{Key: words.Sentence(row[0]), Value: page.Say(value)})
	}
	rows = append(rows, leftOut(preview.Reversal.LeftOut)...)
	for _, w := range preview.Reversal.Beyond {
		rows = append(rows, page.SummaryRow{Key: "Unusual", Value: page.Cell{Text: ofHowMany(w), Soft: "More than a run may change unasked"}})
	}
	return rows
}

// takenBack are the fields that the undo would change, and those that it leaves as they are.
func takenBack(r runtext.Reversal) page.Table {
	t := page.Table{Caption: "What it would change", Columns: page.Names("Code", "Field", "It is", "It would be", "Left as it is")}
	for _, c := range r.TakenBack {
		code, why := words.Profile(c.Code, ""), ""
		field, was, is := values{}.change(c.Field, c.Old, c.New)
		switch {
		case c.LeftOut != "":
			why, was, is = runtext.WhyLeft(c.LeftOut), page.Say(""), page.Say("")
		case field == "":
			field = words.Sentence(words.Does(c.Verb))
		}
		t.Rows = append(t.Rows, page.Row{code, page.Say(field), was, is, page.Say(why)})
	}
	if r.More > 0 {
		t.More = page.Link{Text: "and " + page.Many(r.More, "more change", "more changes")}
	}
	return t
}

func (m room) undoRun(r *http.Request) (string, error) {
	id, err := m.number(r)
	if err != nil {
		return "", err
	}
	preview, err := m.do.PreviewUndo(r.Context(), id)
	if err != nil {
		return "", err
	}
	digest := r.PostFormValue("digest")
	if digest == "" {
		return "", web.WrongError{Text: "look at what the undo would take back first"}
	}
	if err := preview.Matches(digest); err != nil {
		return "", err
	}
	confirmed := runs.ID(0)
	if preview.Large() {
		if r.PostFormValue("confirm") != id.String() {
			return "", web.WrongError{Field: "confirm", Text: "type the number of the run, " + id.String() + ", to confirm"}
		}
		confirmed = id
	}
	done, err := m.do.UndoRun(r.Context(), preview, confirmed, false)
	return to(done.Run, "undoing"), err
}
