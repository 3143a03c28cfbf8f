package casepages

import (
	"testing"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

var (
	at    = time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)
	today = profile.NewDate(2026, time.November, 19)
)

func planted() []casestore.Listed {
	mass := casestore.Listed{
		ID: 4, Kind: cases.MassChangeWithheld, State: cases.Open, Owner: cases.Operations, Since: at, Deadline: today.AddDays(-1),
		Title: "Integrated care board of 55 of 205 trusts changes at once", Next: "Look at what waits of run 12, and decide",
		Facts: map[string]string{"run": "12"},
	}
	closing := casestore.Listed{
		ID: 5, Kind: cases.ClosurePending, State: cases.Waiting, Owner: cases.Managers, Since: at, Deadline: today.AddDays(3), Code: "FA420",
		Title: "Jasons Pharmacy (FA420) is about to close", WaitsFor: "the area team", Until: today.AddDays(2), By: "u-7",
		Facts: map[string]string{cases.FactName: "Jasons Pharmacy"},
	}
	aside := casestore.Listed{
		ID: 6, Kind: cases.PushRefused, State: cases.SetAside, Owner: cases.ServiceDesk, Since: at, Deadline: today, Code: "FA421",
		Title: "DoS refuses the profile of Long Name Pharmacy Of Market Street & Sons (FA421)", Until: today.AddDays(9),
		Reason: "<b>known</b>", By: "u-8", Facts: map[string]string{cases.FactName: "Long Name Pharmacy"},
	}
	return []casestore.Listed{mass, closing, aside}
}

func pages() map[string]page.Page {
	all := listed{
		cases: planted(), mine: []cases.Owner{cases.Operations, cases.ServiceDesk}, today: today,
		withheld: []runstore.WaitingRun{{Run: 12, Report: "etr", Reason: runs.MassChange, Rows: 55}},
	}
	shown := actions.ShownCase{
		Listed: planted()[0], Page: cases.MassChangeWithheld.Page(),
		History: []casestore.Step{{At: at, Step: "opened", Actor: "daemon"}, {At: at.Add(time.Hour), Step: "waiting", Actor: "u-7", WaitsFor: "the board", Until: today}},
		Told:    []casestore.Told{{To: "u-4711", News: cases.IsNew, Day: today, Letter: "delivered"}},
	}
	refused := onePage(shown, today, true, typed{do: "wait", until: "2026-11-01"})
	refused.Errors = []page.FieldError{{Field: "for", Text: "Say whom it waits for"}}
	refused.EachForm(func(f page.Form) page.Form { return f.Marked(&refused) })
	return map[string]page.Page{
		"cases": all.page(), "cases-none": listed{today: today}.page(), "case": onePage(shown, today, true, typed{}),
		"case-of-reader": onePage(shown, today, false, typed{}), "case-refused": refused,
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range pages() {
		pagetest.Golden(t, name, p)
	}
}

func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, pages())
}
