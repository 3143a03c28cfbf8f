package runpages

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// rehearsal is what the page of a rehearsal shows.
type rehearsal struct {
	run        runs.Run
	rows       []planstore.Rehearsed
	values     values
	mayApprove bool
	typed      typedAhead
}

// typedAhead is what was said in a form that was refused.
type typedAhead struct {
	do, group, first, last string
	codes                  []string
}

func (m room) rehearsal(r *http.Request) (page.Page, error) {
	id, err := planNumber(r)
	if err != nil {
		return page.Page{}, err
	}
	ctx := r.Context()
	h := rehearsal{mayApprove: web.May(ctx, guard.Approve), typed: typedAhead{
		do: r.PostFormValue("do"), group: r.PostFormValue("group"), first: r.PostFormValue("first"), last: r.PostFormValue("last"),
		codes: r.PostForm["code"],
	}}
	if h.run, err = m.do.RehearsalRun(ctx, id); err != nil {
		return page.Page{}, err
	}
	if h.rows, _, _, err = m.do.Rehearsed(ctx, id, runs.Selection{}); err != nil {
		return page.Page{}, err
	}
	h.values.board, err = m.do.App.BoardNames(ctx)
	return h.page(), err
}

// groupAhead is the group of a change of a rehearsal.
func groupAhead(r planstore.Rehearsed) group {
	g := group{reason: r.Withheld, orgType: r.Type, fact: r.Fact}
	if r.Fact == "" {
		g.verb = r.Verb
	}
	return g
}

// in returns the rows in one state, or that nobody has approved or somebody withdrew.
func in(rows []planstore.Rehearsed, states ...planstore.State) []planstore.Rehearsed {
	return slices.DeleteFunc(slices.Clone(rows), func(r planstore.Rehearsed) bool { return !slices.Contains(states, r.State) })
}

func free(rows []planstore.Rehearsed) []planstore.Rehearsed {
	return in(rows, planstore.Unapproved, planstore.Withdrawn)
}

func (h rehearsal) page() page.Page {
	run, left, open := h.run, free(h.rows), in(h.rows, planstore.Open)
	p := page.Page{
		Title: "Rehearsal " + run.Plan.String(), Back: page.Link{Text: "Rehearsals", To: "/rehearsals"},
		Lead: "What would wait for a decision if this were the listing of the day. Nothing has changed.",
	}
	p.Add(page.Summary{
		{Key: "What", Value: page.Say(words.Sentence(words.Listing(run.Source, run.Report)) + " as of " + words.Day(run.AsOf))},
		{Key: "Asked for by", Value: page.Say(run.Actor)},
		{Key: "To decide on", Value: page.Say(page.Many(len(left), "change", "changes"))},
		{Key: "Approved ahead", Value: page.Say(page.Many(len(open), "change", "changes"))},
		{Key: "Plan", Value: page.Leads("Everything that would change", "/plans/"+run.Plan.String())},
	})
	if len(h.rows) == 0 {
		p.Add(page.Inset{Text: "Nothing of it would wait for a decision that can be made ahead."})
		return p
	}
	h.addLeft(&p, left)
	h.addOpen(&p, open)
	if rest := in(h.rows, planstore.Used, planstore.Rejected, planstore.Undone); len(rest) > 0 {
		p.Add(page.Section{ID: "ended", Title: "What became of the rest", Blocks: []page.Block{h.table(rest, nil)}})
	}
	return p
}

// addLeft adds what can be approved ahead, with forms for who may.
func (h rehearsal) addLeft(p *page.Page, left []planstore.Rehearsed) {
	if len(left) == 0 {
		return
	}
	section := page.Section{
		ID:    "approve",
		Title: "Approve ahead: " + page.Many(len(left), "change", "changes"),
		Blocks: []page.Block{page.Text{
			"What is approved ahead is applied by the first run whose listing is of one of the days, if it finds exactly the same before and " +
				"after. Until then it can be withdrawn. Whatever else such a run finds waits for a decision as ever.",
		}},
	}
	groups := byKey(left, groupAhead)
	if h.mayApprove && (len(groups) > 1 || len(left) > farDown) {
		form := page.Form{
			Action: rehearsalAddress(h.run.Plan, ""), Hidden: hiddenAhead(whole, left, "0"), Fields: h.span(whole, "0"), Inline: true,
			Buttons: []page.Button{{Text: "Approve ahead all " + page.Count(len(left)), Name: "do", Value: "approve-ahead"}},
		}
		section.Blocks = append(section.Blocks, form)
	}
	p.Add(section)
	for i, of := range groups {
		h.addGroup(p, of, strconv.Itoa(i+1))
	}
}

// addGroup adds the changes of a group; at tells the fields of its form from those of others.
func (h rehearsal) addGroup(p *page.Page, of []planstore.Rehearsed, at string) {
	g := groupAhead(of[0])
	section := page.Section{Title: titleAhead(of), Blocks: []page.Block{
		page.Inset{Title: "Why it would wait", Text: words.Sentence(words.Withheld(g.reason)) + ".", Warning: true},
	}}
	if !h.mayApprove {
		section.Blocks = append(section.Blocks, h.table(of, nil))
		p.Add(section)
		return
	}
	form := page.Form{
		Action: rehearsalAddress(h.run.Plan, ""), Hidden: append(hiddenAhead(g.name(), of, at), page.Hidden{Name: "ticks", Value: "yes"}),
		Blocks: []page.Block{h.table(of, h.ticked("approve-ahead", g.name()))}, Fields: h.span(g.name(), at),
		Buttons: []page.Button{{Text: "Approve ahead what is ticked", Name: "do", Value: "approve-ahead"}},
	}
	if len(of) > mostTicks { // not all can be ticked: only all together
		form.Hidden, form.Blocks = hiddenAhead(g.name(), of, at), []page.Block{h.table(of, nil)}
		form.Buttons[0].Text = "Approve ahead all " + page.Count(len(of)) + " of these"
	}
	section.Blocks = append(section.Blocks, form)
	p.Add(section)
}

func titleAhead(of []planstore.Rehearsed) string {
	profiles := make(map[profile.ODSCode]bool)
	for _, r := range of {
		profiles[r.Code] = true
	}
	return title(of[0].Verb, of[0].Fact, len(profiles), of[0].Type)
}

// hiddenAhead says which group a form is about, exactly.
func hiddenAhead(name string, of []planstore.Rehearsed, at string) []page.Hidden {
	return []page.Hidden{{Name: "group", Value: name}, {Name: "digest", Value: planstore.Digest(of)}, {Name: "at", Value: at}}
}

// span are the fields of the days for which something is approved.
func (h rehearsal) span(name, at string) []page.Field {
	fields := []page.Field{
		{Kind: page.Day, ID: "first-" + at, Name: "first", Label: "For listings from", Value: h.run.AsOf.String()},
		{Kind: page.Day, ID: "last-" + at, Name: "last", Label: "Until and including", Value: h.run.AsOf.String()},
	}
	if h.typed.do == "approve-ahead" && h.typed.group == name {
		fields[0].Value, fields[1].Value = h.typed.first, h.typed.last
	}
	return fields
}

// ticked says which codes of a group are ticked: all, unless a form was refused.
func (h rehearsal) ticked(do, name string) func(code profile.ODSCode) bool {
	return func(code profile.ODSCode) bool {
		refused := h.typed.do == do && h.typed.group == name
		return !refused || slices.Contains(h.typed.codes, string(code))
	}
}

// addOpen adds what is approved ahead and no run has used.
func (h rehearsal) addOpen(p *page.Page, open []planstore.Rehearsed) {
	if len(open) == 0 {
		return
	}
	section := page.Section{ID: "approved", Title: "Approved ahead: " + page.Many(len(open), "change", "changes")}
	for _, of := range byKey(open, groupAhead) {
		if !h.mayApprove {
			section.Blocks = append(section.Blocks, h.table(of, nil))
			continue
		}
		name := groupAhead(of[0]).name()
		form := page.Form{
			Action: rehearsalAddress(h.run.Plan, ""), Title: titleAhead(of),
			Hidden: []page.Hidden{{Name: "group", Value: name}, {Name: "ticks", Value: "yes"}},
			Blocks: []page.Block{h.table(of, h.ticked("withdraw-ahead", name))},
			Buttons: []page.Button{
				{Text: "Withdraw what is ticked", Name: "do", Value: "withdraw-ahead", Kind: page.Warning},
			},
		}
		if len(of) > mostTicks {
			form.Hidden, form.Blocks = form.Hidden[:1], []page.Block{h.table(of, nil)}
			form.Buttons[0].Text = "Withdraw all " + page.Count(len(of)) + " of these"
		}
		section.Blocks = append(section.Blocks, form)
	}
	p.Add(section)
}

// table shows changes of a rehearsal, with a box for each profile where ticked says which
// are ticked.
func (h rehearsal) table(of []planstore.Rehearsed, ticked func(profile.ODSCode) bool) page.Table {
	t := page.Table{
		Caption: page.Many(len(of), "change", "changes"), Columns: page.Names("Code", "Field", "Before", "After", "What became of it"),
	}
	if ticked != nil && len(of) > 1 {
		t.All = &page.Pick{All: "code", Label: "Tick all"}
	}
	seen, fates := make(map[profile.ODSCode]bool), false
	for i, r := range of {
		if i == mostTicks {
			t.More = page.Link{Text: "and " + page.Many(len(of)-i, "more change", "more changes")}
			break
		}
		code := words.Profile(r.Code, r.Name)
		if ticked != nil && !seen[r.Code] {
			code.Pick = &page.Pick{
				Name: "code", Value: string(r.Code), Label: "Decide on " + string(r.Code) + " " + r.Name, Checked: ticked(r.Code),
			}
		}
		seen[r.Code] = true
		field, was, is := h.values.change(r.Field, r.Old, r.New)
		if r.Verb == runs.Create {
			code.To, field, was, is = "", "", page.Say(words.None), page.Say("a new profile")
		}
		fates = fates || r.Fate() != ""
		t.Rows = append(t.Rows, page.Row{code, page.Say(field), was, is, page.Say(words.Sentence(r.Fate()))})
	}
	if !fates {
		leaveOut(&t, len(t.Columns)-1)
	}
	leaveOut(&t, atField)
	return t
}
