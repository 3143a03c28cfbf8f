package statepages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
	"github.com/profilesync/profilesync/reconcile/push"
)

// present is what the page of now shows.
type present struct {
	standing standing.Standing
	work     actions.Work
	// What the reader may do, and what was typed into a form that was refused.
	mayStop bool
	reason  string
}

func (m room) now(r *http.Request) (page.Page, error) {
	ctx := r.Context()
	n := present{mayStop: web.May(ctx, guard.Administer), reason: r.PostFormValue("reason")}
	var err error
	if n.standing, err = standing.Read(ctx, m.do.App); err != nil {
		return page.Page{}, err
	}
	n.work, err = m.do.Work(ctx)
	return n.page(), err
}

func (n present) page() page.Page {
	p := page.Page{Title: "Now", Lead: "How things stand at " + words.Moment(n.standing.At).Text + "."}
	p.Add(n.figures(), n.sources(), page.Columns{n.queue(), n.wanted()}, n.sinks(), n.letters(), n.report(), n.schedules(), n.daemons())
	return p
}

func colour(bad bool) page.Colour {
	if bad {
		return page.Red
	}
	return page.Green
}

func (n present) figures() page.Figures {
	s := n.standing
	refused := 0
	for _, sink := range s.Sinks {
		refused += sink.Refused
	}
	return page.Figures{
		{
			Number: page.Count(s.Waits.Cases.Open),
			Label:  page.Word(s.Waits.Cases.Open, "open case", "open cases"),
			To:     "/",
			Colour: waits(s.Waits.Cases.Open),
		},
		{
			Number: page.Count(
				s.Waits.Withheld.Rows,
			), Label: page.Word(s.Waits.Withheld.Rows, "change waits", "changes wait") + " for a decision",
			To: "/#decide", Colour: waits(s.Waits.Withheld.Rows),
		},
		{
			Number: page.Count(s.Waits.Pushes.Waiting), Label: page.Word(s.Waits.Pushes.Waiting, "push waits", "pushes wait") + " for a person",
			To: "/pushes?state=waits", Colour: waits(s.Waits.Pushes.Waiting),
		},
		{
			Number: page.Count(refused),
			Label:  page.Word(refused, "push was", "pushes were") + " refused",
			To:     "/pushes?state=refused",
			Colour: waits(refused),
		},
		{
			Number: page.Count(len(s.Daemons)),
			Label:  page.Word(len(s.Daemons), "daemon is", "daemons are") + " alive",
			Colour: colour(len(s.Daemons) == 0),
		},
	}
}

func waits(n int) page.Colour {
	if n > 0 {
		return page.Orange
	}
	return page.Green
}

func (n present) sources() page.Section {
	t := page.Table{
		Caption: "What was pulled, and when it is pulled next", Hidden: true,
		Columns: []page.Column{
			{Name: "Source"}, {Name: "Last read"}, {Name: "Last accepted"}, {Name: "Records", Number: true}, {Name: "Next pull"},
		},
		Empty: "Nothing is pulled with these settings.",
	}
	for _, s := range n.standing.Sources {
		accepted := page.Say(words.Day(s.AsOf))
		if !s.AsOf.IsZero() {
			accepted.Soft = words.Days(s.AgeDays)
		}
		records := ""
		if s.Records > 0 {
			records = page.Count(s.Records)
		}
		t.Rows = append(t.Rows, page.Row{
			{Text: words.Sentence(words.Listing(s.Source, s.Report))}, n.read(s), accepted, page.Say(records), words.Moment(s.NextPull),
		})
	}
	return page.Section{ID: "sources", Title: "Sources", Blocks: []page.Block{t}}
}

// read says when a source was last read completely. Its listing may be older: one that is
// as before is not accepted again.
func (n present) read(s standing.Source) page.Cell {
	switch {
	case s.AsOf.IsZero():
		return page.Tagged("never", page.Grey)
	case s.ReadAt.IsZero():
		return page.Tagged("more than a month ago", page.Grey)
	case s.Late(n.standing.At):
		return page.Tagged(words.Ago(n.standing.At.Sub(s.ReadAt))+" ago", page.Orange)
	case s.NextPull.IsZero():
		return page.Tagged(words.Ago(n.standing.At.Sub(s.ReadAt))+" ago", page.Grey)
	default:
		return page.Tagged(words.Ago(n.standing.At.Sub(s.ReadAt))+" ago", page.Green)
	}
}

func (n present) queue() page.Section {
	chart := page.Chart{Title: "Jobs in the queue", Empty: "No job waits, and none is being worked on."}
	var oldest []string
	for _, q := range n.work.Queues {
		state := map[string]string{
			"available": "waits", "pending": "waits", "retryable": "is tried again later", "running": "is worked on",
			"scheduled": "is for later",
		}[q.State]
		chart.Bars = append(chart.Bars, page.Bar{Label: words.Code(q.Queue) + ", " + state, Number: q.Jobs})
		if q.State == "available" {
			oldest = append(oldest, words.Code(q.Queue)+": the first waits for "+words.Ago(q.Oldest))
		}
	}
	s := page.Section{ID: "queue", Title: "Queue", Blocks: []page.Block{chart}}
	if len(oldest) > 0 {
		s.Blocks = append(s.Blocks, page.Text{words.Sentence(strings.Join(oldest, "; ")) + "."})
	}
	return s
}

func (n present) wanted() page.Section {
	chart := page.Chart{Title: "Pushes that are not done", Empty: "Every push is done."}
	for _, s := range n.standing.Sinks {
		for _, bar := range []page.Bar{
			{Label: words.Sink(s.Name) + ", on its way", Number: s.Wanted},
			{Label: words.Sink(s.Name) + ", refused", Number: s.Refused},
			{Label: words.Sink(s.Name) + ", waits for a person", Number: s.Waiting},
			{Label: words.Sink(s.Name) + ", held", Number: s.Held},
		} {
			if bar.Number > 0 {
				chart.Bars = append(chart.Bars, bar)
			}
		}
	}
	return page.Section{ID: "wanted", Title: "Pushes", Blocks: []page.Block{chart}}
}

func (n present) sinks() page.Section {
	t := page.Table{Caption: "Sinks", Hidden: true, Columns: page.Names("Sink", "State", "On their way", "Last drift check")}
	for _, s := range n.standing.Sinks {
		state := page.Tagged("receives pushes", page.Green)
		switch {
		case len(s.Paused) > 0:
			routes := make([]string, len(s.Paused))
			for i, p := range s.Paused {
				routes[i] = words.Code(p.Route) + ", since " + words.Moment(p.Since).Text + ": " + why(p.Why)
			}
			state = page.Cell{Text: "paused", Tag: page.Red, Soft: strings.Join(routes, "; ")}
		case !s.Configured:
			state = page.Tagged("not set up here", page.Grey)
		}
		wanted := page.Say(page.Count(s.Wanted))
		if s.Wanted > 0 {
			wanted.Soft = "the first for " + words.Ago(n.standing.At.Sub(s.Since))
		}
		t.Rows = append(t.Rows, page.Row{page.Say(words.Sink(s.Name)), state, wanted, driftOf(s.Drift)})
	}
	return page.Section{ID: "sinks", Title: "Sinks", Blocks: []page.Block{t}}
}

func why(reason string) string {
	switch reason {
	case string(push.AnswerUnauthorized):
		return "it refuses our key"
	case string(push.AnswerDown):
		return "it does not answer"
	}
	return reason
}

func driftOf(d *standing.Drift) page.Cell {
	if d == nil {
		return page.Say("never made")
	}
	cell := words.Moment(d.At)
	switch {
	case d.Failed:
		cell.Soft = "it failed"
	case d.Fields+d.Missing == 0:
		cell.Soft = "nothing differs in " + page.Many(d.Checked, "profile", "profiles")
	default:
		cell.Soft = page.Many(d.Fields, "field differs", "fields differ") + ", " + page.Many(
			d.Missing, "profile is not shown", "profiles are not shown",
		)
	}
	if d.Alarm {
		cell.Soft = "ALARM: " + cell.Soft
	}
	return cell
}

func (n present) letters() page.Section {
	l := n.standing.Letters
	state := map[string]page.Cell{
		"sending": page.Tagged("letters go out", page.Green), "off": page.Tagged("off by the settings", page.Grey),
		"stopped": page.Tagged("stopped by a person", page.Red), "paused": page.Tagged("paused by the mail service", page.Orange),
	}[l.State]
	state.Soft = words.MomentSoft(l.Since)
	s := page.Section{ID: "letters", Title: "Letters", Blocks: []page.Block{page.Summary{
		{Key: "State", Value: state},
		{Key: "Waiting", Value: page.Say(page.Count(l.Waiting))},
		{Key: "Did not arrive", Value: page.Say(page.Many(l.Refused, "letter", "letters") + " in a week")},
	}}}
	s.Blocks = append(s.Blocks, page.Links{{Text: "All letters", To: "/letters"}})
	if !n.mayStop || l.State == "off" {
		return s
	}
	if l.State == "stopped" {
		s.Blocks = append(s.Blocks, page.Form{
			Action: "/now", Hidden: []page.Hidden{{Name: "do", Value: "resume-mail"}},
			Buttons: []page.Button{{Text: "Send letters again"}},
		})
		return s
	}
	s.Blocks = append(s.Blocks, page.Details{Summary: "Stop all letters", Open: n.reason != "", Blocks: []page.Block{page.Form{
		Action: "/now", Hidden: []page.Hidden{{Name: "do", Value: "stop-mail"}},
		Fields:  []page.Field{{Kind: page.OneLine, Name: "reason", Label: "Why", Hint: words.NameNobody, Value: n.reason}},
		Buttons: []page.Button{{Text: "Stop all letters", Kind: page.Warning}},
	}}})
	return s
}

func (n present) report() page.Section {
	r := n.standing.Report
	last := page.Say("none yet")
	if !r.Day.IsZero() {
		last = page.Cell{
			Text: "of " + words.Day(r.Day), To: "/reports/" + r.Day.String(),
			Soft: page.Many(r.Rows, "row", "rows") + ", delivered to " + page.Many(r.Delivered, "list", "lists"),
		}
	}
	return page.Section{ID: "report", Title: "Daily report", Blocks: []page.Block{page.Summary{
		{Key: "Newest", Value: last}, {Key: "Next", Value: words.Moment(r.Next)},
	}}}
}

// scheduleWords say what a schedule does.
var scheduleWords = map[string]string{
	"pull_ods_changes": "pulls changes from ODS", "pull_ods_listings": "pulls complete listings from ODS", "pull_ers": "pulls from e-RS",
	"check_drift_dos": "compares DoS with the profiles", "check_drift_website": "compares the NHS website with the profiles",
	"check_quality": "makes the quality checks", "deactivate": "warns and ends inactive accounts",
	"remind":     "reminds people to confirm their profiles",
	"tell_cases": "tells people of cases", "report": "makes the daily report", "refresh_calendar": "reads the bank holidays",
	"send_mail": "sends letters", "watch_mail": "asks what became of letters", "housekeeping": "removes what is no longer needed",
}

func (n present) schedules() page.Section {
	t := page.Table{Caption: "Schedules", Hidden: true, Columns: page.Names("What", "Last due", "Next")}
	ran := make(map[string]time.Duration)
	for _, s := range n.work.Ran {
		ran[s.Name] = s.Age
	}
	schedules := slices.Clone(n.work.Schedules)
	for _, s := range schedules {
		last := page.Say("not yet")
		if age, ok := ran[s.Name]; ok {
			last = page.Say(words.Ago(age) + " ago")
		}
		what := scheduleWords[s.Name]
		if what == "" {
			what = words.Code(s.Name)
		}
		t.Rows = append(t.Rows, page.Row{page.Say(words.Sentence(what)), last, words.Moment(s.When.Next(n.work.At))})
	}
	return page.Section{ID: "schedules", Title: "Schedules", Blocks: []page.Block{page.Details{
		Summary: page.Many(len(t.Rows), "schedule", "schedules"), Blocks: []page.Block{t},
	}}}
}

func (n present) daemons() page.Section {
	t := page.Table{
		Caption: "Daemons", Hidden: true, Columns: page.Names("Process", "State", "Since"),
		Empty: "No daemon is alive: nothing is pulled, pushed or sent.",
	}
	for _, d := range n.standing.Daemons {
		t.Rows = append(t.Rows, page.Row{page.Say(d.Name), page.Tagged("alive", page.Green), words.Moment(d.StartedAt)})
	}
	for _, d := range n.standing.Silent {
		t.Rows = append(t.Rows, page.Row{page.Say(d.Name), page.Tagged("silent", page.Red), words.Moment(d.SeenAt)})
	}
	return page.Section{ID: "daemons", Title: "Daemons", Blocks: []page.Block{t}}
}
