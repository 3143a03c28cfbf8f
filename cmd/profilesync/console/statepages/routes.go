package statepages

import (
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type room struct{ do upkeep.Upkeep }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m := room{upkeep.Upkeep{Actions: do}}
	again := func(overwrite bool) func(*http.Request) (page.Page, error) {
		return func(r *http.Request) (page.Page, error) { return m.pushAgain(r, overwrite) }
	}
	d.Serve(web.Route{Path: "/now", Verb: guard.Read, Show: m.now, Deeds: []web.Deed{
		{Name: "stop-mail", Verb: guard.Administer, Operation: "stop-mail", Do: m.stopMail},
		{Name: "resume-mail", Verb: guard.Administer, Operation: "resume-mail", Do: m.resumeMail},
	}})
	d.Serve(web.Route{Path: "/pushes", Verb: guard.Read, Within: web.Long, Show: m.pushes, Deeds: []web.Deed{
		{Name: "retry", Verb: guard.Reconcile, Operation: "retry-pushes", Subject: subjectOf, Answer: again(false)},
		{Name: "overwrite", Verb: guard.Reconcile, Operation: "retry-pushes", Subject: subjectOf, Answer: again(true)},
	}})
	d.Serve(web.Route{Path: "/drift", Verb: guard.Read, Within: web.Long, Show: m.drift, Deeds: []web.Deed{
		{Name: "check", Verb: guard.Reconcile, Operation: "check-drift", Subject: subjectOfCodes, Answer: m.check},
	}})
	d.Done["mail-stopped"] = "No letter goes out any more."
	d.Done["mail-resumed"] = "Letters go out again."
}

func (m room) stopMail(r *http.Request) (string, error) {
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	if reason == "" {
		return "", web.WrongError{Field: "reason", Text: "say why"}
	}
	_, err := m.do.StopMail(r.Context(), reason)
	return "/now?done=mail-stopped#letters", err
}

func (m room) resumeMail(r *http.Request) (string, error) {
	_, err := m.do.ResumeMail(r.Context())
	return "/now?done=mail-resumed#letters", err
}

func parseCodes(texts []string) (codes []profile.ODSCode, err error) {
	for _, text := range texts {
		code, err := profile.ParseODSCode(text)
		if err != nil {
			return nil, web.WrongError{Field: "codes", Text: err.Error()}
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// mostChecked is how many organisations are compared while somebody waits for it.
const mostChecked = 20

// typedCodes are the codes that somebody typed.
func typedCodes(r *http.Request) []string {
	return strings.Fields(strings.ReplaceAll(r.PostFormValue("codes"), ",", " "))
}

func (m room) check(r *http.Request) (page.Page, error) {
	codes, err := parseCodes(typedCodes(r))
	switch {
	case err != nil:
		return page.Page{}, err
	case len(codes) == 0 || len(codes) > mostChecked:
		return page.Page{}, web.WrongError{Field: "codes", Text: "give 1 to 20 codes: all are compared every night"}
	}
	found, err := m.do.CheckDrift(r.Context(), actions.DriftRequest{Codes: codes, Sinks: push.Sinks(), Repair: true, Most: mostDrift + 1})
	if err != nil {
		return page.Page{}, err
	}
	return checkedPage(codes, found), nil
}
