package profilepages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// undoAddress is where the newest change of a field can be taken back.
func undoAddress(code profile.ODSCode, field string) string {
	return address(code) + "/undo?" + url.Values{"field": {field}}.Encode()
}

// undoLink leads to the preview of the undo of a field; to none for services, which are
// taken back with their run.
func undoLink(code profile.ODSCode, f profile.Field) (links page.Links) {
	if f.Owner() == profile.OwnedByERS {
		return nil
	}
	return page.Links{{
		Text: "Take the newest change back", To: undoAddress(code, f.String()), Hint: "first you see what that would put back",
	}}
}

// wantedUndo is what the address of the page, or its form, says.
func wantedUndo(r *http.Request) (u actions.FieldUndo, err error) {
	if u.Code, err = codeOf(r); err != nil {
		return u, err
	}
	if u.Field, err = profile.ParseField(r.FormValue("field")); err != nil {
		return u, web.ErrNone("there is no such field")
	}
	return u, nil
}

func (m room) undo(r *http.Request) (page.Page, error) {
	u, err := wantedUndo(r)
	if err != nil {
		return page.Page{}, err
	}
	would, err := m.do.PreviewUndoField(r.Context(), u)
	if actions.KindOf(err) == actions.Conflict { // there is nothing to take back, or it may not be
		return refusedUndo(u, err), nil
	}
	return undoPage(u, would, web.May(r.Context(), guard.Approve), r.PostFormValue("reason")), err
}

func blankUndo(u actions.FieldUndo) page.Page {
	return page.Page{
		Title: words.Sentence(u.Field.Label()) + " of " + string(u.Code) + ": take back",
		Back:  page.Link{Text: string(u.Code), To: address(u.Code)},
	}
}

func refusedUndo(u actions.FieldUndo, why error) page.Page {
	p := blankUndo(u)
	p.Add(page.Inset{Title: "It cannot be taken back", Text: words.Sentence(why.Error()) + "."}, seeWhy(u))
	return p
}

func seeWhy(u actions.FieldUndo) page.Links {
	return page.Links{{Text: "See how the value came about", To: address(u.Code) + "/why?field=" + u.Field.String()}}
}

func undoPage(u actions.FieldUndo, would actions.UndoneField, may bool, reason string) page.Page {
	p := blankUndo(u)
	p.Lead = "What taking the newest change back would put back now. Nothing has changed yet."
	t := page.Table{Caption: "Values", Hidden: true, Columns: page.Names("Field", "Now", "Then again")}
	for _, v := range would.Restored {
		t.Rows = append(t.Rows, page.Row{
			page.Say(words.Field(v.Field)), {Text: columns.OneLine(v.Before), Old: true}, page.Say(columns.OneLine(v.After)),
		})
	}
	p.Add(t)
	if would.Withheld {
		p.Add(page.Inset{Text: "If the register proposes it again, that waits for a decision of a person."})
	}
	p.Add(seeWhy(u))
	if !may || len(would.Changes) == 0 {
		return p
	}
	why := page.Field{
		Kind: page.ManyLines, Name: "reason", Label: "Why", Hint: "For the audit: only who may see people reads it", Value: reason,
		Unasked: u.Field != profile.FieldKind,
	}
	p.Add(page.Form{
		Action: address(u.Code) + "/undo", Fields: []page.Field{why},
		Hidden: []page.Hidden{
			{Name: "do", Value: "undo"},
			{Name: "field", Value: u.Field.String()},
			{Name: "change", Value: strconv.FormatInt(would.Changes[len(would.Changes)-1], 10)},
		},
		Buttons: []page.Button{{Text: "Take it back", Kind: page.Warning}},
	})
	return p
}

// undoField takes back the change that the page showed; if another followed it, it is refused.
func (m room) undoField(r *http.Request) (string, error) {
	u, err := wantedUndo(r)
	if err != nil {
		return "", err
	}
	if u.Change, err = strconv.ParseInt(r.PostFormValue("change"), 10, 64); err != nil || u.Change < 1 {
		return "", web.WrongError{Text: "say which change is taken back"}
	}
	u.Reason = strings.TrimSpace(r.PostFormValue("reason"))
	if u.Field == profile.FieldKind && u.Reason == "" {
		return "", web.WrongError{Field: "reason", Text: "say why"}
	}
	done, err := m.do.UndoField(r.Context(), u)
	if done.Withheld {
		return address(u.Code) + "?done=taken-back-withheld#fields", err
	}
	return address(u.Code) + "?done=taken-back#fields", err
}

// undoForm leads to the preview of the undo of a field.
func (o *one) undoForm() page.Form {
	var fields []page.Option
	for _, f := range profile.Fields() {
		// Confirmations change no profile; services are taken back with their run.
		if f != profile.FieldChecks && f.Owner() != profile.OwnedByERS {
			fields = append(fields, page.Option{Value: f.String(), Label: words.Sentence(f.Label())})
		}
	}
	return page.Form{
		Action: address(o.code) + "/undo", Get: true, Inline: true,
		Fields:  []page.Field{{Kind: page.Choice, Name: "field", Label: "Take back the newest change of", Options: fields}},
		Buttons: []page.Button{{Text: "See what that would put back", Kind: page.Secondary}},
	}
}
