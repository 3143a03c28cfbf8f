package qualitypages

import (
	"net/http"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

const (
	// mostFindings is how many findings are listed.
	mostFindings = 500
	// mostChecked is how many pharmacies are looked at while somebody waits for it.
	mostChecked = 20
)

// found is what the page of the findings shows.
type found struct {
	filter   qualitystore.Filter
	findings []qualitystore.Found
	mayRun   bool
	codes    string // typed into a form that was refused
}

func (m room) checks(r *http.Request) (page.Page, error) {
	query := r.URL.Query()
	f := found{mayRun: web.May(r.Context(), guard.Reconcile), codes: r.PostFormValue("codes")}
	f.filter = qualitystore.Filter{Gone: query.Get("gone") != "", Most: mostFindings + 1}
	if kind, err := quality.ParseKind(query.Get("kind")); err == nil {
		f.filter.Kind = kind
	}
	if owner, err := quality.ParseOwner(query.Get("owner")); err == nil {
		f.filter.Owner = owner
	}
	if code := strings.TrimSpace(query.Get("code")); code != "" {
		parsed, err := profile.ParseODSCode(code)
		if err != nil {
			return page.Page{}, web.WrongError{Field: "code", Text: err.Error()}
		}
		f.filter.Code = parsed
	}
	var err error
	f.findings, err = m.do.Findings(r.Context(), f.filter)
	return f.page(), err
}

func (f found) page() page.Page {
	p := page.Page{
		Title: "Quality findings", Lead: "What is wrong with what DoS and the NHS website show of pharmacies. It is looked for every night.",
	}
	p.Add(f.choose())
	t := page.Table{
		Caption: "What was found", Hidden: true, Empty: "Nothing like that was found.",
		Columns: page.Names("Code", "Finding", "What it is", "Since"),
	}
	if f.filter.Gone {
		t.Columns = append(t.Columns, page.Column{Name: "Gone"})
	}
	var kinds []quality.Kind
	for i, one := range f.findings {
		if i == mostFindings {
			t.More = page.Link{Text: "There is more: choose a finding, an owner or a code"}
			break
		}
		row := page.Row{
			words.Profile(one.Code, one.Name),
			{Text: words.Finding(one.Kind), Soft: "for the " + words.FindingOwner(one.Owner)},
			{Text: words.Sentence(one.Text()), Soft: one.Service},
			words.Moment(one.FirstSeen),
		}
		if f.filter.Gone {
			row = append(row, words.Moment(one.Gone))
		}
		t.Rows = append(t.Rows, row)
		if !slices.Contains(kinds, one.Kind) {
			kinds = append(kinds, one.Kind)
		}
	}
	p.Add(t)
	if len(kinds) > 0 {
		p.Add(advice(kinds))
	}
	if f.mayRun {
		p.Add(f.run())
	}
	return p
}

func (f found) choose() page.Form {
	kinds, owners := []page.Option{{Label: "Every finding"}}, []page.Option{{Label: "Everybody"}}
	for _, kind := range quality.Kinds() {
		kinds = append(kinds, page.Option{Value: string(kind), Label: words.Finding(kind), Chosen: kind == f.filter.Kind})
	}
	for _, owner := range quality.Owners() {
		owners = append(owners, page.Option{
			Value: string(owner), Label: words.Sentence(words.FindingOwner(owner)), Chosen: owner == f.filter.Owner,
		})
	}
	gone := []page.Option{{Label: "That lasts"}, {Value: "1", Label: "With what is gone", Chosen: f.filter.Gone}}
	return page.Form{
		Action: "/checks", Get: true, Inline: true, Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}}, Fields: []page.Field{
			{Kind: page.Choice, Name: "kind", Label: "Finding", Options: kinds},
			{Kind: page.Choice, Name: "owner", Label: "Who has to act", Options: owners},
			{Kind: page.Choice, Name: "gone", Label: "What", Options: gone},
			{Kind: page.OneLine, Name: "code", Label: "Code of the pharmacy", Value: string(f.filter.Code), Width: 10, Unasked: true},
		},
	}
}

// advice says what to do about the findings of each kind.
func advice(kinds []quality.Kind) page.Section {
	rows := make(page.Summary, len(kinds))
	for i, kind := range kinds {
		rows[i] = page.SummaryRow{Key: words.Finding(kind), Value: page.Say(kind.Advice())}
	}
	return page.Section{ID: "do", Title: "What to do", Blocks: []page.Block{rows}}
}

func (f found) run() page.Section {
	return page.Section{ID: "run", Title: "Look at some pharmacies now", Blocks: []page.Block{page.Form{
		Action: "/checks", Hidden: []page.Hidden{{Name: "do", Value: "run"}}, Fields: []page.Field{{
			Kind: page.OneLine, Name: "codes", Label: "Codes", Value: f.codes, Most: 400,
			Hint: "Up to 20, with spaces between them, such as FA420 FA421. Nothing is pushed",
		}},
		Buttons: []page.Button{{Text: "Make the quality checks"}},
	}}}
}

// typed are the codes that somebody typed.
func typed(r *http.Request) []string {
	return strings.Fields(strings.ReplaceAll(r.PostFormValue("codes"), ",", " "))
}

// ofCodes are the codes of a form, for the audit.
func ofCodes(r *http.Request) string { return web.Several(typed(r)) }

func (m room) runChecks(r *http.Request) (string, error) {
	var codes []profile.ODSCode
	for _, text := range typed(r) {
		code, err := profile.ParseODSCode(text)
		if err != nil {
			return "", web.WrongError{Field: "codes", Text: err.Error()}
		}
		codes = append(codes, code)
	}
	if len(codes) == 0 || len(codes) > mostChecked {
		return "", web.WrongError{Field: "codes", Text: "give 1 to 20 codes: all are looked at every night"}
	}
	if err := m.do.RequireProfiles(r.Context(), codes); err != nil {
		return "", err
	}
	result, err := m.do.RunChecks(r.Context(), codes, nil)
	switch result.State {
	case quality.Alarm:
		return "/checks?done=checks-alarm", err
	case quality.Failed:
		return "/checks?done=checks-failed", err
	default:
		return "/checks?done=checks-run", err
	}
}
