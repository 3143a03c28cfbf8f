package statepages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/push"
)

const (
	firstPushes = 50
	mostPushes  = 2000
	mostHolds   = 100 // on a page
)

// pushed is what the page of pushes shows.
type pushed struct {
	filter  pushstore.PushFilter
	found   []pushstore.ListedPush
	counts  []pushstore.PushCount
	holds   []pushstore.Hold
	buttons []page.Button // that push again, if the reader may
	ticked  []string      // in a form that was refused
	after   int64         // the hold after which those are that are shown
}

// states are the states of pushes, what needs a person first.
func states() []push.State {
	return []push.State{push.Waits, push.Refused, push.Held, push.Wanted, push.Accepted, push.NoRoute}
}

// filterOf is what a request says of which pushes it is, in its address or its form. A state
// or a sink that there is not finds all.
func filterOf(r *http.Request) (f pushstore.PushFilter, most int) {
	for _, state := range states() {
		if string(state) == r.FormValue("state") {
			f.State = state
		}
	}
	for _, sink := range push.Sinks() {
		if string(sink) == r.FormValue("sink") {
			f.Sink = sink
		}
	}
	most, _ = strconv.Atoi(r.FormValue("most"))
	return f, min(max(most, firstPushes), mostPushes)
}

func (m room) pushes(r *http.Request) (page.Page, error) {
	ctx := r.Context()
	filter, most := filterOf(r)
	filter.Most = most + 1
	l := pushed{filter: filter, buttons: retryButtons(r), ticked: r.PostForm["push"]}
	var err error
	if l.found, err = m.do.Pushes(ctx, l.filter); err != nil {
		return page.Page{}, err
	}
	if l.counts, err = m.do.CountPushes(ctx); err != nil {
		return page.Page{}, err
	}
	if after, err := strconv.ParseInt(r.URL.Query().Get("hold"), 10, 64); err == nil {
		l.after = after
	}
	l.holds, err = m.do.Holds(ctx, "", false)
	return l.page(), err
}

// retryButtons are the buttons that push again, as far as the reader may.
func retryButtons(r *http.Request) (buttons []page.Button) {
	if !web.May(r.Context(), guard.Reconcile) {
		return nil
	}
	const text = "Push what is ticked again"
	buttons = []page.Button{{Text: text, Name: "do", Value: "retry"}}
	if web.May(r.Context(), guard.Approve) {
		buttons = append(buttons, page.Button{
			Text: text + ", and overwrite what nobody stated", Name: "do", Value: "overwrite", Kind: page.Warning,
		})
	}
	return buttons
}

func (l pushed) page() page.Page {
	p := page.Page{Title: "Pushes", Lead: "Bringing the newest state of each profile to the sinks."}
	p.Add(l.counted(), l.choose())
	t := page.Table{
		Caption: "Pushes, the most recently wanted first", Hidden: true,
		Columns: page.Names("Code", "Sink", "State", "Wanted", "Accepted", "What it would do"), Empty: "No push is like that.",
	}
	retry := (l.filter.State == push.Refused || l.filter.State == push.Waits) && len(l.buttons) > 0
	if retry {
		t.All = &page.Pick{All: "push", Label: "Tick all"}
	}
	for i, f := range l.found {
		if i == l.filter.Most-1 {
			t.More = l.more()
			break
		}
		code, state := words.Profile(f.Code, f.Name), words.PushState(f.State)
		if retry {
			value := pushOf(f.Code, f.Sink)
			code.Pick = &page.Pick{
				Name: "push", Value: value, Label: "Push " + string(f.Code) + " to " + words.Sink(f.Sink) + " again",
				Checked: slices.Contains(l.ticked, value),
			}
		}
		if state.Soft = words.NoCommands(f.Reason); f.Unclear {
			state.Soft = "nobody knows yet whether it was accepted"
		}
		t.Rows = append(t.Rows, page.Row{
			code, {Text: words.Sink(f.Sink), Soft: words.Code(f.Route)}, state, words.Moment(f.Wanted), words.Moment(f.Accepted), {
				Text: "Preview", To: "/profiles/" + string(f.Code) + "/push#" + string(f.Sink),
				Hidden: " of " + string(f.Code) + " to " + words.Sink(f.Sink),
			},
		})
	}
	if !retry || len(t.Rows) == 0 {
		p.Add(t)
	} else {
		p.Add(page.Form{
			Action: "/pushes", Blocks: []page.Block{t}, Buttons: l.buttons, Hidden: []page.Hidden{
				{Name: "state", Value: string(l.filter.State)},
				{Name: "sink", Value: string(l.filter.Sink)},
				{Name: "most", Value: strconv.Itoa(l.filter.Most - 1)},
			},
		})
	}
	p.Add(l.held())
	return p
}

// more leads to more pushes, unless as many are shown as may be.
func (l pushed) more() page.Link {
	most := l.filter.Most - 1
	if most >= mostPushes {
		return page.Link{Text: "The first " + page.Count(most) + " are shown: choose a state or a sink to see others"}
	}
	query := url.Values{"state": {string(l.filter.State)}, "sink": {string(l.filter.Sink)}, "most": {strconv.Itoa(4 * most)}}
	return page.Link{Text: "More pushes", To: "/pushes?" + query.Encode()}
}

func (l pushed) counted() page.Figures {
	colours := map[push.State]page.Colour{
		push.Waits: page.Orange, push.Refused: page.Red, push.Held: page.Yellow, push.Wanted: page.Blue, push.Accepted: page.Green,
	}
	var figures page.Figures
	for _, state := range states() {
		n := 0
		for _, c := range l.counts {
			if c.State == state {
				n += c.Pushes
			}
		}
		if n > 0 || state == push.Accepted {
			figures = append(figures, page.Figure{
				Number: page.Count(n), Label: words.PushState(state).Text, To: "/pushes?state=" + string(state), Colour: colours[state],
			})
		}
	}
	return figures
}

func (l pushed) choose() page.Form {
	state, sink := []page.Option{{Label: "Every state"}}, []page.Option{{Label: "Every sink"}}
	for _, s := range states() {
		state = append(state, page.Option{Value: string(s), Label: words.Sentence(words.PushState(s).Text), Chosen: s == l.filter.State})
	}
	for _, s := range push.Sinks() {
		sink = append(sink, page.Option{Value: string(s), Label: words.Sink(s), Chosen: s == l.filter.Sink})
	}
	return page.Form{
		Action: "/pushes", Get: true, Inline: true, Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}}, Fields: []page.Field{
			{Kind: page.Choice, Name: "state", Label: "State", Options: state}, {Kind: page.Choice, Name: "sink", Label: "Sink", Options: sink},
		},
	}
}

func (l pushed) held() page.Section {
	t := page.Table{
		Caption: "Holds in force", Hidden: true, Columns: page.Names("Code", "What", "Until", "Why", "By"), Empty: "Nothing is held.",
	}
	holds := slices.DeleteFunc(slices.Clone(l.holds), func(h pushstore.Hold) bool { return h.ID <= l.after }) // by their ids
	for i, h := range holds {
		if i == mostHolds {
			t.More = page.Link{Text: "More holds", To: "/pushes?hold=" + strconv.FormatInt(holds[i-1].ID, 10) + "#holds"}
			break
		}
		what, until := words.Field(h.Field), words.Day(h.Until)
		if h.Sink != "" {
			what = "all of it, for " + words.Sink(push.Sink(h.Sink))
		}
		if h.Until.IsZero() {
			until = "no end"
		}
		t.Rows = append(
			t.Rows, page.Row{words.Profile(h.Code, h.Name), page.Say(what), page.Say(until), page.Say(h.Reason), page.Say(h.Actor)},
		)
	}
	return page.Section{ID: "holds", Title: "Holds", Blocks: []page.Block{t}}
}
