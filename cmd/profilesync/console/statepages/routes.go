package statepages

import (
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type room struct{ do *actions.Actions }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m := room{do}
	d.Serve(web.Route{Path: "/now", Verb: guard.Read, Show: m.now, Deeds: []web.Deed{
		{Name: "stop-mail", Verb: guard.Administer, Operation: "stop-mail", Do: m.stopMail},
		{Name: "resume-mail", Verb: guard.Administer, Operation: "resume-mail", Do: m.resumeMail},
	}})
	d.Serve(web.Route{Path: "/pushes", Verb: guard.Read, Show: m.pushes, Deeds: []web.Deed{
		{Name: "retry", Verb: guard.Reconcile, Operation: "retry-pushes", Subject: ticked, Do: m.retry},
	}})
	d.Serve(web.Route{Path: "/drift", Verb: guard.Read, Show: m.drift, Deeds: []web.Deed{
		{Name: "check", Verb: guard.Reconcile, Operation: "check-drift", Subject: typed, Do: m.check},
	}})
	d.Done["mail-stopped"] = "No letter goes out any more."
	d.Done["mail-resumed"] = "Letters go out again."
	d.Done["retried"] = "They are pushed again."
	d.Done["checked"] = "It was checked, and what differs is pushed again."
}

// ticked are the codes of a form, for the audit.
func ticked(r *http.Request) string {
	codes := strings.Join(r.PostForm["code"], ",")
	return codes[:min(len(codes), 200)]
}

// typed are the codes that somebody typed, for the audit.
func typed(r *http.Request) string {
	codes := strings.Join(strings.Fields(strings.ReplaceAll(r.PostFormValue("codes"), ",", " ")), ",")
	return codes[:min(len(codes), 200)]
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

func (m room) retry(r *http.Request) (string, error) {
	codes, err := parseCodes(r.PostForm["code"])
	if err != nil {
		return "", err
	}
	if len(codes) == 0 {
		return "", web.WrongError{Text: "tick what is pushed again"}
	}
	sinks := push.Sinks()
	if sink := push.Sink(r.PostFormValue("sink")); sink != "" {
		sinks = []push.Sink{sink}
	}
	_, err = m.do.RetryPushes(r.Context(), actions.Retry{Codes: codes, Sinks: sinks}, 0)
	return "/pushes?done=retried", err
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

func (m room) check(r *http.Request) (string, error) {
	codes, err := parseCodes(strings.Fields(strings.ReplaceAll(r.PostFormValue("codes"), ",", " ")))
	switch {
	case err != nil:
		return "", err
	case len(codes) == 0 || len(codes) > mostChecked:
		return "", web.WrongError{Field: "codes", Text: "give 1 to 20 codes: everything is checked every night"}
	}
	_, err = m.do.CheckDrift(r.Context(), actions.DriftRequest{Codes: codes, Sinks: push.Sinks(), Repair: true, Most: 1})
	return "/drift?done=checked", err
}
