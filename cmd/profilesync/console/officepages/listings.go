package officepages

import (
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func ofReport(r *http.Request) string {
	report := r.PostFormValue("report")
	return report[:min(len(report), 40)]
}

func (m room) listings(r *http.Request) (page.Page, error) {
	found, err := m.do.Listings(r.Context())
	typed := [3]string{r.PostFormValue("report"), r.PostFormValue("to"), r.PostFormValue("reason")}
	return listingsPage(found, web.May(r.Context(), guard.Administer), typed), err
}

// listingsPage has the form to repair a day only for who administers; typed is report,
// day and reason.
func listingsPage(found []upkeep.Listing, mayReset bool, typed [3]string) page.Page {
	p := page.Page{Title: "Listings", Lead: "The last accepted listing of each report of a register. Later ones are measured against it."}
	t := page.Table{
		Caption: "Listings", Hidden: true, Empty: "No listing has been accepted yet.",
		Columns: []page.Column{{Name: "Report"}, {Name: "Speaks of"}, {Name: "Records", Number: true}, {Name: "Accepted in"}, {Name: "By"}},
	}
	var reports []page.Option
	for _, l := range found {
		accepted := page.Say("set by a person")
		if l.Run != 0 {
			accepted = page.Leads("Run "+l.Run.String(), "/runs/"+l.Run.String())
		}
		t.Rows = append(t.Rows, page.Row{
			{Text: words.Sentence(words.Listing(l.Source, l.Report))},
			{Text: words.Day(l.AsOf), Soft: words.Days(l.AgeDays)},
			page.Say(page.Count(l.Records)),
			accepted,
			{Text: l.Actor, Soft: l.Reason},
		})
		if l.Source == profile.SourceODS {
			reports = append(
				reports,
				page.Option{Value: l.Report, Label: words.Sentence(words.Listing(l.Source, l.Report)), Chosen: l.Report == typed[0]},
			)
		}
	}
	p.Add(t)
	if mayReset && len(reports) > 0 {
		p.Add(page.Section{ID: "repair", Title: "Repair", Blocks: []page.Block{page.Details{
			Summary: "Set the day of a listing", Open: typed[0] != "", Blocks: []page.Block{page.Form{
				Action: "/listings", Hidden: []page.Hidden{{Name: "do", Value: "reset"}}, Fields: []page.Field{
					{Kind: page.Choice, Name: "report", Label: "Report", Options: reports},
					{
						Kind: page.Day, Name: "to", Label: "Day that it speaks of", Hint: "For a listing that was accepted under a wrong date",
						Value: typed[1],
					},
					{Kind: page.OneLine, Name: "reason", Label: "Why", Hint: words.NameNobody, Value: typed[2]},
				},
				Buttons: []page.Button{{Text: "Set the day", Kind: page.Warning}},
			}},
		}}})
	}
	return p
}

func (m room) reset(r *http.Request) (string, error) {
	reason, err := reasonOf(r)
	if err != nil {
		return "", err
	}
	day, err := profile.ParseDate(r.PostFormValue("to"))
	if err != nil {
		return "", web.WrongError{Field: "to", Text: "give a day as 2026-12-31"}
	}
	_, err = m.do.ResetListing(r.Context(), r.PostFormValue("report"), day, reason)
	return "/listings?done=reset", err
}
