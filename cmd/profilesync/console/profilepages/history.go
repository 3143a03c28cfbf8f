package profilepages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/internal/whytext"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// ofOnePage is how many changes of a history are on one page.
const ofOnePage = 50

func (m room) why(r *http.Request) (page.Page, error) {
	code, err := codeOf(r)
	if err != nil {
		return page.Page{}, err
	}
	field := profile.NoField
	if name := r.URL.Query().Get("field"); name != "" {
		if field, err = profile.ParseField(name); err != nil {
			return page.Page{}, web.ErrNone("there is no such field")
		}
	}
	steps, err := m.do.Why(r.Context(), code, field)
	return whyPage(code, field, steps, web.May(r.Context(), guard.Approve)), err
}

func whyPage(code profile.ODSCode, field profile.Field, steps []whytext.Step, mayUndo bool) page.Page {
	p := page.Page{
		Title: "Why " + string(code) + " is what it is", Back: page.Link{Text: string(code), To: address(code)},
		Lead: "How each value came about: from a register or a person to the sinks.",
	}
	if field != profile.NoField {
		p.Title = words.Sentence(field.Label()) + " of " + string(code) + ": why"
		p.Lead = "How the value came about: from a register or a person to the sinks."
	}
	if field != profile.NoField && mayUndo {
		p.Add(undoLink(code, field))
	}
	if len(steps) == 0 {
		p.Add(page.Table{Empty: "Nothing is known of it."})
	}
	for len(steps) > 0 {
		end := 1
		for end < len(steps) && steps[end].Field == steps[0].Field {
			end++
		}
		p.Add(page.Section{ID: steps[0].Field, Title: words.Field(steps[0].Field), Blocks: []page.Block{stepsTable(steps[:end])}})
		steps = steps[end:]
	}
	return p
}

func stepsTable(steps []whytext.Step) page.Table {
	t := page.Table{Caption: "Steps, the oldest first", Hidden: true, Columns: page.Names("When", "What", "See")}
	for _, s := range steps {
		when, see := words.Moment(s.At), page.Say("")
		if s.At.IsZero() {
			when = page.Say("now")
		}
		if s.Run != 0 {
			see = page.Leads("Run "+s.Run.String(), "/runs/"+s.Run.String())
		}
		t.Rows = append(t.Rows, page.Row{when, page.Say(words.Step(stepText(s))), see})
	}
	return t
}

// stepText is a step without the codes that the command and the API say beside the words.
func stepText(s whytext.Step) string {
	switch s.Kind {
	case whytext.Stands:
		for _, owner := range []profile.Owner{profile.OwnedByODS, profile.OwnedByERS, profile.OwnedByEditor, profile.OwnedByDesk} {
			if text, ends := strings.CutSuffix(s.Text, " ("+string(owner)+")"); ends {
				return text
			}
		}
	case whytext.WasWithheld:
		for _, reason := range runs.WithheldReasons() {
			if text, rest, says := strings.Cut(s.Text, "withheld that: "+string(reason)); says {
				return text + "withheld that: " + words.Withheld(reason) + rest
			}
		}
	}
	return s.Text
}

func (m room) history(r *http.Request) (page.Page, error) {
	code, err := codeOf(r)
	if err != nil {
		return page.Page{}, err
	}
	changes, err := m.do.History(r.Context(), code)
	if err != nil {
		return page.Page{}, err
	}
	slices.Reverse(changes) // the newest first
	if !web.May(r.Context(), guard.People) {
		for i := range changes {
			changes[i].Reason = "" // texts by people, as in the API
		}
	}
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || number < 1 {
		number = 1
	}
	return historyPage(code, changes, r.URL.Query().Get("field"), number, web.May(r.Context(), guard.Approve)), nil
}

func historyPage(code profile.ODSCode, changes []postgres.Audited, field string, number int, mayUndo bool) page.Page {
	p := page.Page{
		Title: "History of " + string(code), Back: page.Link{Text: string(code), To: address(code)},
		Lead: "Every change, the newest first: who, when, before and after.",
	}
	all := []page.Option{{Label: "Every field"}}
	for _, f := range profile.Fields() {
		if f != profile.FieldChecks { // confirmations change no profile
			all = append(all, page.Option{Value: f.String(), Label: words.Sentence(f.Label()), Chosen: f.String() == field})
		}
	}
	p.Add(page.Form{
		Action: address(code) + "/history", Get: true, Inline: true,
		Fields:  []page.Field{{Kind: page.Choice, Name: "field", Label: "Field", Options: all}},
		Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
	})
	if field != "" {
		changes = slices.DeleteFunc(
			changes, func(a postgres.Audited) bool { return a.Field != field && !strings.HasPrefix(a.Field, field+"/") },
		)
	}
	first := min((number-1)*ofOnePage, len(changes))
	last := min(first+ofOnePage, len(changes))
	t := page.Table{
		Caption: page.Many(len(changes), "change", "changes"), Columns: page.Names("When", "Field", "Before", "After", "By"),
		Empty: "No such change.",
	}
	for _, a := range changes[first:last] {
		t.Rows = append(t.Rows, changeRow(a))
	}
	if of, err := profile.ParseField(field); err == nil && mayUndo {
		p.Add(undoLink(code, of))
	}
	p.Add(t, pager(code, field, number, last < len(changes)))
	return p
}

// valuesOf are the values before and after a change, each on one line. A row, such as a service,
// is kept as JSON: it is said as a push reads it, unless what changed of it is not read then.
func valuesOf(a postgres.Audited) (before, after string) {
	name, _, _ := strings.Cut(a.Field, "/")
	if f, err := profile.ParseField(name); err == nil && f.InRows() {
		before, after = rowText(f, a.Old), rowText(f, a.New)
		if before != after && (before != "" || a.Old == "") && (after != "" || a.New == "") {
			return columns.OneLine(before), columns.OneLine(after)
		}
	}
	return columns.OneLine(a.Old), columns.OneLine(a.New)
}

// rowText is what a push reads of a row; empty for none, and for what it does not send.
func rowText(f profile.Field, row string) string {
	if row == "" {
		return ""
	}
	return history.Standing{Parts: []history.Part{{Field: f, JSON: row}}}.Text(f)
}

func changeRow(a postgres.Audited) page.Row {
	by := page.Say(a.Actor)
	if a.Run != 0 {
		by.To = "/runs/" + a.Run.String()
		by.Text += ", run " + a.Run.String()
	}
	by.Soft = a.Reason
	if by.Soft == "" && a.Run == 0 && a.DatabaseRole != "" {
		by.Soft = "as " + a.DatabaseRole
	}
	before, after := valuesOf(a)
	return page.Row{words.Moment(a.At), page.Say(words.Field(a.Field)), {Text: before, Old: true}, page.Say(after), by}
}

func pager(code profile.ODSCode, field string, number int, more bool) (p page.Pager) {
	at := func(n int) page.Link {
		query := url.Values{"page": {strconv.Itoa(n)}}
		if field != "" {
			query.Set("field", field)
		}
		return page.Link{Text: "page " + strconv.Itoa(n), To: address(code) + "/history?" + query.Encode()}
	}
	if number > 1 {
		p.Previous = at(number - 1)
	}
	if more {
		p.Next = at(number + 1)
	}
	return p
}
