package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
)

// cases are operations on what waits for people, and on places closed in reality.
func (s *server) cases() {
	operation.Add(s.set, operation.Route{
		ID: "list-cases", Method: http.MethodGet, Path: "/cases", Verb: guard.Read,
		Summary: "List what waits for people, what is most urgent first",
	}, s.listCases)
	operation.Add(s.set, operation.Route{
		ID: "look-at-cases", Method: http.MethodPost, Path: "/cases/look", Verb: guard.Administer, Keyed: true,
		Summary: "Look at what waits now, as the daemon does every minute",
	}, s.lookAtCases)
	operation.Add(s.set, operation.Route{
		ID: "preview-case-letters", Method: http.MethodGet, Path: "/case-letters", Verb: guard.Read,
		Summary: "Show who would get which letter about which cases, and make none due",
	}, s.previewCaseLetters)
	operation.Add(s.set, operation.Route{
		ID: "post-case-letters", Method: http.MethodPost, Path: "/case-letters", Verb: guard.Administer, Keyed: true,
		Summary: "Look, and make the letters about cases due, as the daemon does every working morning", About: "The daemon sends them.",
	}, s.postCaseLetters)
	operation.Add(s.set, operation.Route{
		ID: "show-case", Method: http.MethodGet, Path: "/cases/{case}", Verb: guard.Read,
		Summary: "Show a case: what to do, its steps, and who was told",
	}, s.showCase)
	operation.Add(s.set, operation.Route{
		ID: "wait-case", Method: http.MethodPost, Path: "/cases/{case}/wait", Verb: guard.Approve,
		Summary: "Note that a case waits for somebody, until a day",
	}, s.waitCase)
	operation.Add(s.set, operation.Route{
		ID: "set-aside-case", Method: http.MethodPost, Path: "/cases/{case}/set-aside", Verb: guard.Approve,
		Summary: "Set a case aside until a day: nobody is told of it until then",
	}, s.setAsideCase)
	operation.Add(s.set, operation.Route{
		ID: "resume-case", Method: http.MethodPost, Path: "/cases/{case}/resume", Verb: guard.Approve,
		Summary: "Open a case again that waits or was set aside",
	}, s.resumeCase)
	operation.Add(s.set, operation.Route{
		ID: "list-closures", Method: http.MethodGet, Path: "/closures", Verb: guard.Read,
		Summary: "List the places that somebody said have closed, the newest first",
	}, s.listClosures)
	operation.Add(s.set, operation.Route{
		ID: "say-closed", Method: http.MethodPost, Path: "/closures/{code}/say", Verb: guard.Approve,
		Summary: "Note a board's word that a place has closed: a case opens",
	}, closure(s.do.SayClosed))
	operation.Add(s.set, operation.Route{
		ID: "confirm-closed", Method: http.MethodPost, Path: "/closures/{code}/confirm", Verb: guard.Approve,
		Summary: "Confirm it: the profile is hidden, and sinks are told that it is closed",
	}, closure(s.do.ConfirmClosed))
	operation.Add(s.set, operation.Route{
		ID: "take-closed-back", Method: http.MethodPost, Path: "/closures/{code}/take-back", Verb: guard.Approve,
		Summary: "Take back what was said and confirmed: sinks are told what the register says",
	}, closure(s.do.TakeClosedBack))
}

type listCasesInput struct {
	operation.Paging

	Kind  string `query:"kind" doc:"Only cases of this kind, such as sink-paused."`
	Owner string `query:"owner" doc:"Only those this owner has to act on: managers, board, service-desk, register-desk, operations."`
	Board string `query:"board" doc:"Only those of organisations that this board oversees, by its code."`
	Code  string `query:"code" doc:"Only those about this organisation."`
	Days  int    `query:"days" minimum:"0" maximum:"10000" doc:"Only those that opened at least so many days ago."`
	Gone  bool   `query:"gone" doc:"With those that are gone."`
}

func (s *server) listCases(ctx context.Context, in *listCasesInput) (*operation.List[casestore.Listed], error) {
	var wrong operation.Inputs
	filter := casestore.Filter{Gone: in.Gone, Board: wrong.Code("board", in.Board), Code: wrong.Code("code", in.Code)}
	if kind := operation.Parsed(&wrong, "kind", in.Kind, cases.ParseKind); kind != "" {
		filter.Kinds = []cases.Kind{kind}
	}
	owner := operation.Parsed(&wrong, "owner", in.Owner, cases.ParseOwner)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if in.Days > 0 {
		filter.Opened = s.do.App.Settings.Clock().AddDate(0, 0, -in.Days)
	}
	key := func(l casestore.Listed) string { return strconv.FormatInt(l.ID, 10) }
	return operation.Paged(in.Paging, key, func(int) ([]casestore.Listed, error) { return s.do.Cases(ctx, filter, owner) })
}

func (s *server) lookAtCases(ctx context.Context, _ *struct{}) (*operation.Body[actions.LookedAtCases], error) {
	found, err := s.do.LookAtCases(ctx)
	return operation.Answer(found, err)
}

// caseLetterPage is a page of letters about cases.
type caseLetterPage struct {
	operation.Page[actions.CaseLetter]

	Untold int `json:"untold" doc:"Cases of which nobody can be told."`
}

func (s *server) previewCaseLetters(ctx context.Context, in *operation.Paging) (*operation.Body[caseLetterPage], error) {
	var found caseLetterPage
	key := func(l actions.CaseLetter) string { return l.To + " " + string(l.Kind) }
	page, err := operation.Paged(*in, key, func(int) ([]actions.CaseLetter, error) {
		due, err := s.do.PreviewCaseLetters(ctx)
		found.Untold = due.Untold
		return due.Letters, err
	})
	if err != nil {
		return nil, err
	}
	found.Page = page.Body
	return operation.Answer(found, nil)
}

func (s *server) postCaseLetters(ctx context.Context, _ *struct{}) (*operation.Body[actions.PostedCaseLetters], error) {
	posted, err := s.do.PostCaseLetters(ctx)
	return operation.Answer(posted, err)
}

// CaseInput names a case.
type CaseInput struct {
	Case int64 `path:"case" minimum:"1" doc:"The case's number."`
}

func (s *server) showCase(ctx context.Context, in *CaseInput) (*operation.Body[actions.ShownCase], error) {
	shown, err := s.do.ShowCase(ctx, in.Case)
	return operation.Answer(shown, err)
}

type waitCaseInput struct {
	CaseInput

	Body struct {
		For    string `json:"for" maxLength:"500" doc:"Whom or what it waits for, such as \"the board\"."`
		Until  string `json:"until" doc:"The last day; then it is open again."`
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Why, for people who come across it later."`
	}
}

func (s *server) waitCase(ctx context.Context, in *waitCaseInput) (*operation.Body[casestore.Listed], error) {
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

func (s *server) setAsideCase(ctx context.Context, in *setAsideInput) (*operation.Body[casestore.Listed], error) {
	return s.decideCase(ctx, in.Case, in.Body.Until, actions.CaseDecision{State: cases.SetAside, Reason: in.Body.Reason})
}

func (s *server) resumeCase(ctx context.Context, in *CaseInput) (*operation.Body[casestore.Listed], error) {
	return s.decideCase(ctx, in.Case, "", actions.CaseDecision{State: cases.Open})
}

func (s *server) decideCase(
	ctx context.Context,
	id int64,
	until string,
	d actions.CaseDecision,
) (*operation.Body[casestore.Listed], error) {
	var wrong operation.Inputs
	d.Until = wrong.Day("body.until", until)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	decided, err := s.do.DecideCase(ctx, id, d)
	return operation.Answer(decided, err)
}

type listClosuresInput struct {
	operation.Paging

	Code  string `query:"code" doc:"Only this organisation."`
	State string `query:"state" enum:"said,confirmed,taken-back" doc:"Only these."`
	All   bool   `query:"all" doc:"With those that were taken back."`
}

func (s *server) listClosures(ctx context.Context, in *listClosuresInput) (*operation.List[casestore.ListedClosure], error) {
	var wrong operation.Inputs
	filter := casestore.ClosureFilter{Code: wrong.Code("code", in.Code), State: casestore.ClosureState(in.State)}
	filter.TakenBack = in.All || filter.State == casestore.ClosureTakenBack
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(c casestore.ListedClosure) string { return string(c.Code) + c.Said.String() }
	return operation.Paged(in.Paging, key, func(most int) ([]casestore.ListedClosure, error) {
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
) func(context.Context, *closureInput) (*operation.Body[casestore.Closure], error) {
	return func(ctx context.Context, in *closureInput) (*operation.Body[casestore.Closure], error) {
		var wrong operation.Inputs
		wanted := actions.ClosureStep{
			Code: wrong.Code("code", in.Code), Reason: in.Body.Reason, Successor: wrong.Code("body.successor", in.Body.Successor),
		}
		if err := wrong.Err(); err != nil {
			return nil, err
		}
		stands, err := step(ctx, wanted)
		return operation.Answer(stands, err)
	}
}
