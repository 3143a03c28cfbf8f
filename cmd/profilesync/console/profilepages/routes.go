package profilepages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type room struct{ do *actions.Actions }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m, ofCode := room{do}, web.OfPath("code")
	d.Serve(web.Route{Path: "/profiles", Verb: guard.Read, Show: m.find})
	d.Serve(web.Route{Path: "/profiles/{code}", Verb: guard.Read, Show: m.one, Deeds: []web.Deed{
		{Name: "hold", Verb: guard.Approve, Operation: "add-hold", Subject: ofCode, Do: m.hold},
		{Name: "release", Verb: guard.Approve, Operation: "remove-hold", Subject: ofCode, Do: m.release},
		{Name: "push", Verb: guard.Reconcile, Operation: "retry-pushes", Subject: ofCode, Do: m.push},
		{Name: "kind", Verb: guard.Approve, Operation: "set-profile-kind", Subject: ofCode, Do: m.setKind},
	}})
	d.Serve(web.Route{Path: "/profiles/{code}/undo", Verb: guard.Read, Within: web.Long, Show: m.undo, Deeds: []web.Deed{
		{Name: "undo", Verb: guard.Approve, Operation: "undo-field", Subject: ofCode, Do: m.undoField},
	}})
	d.Serve(web.Route{Path: "/profiles/{code}/push", Verb: guard.Read, Within: web.Long, Show: m.previewPush})
	d.Serve(web.Route{Path: "/profiles/{code}/why", Verb: guard.Read, Show: m.why})
	d.Serve(web.Route{Path: "/profiles/{code}/history", Verb: guard.Read, Show: m.history})
	d.Done["held"] = "It is held. Nothing changes it until the hold ends."
	d.Done["released"] = "The hold has ended."
	d.Done["pushed"] = "It is pushed again."
	d.Done["kind"] = "It is set."
	d.Done["kind-was"] = "It was that already: nothing has changed."
	d.Done["taken-back"] = "The change was taken back."
	d.Done["taken-back-withheld"] = "The change was taken back. If the register proposes it again, that waits for a decision."
	d.Done["push-held"] = "It is pushed again where it is not held. What is held is not sent before the hold ends."
}

func codeOf(r *http.Request) (profile.ODSCode, error) {
	code, err := profile.ParseODSCode(r.PathValue("code"))
	if err != nil {
		return "", web.ErrNone("there is no profile of this code")
	}
	return code, nil
}

func address(code profile.ODSCode) string { return "/profiles/" + string(code) }

// sinkPrefix marks the choices of what is held that are sinks.
const sinkPrefix = "sink:"

func (m room) hold(r *http.Request) (string, error) {
	code, err := codeOf(r)
	if err != nil {
		return "", err
	}
	h, wrong := actions.Hold{Code: code, Reason: strings.TrimSpace(r.PostFormValue("reason"))}, web.WrongErrors(nil)
	what := r.PostFormValue("what")
	if sink, ok := strings.CutPrefix(what, sinkPrefix); ok {
		h.Sink = push.Sink(sink)
	} else if h.Field, err = profile.ParseField(what); err != nil {
		wrong = append(wrong, web.WrongError{Field: "what", Text: "choose what is held"})
	}
	if h.Reason == "" {
		wrong = append(wrong, web.WrongError{Field: "reason", Text: "say why"})
	}
	if until := r.PostFormValue("until"); until != "" {
		if h.Until, err = profile.ParseDate(until); err != nil {
			wrong = append(wrong, web.WrongError{Field: "until", Text: "give a day as 2026-12-31"})
		}
	}
	if len(wrong) > 0 {
		return "", wrong
	}
	_, err = m.do.AddHold(r.Context(), h)
	return address(code) + "?done=held#holds", err
}

func (m room) release(r *http.Request) (string, error) {
	code, err := codeOf(r)
	if err != nil {
		return "", err
	}
	id, err := strconv.ParseInt(r.PostFormValue("hold"), 10, 64)
	if err != nil {
		return "", web.WrongError{Text: "there is no such hold"}
	}
	holds, err := m.do.Holds(r.Context(), code, false)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(holds, func(h pushstore.Hold) bool { return h.ID == id }) {
		return "", web.ErrNone("no such hold of " + string(code) + " is in force")
	}
	return address(code) + "?done=released#holds", m.do.RemoveHold(r.Context(), id)
}

func (m room) push(r *http.Request) (string, error) {
	code, err := codeOf(r)
	if err != nil {
		return "", err
	}
	pushes, err := m.do.RetryPushes(r.Context(), actions.Retry{Codes: []profile.ODSCode{code}, Sinks: push.Sinks()}, 0)
	done := "pushed"
	if slices.ContainsFunc(pushes, func(p pushstore.ListedPush) bool { return p.State == push.Held }) {
		done = "push-held"
	}
	return address(code) + "?done=" + done + "#pushes", err
}
