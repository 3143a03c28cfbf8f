package runpages

import (
	"net/http"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// mostTicks is how many rows of a group can be ticked one by one.
const mostTicks = 1000

// farDown is from how many rows on all of them can be decided on above them, too.
const farDown = 10

// group is rows of a run that wait for one reason, and are decided on together.
type group struct {
	reason  runs.WithheldReason
	orgType profile.OrgType
	fact    string
	verb    runs.Verb // of creations only, which have no fact
}

// whole is the group of everything that waits of a run.
const whole = "all"

func groupOf(w runstore.WaitingRow) group {
	fact, _, _ := strings.Cut(w.Fact, "/")
	g := group{reason: w.Withheld, orgType: w.Type, fact: fact}
	if fact == "" {
		g.verb = w.Verb
	}
	return g
}

// name is how a form says which group it is about.
func (g group) name() string {
	return strings.Join([]string{string(g.reason), string(g.orgType), g.fact, string(g.verb)}, "/")
}

// waitingOf lists what waits of a run, and nobody has decided on.
func (m room) waitingOf(r *http.Request, id runs.ID) ([]runstore.WaitingRow, error) {
	rows, _, err := m.do.Waiting(r.Context(), runs.Selection{Run: id})
	return slices.DeleteFunc(rows, func(w runstore.WaitingRow) bool { return w.Approved != 0 }), err
}

// addDecisions adds what waits, with forms for who may decide.
func (o oneRun) addDecisions(p *page.Page) {
	if len(o.waiting) == 0 {
		return
	}
	groups := byKey(o.waiting, groupOf)
	section := page.Section{ID: "waiting", Title: "Decide: " + page.Many(len(o.waiting), "change waits", "changes wait")}
	if !o.mayApprove {
		section.Title = page.Many(len(o.waiting), "change waits", "changes wait") + " for a decision"
		section.Blocks = append(section.Blocks, page.Text{"Somebody who may approve decides, and finds this run under What waits."})
	}
	if (len(groups) > 1 || len(o.waiting) > farDown) && o.mayApprove {
		form := page.Form{
			Action: to(o.run.ID.String(), ""), Hidden: o.hiddenOf(whole, o.waiting),
			Buttons: []page.Button{{Text: "Approve all " + page.Count(len(o.waiting)), Name: "do", Value: "approve"}},
		}
		section.Blocks = append(section.Blocks, form, rejectAll(form, o.waiting))
	}
	p.Add(section)
	for _, of := range groups {
		p.Add(o.groupSection(of))
	}
}

// rejectAll rejects everything that a form approves. It has to be opened first: one press
// too many would take it from the page.
func rejectAll(approves page.Form, of []runstore.WaitingRow) page.Details {
	all := page.Count(len(of))
	form := page.Form{
		Action: approves.Action, Hidden: approves.Hidden,
		Buttons: []page.Button{{Text: "Reject all " + all, Name: "do", Value: "reject", Kind: page.Warning}},
	}
	return page.Details{Summary: "Reject them instead", Blocks: []page.Block{
		page.Text{"None of the " + all + " is applied, until the register says something else about it."}, form,
	}}
}

func (o oneRun) hiddenOf(name string, rows []runstore.WaitingRow) []page.Hidden {
	return []page.Hidden{{Name: "group", Value: name}, {Name: "digest", Value: runstore.WaitingDigest(rows)}}
}

func (o oneRun) groupSection(of []runstore.WaitingRow) page.Section {
	g, profiles := groupOf(of[0]), make(map[profile.ODSCode]bool)
	for _, w := range of {
		profiles[w.Code] = true
	}
	section := page.Section{Title: title(of[0].Verb, of[0].Fact, len(profiles), of[0].Type), Blocks: []page.Block{
		page.Inset{Title: "Why it waits", Text: words.Sentence(words.Withheld(g.reason)) + ".", Warning: true},
	}}
	t := o.ticks(of, g.name())
	if !o.mayApprove {
		section.Blocks = append(section.Blocks, t)
		return section
	}
	form := page.Form{
		Action: to(o.run.ID.String(), ""), Hidden: append(o.hiddenOf(g.name(), of), page.Hidden{Name: "ticks", Value: "yes"}),
		Blocks: []page.Block{t}, Buttons: []page.Button{
			{Text: "Approve what is ticked", Name: "do", Value: "approve"},
			{Text: "Reject what is ticked", Name: "do", Value: "reject", Kind: page.Warning},
		},
	}
	if len(of) > mostTicks { // not all can be ticked: only all together
		form.Hidden = o.hiddenOf(g.name(), of)
		form.Buttons = []page.Button{{Text: "Approve all " + page.Count(len(of)), Name: "do", Value: "approve"}}
		section.Blocks = append(section.Blocks, form, rejectAll(form, of))
		return section
	}
	section.Blocks = append(section.Blocks, form)
	return section
}

// ticks is a table with a box for each profile.
func (o oneRun) ticks(of []runstore.WaitingRow, name string) page.Table {
	t := page.Table{Caption: page.Many(len(of), "change", "changes"), Columns: page.Names("Code", "Field", "Before", "After", "Waits since")}
	ticked, refused := o.ticked[name]
	tick := o.mayApprove && len(of) <= mostTicks
	if tick && len(of) > 1 {
		t.All = &page.Pick{All: "code", Label: "Tick all"}
	}
	seen := make(map[profile.ODSCode]bool)
	for i, w := range of {
		if i == mostTicks {
			t.More = page.Link{Text: "and " + page.Many(len(of)-i, "more change", "more changes")}
			break
		}
		code := words.Profile(w.Code, w.Name)
		if tick && !seen[w.Code] {
			code.Pick = &page.Pick{
				Name: "code", Value: string(w.Code), Label: "Decide on " + string(w.Code) + " " + w.Name,
				Checked: !refused || slices.Contains(ticked, string(w.Code)),
			}
		}
		seen[w.Code] = true
		field, was, is := o.values.change(w.Field, w.Old, w.New)
		if w.Verb == runs.Create {
			code.To, field, was, is = "", "", page.Say(words.None), page.Say("a new profile")
		}
		t.Rows = append(t.Rows, page.Row{code, page.Say(field), was, is, words.Moment(w.Since)})
	}
	leaveOut(&t, atField)
	return t
}

// decision is what a form decides on: exactly what its page showed, or a part of it. What
// has changed since is refused.
func (m room) decision(r *http.Request) (d actions.Decision, err error) {
	id, err := m.number(r)
	if err != nil {
		return d, err
	}
	rows, err := m.waitingOf(r, id)
	if err != nil {
		return d, err
	}
	name := r.PostFormValue("group")
	d.Run = id
	if name != whole {
		rows = slices.DeleteFunc(rows, func(w runstore.WaitingRow) bool { return groupOf(w).name() != name })
	}
	if len(rows) == 0 || runstore.WaitingDigest(rows) != r.PostFormValue("digest") {
		return d, &actions.Error{Kind: actions.Conflict, Text: "what waits has changed since you looked: this is what waits now"}
	}
	if name != whole {
		g := groupOf(rows[0])
		d.Reason, d.Type, d.Fact = g.reason, g.orgType, g.fact
	}
	codes := r.PostForm["code"]
	if r.PostFormValue("ticks") != "" {
		if len(codes) == 0 {
			return d, web.WrongError{Text: "tick what you decide on"}
		}
		rows = slices.DeleteFunc(rows, func(w runstore.WaitingRow) bool { return !slices.Contains(codes, string(w.Code)) })
		d.Codes = codesOf(rows)
	} else if name != whole && d.Fact == "" {
		d.Codes = codesOf(rows) // nothing else tells creations from other changes
	}
	d.Digest = runstore.WaitingDigest(rows)
	return d, nil
}

func codesOf(rows []runstore.WaitingRow) (codes []profile.ODSCode) {
	for _, w := range rows {
		if !slices.Contains(codes, w.Code) {
			codes = append(codes, w.Code)
		}
	}
	return codes
}

func (m room) approve(r *http.Request) (string, error) {
	d, err := m.decision(r)
	if err != nil {
		return "", err
	}
	approvals, err := m.do.Approve(r.Context(), d)
	if err != nil || len(approvals) == 0 {
		return to(d.Run.String(), ""), err
	}
	return to(approvals[0].Run, "approving"), nil
}

func (m room) reject(r *http.Request) (string, error) {
	d, err := m.decision(r)
	if err != nil {
		return "", err
	}
	_, err = m.do.Reject(r.Context(), d)
	return to(d.Run.String(), "rejected"), err
}
