package qualitypages

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// mostRecords is how many records of each kind are listed.
const mostRecords = 500

// kindsOfRecords are the pages of this file.
var kindsOfRecords = []page.Link{
	{Text: "Not understood", To: "/records"},
	{Text: "Active after their end", To: "/records/contradictions"},
	{Text: "To look at", To: "/records/flags"},
	{Text: "Sites without a clear owner", To: "/records/owners"},
}

// records is a page of one kind of records, with links to the others.
func records(at int, lead string, t page.Table, blocks ...page.Block) page.Page {
	p := page.Page{Title: "Records: " + strings.ToLower(kindsOfRecords[at].Text[:1]) + kindsOfRecords[at].Text[1:], Lead: lead}
	var others page.Links
	for i, link := range kindsOfRecords {
		if i != at {
			others = append(others, link)
		}
	}
	if len(t.Rows) > mostRecords {
		t.Rows = t.Rows[:mostRecords]
		t.More = page.Link{Text: "The first " + page.Count(mostRecords) + " are shown"}
	}
	p.Add(blocks...)
	p.Add(t, page.Section{ID: "others", Title: "Other records to look at", Blocks: []page.Block{others}})
	return p
}

// chooseReport lets the reader choose a report, among those that are pulled.
func (m room) chooseReport(r *http.Request) (report string, form page.Form) {
	options := []page.Option{{Label: "Every report"}}
	for _, name := range m.do.App.Settings.ODSReports {
		if name == r.URL.Query().Get("report") {
			report = name
		}
		label := words.Sentence(words.Listing(profile.SourceODS, name))
		options = append(options, page.Option{Value: name, Label: label, Chosen: name == report})
	}
	return report, page.Form{
		Action: r.URL.Path, Get: true, Inline: true, Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
		Fields: []page.Field{{Kind: page.Choice, Name: "report", Label: "Report", Options: options}},
	}
}

func (m room) quarantine(r *http.Request) (page.Page, error) {
	report, choose := m.chooseReport(r)
	found, err := m.do.Quarantine(r.Context(), report, mostRecords+1)
	return quarantinePage(found, choose), err
}

func quarantinePage(found []qualitystore.Quarantined, choose page.Form) page.Page {
	t := page.Table{
		Caption: "Records, the newest first", Hidden: true, Empty: "Every record was understood.",
		Columns: page.Names("Code", "Report", "Field", "Value", "What to do", "Last seen"),
	}
	for _, q := range found {
		t.Rows = append(t.Rows, page.Row{
			page.Say(string(q.Code)),
			{Text: words.Sentence(words.Listing(q.Source, q.Report)), Soft: "line " + strconv.Itoa(q.Line)},
			page.Say(words.Code(q.Field)),
			{Text: q.Value, Code: true},
			page.Say(q.Reason), words.Moment(q.LastSeen),
		})
	}
	return records(0, "Records of the registers that could not be understood. Nothing of them is used.", t, choose)
}

func (m room) contradictions(r *http.Request) (page.Page, error) {
	report, choose := m.chooseReport(r)
	found, err := m.do.Contradictions(r.Context(), report)
	return contradictionsPage(found, choose), err
}

func contradictionsPage(found []qualitystore.Contradiction, choose page.Form) page.Page {
	t := page.Table{
		Caption: "Organisations", Hidden: true, Empty: "There is none.", Columns: page.Names("Code", "Report", "Profile", "End date"),
	}
	for _, c := range found {
		t.Rows = append(t.Rows, page.Row{
			words.Profile(c.Code, c.Name), page.Say(words.Sentence(words.Listing(c.Source, c.Report))),
			words.Status(c.Status), page.Say(c.Closed),
		})
	}
	return records(1, "Organisations that the register calls active although their end date has passed.", t, choose)
}

// flagWords say why a person should look at a record.
var flagWords = map[runs.Flag]string{
	runs.LeftType: "it is active, but no longer of a kind that has a profile", runs.NoEndDate: "it is inactive, but has no end date",
	runs.StillAbsent: "two complete listings did not have it", runs.Deleted: "it was deleted from the register",
	runs.EndInFuture: "it is inactive, but its end date has not come",
}

func (m room) flags(r *http.Request) (page.Page, error) {
	report, choose := m.chooseReport(r)
	found, err := m.do.Flags(r.Context(), report)
	return flagsPage(found, choose), err
}

func flagsPage(found []qualitystore.Flagged, choose page.Form) page.Page {
	t := page.Table{
		Caption: "Profiles", Hidden: true, Empty: "There is none.", Columns: page.Names("Code", "Report", "Why", "Profile", "Missing since"),
	}
	for _, f := range found {
		why := flagWords[runs.Flag(f.Flag)]
		if why == "" {
			why = words.Code(f.Flag)
		}
		t.Rows = append(t.Rows, page.Row{
			words.Profile(f.Code, f.Name), page.Say(words.Sentence(words.Listing(f.Source, f.Report))), page.Say(words.Sentence(why)),
			words.Status(f.Status), page.Say(f.MissingSince),
		})
	}
	return records(2, "Profiles whose record in the register a person should look at.", t, choose)
}

const (
	// changedDays is how many days a site is listed after its owner changed, as the command does.
	changedDays = 92
	mostDays    = 10_000
)

func (m room) owners(r *http.Request) (page.Page, error) {
	days, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil || days < 0 || days > mostDays {
		days = changedDays
	}
	found, err := m.do.Owners(r.Context(), days)
	return ownersPage(found, days), err
}

// problemWords say what is unclear about the owner of a site.
var problemWords = map[services.OwnerProblem]string{
	services.OwnerUnknown: "nobody is named, or nobody is known by that code", services.OwnerClosed: "the owner has closed",
	services.OwnerChanged: "the owner changed, or the site's code names another",
}

func ownersPage(found []servicestore.OwnedSite, days int) page.Page {
	t := page.Table{
		Caption: "Sites", Hidden: true, Empty: "Every site has a clear owner.",
		Columns: page.Names("Code", "Owner", "By its code", "Before", "Why"),
	}
	for _, o := range found {
		t.Rows = append(t.Rows, page.Row{
			words.Profile(o.Code, o.Name), page.Say(string(o.Owner)), page.Say(string(o.ByCode)), page.Say(string(o.Before)),
			page.Say(words.Sentence(problemWords[o.Problem])),
		})
	}
	choose := page.Form{
		Action: "/records/owners", Get: true, Inline: true, Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
		Fields: []page.Field{{
			Kind: page.OneLine, Name: "days", Label: "Days after a change of owner", Value: strconv.Itoa(days), Width: 5, Most: 5,
		}},
	}
	return records(3, "Open sites whose owner changed, has closed or is not known.", t, choose)
}
