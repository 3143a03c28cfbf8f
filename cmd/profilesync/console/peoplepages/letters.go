package peoplepages

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/people"
)

func (m room) letters(r *http.Request) (page.Page, error) {
	query := r.URL.Query()
	state, to := people.LetterState(""), people.AccountID(0)
	for _, s := range people.LetterStates() {
		if string(s) == query.Get("state") {
			state = s
		}
	}
	if text := strings.TrimSpace(query.Get("account")); text != "" {
		id, err := people.ParseAccountID(text)
		if err != nil {
			return page.Page{}, web.WrongError{Field: "account", Text: err.Error()}
		}
		to = id
	}
	found, err := m.do.Letters(r.Context(), peoplestore.LetterFilter{State: string(state), Account: to, Most: mostRows + 1})
	return lettersPage(found, state, to), err
}

func lettersPage(found []peoplestore.ListedLetter, state people.LetterState, to people.AccountID) page.Page {
	p := page.Page{
		Title: "Letters", Back: page.Link{Text: "Accounts", To: "/accounts"}, Lead: "Letters to people, by their ids, the newest first.",
	}
	states, typed := []page.Option{{Label: "Every state"}}, ""
	for _, s := range people.LetterStates() {
		states = append(states, page.Option{Value: string(s), Label: words.Sentence(words.Code(string(s))), Chosen: s == state})
	}
	if to != 0 {
		typed = to.String()
	}
	t := page.Table{
		Caption: "Letters", Hidden: true, Empty: "There is no such letter.", Columns: page.Names("Letter", "To", "State", "Made", "Accepted"),
	}
	for n, l := range found {
		if n == mostRows {
			t.More = page.Link{Text: "The newest " + page.Count(mostRows) + " are shown: choose a state or an account"}
			break
		}
		receiver := account(cmp.Or(l.Account, "list of "+l.List))
		t.Rows = append(t.Rows, page.Row{
			{Text: words.Sentence(words.Letter(people.LetterKind(l.Kind))), Soft: l.Reference},
			receiver, letterState(l), words.Moment(l.Made), words.Moment(l.Accepted),
		})
	}
	p.Add(page.Form{
		Action: "/letters", Get: true, Inline: true, Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}}, Fields: []page.Field{
			{Kind: page.Choice, Name: "state", Label: "State", Options: states},
			{Kind: page.OneLine, Name: "account", Label: "Account", Value: typed, Width: 10, Unasked: true},
		},
	}, t, page.Links{{Text: "See whether letters go out", To: "/now#letters"}})
	return p
}

func letterState(l peoplestore.ListedLetter) page.Cell {
	colour := page.Red
	switch people.LetterState(l.State) {
	case people.LetterIsDue, "claimed":
		colour = page.Blue
	case people.LetterIsAccepted, people.LetterIsDelivered:
		colour = page.Green
	case people.LetterIsCancelled:
		colour = page.Grey
	case people.LetterIsUnclear:
		colour = page.Orange
	}
	return page.Cell{Text: words.Code(l.State), Tag: colour, Soft: l.Reason}
}
