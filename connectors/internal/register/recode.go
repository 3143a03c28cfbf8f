package register

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// merger is one step of the mergers of integrated care boards on 1 April 2026
// (connectors/ods/CONTRACT.md "Mass changes").
type merger struct {
	old, next string
	name      string
	elsewhere string // where the first trust goes instead, so that it is not a pure rename
}

var mergers = []merger{
	{"QMJ", "Z9B2Z", "WEST AND NORTH LONDON", ""},
	{"QRV", "Z9B2Z", "WEST AND NORTH LONDON", ""},
	{"QNX", "S9B9J", "SURREY AND SUSSEX", ""},
	{"QXU", "S9B9J", "SURREY AND SUSSEX", ""},
	{"QUE", "S1Y5D", "CENTRAL EAST", ""},
	{"QHG", "S1Y5D", "CENTRAL EAST", ""},
	{"QM7", "S1Y5D", "CENTRAL EAST", "D7T5G"},
	{"QU9", "S0E4D", "THAMES VALLEY", ""},
	{"QNQ", "S0E4D", "THAMES VALLEY", "S9B9J"},
	{"QMM", "T6Y0W", "NORFOLK AND SUFFOLK", ""},
	{"QJG", "T6Y0W", "NORFOLK AND SUFFOLK", "D7T5G"},
	{"QH8", "D7T5G", "ESSEX", ""},
}

// Recode simulates the mass recode: on one day the organisations of twelve boards
// get another board, open and closed ones alike. It changes the given reports, or
// trusts if none is given. If trusts are among them, a few close the day before,
// as many are renamed, and one new trust is listed before it opens. The boards
// themselves are succeeded in any case.
func (r *Register) Recode(on profile.Date, reports ...Report) Events {
	if len(reports) == 0 {
		reports = []Report{Trusts}
	}
	p := r.newPeriod(on)
	p.from = on.AddDays(-1) // everything on one day
	p.succeed()
	for _, report := range reports {
		p.reboard(report)
	}
	if slices.Contains(reports, Trusts) {
		p.reorganise()
	}
	r.SetAsOf(on)
	return p.events
}

// succeed closes the old boards and opens the new ones.
func (p *period) succeed() {
	for _, m := range mergers {
		old := member{Authorities, m.old}
		if o, found := p.Get(m.old); !found || !o.Open() {
			continue // done already
		}
		p.change(Succeeding, old, func(o *Organisation, on profile.Date) (string, string) {
			o.close(on.AddDays(-1))
			o.Successions = append(slices.Clone(o.Successions), Succession{"Successor", m.next, on})
			return "", m.next
		})
		predecessor := Succession{"Predecessor", m.old, p.to}
		if _, found := p.Get(m.next); found {
			p.change(Succeeding, member{Authorities, m.next}, func(o *Organisation, _ profile.Date) (string, string) {
				o.Successions = append(slices.Clone(o.Successions), predecessor)
				return m.old, ""
			})
			continue
		}
		board, _ := p.Get(m.old)
		board.Code, board.Name, board.Standing = m.next, "NHS "+m.name+" INTEGRATED CARE BOARD", profile.Active
		board.Opened, board.Closed, board.LastChange = p.to, profile.Date{}, p.to
		board.Successions = []Succession{predecessor}
		if p.Add(board) == nil {
			p.record(Opening, member{Authorities, m.next}, p.to, "", board.Name)
		}
	}
}

func (p *period) reboard(report Report) {
	moved := make(map[string]bool)
	for o := range p.All(report) {
		i := slices.IndexFunc(mergers, func(m merger) bool { return m.old == o.ICB })
		if i < 0 {
			continue
		}
		next := mergers[i].next
		if mergers[i].elsewhere != "" && !moved[o.ICB] {
			next = mergers[i].elsewhere
		}
		moved[o.ICB] = true
		p.change(Reboarding, member{report, o.Code}, func(o *Organisation, _ profile.Date) (string, string) {
			before := o.ICB
			o.ICB = next
			return before, next
		})
	}
}

// reorganise closes, renames and opens trusts: three, three and one of 273.
func (p *period) reorganise() {
	trusts := func(report Report) bool { return report == Trusts }
	few := max(1, p.Len(Trusts)*3/273)
	for range few {
		if m, found := p.drawMember(profile.Active, trusts); found {
			p.change(Closing, m, func(o *Organisation, on profile.Date) (string, string) {
				return o.close(on.AddDays(-1))
			})
		}
		p.alter(Renaming, trusts)
	}
	l := p.list(Trusts)
	o := p.build(l, entry{code: p.newCode(l)}, -1, life{standing: profile.Active, opened: p.to.AddDays(61)})
	o.LastChange = p.to
	if p.Add(o) == nil {
		p.record(Opening, member{Trusts, o.Code}, p.to, "", o.Name)
	}
}
