package officepages

import (
	"context"
	"net/http"
	"net/url"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mostReports is how many reports a page lists: those of six weeks.
const mostReports = 30

func (m room) reports(r *http.Request) (page.Page, error) {
	before, err := profile.ParseDate(r.URL.Query().Get("before"))
	if err != nil {
		before = profile.Date{}
	}
	found, err := m.do.ReportsBefore(r.Context(), before, mostReports+1)
	return reportsPage(found, mostReports, web.May(r.Context(), guard.Administer)), err
}

// reportsPage shows the first reports of those that were found, and leads to older ones if there are more.
func reportsPage(found []reportstore.FrozenReport, most int, mayMake bool) page.Page {
	p := page.Page{Title: "Reports", Lead: "What changed each day: before and after, by whom, and what was pushed."}
	t := page.Table{
		Caption: "Reports, the newest first", Hidden: true, Empty: "There is no report yet.",
		Columns: []page.Column{{Name: "Day"}, {Name: "Changes", Number: true}, {Name: "Made"}, {Name: "Deliveries", Number: true}},
	}
	for i, f := range found {
		if i == most {
			t.More = page.Link{Text: "Older reports", To: "/reports?before=" + found[i-1].Day.String()} //nolint:gosec // i is the maximum
			break
		}
		t.Rows = append(t.Rows, page.Row{
			page.Leads(words.Day(f.Day), "/reports/"+f.Day.String()), page.Say(page.Count(f.Rows)), words.Moment(f.Frozen),
			page.Say(page.Count(f.Deliveries)),
		})
	}
	p.Add(t)
	if mayMake {
		p.Add(page.Form{
			Action: "/reports", Hidden: []page.Hidden{{Name: "do", Value: "make"}},
			Buttons: []page.Button{{Text: "Make what is due", Kind: page.Secondary}},
		})
	}
	return p
}

func (m room) makeReports(r *http.Request) (string, error) {
	_, err := m.do.MakeReports(r.Context())
	return "/reports?done=made", err
}

func dayOf(r *http.Request) (profile.Date, error) {
	day, err := profile.ParseDate(r.PathValue("day"))
	if err != nil || day.IsZero() {
		return day, web.ErrNone("there is no report of this day")
	}
	return day, nil
}

func (m room) report(r *http.Request) (page.Page, error) {
	day, err := dayOf(r)
	if err != nil {
		return page.Page{}, err
	}
	found, err := m.do.ReportsBefore(r.Context(), day.AddDays(1), 1)
	switch {
	case err != nil:
		return page.Page{}, err
	case len(found) == 0 || found[0].Day != day:
		return page.Page{}, web.ErrNone("there is no report of " + day.Words())
	default:
		return reportPage(found[0], r.URL.Query().Get("region")), nil
	}
}

func reportPage(f reportstore.FrozenReport, region string) page.Page {
	day, query, of := f.Day.String(), "", ""
	p := page.Page{Title: "Report of " + words.Day(f.Day), Back: page.Link{Text: "Reports", To: "/reports"}}
	if code, err := profile.ParseODSCode(region); err == nil {
		query, of = "?"+url.Values{"region": {string(code)}}.Encode(), "of "+string(code)+" alone"
		region = string(code)
	} else {
		region = ""
	}
	file := func(form string) string { return "/api/v1/reports/" + day + "/" + form + query }
	p.Add(page.Summary{
		{Key: "Covers", Value: page.Say(words.Moment(f.From).Text + " to " + words.Moment(f.Until).Text)},
		{Key: "Changes", Value: page.Say(page.Count(f.Rows))},
		{Key: "Made", Value: words.Moment(f.Frozen)},
		{Key: "Digest", Value: page.Cell{Text: f.Digest, Code: true}},
	}, page.Links{
		{Text: "Open the report", To: "/reports/" + day + "/page" + query, Hint: of},
		{Text: "Download as a workbook (XLSX)", To: file("xlsx"), Hint: of},
		{Text: "Download as a table (CSV)", To: file("csv"), Hint: of},
		{Text: "Download as JSON", To: file("json"), Hint: of},
		{Text: "Download as a page (HTML)", To: file("html"), Hint: of},
	}, page.Form{
		Action: "/reports/" + day, Get: true, Inline: true, Fields: []page.Field{
			{Kind: page.OneLine, Name: "region", Label: "Only one board, by its code", Value: region, Width: 10, Unasked: true},
		},
		Buttons: []page.Button{{Text: "Choose", Kind: page.Secondary}},
	})
	return p
}

// reportPolicy lets the report's page have the style that it holds, and nothing else.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'"

// reportPage serves the page of a report as it is delivered.
func (m room) reportPage(w http.ResponseWriter, r *http.Request) {
	day, err := dayOf(r)
	wanted := wiring.ReportFile{Day: day, Form: "html"}
	if region := r.URL.Query().Get("region"); region != "" && err == nil {
		if wanted.Region, err = profile.ParseODSCode(region); err != nil {
			err = web.WrongError{Field: "region", Text: err.Error()}
		}
	}
	var file *spool.File
	if err == nil {
		file, err = m.do.Report(r.Context(), wanted)
	}
	if err != nil {
		m.desk.Fail(w, r, err)
		return
	}
	defer func() { _ = file.Close() }() // only read; closing it twice is harmless
	w.Header().Set("Content-Type", wiring.TypeOfReport(wanted.Form))
	w.Header().Set("Content-Security-Policy", reportPolicy)
	m.readers.Serve(w, r, func(context.Context) (*spool.File, error) { return file, nil })
}
