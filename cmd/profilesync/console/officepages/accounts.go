package officepages

import (
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mostAccounts is how many accounts are listed.
const mostAccounts = 200

// names are the names of people, by the ids of their accounts.
type names map[people.AccountID]actions.Named

func (n names) of(id string) (name, address string) {
	account, err := people.ParseAccountID(id)
	if err != nil {
		return "", ""
	}
	found, known := n[account]
	if !known {
		return "", ""
	}
	return found.Name.Reveal(), found.Address.Reveal()
}

func stateOf(r *http.Request) string {
	state := r.FormValue("state")
	for _, s := range accountStates() {
		if string(s) == state {
			return state
		}
	}
	return ""
}

func accountStates() []people.AccountState {
	return []people.AccountState{people.AccountInvited, people.AccountActive, people.AccountDeactivated, people.AccountExpired}
}

func (m room) accounts(r *http.Request) (page.Page, error) {
	found, err := m.do.Accounts(r.Context(), peoplestore.AccountFilter{State: people.AccountState(stateOf(r)), Most: mostAccounts + 1})
	return accountsPage(found, people.AccountState(stateOf(r)), web.May(r.Context(), guard.People), nil), err
}

func (m room) named(r *http.Request) (page.Page, error) {
	found, err := m.do.Accounts(r.Context(), peoplestore.AccountFilter{State: people.AccountState(stateOf(r)), Most: mostAccounts + 1})
	if err != nil {
		return page.Page{}, err
	}
	var ids []people.AccountID
	for _, a := range found {
		if id, err := people.ParseAccountID(a.ID); err == nil {
			ids = append(ids, id)
		}
	}
	known, err := m.do.Names(r.Context(), ids)
	return accountsPage(found, people.AccountState(stateOf(r)), true, known), err
}

func accountsPage(found []peoplestore.Account, state people.AccountState, mayName bool, known names) page.Page {
	p := page.Page{Title: "Accounts", Lead: "People who may edit profiles, by their ids."}
	choices := []page.Option{{Label: "Every state"}}
	for _, s := range accountStates() {
		choices = append(choices, page.Option{Value: string(s), Label: words.Sentence(string(s)), Chosen: s == state})
	}
	p.Add(page.Form{
		Action: "/accounts", Get: true, Inline: true,
		Fields:  []page.Field{{Kind: page.Choice, Name: "state", Label: "State", Options: choices}},
		Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
	})
	p.Add(page.Links{
		{Text: "Inactive accounts", To: "/accounts/inactive"}, {Text: "Letters", To: "/letters"}, {Text: "Reminders", To: "/reminders"},
	})
	t := page.Table{
		Caption: "Accounts", Hidden: true, Columns: page.Names("Account", "Kind", "State", "Last active"), Empty: "There is no such account.",
	}
	if known != nil {
		t.Columns = append(t.Columns, page.Names("Name", "Address")...)
	}
	for i, a := range found {
		if i == mostAccounts {
			t.More = page.Link{Text: "The first " + page.Count(mostAccounts) + " are shown"}
			break
		}
		row := page.Row{page.Leads(a.ID, "/accounts/"+a.ID), page.Say(string(a.Kind)), accountState(a), words.Moment(a.LastActive)}
		if known != nil {
			name, address := known.of(a.ID)
			row = append(row, page.Say(name), page.Say(address))
		}
		t.Rows = append(t.Rows, row)
	}
	p.Add(t)
	if mayName && known == nil && len(found) > 0 {
		p.Add(page.Form{
			Action: "/accounts", Hidden: []page.Hidden{{Name: "do", Value: "names"}, {Name: "state", Value: string(state)}},
			Buttons: []page.Button{{Text: "Show their names", Kind: page.Secondary}},
		}, page.Text{"When you look, that is recorded."})
	}
	return p
}

func accountState(a peoplestore.Account) page.Cell {
	colour := page.Grey
	if a.State == people.AccountActive {
		colour = page.Green
	}
	cell := page.Tagged(string(a.State), colour)
	cell.Soft = strings.TrimPrefix(strings.TrimPrefix(a.Summary(), string(a.State)), ", ")
	return cell
}

func accountID(r *http.Request) (people.AccountID, error) {
	id, err := people.ParseAccountID(r.PathValue("id"))
	if err != nil {
		return 0, web.ErrNone("there is no such account")
	}
	return id, nil
}

func (m room) account(r *http.Request) (page.Page, error) { return m.showAccount(r, nil) }

func (m room) namedAccount(r *http.Request) (page.Page, error) {
	id, err := accountID(r)
	if err != nil {
		return page.Page{}, err
	}
	known, err := m.do.Names(r.Context(), []people.AccountID{id})
	if err != nil {
		return page.Page{}, err
	}
	return m.showAccount(r, known)
}

func (m room) showAccount(r *http.Request, known names) (page.Page, error) {
	id, err := accountID(r)
	if err != nil {
		return page.Page{}, err
	}
	found, err := m.do.Account(r.Context(), id)
	mayName, mayChange := web.May(r.Context(), guard.People), web.May(r.Context(), guard.Administer)
	if !mayName {
		found.History = nil // texts by people, as in the API
	}
	return accountPage(found, mayName, mayChange, known, r.PostFormValue("reason"), r.PostFormValue("until")), err
}

func accountPage(a peoplestore.Account, mayName, mayChange bool, known names, reason, until string) page.Page {
	p, action := page.Page{Title: "Account " + a.ID, Back: page.Link{Text: "Accounts", To: "/accounts"}}, "/accounts/"+a.ID
	about := page.Summary{
		{Key: "State", Value: accountState(a)},
		{Key: "Kind", Value: page.Say(string(a.Kind))},
		{Key: "Last active", Value: words.Moment(a.LastActive)},
	}
	if name, address := known.of(a.ID); name != "" {
		about = append(about, page.SummaryRow{Key: "Name", Value: page.Cell{Text: name, Soft: address}})
	}
	p.Add(about)
	if mayName && known == nil {
		p.Add(page.Form{
			Action: action, Hidden: []page.Hidden{{Name: "do", Value: "name"}},
			Buttons: []page.Button{{Text: "Show the name", Kind: page.Secondary}},
		}, page.Text{"When you look, that is recorded."})
	}
	members := page.Table{
		Caption: "Organisations", Hidden: true, Columns: page.Names("Code", "Role", "Since", "Remark"), Empty: "The account belongs to none.",
	}
	for _, o := range a.Members {
		members.Rows = append(
			members.Rows, page.Row{words.Profile(o.Code, o.Name), page.Say(string(o.Role)), words.Moment(o.Since), page.Say(o.Remark())},
		)
	}
	p.Add(page.Section{ID: "organisations", Title: "Organisations", Blocks: []page.Block{members}})
	p.Add(page.Links{{Text: "Letters to this account", To: "/letters?account=" + a.ID}})
	history := page.Table{Caption: "History, the newest first", Hidden: true, Columns: page.Names("When", "What", "Before", "After", "By")}
	for _, c := range a.History {
		history.Rows = append(history.Rows, page.Row{
			words.Moment(c.At), page.Say(c.What), {Text: c.Old, Old: true}, page.Say(c.New), {Text: c.Actor, Soft: c.Reason},
		})
	}
	if mayName && len(a.History) > 0 {
		p.Add(page.Section{ID: "history", Title: "History", Blocks: []page.Block{history}})
	}
	if mayChange {
		p.Add(changeAccount(a, action, reason, until))
	}
	return p
}

func changeAccount(a peoplestore.Account, action, reason, until string) page.Section {
	why := page.Field{Kind: page.OneLine, Name: "reason", Label: "Why", Value: reason}
	if a.State == people.AccountDeactivated {
		return page.Section{ID: "change", Title: "Let the person sign in again", Blocks: []page.Block{page.Form{
			Action: action, Hidden: []page.Hidden{{Name: "do", Value: "reactivate"}}, Fields: []page.Field{why},
			Buttons: []page.Button{{Text: "Reactivate"}},
		}}}
	}
	return page.Section{ID: "change", Title: "Leave", Blocks: []page.Block{page.Form{
		Action: action, Hidden: []page.Hidden{{Name: "do", Value: "leave"}}, Fields: []page.Field{
			{Kind: page.Day, Name: "until", Label: "On leave until", Hint: "Empty ends the leave", Value: until, Unasked: true}, why,
		},
		Buttons: []page.Button{{Text: "Note it"}},
	}}}
}

func reasonOf(r *http.Request) (string, error) {
	if reason := strings.TrimSpace(r.PostFormValue("reason")); reason != "" {
		return reason, nil
	}
	return "", web.WrongError{Field: "reason", Text: "say why"}
}

func (m room) reactivate(r *http.Request) (string, error) {
	id, err := accountID(r)
	if err != nil {
		return "", err
	}
	reason, err := reasonOf(r)
	if err != nil {
		return "", err
	}
	return "/accounts/" + id.String() + "?done=reactivated", m.do.Reactivate(r.Context(), id, reason)
}

func (m room) leave(r *http.Request) (string, error) {
	id, err := accountID(r)
	if err != nil {
		return "", err
	}
	reason, err := reasonOf(r)
	if err != nil {
		return "", err
	}
	var until profile.Date
	if text := r.PostFormValue("until"); text != "" {
		if until, err = profile.ParseDate(text); err != nil {
			return "", web.WrongError{Field: "until", Text: "give a day as 2026-12-31"}
		}
	}
	return "/accounts/" + id.String() + "?done=leave", m.do.SetLeave(r.Context(), id, until, reason)
}
