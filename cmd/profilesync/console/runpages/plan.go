package runpages

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// mostPlanned is how many profiles of each kind are shown at most.
const mostPlanned = 1000

func planNumber(r *http.Request) (runs.PlanID, error) {
	id, err := strconv.ParseInt(strings.TrimPrefix(r.PathValue("plan"), "P"), 10, 64)
	if err != nil || id < 1 {
		return 0, web.ErrNone("there is no such plan")
	}
	return runs.PlanID(id), nil
}

func (m room) showPlan(r *http.Request) (page.Page, error) {
	id, err := planNumber(r)
	if err != nil {
		return page.Page{}, err
	}
	ctx, most := r.Context(), runtext.GroupShown
	if r.URL.Query().Get("all") != "" {
		most = mostPlanned
	}
	kept, err := m.do.KeptPlan(ctx, id)
	if err != nil {
		return page.Page{}, err
	}
	changes, err := m.do.PlanChanges(ctx, id, most)
	if err != nil {
		return page.Page{}, err
	}
	board, err := m.do.App.BoardNames(ctx)
	return planPage(kept, changes, values{board}, web.May(ctx, guard.Reconcile)), err
}

func planPage(kept runstore.KeptPlan, changes []planstore.Shown, v values, may bool) page.Page {
	name, what := kept.Plan.String(), words.Sentence(words.Listing(kept.Source, kept.Report))+" as of "+words.Day(kept.AsOf)
	p := page.Page{
		Title: "Plan " + name, Back: page.Link{Text: "Start a one-off reconciliation", To: "/reconcile"},
		Lead: what + ": what would change. Nothing has changed yet.",
	}
	if kept.AppliedIn != 0 {
		p.Lead = what + "."
		p.Add(
			page.Inset{Text: "Run " + kept.AppliedIn.String() + " has applied this plan."},
			page.Links{{Text: "Run " + kept.AppliedIn.String(), To: to(kept.AppliedIn.String(), "")}},
		)
	}
	p.Add(summary(kept.Summary))
	switch {
	case kept.AppliedIn != 0:
	case kept.Kind == runs.RunRehearsal:
		p.Add(page.Inset{Text: "A rehearsal is never applied."}, page.Links{
			{Text: "Decide ahead on what would wait", To: rehearsalAddress(kept.Plan, "")},
		})
	case !kept.Kept:
		p.Add(page.Inset{Text: "Plans are kept for a week: this one cannot be applied any more."})
	case len(changes) == 0 && kept.Kind == runs.RunDelta:
		p.Add(page.Inset{Text: "No profile would change: there is nothing to do."})
	case len(changes) == 0:
		p.Add(page.Inset{Text: "No profile would change."})
		addApply(&p, name, may, "Accept this listing", "No profile changes. Later listings of the report are measured against this one.")
	default:
		addApply(&p, name, may, "Do exactly this", "What would wait for a decision waits then, too. "+
			"If a profile or the register says something else by then, nothing is done.")
	}
	p.Add(planned(changes, v, "/plans/"+name+"?all=1")...)
	return p
}

func addApply(p *page.Page, name string, may bool, button, what string) {
	if !may {
		return
	}
	p.Add(page.Form{
		Action: "/plans/" + name, Hidden: []page.Hidden{{Name: "do", Value: "apply"}}, Buttons: []page.Button{{Text: button}},
	}, page.Text{what})
}

func (m room) apply(r *http.Request) (string, error) {
	id, err := planNumber(r)
	if err != nil {
		return "", err
	}
	done, err := m.do.ReconcilePlan(r.Context(), id, false)
	return to(done.Run, "started"), err
}
