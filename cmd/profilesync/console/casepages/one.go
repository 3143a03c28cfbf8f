package casepages

import (
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// typed is what somebody typed into a form that was refused.
type typed struct{ do, waitsFor, until, reason string }

func onePage(c actions.ShownCase, doors page.Links, today profile.Date, may bool, form typed) page.Page {
	p := page.Page{Title: c.Title, Back: page.Link{Text: "What waits", To: "/"}}
	since := c.Since
	if since.IsZero() { // nobody knows since when things are so
		since = c.Opened
	}
	summary := page.Summary{
		{Key: "Case", Value: page.Say(strconv.FormatInt(c.ID, 10))},
		{Key: "State", Value: stateOf(c.Listed, today)},
		{Key: "Who has to act", Value: page.Say(words.Sentence(OwnerWords(c.Owner)))},
		{Key: "Since", Value: words.Moment(since)},
		{Key: "Deadline", Value: page.Say(words.Day(c.Deadline))},
	}
	if c.Code != "" {
		summary = append(summary, page.SummaryRow{Key: "Organisation", Value: words.Profile(c.Code, c.Facts[cases.FactName])})
	}
	if c.Reason != "" {
		summary = append(summary, page.SummaryRow{Key: "Why", Value: page.Cell{Text: c.Reason, Soft: "decided by " + c.By}})
	}
	p.Add(summary)
	next := page.Section{ID: "next", Title: "Next"}
	if len(doors) > 0 {
		next.Blocks = append(next.Blocks, doors)
	}
	next.Blocks = append(next.Blocks, page.Details{
		Summary: "In words, with the commands", Open: len(doors) == 0, Blocks: []page.Block{page.Text{c.Next}},
	})
	p.Add(next)
	if what := runbook(c.Page); len(what) > 0 {
		p.Add(page.Section{ID: "do", Title: "What to do", Blocks: []page.Block{what}})
	}
	if may && c.State != cases.Gone {
		p.Add(decide(c.Listed, form))
	}
	p.Add(historyOf(c.History))
	if len(c.Told) > 0 {
		p.Add(toldOf(c.Told))
	}
	return p
}

// runbook is a page of the runbook as names and texts.
func runbook(text string) (rows page.Summary) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		paragraph = strings.Join(strings.Fields(strings.ReplaceAll(paragraph, "`", "")), " ")
		if paragraph == "" || strings.HasPrefix(paragraph, "#") {
			continue
		}
		key, value, found := strings.Cut(strings.TrimPrefix(paragraph, "**"), ".** ")
		if !found {
			key, value = "", paragraph
		}
		rows = append(rows, page.SummaryRow{Key: key, Value: page.Say(value)})
	}
	return rows
}

// untilOf is the id of the field with the day, which two forms of the page have.
func untilOf(state cases.State) string {
	if state == cases.SetAside {
		return "until-aside"
	}
	return "until-wait"
}

func decide(c casestore.Listed, form typed) page.Section {
	action, seen := "/cases/"+strconv.FormatInt(c.ID, 10), page.Hidden{Name: "seen", Value: actions.SeenCase(c)}
	until := func(state cases.State, do string) page.Field {
		f := page.Field{Kind: page.Day, ID: untilOf(state), Name: "until", Label: "Until and including"}
		if form.do == do {
			f.Value = form.until
		}
		return f
	}
	wait := page.Details{Summary: "It waits for somebody", Open: form.do == "wait", Blocks: []page.Block{page.Form{
		Action: action, Hidden: []page.Hidden{{Name: "do", Value: "wait"}, seen},
		Fields: []page.Field{
			{Kind: page.OneLine, Name: "for", Label: "Whom it waits for", Hint: "A team or a role, not a name", Value: form.waitsFor},
			until(cases.Waiting, "wait"),
		},
		Buttons: []page.Button{{Text: "Let it wait"}},
	}}}
	aside := page.Details{Summary: "Set it aside", Open: form.do == "set-aside", Blocks: []page.Block{page.Form{
		Action: action, Hidden: []page.Hidden{{Name: "do", Value: "set-aside"}, seen},
		Fields: []page.Field{
			{Kind: page.ManyLines, Name: "reason", Label: "Why", Hint: words.NameNobody, Value: form.reason},
			until(cases.SetAside, "set-aside"),
		},
		Buttons: []page.Button{{Text: "Set aside", Kind: page.Secondary}},
	}}}
	blocks := []page.Block{wait, aside}
	if c.State != cases.Open {
		blocks = append(blocks, page.Form{
			Action: action, Hidden: []page.Hidden{{Name: "do", Value: "resume"}, seen},
			Buttons: []page.Button{{Text: "Open it again", Kind: page.Secondary}},
		})
	}
	return page.Section{ID: "decide", Title: "Decide", Blocks: blocks}
}

func historyOf(steps []casestore.Step) page.Section {
	t := page.Table{
		Caption: "Steps, the oldest first", Hidden: true, Columns: page.Names("When", "Step", "By", "Why"), Empty: "No step yet.",
	}
	for _, s := range steps {
		why := s.Reason
		if s.WaitsFor != "" {
			why = "for " + s.WaitsFor
		}
		if !s.Until.IsZero() {
			why += " until " + words.Day(s.Until)
		}
		t.Rows = append(t.Rows, page.Row{words.Moment(s.At), page.Say(words.Code(s.Step)), page.Say(s.Actor), page.Say(strings.TrimSpace(why))})
	}
	return page.Section{ID: "history", Title: "History", Blocks: []page.Block{t}}
}

func toldOf(told []casestore.Told) page.Section {
	t := page.Table{Caption: "Who was told", Hidden: true, Columns: page.Names("Day", "Who", "What", "Letter")}
	for _, l := range told {
		t.Rows = append(t.Rows, page.Cells(words.Day(l.Day), l.To, words.Code(string(l.News)), words.Code(l.Letter)))
	}
	return page.Section{ID: "told", Title: "Who was told", Blocks: []page.Block{t}}
}
