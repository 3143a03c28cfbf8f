package casepages

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type room struct{ do *actions.Actions }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m := room{do}
	d.Serve(web.Route{Path: "/{$}", Verb: guard.Read, Show: m.list})
	deed := func(name, operation string, state cases.State) web.Deed {
		return web.Deed{
			Name: name, Verb: guard.Approve, Operation: operation, Subject: web.OfPath("id"),
			Do: func(r *http.Request) (string, error) { return m.decide(r, state) },
		}
	}
	d.Serve(web.Route{Path: "/cases/{id}", Verb: guard.Read, Show: m.one, Deeds: []web.Deed{
		deed("wait", "wait-case", cases.Waiting), deed("set-aside", "set-aside-case", cases.SetAside),
		deed("resume", "resume-case", cases.Open),
	}})
	d.Done["case-waiting"] = "The case waits. It comes back on the day after."
	d.Done["case-set-aside"] = "The case is set aside. It comes back on the day after."
	d.Done["case-open"] = "The case is open again."
}

// minesOf are the owners for whom the reader acts: operations for who administers, the
// service desk for who approves.
func minesOf(p guard.Principal) (mine []cases.Owner) {
	if p.May(guard.Administer) {
		mine = append(mine, cases.Operations)
	}
	if p.May(guard.Approve) {
		mine = append(mine, cases.ServiceDesk)
	}
	return mine
}

func (m room) list(r *http.Request) (page.Page, error) {
	ctx, query := r.Context(), r.URL.Query()
	caller, _ := guard.From(ctx)
	l := listed{mine: minesOf(caller), owner: cases.Owner(query.Get("owner")), all: query.Get("all") != ""}
	var filter casestore.Filter
	if code := query.Get("code"); code != "" {
		parsed, err := profile.ParseODSCode(code)
		if err != nil {
			return page.Page{}, web.WrongError{Field: "code", Text: err.Error()}
		}
		filter.Code, l.code = parsed, parsed
	}
	var err error
	if l.cases, err = m.do.Cases(ctx, filter, ""); err != nil {
		return page.Page{}, err
	}
	l.today = m.do.App.Today()
	l.withheld, err = m.do.WaitingByRun(ctx)
	return l.page(), err
}

func (m room) one(r *http.Request) (page.Page, error) {
	id, err := number(r)
	if err != nil {
		return page.Page{}, err
	}
	found, err := m.do.ShowCase(r.Context(), id)
	if err != nil {
		return page.Page{}, err
	}
	form := typed{
		do: r.PostFormValue("do"), waitsFor: r.PostFormValue("for"), until: r.PostFormValue("until"), reason: r.PostFormValue("reason"),
	}
	waiting, err := m.do.WaitingByRun(r.Context())
	return onePage(found, doors(found.Listed, waiting), m.do.App.Today(), web.May(r.Context(), guard.Approve), form), err
}

func number(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, web.ErrNone("there is no such case")
	}
	return id, nil
}

func (m room) decide(r *http.Request, state cases.State) (string, error) {
	id, err := number(r)
	if err != nil {
		return "", err
	}
	decision := actions.CaseDecision{
		State: state, WaitsFor: strings.TrimSpace(r.PostFormValue("for")), Reason: strings.TrimSpace(r.PostFormValue("reason")),
		Seen: cmp.Or(r.PostFormValue("seen"), "nothing"),
	}
	if decision.Until, err = checked(r, decision); err != nil {
		return "", err
	}
	_, err = m.do.DecideCase(r.Context(), id, decision)
	if own, ok := errors.AsType[*actions.Error](err); ok && own.Field == "until" {
		return "", web.WrongError{Field: untilOf(state), Text: strings.TrimSpace(own.Text)}
	}
	if err != nil {
		return "", err
	}
	return "/cases/" + strconv.FormatInt(id, 10) + "?done=case-" + string(state), nil
}

// checked returns the day that the form says, or everything that is wrong with the form.
func checked(r *http.Request, decision actions.CaseDecision) (until profile.Date, err error) {
	var wrong web.WrongErrors
	state := decision.State
	if state == cases.Waiting && decision.WaitsFor == "" {
		wrong = append(wrong, web.WrongError{Field: "for", Text: "say whom it waits for"})
	}
	if state == cases.SetAside && decision.Reason == "" {
		wrong = append(wrong, web.WrongError{Field: "reason", Text: "say why it is set aside"})
	}
	if state != cases.Open {
		if until, err = profile.ParseDate(r.PostFormValue("until")); err != nil || until.IsZero() {
			wrong = append(wrong, web.WrongError{Field: untilOf(state), Text: "say until which day, as 2026-12-31"})
		}
	}
	if len(wrong) > 0 {
		return until, wrong
	}
	return until, nil
}
