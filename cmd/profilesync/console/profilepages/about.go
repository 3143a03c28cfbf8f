package profilepages

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// addStanding adds what has to be known first: closures that were said, and cases.
func (o *one) addStanding(p *page.Page) {
	for _, c := range o.about.Closures {
		by, since := c.Last()
		p.Add(page.Inset{
			Title: map[casestore.ClosureState]string{
				casestore.ClosureSaid: "Somebody said that it has closed", casestore.ClosureConfirmed: "It has closed, as somebody confirmed",
			}[c.State],
			Warning: true,
			Text:    strings.TrimSuffix("By "+by+" on "+words.Moment(since).Text+": "+c.Reason, ": "),
		})
	}
	if len(o.cases) == 0 {
		return
	}
	tasks := make(page.Tasks, len(o.cases))
	for i, c := range o.cases {
		tasks[i] = page.Task{
			Link:   page.Link{Text: c.Title, To: "/cases/" + strconv.FormatInt(c.ID, 10), Hint: "deadline " + words.Day(c.Deadline)},
			Status: page.Tag{Text: words.Code(string(c.State)), Colour: page.Orange},
		}
	}
	p.Add(page.Section{ID: "cases", Title: "Cases", Blocks: []page.Block{tasks}})
}

func (o *one) holdsSection() page.Section {
	t := page.Table{Caption: "Holds in force", Hidden: true, Columns: page.Names("What", "Until", "Why", "By"), Empty: "Nothing is held."}
	if o.mayHold {
		t.Columns = append(t.Columns, page.Column{Name: "End it"})
	}
	for _, h := range o.holds {
		what := words.Field(h.Field)
		if h.Sink != "" {
			what = "all of it, for " + words.Sink(push.Sink(h.Sink))
		}
		until := words.Day(h.Until)
		if h.Until.IsZero() {
			until = "no end"
		}
		row := page.Row{page.Say(what), page.Say(until), page.Say(h.Reason), {Text: h.Actor, Soft: words.Moment(h.At).Text}}
		if o.mayHold {
			row = append(row, page.Cell{Form: &page.Form{
				Action:  address(o.code),
				Hidden:  []page.Hidden{{Name: "do", Value: "release"}, {Name: "hold", Value: strconv.FormatInt(h.ID, 10)}},
				Buttons: []page.Button{{Text: "End it", Hidden: " the hold of " + what, Kind: page.Secondary}},
			}})
		}
		t.Rows = append(t.Rows, row)
	}
	s := page.Section{ID: "holds", Title: "Holds", Blocks: []page.Block{t}}
	if o.mayHold {
		s.Blocks = append(s.Blocks, page.Details{Summary: "Hold something", Open: o.what+o.reason != "", Blocks: []page.Block{o.holdForm()}})
	}
	return s
}

func (o *one) holdForm() page.Form {
	var what []page.Option
	for _, f := range profile.Fields() {
		if f != profile.FieldChecks {
			what = append(what, page.Option{Value: f.String(), Label: words.Sentence(f.Label()), Chosen: o.what == f.String()})
		}
	}
	for _, sink := range push.Sinks() {
		value := sinkPrefix + string(sink)
		what = append(what, page.Option{Value: value, Label: "All of it, for " + words.Sink(sink), Chosen: o.what == value})
	}
	return page.Form{
		Action: address(o.code), Hidden: []page.Hidden{{Name: "do", Value: "hold"}},
		Fields: []page.Field{
			{Kind: page.Choice, Name: "what", Label: "What is held", Options: what},
			{
				Kind:  page.ManyLines,
				Name:  "reason",
				Label: "Why",
				Hint:  words.NameNobody,
				Value: o.reason,
			},
			{Kind: page.Day, Name: "until", Label: "Until and including", Hint: "Empty for no end", Value: o.until, Unasked: true},
		},
		Buttons: []page.Button{{Text: "Hold it"}},
	}
}

// pushes are the pushes to each sink, with what they left out and overwrote.
func (o *one) pushes() page.Section {
	s := page.Section{ID: "pushes", Title: "Pushes"}
	if len(o.about.Pushes) == 0 {
		s.Blocks = append(s.Blocks, page.Table{Empty: "It is pushed to no sink."})
		return s
	}
	t := page.Table{Caption: "Pushes by sink", Hidden: true, Columns: page.Names("Sink", "State", "Wanted", "Accepted", "Seen there")}
	var left page.Table
	for _, p := range o.about.Pushes {
		state := words.PushState(p.State)
		state.Soft = words.NoCommands(p.Reason)
		t.Rows = append(t.Rows, page.Row{
			{Text: words.Sink(p.Sink), Soft: words.Code(p.Route)},
			state,
			words.Moment(p.Wanted), numbered(p.Accepted, p.Took), words.Moment(p.Seen),
		})
		left.Rows = append(left.Rows, leftOut(p)...)
	}
	s.Blocks = append(s.Blocks, t)
	if len(left.Rows) > 0 {
		left.Caption, left.Columns = "What pushes left out, or overwrote", page.Names("Sink", "Field", "What", "Since")
		s.Blocks = append(s.Blocks, left)
	}
	s.Blocks = append(s.Blocks, page.Links{
		{Text: "See what a push would change", To: address(o.code) + "/push", Hint: "the sinks are asked for it"},
	})
	if o.mayPush {
		s.Blocks = append(s.Blocks, page.Form{
			Action: address(o.code), Hidden: []page.Hidden{{Name: "do", Value: "push"}},
			Buttons: []page.Button{{Text: "Push it again", Kind: page.Secondary}},
		})
	}
	return s
}

func numbered(at time.Time, number int64) page.Cell {
	cell := words.Moment(at)
	if number > 0 && !at.IsZero() {
		cell.Soft = "number " + strconv.FormatInt(number, 10)
	}
	return cell
}

func leftOut(p pushstore.ListedPush) (rows []page.Row) {
	for _, l := range p.LeftOut {
		rows = append(
			rows,
			page.Row{page.Say(words.Sink(p.Sink)), page.Say(words.Field(l.Field)), page.Say("left out: " + l.Reason), words.Moment(l.Since)},
		)
	}
	for _, v := range p.Overwritten {
		what := "overwrote " + columns.OneLine(v.Before) + " with " + columns.OneLine(v.After)
		rows = append(rows, page.Row{
			page.Say(words.Sink(p.Sink)), {Text: words.Field(v.Field), Soft: v.Entry}, page.Say(what), words.Moment(v.At),
		})
	}
	return rows
}

func (o *one) servicesSection() page.Section {
	t := page.Table{
		Caption: "Services", Hidden: true, Columns: page.Names("Service", "Kind", "From", "State"), Empty: "It has no services here.",
	}
	for _, s := range o.services {
		from := map[string]string{"ers": "e-RS", "editor": "editors"}[s.Source]
		state := s.State
		if s.Withdrawn {
			state = "withdrawn"
		}
		t.Rows = append(t.Rows, page.Row{
			{Text: cmp.Or(s.Name, s.ID), Soft: strings.TrimSpace(s.ID + " " + s.NHSCode)},
			{Text: words.Code(s.Kind), Soft: s.Specialty},
			page.Say(from),
			page.Say(words.Code(state)),
		})
	}
	return page.Section{ID: "services", Title: "Services", Blocks: []page.Block{t}}
}

// confirmed are the sections that people have confirmed, and those that nobody has.
func (o *one) confirmed() page.Section {
	t := page.Table{Caption: "Sections that people confirm", Hidden: true, Columns: page.Names("Section", "Last confirmed", "By")}
	for _, section := range people.Sections() {
		row := page.Row{page.Say(words.Sentence(section.Words())), page.Say("never"), page.Say("")}
		for _, c := range o.about.Confirmations {
			if c.Section != section {
				continue
			}
			row[1], row[2] = words.Moment(c.At), page.Leads(c.Account, "/accounts/"+c.Account)
			if c.Edited {
				row[1].Soft = "by an edit"
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return page.Section{ID: "confirmed", Title: "Confirmed by people", Blocks: []page.Block{t}}
}

func (o *one) findings() page.Section {
	t := page.Table{
		Caption: "What the quality checks found", Hidden: true, Columns: page.Names("What", "Who has to act", "Since"),
		Empty: "The quality checks found nothing.",
	}
	for _, f := range o.about.Findings {
		t.Rows = append(
			t.Rows,
			page.Row{{Text: f.Text(), Soft: words.Finding(f.Kind)}, page.Say(words.FindingOwner(f.Owner)), words.Moment(f.FirstSeen)},
		)
	}
	return page.Section{ID: "findings", Title: "Quality findings", Blocks: []page.Block{t}}
}
