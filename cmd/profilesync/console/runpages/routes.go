package runpages

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

type room struct{ do *actions.Actions }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m, ofRun := room{do}, web.OfPath("id")
	d.Serve(web.Route{Path: "/runs", Verb: guard.Read, Show: m.list})
	d.Serve(web.Route{Path: "/runs/{id}", Verb: guard.Read, Show: m.run, Deeds: []web.Deed{
		{Name: "approve", Verb: guard.Approve, Operation: "approve", Subject: ofRun, Do: m.approve},
		{Name: "reject", Verb: guard.Approve, Operation: "reject", Subject: ofRun, Do: m.reject},
		{Name: "cancel", Verb: guard.Reconcile, Operation: "cancel-run", Subject: ofRun, Do: m.cancel},
	}})
	d.Serve(web.Route{Path: "/runs/{id}/undo", Verb: guard.Approve, Within: web.Long, Show: m.undo, Deeds: []web.Deed{
		{Name: "undo", Verb: guard.Approve, Operation: "undo-run", Subject: ofRun, Do: m.undoRun},
	}})
	d.Serve(web.Route{
		Path: "/reconcile", Verb: guard.Reconcile, Show: m.reconcile, Upload: do.App.Settings.FileLimit() + 1<<20,
		Deeds: []web.Deed{{Name: "plan", Verb: guard.Reconcile, Operation: "make-plan", Subject: plannedOf, Do: m.plan}},
	})
	d.Serve(web.Route{Path: "/plans/{plan}", Verb: guard.Read, Show: m.showPlan, Deeds: []web.Deed{
		{Name: "apply", Verb: guard.Reconcile, Operation: "start-run", Subject: web.OfPath("plan"), Do: m.apply},
	}})
	d.Serve(web.Route{Path: "/rehearsals", Verb: guard.Read, Show: m.rehearsals})
	d.Serve(web.Route{Path: "/rehearsals/{plan}", Verb: guard.Read, Show: m.rehearsal, Deeds: []web.Deed{
		{Name: "approve-ahead", Verb: guard.Approve, Operation: "approve-ahead", Subject: web.OfPath("plan"), Do: m.approveAhead},
		{Name: "withdraw-ahead", Verb: guard.Approve, Operation: "withdraw-ahead", Subject: web.OfPath("plan"), Do: m.withdrawAhead},
	}})
	d.Done["approved-ahead"] = "It was approved ahead. The first run of these days that finds the same applies it."
	d.Done["withdrawn-ahead"] = "It was withdrawn: it waits for a decision again when a run finds it."
	d.Done["cancelled"] = "The run was cancelled: nothing of it happens."
	d.Done["rejected"] = "It was rejected. It is not proposed again until the register says something else."
	d.Done["approving"] = "It was approved. This run applies it."
	d.Done["undoing"] = "The undo has begun. This run takes back what was applied."
	d.Done["started"] = "The run has begun. It does exactly what the plan shows, or nothing."
	d.Done["read"] = "The report was read. It is used for the listings that follow."
}

// plannedOf is what a plan is asked for: source, report and codes, for the audit.
func plannedOf(r *http.Request) string {
	names := []string{cmp.Or(r.PostFormValue("source"), string(profile.SourceODS))}
	if report := r.PostFormValue("report"); report != "" {
		names = append(names, report)
	}
	if r.PostFormValue("how") == "codes" {
		names = append(names, strings.Fields(strings.ReplaceAll(r.PostFormValue("codes"), ",", " "))...)
	}
	return web.Several(names)
}

func (m room) number(r *http.Request) (runs.ID, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, web.ErrNone("there is no such run")
	}
	return runs.ID(id), nil
}

// to is the address of a run.
func to(run, done string) string {
	address := "/runs/" + strings.TrimSpace(run)
	if done != "" {
		address += "?done=" + done
	}
	return address
}

func runLink(id runs.ID) page.Cell {
	if id == 0 {
		return page.Say("")
	}
	return page.Leads("Run "+id.String(), to(id.String(), ""))
}

func (m room) cancel(r *http.Request) (string, error) {
	id, err := m.number(r)
	if err != nil {
		return "", err
	}
	_, err = m.do.CancelRun(r.Context(), id)
	return to(id.String(), "cancelled"), err
}
