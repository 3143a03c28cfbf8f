package officepages

import (
	"net/http"
	"net/url"
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

// mostAccounts is how many accounts a page lists.
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

// accountsOf is which accounts a request is about, in its address or its form.
func accountsOf(r *http.Request) peoplestore.AccountFilter {
	after, err := people.ParseAccountID(r.FormValue("after"))
	if err != nil {
		after = 0
	}
	return peoplestore.AccountFilter{State: people.AccountState(stateOf(r)), After: after, Most: mostAccounts + 1}
}

func (m room) accounts(r *http.Request) (page.Page, error) {
	filter := accountsOf(r)
	found, err := m.do.Accounts(r.Context(), filter)
	return accountsPage(found, filter, web.May(r.Context(), guard.People), nil), err
}

func (m room) named(r *http.Request) (page.Page, error) {
	filter := accountsOf(r)
	found, err := m.do.Accounts(r.Context(), filter)
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
	return accountsPage(found, filter, true, known), err
}

// accountsPage shows the accounts that were found but the last, if more were found than a page
// shows: they are on the next.
func accountsPage(found []peoplestore.Account, filter peoplestore.AccountFilter, mayName bool, known names) page.Page {
	p := page.Page{Title: "Accounts", Lead: "People who may edit profiles, by their ids."}
	choices := []page.Option{{Label: "Every state"}}
	for _, s := range accountStates() {
		choices = append(choices, page.Option{Value: string(s), Label: words.Sentence(string(s)), Chosen: s == filter.State})
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
		if i == filter.Most-1 {
			query := url.Values{"state": {string(filter.State)}, "after": {found[i-1].ID}} //nolint:gosec // i is the maximum
			t.More = page.Link{Text: "More accounts", To: "/accounts?" + query.Encode()}
			break
		}
		row := page.Row{page.Leads(a.ID, "/accounts/"+a.ID), page.Say(words.Code(string(a.Kind))), accountState(a), words.Moment(a.LastActive)}
		if known != nil {
			name, address := known.of(a.ID)
			row = append(row, page.Say(name), page.Say(address))
		}
		t.Rows = append(t.Rows, row)
	}
	p.Add(t)
	if mayName && known == nil && len(found) > 0 {
		hidden := []page.Hidden{{Name: "do", Value: "names"}, {Name: "state", Value: string(filter.State)}}
		if filter.After != 0 {
			hidden = append(hidden, page.Hidden{Name: "after", Value: filter.After.String()})
		}
		p.Add(page.Form{
			Action: "/accounts", Hidden: hidden,
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
		{Key: "Kind", Value: page.Say(words.Code(string(a.Kind)))},
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
			members.Rows,
			page.Row{words.Profile(o.Code, o.Name), page.Say(words.Code(string(o.Role))), words.Moment(o.Since), page.Say(o.Remark())},
		)
	}
	p.Add(page.Section{ID: "organisations", Title: "Organisations", Blocks: []page.Block{members}})
	p.Add(page.Links{{Text: "Letters to this account", To: "/letters?account=" + a.ID}})
	history := page.Table{Caption: "History, the newest first", Hidden: true, Columns: page.Names("When", "What", "Before", "After", "By")}
	for _, c := range a.History {
		history.Rows = append(history.Rows, page.Row{
			words.Moment(c.At), page.Say(words.Code(c.What)),
			{Text: inWords(c.Old), Old: true},
			page.Say(inWords(c.New)),
			{Text: c.Actor, Soft: c.Reason},
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

// inWords is what stood before or after a change of an account, with roles in words.
func inWords(value string) string {
	role := string(people.RoleManager)
	return strings.ReplaceAll(value, role, words.Code(role))
}

func changeAccount(a peoplestore.Account, action, reason, until string) page.Section {
	why := page.Field{Kind: page.OneLine, Name: "reason", Label: "Why", Value: reason}
	if a.State == people.AccountDeactivated {
		return page.Section{ID: "change", Title: "Let the person sign in again", Blocks: []page.Block{page.Form{
			Action: action, Hidden: []page.Hidden{{Name: "do", Value: "reactivate"}}, Fields: []page.Field{why},
			Buttons: []page.Button{{Text: "Reactivate"}},
		}}}
	}
	if until == "" && !a.LeaveUntil.IsZero() {
		until = a.LeaveUntil.String()
	}
	buttons := []page.Button{{Text: "Note the leave", Name: "do", Value: "leave"}}
	if !a.LeaveUntil.IsZero() {
		buttons = append(buttons, page.Button{Text: "End the leave", Name: "do", Value: "end-leave", Kind: page.Secondary})
	}
	return page.Section{ID: "change", Title: "Leave of absence", Blocks: []page.Block{page.Form{
		Action: action, Fields: []page.Field{{Kind: page.Day, Name: "until", Label: "On leave until", Value: until}, why}, Buttons: buttons,
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
	until, err := profile.ParseDate(r.PostFormValue("until"))
	if err != nil || until.IsZero() {
		return "", web.WrongError{Field: "until", Text: "give a day as 2026-12-31"}
	}
	return m.setLeave(r, until, "leave")
}

func (m room) endLeave(r *http.Request) (string, error) {
	return m.setLeave(r, profile.Date{}, "leave-ended")
}

// setLeave notes until when somebody is on leave; the zero day ends it.
func (m room) setLeave(r *http.Request, until profile.Date, done string) (string, error) {
	id, err := accountID(r)
	if err != nil {
		return "", err
	}
	reason, err := reasonOf(r)
	if err != nil {
		return "", err
	}
	return "/accounts/" + id.String() + "?done=" + done, m.do.SetLeave(r.Context(), id, until, reason)
}
