package closurepages

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type room struct{ do *actions.Actions }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m := room{do}
	d.Serve(web.Route{Path: "/closures", Verb: guard.Read, Show: m.list})
	deed := func(name, operation string, step takes) web.Deed {
		return web.Deed{
			Name: name, Verb: guard.Approve, Operation: operation, Subject: web.OfPath("code"),
			Do: func(r *http.Request) (string, error) { return m.take(r, name, step) },
		}
	}
	d.Serve(web.Route{Path: "/closures/{code}", Verb: guard.Read, Show: m.one, Deeds: []web.Deed{
		deed(say, "say-closed", do.SayClosed), deed(confirm, "confirm-closed", do.ConfirmClosed),
		deed(takeBack, "take-closed-back", do.TakeClosedBack),
	}})
	d.Done["closure-say"] = "It was noted. A case opens, so that somebody confirms it or takes it back."
	d.Done["closure-confirm"] = "It is confirmed: the profile is hidden, and the sinks are told that the place has closed."
	d.Done["closure-take-back"] = "It was taken back: the sinks are told what the register says."
}

// The names of the deeds.
const (
	say      = "say"
	confirm  = "confirm"
	takeBack = "take-back"
)

// takes is what a deed does.
type takes func(context.Context, actions.ClosureStep) (casestore.Closure, error)

func codeOf(r *http.Request) (profile.ODSCode, error) {
	code, err := profile.ParseODSCode(r.PathValue("code"))
	if err != nil {
		return "", web.ErrNone("there is no profile of this code")
	}
	return code, nil
}

func address(code profile.ODSCode) string { return "/closures/" + string(code) }

func (m room) take(r *http.Request, name string, step takes) (string, error) {
	code, err := codeOf(r)
	if err != nil {
		return "", err
	}
	s, wrong := actions.ClosureStep{Code: code, Reason: strings.TrimSpace(r.PostFormValue("reason"))}, web.WrongErrors(nil)
	if s.Reason == "" {
		wrong = append(wrong, web.WrongError{Field: "reason-" + name, Text: "say why"})
	}
	if successor := strings.TrimSpace(r.PostFormValue("successor")); successor != "" && name == confirm {
		if s.Successor, err = profile.ParseODSCode(successor); err != nil {
			wrong = append(wrong, web.WrongError{Field: "successor", Text: err.Error()})
		}
	}
	if len(wrong) > 0 {
		return "", wrong
	}
	_, err = step(r.Context(), s)
	if errors.Is(err, casestore.ErrBadSuccessor) || errors.Is(err, casestore.ErrOtherFollows) {
		return "", web.WrongError{Field: "successor", Text: err.Error()}
	}
	return address(code) + "?done=closure-" + name, err
}
