package officepages

import (
	"net/http"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// mostActions is how many actions a page shows.
const mostActions = 100

func (m room) actions(r *http.Request) (page.Page, error) {
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	signedIn, err := m.do.SignedIn(r.Context())
	if err != nil {
		return page.Page{}, err
	}
	found, err := m.do.Audit(r.Context(), accessstore.ActionFilter{Before: before, Most: mostActions})
	return actionsPage(signedIn, found), err
}

func actionsPage(signedIn []accessstore.SignedIn, found []accessstore.Action) page.Page {
	p := page.Page{Title: "What people did", Lead: "Here, with the API and with tokens. What they decided is also with each run and profile."}
	people := page.Table{
		Caption: "Who has signed in", Columns: page.Names("Who", "Since", "Sessions", "Sign out"), Empty: "Nobody has signed in.",
	}
	for _, one := range signedIn {
		people.Rows = append(people.Rows, page.Row{
			page.Say(one.Actor), words.Moment(one.Since), page.Say(strconv.Itoa(one.Sessions)), {Form: &page.Form{
				Action: "/actions", Hidden: []page.Hidden{{Name: "do", Value: "end"}, {Name: "who", Value: one.Actor}},
				Buttons: []page.Button{{Text: "Sign out everywhere", Hidden: " " + one.Actor, Kind: page.Warning}},
			}},
		})
	}
	done := page.Table{
		Caption: "What was done", Columns: page.Names("When", "Who", "What", "Of what", "Outcome"), Empty: "Nothing was done yet.",
	}
	for _, one := range found {
		done.Rows = append(done.Rows, page.Row{
			words.Moment(one.At), page.Say(one.Actor), page.Say(words.Sentence(words.Code(one.Operation))),
			page.Say(one.Subject), page.Say(words.Code(string(one.Outcome))),
		})
	}
	p.Add(people, done)
	if len(found) == mostActions {
		p.Add(page.Links{{Text: "Older", To: "/actions?before=" + strconv.FormatInt(found[len(found)-1].ID, 10)}})
	}
	return p
}

func whose(r *http.Request) string { return web.Plain(r.PostFormValue("who")) }

func (m room) endSessions(r *http.Request) (string, error) {
	return "/actions?done=ended", m.do.EndSessions(r.Context(), r.PostFormValue("who"))
}
