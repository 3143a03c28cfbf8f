package runpages

import (
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// mostRehearsals is how many rehearsals are listed.
const mostRehearsals = 200

func (m room) rehearsals(r *http.Request) (page.Page, error) {
	found, err := m.do.Rehearsals(r.Context(), mostRehearsals+1)
	return rehearsalsPage(found), err
}

func rehearsalsPage(found []planstore.KeptRehearsal) page.Page {
	p := page.Page{
		Title: "Rehearsals", Back: page.Link{Text: "Runs", To: "/runs"},
		Lead: "Plans of listings of a day to come. What they would withhold can be approved ahead.",
	}
	t := page.Table{
		Caption: "Rehearsals, the latest day first", Hidden: true, Empty: "No rehearsal is kept. They are kept until a week after their day.",
		Columns: []page.Column{
			{Name: "Rehearsal"}, {Name: "Of"}, {Name: "To decide on", Number: true}, {Name: "Approved ahead", Number: true}, {Name: "Made"},
		},
	}
	for i, f := range found {
		if i == mostRehearsals {
			t.More = page.Link{Text: "The first " + page.Count(mostRehearsals) + " are shown"}
			break
		}
		made := words.Moment(f.At)
		made.Soft = "by " + f.Actor
		t.Rows = append(t.Rows, page.Row{
			page.Leads(f.Plan.String(), rehearsalAddress(f.Plan, "")),
			{Text: words.Sentence(words.Listing(f.Source, f.Report)), Soft: "as of " + words.Day(f.AsOf)},
			page.Say(page.Count(f.Free)), page.Say(page.Count(f.Approved)), made,
		})
	}
	p.Add(t)
	return p
}

// rehearsalAddress is the address of a rehearsal.
func rehearsalAddress(plan runs.PlanID, done string) string {
	address := "/rehearsals/" + plan.String()
	if done != "" {
		address += "?done=" + done
	}
	return address
}
