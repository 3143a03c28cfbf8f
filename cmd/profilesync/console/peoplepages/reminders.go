package peoplepages

import (
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func (m room) reminders(r *http.Request) (page.Page, error) {
	day, err := dayOf(r)
	if err != nil {
		return page.Page{}, err
	}
	due, err := m.do.PreviewReminders(r.Context(), day)
	return remindersPage(due, day), err
}

func remindersPage(due []actions.DueReminder, day profile.Date) page.Page {
	p := page.Page{
		Title: "Reminders", Back: page.Link{Text: "Accounts", To: "/accounts"},
		Lead: "Who would be reminded of which confirmations, and why. Nothing is sent from here.",
	}
	t := page.Table{
		Caption: "Reminders", Hidden: true, Empty: "Nobody is to be reminded.",
		Columns: page.Names("To", "Quarter", "Stage", "What is missing"),
	}
	for n, d := range due {
		if n == mostRows {
			t.More = page.Link{Text: "The first " + page.Count(mostRows) + " of " + page.Count(len(due)) + " are shown"}
			break
		}
		t.Rows = append(t.Rows, page.Row{
			account(d.To), page.Say(d.Quarter), page.Say(words.Sentence(words.Stage(people.Stage(d.Stage)))),
			page.Say(strings.Join(d.Missing, "; ")),
		})
	}
	p.Add(chooseDay("/reminders", day), t)
	return p
}

// account is a link to an account, or the name of what is none, such as a list.
func account(to string) page.Cell {
	if _, err := people.ParseAccountID(to); err != nil {
		return page.Say(to)
	}
	return page.Leads(to, "/accounts/"+to)
}
