package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
)

// cases are operations on what waits for people, and on places closed in reality.
func (s *server) cases() {
	add(s, route{id: "list-cases", method: http.MethodGet, path: "/cases", verb: guard.Read,
		summary: "List what waits for people, what is most urgent first"}, s.listCases)
	add(s, route{id: "show-case", method: http.MethodGet, path: "/cases/{case}", verb: guard.Read,
		summary: "Show a case: what to do, its steps, and who was told"}, s.showCase)
	add(s, route{id: "wait-case", method: http.MethodPost, path: "/cases/{case}/wait", verb: guard.Approve,
		summary: "Note that a case waits for somebody, until a day"}, s.waitCase)
	add(s, route{id: "set-aside-case", method: http.MethodPost, path: "/cases/{case}/set-aside", verb: guard.Approve,
		summary: "Set a case aside until a day: nobody is told of it until then"}, s.setAsideCase)
	add(s, route{id: "resume-case", method: http.MethodPost, path: "/cases/{case}/resume", verb: guard.Approve,
		summary: "Open a case again that waits or was set aside"}, s.resumeCase)
	add(s, route{id: "list-closures", method: http.MethodGet, path: "/closures", verb: guard.Read,
		summary: "List the places that somebody said have closed, the newest first"}, s.listClosures)
	add(s, route{id: "say-closed", method: http.MethodPost, path: "/closures/{code}/say", verb: guard.Approve,
		summary: "Note a board's word that a place has closed: a case opens"}, closure(s.do.SayClosed))
	add(s, route{id: "confirm-closed", method: http.MethodPost, path: "/closures/{code}/confirm", verb: guard.Approve,
		summary: "Confirm it: the profile is hidden, and sinks are told that it is closed"}, closure(s.do.ConfirmClosed))
	add(s, route{id: "take-closed-back", method: http.MethodPost, path: "/closures/{code}/take-back", verb: guard.Approve,
		summary: "Take back what was said and confirmed: sinks are told what the register says"}, closure(s.do.TakeClosedBack))
}

type listCasesInput struct {
	Paging

	Kind  string `query:"kind" doc:"Only cases of this kind, such as sink-paused."`
	Owner string `query:"owner" doc:"Only those this owner has to act on: managers, board, service-desk, register-desk, operations."`
	Board string `query:"board" doc:"Only those of organisations that this board oversees, by its code."`
	Code  string `query:"code" doc:"Only those about this organisation."`
	Days  int    `query:"days" minimum:"0" maximum:"10000" doc:"Only those that opened at least so many days ago."`
	Gone  bool   `query:"gone" doc:"With those that are gone."`
}

func (s *server) listCases(ctx context.Context, in *listCasesInput) (*pageOf[casestore.Listed], error) {
	var wrong inputs
	filter := casestore.Filter{Gone: in.Gone, Board: wrong.code("board", in.Board), Code: wrong.code("code", in.Code)}
	if kind := parsed(&wrong, "kind", in.Kind, cases.ParseKind); kind != "" {
		filter.Kinds = []cases.Kind{kind}
	}
	owner := parsed(&wrong, "owner", in.Owner, cases.ParseOwner)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if in.Days > 0 {
		filter.Opened = s.do.App.Settings.Clock().AddDate(0, 0, -in.Days)
	}
	key := func(l casestore.Listed) string { return strconv.FormatInt(l.ID, 10) }
	return paged(in.Paging, key, func(int) ([]casestore.Listed, error) { return s.do.Cases(ctx, filter, owner) })
}

// CaseInput names a case.
type CaseInput struct {
	Case int64 `path:"case" minimum:"1" doc:"The case's number."`
}

func (s *server) showCase(ctx context.Context, in *CaseInput) (*body[actions.ShownCase], error) {
	shown, err := s.do.ShowCase(ctx, in.Case)
	return answer(shown, err)
}

type waitCaseInput struct {
	CaseInput

	Body struct {
		For    string `json:"for" maxLength:"500" doc:"Whom or what it waits for, such as \"the board\"."`
		Until  string `json:"until" doc:"The last day; then it is open again."`
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Why, for people who come across it later."`
	}
}

func (s *server) waitCase(ctx context.Context, in *waitCaseInput) (*body[casestore.Listed], error) {
	return s.decideCase(ctx, in.Case, in.Body.Until, actions.CaseDecision{
		State: cases.Waiting, WaitsFor: in.Body.For, Reason: in.Body.Reason,
	})
}

type setAsideInput struct {
	CaseInput

	Body struct {
		Until  string `json:"until" doc:"The last day; then it is open again."`
		Reason string `json:"reason" maxLength:"2000" doc:"Why, for people who come across it later."`
	}
}

func (s *server) setAsideCase(ctx context.Context, in *setAsideInput) (*body[casestore.Listed], error) {
	return s.decideCase(ctx, in.Case, in.Body.Until, actions.CaseDecision{State: cases.SetAside, Reason: in.Body.Reason})
}

func (s *server) resumeCase(ctx context.Context, in *CaseInput) (*body[casestore.Listed], error) {
	return s.decideCase(ctx, in.Case, "", actions.CaseDecision{State: cases.Open})
}

func (s *server) decideCase(ctx context.Context, id int64, until string, d actions.CaseDecision) (*body[casestore.Listed], error) {
	var wrong inputs
	d.Until = wrong.day("body.until", until)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	decided, err := s.do.DecideCase(ctx, id, d)
	return answer(decided, err)
}

type listClosuresInput struct {
	Paging

	Code  string `query:"code" doc:"Only this organisation."`
	State string `query:"state" enum:"said,confirmed,taken-back" doc:"Only these."`
	All   bool   `query:"all" doc:"With those that were taken back."`
}

func (s *server) listClosures(ctx context.Context, in *listClosuresInput) (*pageOf[casestore.ListedClosure], error) {
	var wrong inputs
	filter := casestore.ClosureFilter{Code: wrong.code("code", in.Code), State: casestore.ClosureState(in.State)}
	filter.TakenBack = in.All || filter.State == casestore.ClosureTakenBack
	if err := wrong.err(); err != nil {
		return nil, err
	}
	key := func(c casestore.ListedClosure) string { return string(c.Code) + c.Said.String() }
	return paged(in.Paging, key, func(most int) ([]casestore.ListedClosure, error) {
		filter.Most = most
		return s.do.Closures(ctx, filter)
	})
}

type closureInput struct {
	CodeInput

	Body struct {
		Reason    string `json:"reason" maxLength:"2000" doc:"Why: who says so, and since when; for the audit."`
		Successor string `json:"successor,omitempty" doc:"Of confirm-closed: the place that follows. Default: as the register says."`
	}
}

func closure(step func(context.Context, actions.ClosureStep) (casestore.Closure, error),
) func(context.Context, *closureInput) (*body[casestore.Closure], error) {
	return func(ctx context.Context, in *closureInput) (*body[casestore.Closure], error) {
		var wrong inputs
		wanted := actions.ClosureStep{
			Code: wrong.code("code", in.Code), Reason: in.Body.Reason, Successor: wrong.code("body.successor", in.Body.Successor),
		}
		if err := wrong.err(); err != nil {
			return nil, err
		}
		stands, err := step(ctx, wanted)
		return answer(stands, err)
	}
}
