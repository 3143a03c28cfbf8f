package casepages

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// shown is how many cases of an owner are listed unless all are wanted, and mostShown how
// many are then.
const (
	shown     = 15
	mostShown = 500
)

// listed is what the page of what waits shows.
type listed struct {
	cases    []casestore.Listed
	withheld []runstore.WaitingRun
	mine     []cases.Owner
	today    profile.Date
	owner    cases.Owner     // whose alone; empty for everybody's
	code     profile.ODSCode // of which organisation alone
	all      bool
}

// OwnerWords says who acts on a case.
func OwnerWords(owner cases.Owner) string {
	return map[cases.Owner]string{
		cases.Managers: "account managers", cases.Board: "board", cases.ServiceDesk: "service desk",
		cases.RegisterDesk: "register desk", cases.Operations: "operations",
	}[owner]
}

func (l listed) page() page.Page {
	p := page.Page{
		Title: "What waits", Lead: "What is not as it should be, and who has to act on it. A case ends by itself when its reason is gone.",
	}
	p.Add(l.figures())
	if len(l.withheld) > 0 && l.owner == "" && l.code == "" {
		p.Add(l.decisions())
	}
	sections := 0
	for _, owner := range l.order() {
		if found := l.of(owner); len(found) > 0 {
			p.Add(l.section(owner, found))
			sections++
		}
	}
	if sections == 0 {
		p.Add(page.Inset{Text: "No case stands."})
	}
	return addFilter(p, l)
}

// order is whose cases are listed, the reader's own first.
func (l listed) order() []cases.Owner {
	if l.owner != "" {
		return []cases.Owner{l.owner}
	}
	order := slices.Clone(l.mine)
	for _, owner := range cases.Owners() {
		if !slices.Contains(order, owner) {
			order = append(order, owner)
		}
	}
	return order
}

func (l listed) of(owner cases.Owner) (found []casestore.Listed) {
	for _, c := range l.cases {
		if c.Owner == owner {
			found = append(found, c)
		}
	}
	return found
}

func (l listed) figures() page.Figures {
	var mine, open, overdue, later int
	for _, c := range l.cases {
		switch {
		case c.State != cases.Open:
			later++
			continue
		case c.Deadline.Before(l.today):
			overdue++
		}
		open++
		if slices.Contains(l.mine, c.Owner) {
			mine++
		}
	}
	waiting := 0
	for _, w := range l.withheld {
		waiting += w.Rows
	}
	figures := page.Figures{
		{Number: page.Count(open), Label: page.Word(open, "open case", "open cases")},
		{Number: page.Count(overdue), Label: "past " + page.Word(overdue, "its", "their") + " deadline", Colour: worse(overdue, page.Red)},
		{Number: page.Count(later), Label: page.Word(later, "waits or is", "wait or are") + " set aside"},
		{
			Number: page.Count(waiting),
			Label:  page.Word(waiting, "change waits", "changes wait") + " for a decision",
			Colour: worse(waiting, page.Orange),
		},
	}
	if len(l.mine) > 0 {
		figures = slices.Insert(
			figures,
			0,
			page.Figure{Number: page.Count(mine), Label: page.Word(mine, "case", "cases") + " for you", Colour: page.Blue},
		)
	}
	return figures
}

func worse(n int, colour page.Colour) page.Colour {
	if n == 0 {
		return page.Green
	}
	return colour
}

func (l listed) decisions() page.Section {
	tasks := make(page.Tasks, len(l.withheld))
	for i, w := range l.withheld {
		tasks[i] = page.Task{
			Link: page.Link{
				Text: "Run " + w.Run.String() + ", " + words.Listing(
					"",
					w.Report,
				) + ": " + page.Many(
					w.Rows,
					"change",
					"changes",
				), To: "/runs/" + w.Run.String(),
				Hint: words.Sentence(words.Withheld(w.Reason)),
			},
			Status: page.Tag{Text: "waits for a decision", Colour: page.Orange},
		}
	}
	return page.Section{ID: "decide", Title: "Decide on what was withheld", Blocks: []page.Block{tasks}}
}

func (l listed) section(owner cases.Owner, found []casestore.Listed) page.Section {
	title := words.Sentence(OwnerWords(owner))
	if slices.Contains(l.mine, owner) {
		title = "For you: " + OwnerWords(owner)
	}
	t := page.Table{
		Caption: page.Many(len(found), "case", "cases") + ", what is most urgent first", Hidden: true,
		Columns: page.Names("What", "Organisation", "State", "Deadline"),
	}
	for i, c := range found {
		if i == mostShown {
			t.More = page.Link{Text: "The first " + page.Count(mostShown) + " are shown: choose an organisation to see others"}
			break
		}
		if i == shown && !l.all && l.owner == "" {
			query := url.Values{"owner": {string(owner)}, "all": {"1"}}
			t.More = page.Link{Text: "All " + page.Many(len(found), "case", "cases"), To: "/?" + query.Encode()}
			break
		}
		t.Rows = append(t.Rows, page.Row{
			page.Leads(c.Title, "/cases/"+strconv.FormatInt(c.ID, 10)), words.Profile(c.Code, c.Facts[cases.FactName]), l.state(c),
			page.Say(words.Day(c.Deadline)),
		})
	}
	return page.Section{ID: string(owner), Title: title + " (" + page.Count(len(found)) + ")", Blocks: []page.Block{t}}
}

// state is the state of a case as a tag.
func (l listed) state(c casestore.Listed) page.Cell { return stateOf(c, l.today) }

func stateOf(c casestore.Listed, today profile.Date) page.Cell {
	switch c.State {
	case cases.Waiting:
		return page.Cell{Text: "waits", Tag: page.Blue, Soft: "for " + c.WaitsFor + " until " + words.Day(c.Until)}
	case cases.SetAside:
		return page.Cell{Text: "set aside", Tag: page.Grey, Soft: "until " + words.Day(c.Until)}
	case cases.Gone:
		return page.Tagged("gone", page.Green)
	default:
		if c.Deadline.Before(today) {
			return page.Tagged("overdue", page.Red)
		}
		return page.Tagged("open", page.Orange)
	}
}

func addFilter(p page.Page, l listed) page.Page {
	owners := []page.Option{{Label: "Everybody"}}
	for _, owner := range cases.Owners() {
		owners = append(owners, page.Option{Value: string(owner), Label: words.Sentence(OwnerWords(owner)), Chosen: owner == l.owner})
	}
	p.Add(page.Section{ID: "find", Title: "Find cases", Blocks: []page.Block{page.Form{
		Action: "/", Get: true, Inline: true, Hidden: []page.Hidden{{Name: "all", Value: "1"}},
		Fields: []page.Field{
			{Kind: page.Choice, Name: "owner", Label: "Who has to act", Options: owners},
			{Kind: page.OneLine, Name: "code", Label: "Code of the organisation", Value: string(l.code), Width: 10, Unasked: true},
		},
		Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
	}}})
	return p
}
