package statepages

import (
	"cmp"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/push"
)

// mostDrift is how many differences of a sink are listed.
const mostDrift = 500

// sinkDrift is the newest check of a sink, and what it found.
type sinkDrift struct {
	check pushstore.LastDriftCheck
	rows  []pushstore.DriftRow
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
		p.Add(page.Table{Empty: "No sink has been checked yet."})
	}
	for _, f := range found {
		p.Add(f.section())
	}
	if mayCheck {
		p.Add(page.Section{ID: "check", Title: "Check some organisations now", Blocks: []page.Block{page.Form{
			Action: "/drift", Hidden: []page.Hidden{{Name: "do", Value: "check"}},
			Fields: []page.Field{{
				Kind: page.OneLine, Name: "codes", Label: "Codes",
				Hint:  "Up to 20, with spaces between them, such as RR8 RVJ. What differs is pushed again",
				Value: codes, Most: 400,
			}},
			Buttons: []page.Button{{Text: "Check and repair"}},
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
	return page.Section{ID: string(c.Sink), Title: words.Sink(c.Sink), Blocks: []page.Block{
		page.Summary{
			{Key: "Check", Value: state},
			{Key: "When", Value: words.Moment(c.Started)},
			{Key: "Compared", Value: page.Say(page.Many(c.Checked, "profile", "profiles"))},
			{
				Key:   "Differed",
				Value: page.Say(page.Many(c.Drifted, "profile", "profiles") + ", and " + page.Many(c.Missing, "was", "were") + " not shown"),
			},
			{Key: "Pushed again", Value: page.Say(page.Many(c.Repaired, "profile", "profiles"))},
		}, t,
	}}
}
