package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/whytext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// profiles are operations on one profile.
func (s *server) profiles() {
	operation.Add(s.set, operation.Route{
		ID: "check-names", Method: http.MethodGet, Path: "/names", Verb: guard.Read,
		Summary: "Check that names exist: codes of profiles, and regions and boards that profiles are of",
		About:   "The answer is 422, with the nearest that exists, for the first that does not.",
	}, s.checkNames)
	operation.Add(s.set, operation.Route{
		ID: "list-boards", Method: http.MethodGet, Path: "/boards", Verb: guard.Read,
		Summary: "List integrated care boards by their codes",
	}, s.listBoards)
	operation.Add(s.set, operation.Route{
		ID: "show-profile", Method: http.MethodGet, Path: "/profiles/{code}", Verb: guard.Read,
		Summary: "Show a profile with its closures, pushes, findings, and what people confirmed of it",
	}, s.showProfile)
	operation.Add(s.set, operation.Route{
		ID: "show-profile-at", Method: http.MethodGet, Path: "/profiles/{code}/at", Verb: guard.Read,
		Summary: "Show a profile as it stood at an instant, from the audit",
	}, s.showProfileAt)
	operation.Add(s.set, operation.Route{
		ID: "list-profile-history", Method: http.MethodGet, Path: "/profiles/{code}/history", Verb: guard.Read,
		Summary: "List every change of a profile, the oldest first: who, when, before, after",
	}, s.listHistory)
	operation.Add(s.set, operation.Route{
		ID: "why-profile", Method: http.MethodGet, Path: "/profiles/{code}/why", Verb: guard.Read,
		Summary: "Show how values came about: listing, run, edits, approval, pushes",
	}, s.why)
	operation.Add(s.set, operation.Route{
		ID: "list-profile-services", Method: http.MethodGet, Path: "/profiles/{code}/services", Verb: guard.Read,
		Summary: "List the services of a profile, from e-RS and from editors",
	}, s.listServices)
	operation.Add(s.set, operation.Route{
		ID: "set-profile-kind", Method: http.MethodPost, Path: "/profiles/{code}/kind", Verb: guard.Approve,
		Summary: "Make a trust or one of its sites a hospital or a clinic",
	}, s.setKind)
	operation.Add(s.set, operation.Route{
		ID: "preview-undo-field", Method: http.MethodGet, Path: "/profiles/{code}/fields/{field}/undo", Verb: guard.Read,
		Summary: "Show what taking back the newest change of a field would put back",
	}, s.previewUndoField)
	operation.Add(s.set, operation.Route{
		ID: "undo-field", Method: http.MethodPost, Path: "/profiles/{code}/fields/{field}/undo", Verb: guard.Approve, Keyed: true,
		Summary: "Take one change of one field back, with those that go together with it",
	}, s.undoField)
	operation.Add(s.set, operation.Route{
		ID: "preview-push", Method: http.MethodGet, Path: "/profiles/{code}/push", Verb: guard.Read,
		Summary: "Show what a push of a profile would change in each sink, and send nothing",
		About:   "The sinks are read for it.",
	}, s.previewPush)
}

// CodeInput names an organisation.
type CodeInput struct {
	Code string `path:"code" doc:"The organisation's ODS code."`
}

func (s *server) showProfile(ctx context.Context, in *CodeInput) (*operation.Body[actions.Profile], error) {
	var wrong operation.Inputs
	code := wrong.Code("code", in.Code)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	shown, err := s.do.Profile(ctx, code)
	return operation.Answer(shown, err)
}

type profileAtInput struct {
	CodeInput

	At string `query:"at" required:"true" doc:"The instant, as 2026-11-19T09:00:00Z, or a day for its end."`
}

func (s *server) showProfileAt(ctx context.Context, in *profileAtInput) (*operation.Body[actions.PastProfile], error) {
	var wrong operation.Inputs
	code := wrong.Code("code", in.Code)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	then, err := s.do.ProfileAt(ctx, code, in.At)
	return operation.Answer(then, err)
}

type codePageInput struct {
	CodeInput
	operation.Paging
}

// auditedChange is a row of the audit. The reasons are texts by people, and only for who may see
// people.
type auditedChange struct {
	At     time.Time `json:"at"`
	Field  string    `json:"field"`
	Owner  string    `json:"owner"`
	Old    string    `json:"old"`
	New    string    `json:"new"`
	Actor  string    `json:"actor"`
	Role   string    `json:"database_role,omitempty"`
	Run    int64     `json:"run,omitempty"`
	Reason string    `json:"reason,omitempty" doc:"Only for who may see people."`

	id int64 // where a page ends
}

func toAuditedChange(c postgres.Audited) auditedChange {
	return auditedChange{
		At: c.At, Field: c.Field, Owner: c.Owner, Old: c.Old, New: c.New, Actor: c.Actor, Role: c.DatabaseRole, Run: int64(c.Run),
		Reason: c.Reason, id: c.ID,
	}
}

func (s *server) listHistory(ctx context.Context, in *codePageInput) (*operation.List[auditedChange], error) {
	var wrong operation.Inputs
	code := wrong.Code("code", in.Code)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(c auditedChange) int64 { return c.id }
	return operation.PagedFrom(in.Paging, key, func(after int64, most int) (changes []auditedChange, err error) {
		rows, err := s.do.HistoryAfter(ctx, code, after, most)
		for _, c := range rows {
			changes = append(changes, toAuditedChange(c))
		}
		return changes, err
	})
}

type whyInput struct {
	CodeInput
	operation.Paging

	Field string `query:"field" doc:"Only this field, such as phone."`
}

func (s *server) why(ctx context.Context, in *whyInput) (*operation.List[whytext.Step], error) {
	var wrong operation.Inputs
	code, field := wrong.Code("code", in.Code), wrong.Field("field", in.Field)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(step whytext.Step) string { return step.Field + step.At.String() + step.Text }
	return operation.Paged(in.Paging, key, func(int) ([]whytext.Step, error) { return s.do.Why(ctx, code, field) })
}

func (s *server) listServices(ctx context.Context, in *codePageInput) (*operation.List[servicestore.ProfileService], error) {
	var wrong operation.Inputs
	code := wrong.Code("code", in.Code)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(p servicestore.ProfileService) string { return p.Source + " " + p.ID + " " + p.NHSCode }
	return operation.Paged(in.Paging, key, func(int) ([]servicestore.ProfileService, error) { return s.do.Services(ctx, code) })
}

type kindInput struct {
	CodeInput

	Body struct {
		Kind   string `json:"kind" enum:"hospital,clinic" doc:"People stay overnight in a hospital."`
		Reason string `json:"reason" maxLength:"2000" doc:"Why, for the audit."`
	}
}

func (s *server) setKind(ctx context.Context, in *kindInput) (*operation.Body[operation.Changed], error) {
	var wrong operation.Inputs
	code := wrong.Code("code", in.Code)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	did, err := s.do.SetKind(ctx, code, in.Body.Kind, in.Body.Reason)
	return operation.Answer(operation.Changed{Changed: did}, err)
}

// FieldInput names a field of a profile.
type FieldInput struct {
	CodeInput

	Field string `path:"field" doc:"The field, such as phone."`
}

func (in FieldInput) parse() (u actions.FieldUndo, err error) {
	var wrong operation.Inputs
	u.Code, u.Field = wrong.Code("code", in.Code), wrong.Field("field", in.Field)
	return u, wrong.Err()
}

// undone is what the undo of a field puts back.
type undone struct {
	Code     profile.ODSCode    `json:"code"`
	Changes  []int64            `json:"changes"`
	Restored []actions.Restored `json:"restored"`
	Withheld bool               `json:"withheld" doc:"The register may propose it again: it waits for a person then."`
}

func toUndone(u actions.UndoneField) undone { return undone{u.Code, u.Changes, u.Restored, u.Withheld} }

func (s *server) previewUndoField(ctx context.Context, in *FieldInput) (*operation.Body[undone], error) {
	wanted, err := in.parse()
	if err != nil {
		return nil, err
	}
	would, err := s.do.PreviewUndoField(ctx, wanted)
	return operation.Answer(toUndone(would), err)
}

type undoFieldInput struct {
	FieldInput

	Body struct {
		Change int64  `json:"change,omitempty" minimum:"1" doc:"Only if the newest change is this one, as why-profile says."`
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Why, for the audit; needed for kind."`
	}
}

func (in *undoFieldInput) Subject() string {
	if in.Body.Change == 0 {
		return ""
	}
	return strconv.FormatInt(in.Body.Change, 10)
}

func (s *server) undoField(ctx context.Context, in *undoFieldInput) (*operation.Body[undone], error) {
	wanted, err := in.parse()
	if err != nil {
		return nil, err
	}
	wanted.Change, wanted.Reason = in.Body.Change, in.Body.Reason
	did, err := s.do.UndoField(ctx, wanted)
	return operation.Answer(toUndone(did), err)
}
