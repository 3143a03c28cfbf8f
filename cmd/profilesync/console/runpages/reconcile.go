package runpages

import (
	"errors"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// How the records of a one-off reconciliation are named.
const (
	byFile  = "file"
	byCodes = "codes"
	byAll   = "all"
)

func (m room) reconcile(r *http.Request) (page.Page, error) {
	return askPage(m.do.App.Settings.AsksERS(), m.do.App.Settings.ODSReports, typedRequest{
		how: r.PostFormValue("how"), codes: r.PostFormValue("codes"), source: r.PostFormValue("source"), report: r.PostFormValue("report"),
		day: r.PostFormValue("day"), rehearse: r.PostFormValue("rehearse") != "",
	}), nil
}

// typedRequest is what somebody typed.
type typedRequest struct {
	how, codes, source, report, day string
	rehearse                        bool
}

func askPage(asksERS bool, reports []string, a typedRequest) page.Page {
	form := page.Form{
		ID: "ask", Action: "/reconcile", Upload: true, Hidden: []page.Hidden{{Name: "do", Value: "plan"}},
		Fields: []page.Field{
			{Kind: page.OneOf, Name: "how", Label: "What is reconciled", Options: hows(a.how)},
			{
				Kind: page.FileToSend, Name: "file", Label: "File", Accept: ".csv,.zip",
				Hint: "For a listing in a file. Drop it here, or choose it",
			},
			{
				Kind: page.OneLine, Name: "codes", Label: "Codes", Value: a.codes, Most: 4000,
				Hint: "For some organisations. With spaces between them, such as RR8 RVJ",
			},
			{Kind: page.Choice, Name: "report", Label: "Report", Options: named(reports, a.report), Unasked: true},
			{
				Kind: page.Day, Name: "day", Label: "Day that the listing speaks of", Value: a.day, Unasked: true,
				Hint: "Empty for the date in the file's name, or today",
			},
			{Kind: page.SomeOf, Name: "rehearse", Label: "Rehearsal", Options: []page.Option{{
				Value: "yes", Label: "The day of the listing is still to come", Chosen: a.rehearse,
				Hint: "For a listing in a file. It is never applied: what it would withhold can be approved ahead",
			}}},
		},
		Buttons: []page.Button{{Text: "Show the plan"}},
	}
	if asksERS {
		form.Fields = slices.Insert(form.Fields, 3, page.Field{Kind: page.OneOf, Name: "source", Label: "Source", Options: []page.Option{
			{Value: "ods", Label: "ODS, the organisation register", Chosen: a.source != "ers"},
			{Value: "ers", Label: "e-RS, the services", Chosen: a.source == "ers"},
		}})
	}
	return page.Page{
		Title: "Start a one-off reconciliation", Lead: "First you see a plan: what would change. Nothing changes until you say so.",
		Blocks: []page.Block{form},
	}
}

// hows are the ways to name the records; without a choice, the first is chosen.
func hows(chosen string) []page.Option {
	options := []page.Option{
		{Value: byFile, Label: "A listing in a file", Hint: "A complete listing, as the register publishes it, such as etr_2026-04-09.csv"},
		{Value: byCodes, Label: "Some organisations, by their codes", Hint: "They are asked for at the register now"},
		{
			Value: byAll,
			Label: "Everything of the source",
			Hint:  "Of ODS, the report that is chosen below. It is downloaded from the register now",
		},
	}
	for i := range options {
		options[i].Chosen = options[i].Value == chosen || chosen == "" && i == 0
	}
	return options
}

// named are the reports that a listing may be of.
func named(reports []string, chosen string) []page.Option {
	options := []page.Option{{Label: "As the file's name says"}}
	for _, report := range reports {
		options = append(options, page.Option{
			Value: report, Label: words.Sentence(words.Listing(profile.SourceODS, report)), Chosen: report == chosen,
		})
	}
	return options
}

// request reads the form. The file, if any, has to be closed.
func request(r *http.Request) (req actions.Request, file multipart.File, err error) {
	req.Source = profile.SourceODS
	if r.PostFormValue("source") == "ers" {
		req.Source = profile.SourceERS
	}
	req.Report, req.Rehearse = r.PostFormValue("report"), r.PostFormValue("rehearse") != ""
	if day := r.PostFormValue("day"); day != "" {
		if req.AsOf, err = profile.ParseDate(day); err != nil {
			return req, nil, web.WrongError{Field: "day", Text: "give a day as 2026-12-31"}
		}
	}
	if req.Rehearse && r.PostFormValue("how") != byFile {
		return req, nil, web.WrongError{Field: "rehearse", Text: "choose a file: a register says only what is so today"}
	}
	switch r.PostFormValue("how") {
	case byFile:
		opened, header, err := r.FormFile("file")
		if err != nil {
			return req, nil, web.WrongError{Field: "file", Text: "choose a file"}
		}
		req.Files = []actions.File{{Name: header.Filename, Sent: opened}}
		return req, opened, nil
	case byCodes:
		req.Codes, err = codesIn(r.PostFormValue("codes"))
		return req, nil, err
	case byAll:
	default:
		return req, nil, web.WrongError{Field: "how", Text: "say what is reconciled"}
	}
	return req, nil, nil
}

// codesIn reads codes with spaces or commas between them.
func codesIn(text string) (codes []profile.ODSCode, err error) {
	for part := range strings.FieldsSeq(strings.ReplaceAll(text, ",", " ")) {
		code, err := profile.ParseODSCode(part)
		if err != nil {
			return nil, web.WrongError{Field: "codes", Text: err.Error()}
		}
		codes = append(codes, code)
	}
	if len(codes) == 0 {
		return nil, web.WrongError{Field: "codes", Text: "give at least one code"}
	}
	return codes, nil
}

// fields are the names of the form for the inputs of a request.
var fields = map[string]string{"files": "file", "as-of": "day", "ods": "codes", "rehearse": "day"}

// plan makes a plan, and leads to it.
func (m room) plan(r *http.Request) (string, error) {
	req, file, err := request(r)
	if err != nil {
		return "", err
	}
	if file != nil {
		defer func() { _ = file.Close() }() // only read
	}
	address, err := m.planOf(r, req)
	if own, ok := errors.AsType[*actions.Error](err); ok && fields[own.Field] != "" {
		return "", web.WrongError{Field: fields[own.Field], Text: strings.TrimLeft(strings.TrimPrefix(err.Error(), own.Field), ": ")}
	}
	return address, err
}

// planOf makes the plan of one listing, or of some codes: what is asked for as several has
// a plan for each.
func (m room) planOf(r *http.Request, req actions.Request) (address string, err error) {
	scopes, err := m.do.Scopes(r.Context(), req)
	if err != nil {
		return "", err
	}
	if len(scopes) != 1 {
		return "", web.WrongError{Field: "report", Text: "choose one: each report has a plan of its own"}
	}
	scope := scopes[0]
	if scope.IsReference() {
		return m.readReference(r, req, scope)
	}
	reader, err := m.do.NewReader(r.Context())
	if err != nil {
		return "", err
	}
	made, err := m.do.Plan(r.Context(), reader, scope)
	switch {
	case err != nil:
		return "", err
	case made.Plan == 0:
		return "", web.WrongError{Field: "how", Text: unplanned(made)}
	case req.Rehearse && len(made.Withheld) > 0:
		return rehearsalAddress(made.Plan, ""), nil
	default:
		return "/plans/" + made.Plan.String(), nil
	}
}

// readReference reads what is only read to read others with: no plan comes of it.
func (m room) readReference(r *http.Request, req actions.Request, scope actions.Scope) (address string, err error) {
	if req.Rehearse {
		return "", web.WrongError{Field: "rehearse", Text: "this report is only read to read others with: it cannot be rehearsed"}
	}
	_, err = m.do.Reconcile(r.Context(), scope, false)
	return "/reconcile?done=read", err
}

func unplanned(s runs.Summary) string {
	if s.Error != "" {
		return s.Error
	}
	return words.Sentence(words.RunState(s.State).Text) + ": there is nothing to plan"
}
