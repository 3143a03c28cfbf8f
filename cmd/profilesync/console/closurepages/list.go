package closurepages

import (
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mostClosures is how many closures are listed.
const mostClosures = 200

// listed is what the list shows.
type listed struct {
	closures []casestore.ListedClosure
	state    casestore.ClosureState // of these alone; empty for all that stand
	code     string                 // of this place alone, as it was typed
	maySay   bool
}

func (m room) list(r *http.Request) (page.Page, error) {
	query := r.URL.Query()
	l := listed{code: strings.TrimSpace(query.Get("code")), maySay: web.May(r.Context(), guard.Approve)}
	filter := casestore.ClosureFilter{Most: mostClosures + 1}
	for _, state := range casestore.ClosureStates() {
		if string(state) == query.Get("state") {
			l.state, filter.State, filter.TakenBack = state, state, state == casestore.ClosureTakenBack
		}
	}
	if l.code != "" {
		code, err := profile.ParseODSCode(l.code)
		if err != nil {
			return page.Page{}, web.WrongError{Field: "code", Text: err.Error()}
		}
		l.code, filter.Code = string(code), code
	}
	var err error
	l.closures, err = m.do.Closures(r.Context(), filter)
	return l.page(), err
}

func stateOf(state casestore.ClosureState) page.Cell {
	switch state {
	case casestore.ClosureSaid:
		return page.Tagged("said", page.Orange)
	case casestore.ClosureConfirmed:
		return page.Tagged("confirmed", page.Blue)
	default:
		return page.Tagged("taken back", page.Grey)
	}
}

func (l listed) page() page.Page {
	p := page.Page{
		Title: "Closures", Lead: "Places that have closed, as people say, although the register says that they are open.",
	}
	states := []page.Option{{Label: "All that stand"}}
	for _, state := range casestore.ClosureStates() {
		states = append(states, page.Option{Value: string(state), Label: words.Sentence(stateOf(state).Text), Chosen: state == l.state})
	}
	p.Add(page.Form{
		Action: "/closures", Get: true, Inline: true, Fields: []page.Field{
			{Kind: page.Choice, Name: "state", Label: "State", Options: states},
			{Kind: page.OneLine, Name: "code", Label: "Code of the organisation", Value: l.code, Width: 10, Unasked: true},
		},
		Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
	})
	if l.code != "" {
		text := "See what was said about " + l.code
		if l.maySay {
			text = "Say that " + l.code + " has closed, or see what was said"
		}
		p.Add(page.Links{{Text: text, To: address(profile.ODSCode(l.code))}})
	}
	t := page.Table{
		Caption: "Closures, the newest first", Hidden: true, Empty: "Nobody has said that a place has closed.",
		Columns: page.Names("Code", "State", "Since", "Followed by", "Register", "Why"),
	}
	for i, c := range l.closures {
		if i == mostClosures {
			t.More = page.Link{Text: "The newest " + page.Count(mostClosures) + " are shown"}
			break
		}
		t.Rows = append(t.Rows, row(c))
	}
	p.Add(t)
	if l.maySay && l.code == "" {
		p.Add(page.Text{"To say that a place has closed, look for its code above, or go to its profile."})
	}
	return p
}

func row(c casestore.ListedClosure) page.Row {
	by, at := c.Last()
	since := words.Moment(at)
	since.Soft = "by " + by
	follows := page.Say(words.None)
	if c.Successor != "" {
		follows = words.Profile(c.Successor, "")
	}
	return page.Row{
		{Text: string(c.Code), To: address(c.Code), Soft: c.Name}, stateOf(c.State), since, follows, words.Status(c.Status), page.Say(c.Reason),
	}
}
