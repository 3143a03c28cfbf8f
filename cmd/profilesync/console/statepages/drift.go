package statepages

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// mostDrift is how many differences of a sink are listed.
const mostDrift = 500

// sinkDrift is a drift check of a sink, and what it found.
type sinkDrift struct {
	check pushstore.LastDriftCheck
	rows  []pushstore.DriftRow
	asked int // of how many organisations somebody asked; 0 for all
}

func (m room) drift(r *http.Request) (page.Page, error) {
	ctx := r.Context()
	checks, err := m.do.DriftChecks(ctx)
	if err != nil {
		return page.Page{}, err
	}
	found := make([]sinkDrift, len(checks))
	for i, check := range checks {
		found[i].check = check
		if found[i].rows, err = m.do.Drift(ctx, check.Check, check.Sink, mostDrift+1); err != nil {
			return page.Page{}, err
		}
	}
	return driftPage(found, web.May(ctx, guard.Reconcile), r.PostFormValue("codes")), nil
}

func driftPage(found []sinkDrift, mayCheck bool, codes string) page.Page {
	p := page.Page{
		Title: "Drift", Lead: "Where a sink shows something else than it should. All of it is compared every night, and put right.",
	}
	if len(found) == 0 {
		p.Add(page.Table{Empty: "No drift check was made yet."})
	}
	for _, f := range found {
		p.Add(f.section())
	}
	if mayCheck {
		p.Add(page.Section{ID: "check", Title: "Compare some organisations now", Blocks: []page.Block{page.Form{
			Action: "/drift", Hidden: []page.Hidden{{Name: "do", Value: "check"}},
			Fields: []page.Field{{
				Kind: page.OneLine, Name: "codes", Label: "Codes",
				Hint:  "Up to 20, with spaces between them, such as RR8 RVJ. What differs is pushed again",
				Value: codes, Most: 400,
			}},
			Buttons: []page.Button{{Text: "Compare and repair"}},
		}}})
	}
	return p
}

func (f sinkDrift) section() page.Section {
	c := f.check
	state := map[push.DriftState]page.Cell{
		push.DriftDone: page.Tagged("done", page.Green), push.DriftFailed: page.Tagged("failed", page.Red),
		push.DriftAlarm: {Text: "alarm", Tag: page.Red, Soft: "so much differs that nothing was repaired: look first"},
	}[c.State]
	if state.Text == "" {
		state = page.Tagged("going on", page.Blue)
	}
	state.Soft = cmp.Or(c.Reason, state.Soft)
	t := page.Table{
		Caption: "What differs", Columns: page.Names("Code", "Field", "It should show", "It shows", "Repair"), Empty: "Nothing differed.",
	}
	for i, row := range f.rows {
		if i == mostDrift {
			t.More = page.Link{Text: "There is more: the first " + page.Count(mostDrift) + " are shown"}
			break
		}
		repair := ""
		if row.GivenUp {
			repair = "given up after three in vain"
		}
		field := words.Field(row.Field)
		switch row.Field {
		case pushstore.FieldUnreadable:
			field = "cannot be compared"
		case "missing":
			field = "not shown at all"
		}
		t.Rows = append(t.Rows, page.Row{
			words.Profile(row.Code, row.Name),
			{Text: field, Soft: row.Entry},
			page.Say(row.Want),
			{Text: row.Shown, Old: true},
			page.Say(repair),
		})
	}
	return page.Section{ID: string(c.Sink), Title: words.Sink(c.Sink), Blocks: []page.Block{f.summary(state), t}}
}

func (f sinkDrift) summary(state page.Cell) page.Summary {
	c := f.check
	compared := page.Say(page.Many(c.Checked, "profile", "profiles"))
	if f.asked > c.Checked {
		compared = page.Cell{
			Text: page.Count(c.Checked) + " of " + page.Many(f.asked, "profile", "profiles"),
			Soft: "the sink has accepted no push of the others, or what it shows cannot be read",
		}
	}
	summary := page.Summary{{Key: "Drift check", Value: state}}
	if f.asked == 0 {
		summary = append(summary, page.SummaryRow{Key: "When", Value: words.Moment(c.Started)})
	}
	return append(
		summary,
		page.SummaryRow{Key: "Compared", Value: compared},
		page.SummaryRow{
			Key:   "Differed",
			Value: page.Say(page.Many(c.Drifted, "profile", "profiles") + ", and " + page.Many(c.Missing, "was", "were") + " not shown"),
		},
		page.SummaryRow{Key: "Pushed again", Value: page.Say(page.Many(c.Repaired, "profile", "profiles"))},
	)
}

// checkedPage is what the comparison of some organisations found in each sink.
func checkedPage(codes []profile.ODSCode, found []actions.DriftFound) page.Page {
	p := page.Page{
		Title: "What the comparison found", Back: page.Link{Text: "Drift", To: "/drift"},
		Lead: "What differed is pushed again, unless it says otherwise.",
	}
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	for _, sink := range push.Sinks() {
		of := slices.IndexFunc(found, func(d actions.DriftFound) bool { return d.Sink == sink })
		if of < 0 {
			p.Add(page.Section{ID: string(sink), Title: words.Sink(sink), Blocks: []page.Block{
				page.Inset{Text: "It was not compared: it is not set up here."},
			}})
			continue
		}
		f := sinkDrift{rows: found[of].Differences, asked: len(codes)}
		f.check.DriftResult = found[of].DriftResult
		p.Add(f.section())
	}
	return p
}
