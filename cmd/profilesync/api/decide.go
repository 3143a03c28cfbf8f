package api

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/cursor"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// waiting are operations on what waits for a decision.
func (s *server) waiting() {
	operation.Add(s.set, operation.Route{
		ID: "list-waiting", Method: http.MethodGet, Path: "/waiting", Verb: guard.Read,
		Summary: "List what runs withheld and nobody has decided on yet",
		About:   "The digest stands for exactly what is selected, on all pages: give it to approve.",
	}, s.listWaiting)
	operation.Add(s.set, operation.Route{
		ID: "approve", Method: http.MethodPost, Path: "/waiting/approve", Verb: guard.Approve, Keyed: true,
		Status: http.StatusAccepted, Summary: "Apply exactly what runs withheld, or a part of it",
		About: "A run, another selection, or all is needed. With a digest, only if exactly that still waits. One run is started for " +
			"each run that is decided on.",
	}, s.approve)
	operation.Add(s.set, operation.Route{
		ID: "reject", Method: http.MethodPost, Path: "/waiting/reject", Verb: guard.Approve, Keyed: true,
		Summary: "Reject what runs withheld: it is not proposed again until the register's data change",
	}, s.reject)
	operation.Add(s.set, operation.Route{
		ID: "list-rehearsed", Method: http.MethodGet, Path: "/plans/{plan}/waiting", Verb: guard.Read,
		Summary: "List what of a rehearsal can be approved ahead, and what of it was",
	}, s.listRehearsed)
	operation.Add(s.set, operation.Route{
		ID: "approve-ahead", Method: http.MethodPost, Path: "/plans/{plan}/approve", Verb: guard.Approve, Keyed: true,
		Summary: "Approve what a rehearsal would withhold, for a span of days",
	}, s.approveAhead)
	operation.Add(s.set, operation.Route{
		ID: "withdraw-ahead", Method: http.MethodPost, Path: "/plans/{plan}/withdraw", Verb: guard.Approve, Keyed: true,
		Summary: "Take back what was approved of a rehearsal ahead, and no run has used",
	}, s.withdrawAhead)
}

// Selection selects from what waits. Empty parts mean all.
type Selection struct {
	Report string   `json:"report,omitempty" query:"report" doc:"Only of this report."`
	Reason string   `json:"reason,omitempty" query:"reason" doc:"Only what was withheld for this reason, as mass-change."`
	Field  string   `json:"field,omitempty" query:"field" doc:"Only this field, with those that go together with it; status for removals."`
	Type   string   `json:"type,omitempty" query:"type" doc:"Only profiles of this type."`
	Region string   `json:"region,omitempty" query:"region" doc:"Only profiles of this region, by its code."`
	ICB    string   `json:"icb,omitempty" query:"icb" doc:"Only profiles of this integrated care board, by its code."`
	Codes  []string `json:"codes,omitempty" query:"codes" maxItems:"1000" nullable:"false" doc:"Only these, by their ODS codes."`
}

func (s Selection) parse(in *operation.Inputs) runs.Selection {
	selected := runs.Selection{
		Report: operation.Parsed(in, "report", s.Report, func(name string) (string, error) { return name, wiring.CheckReport(name) }),
		Reason: operation.Parsed(
			in,
			"reason",
			s.Reason,
			runs.ParseWithheldReason,
		), Type: operation.Parsed(in, "type", s.Type, profile.ParseOrgType),
		Region: s.Region, ICB: s.ICB, Codes: in.Codes("codes", s.Codes),
	}
	if field := in.Field("field", s.Field); field != profile.NoField {
		selected.Fact = field.Fact().String()
	}
	return selected
}

type listWaitingInput struct {
	Selection
	operation.Paging

	Run int64 `query:"run" minimum:"1" doc:"Only what this run withheld."`
}

// waitingRow is a row that waits for a decision.
type waitingRow struct {
	runstore.WaitingRow

	Fact string `json:"fact" doc:"Changes of one fact go together."`
}

// waitingPage is a page of what waits. The count and the digest are of all that is
// selected.
type waitingPage struct {
	operation.Page[waitingRow]

	Waiting int    `json:"waiting"`
	Digest  string `json:"digest"`
}

func (s *server) listWaiting(ctx context.Context, in *listWaitingInput) (*operation.Body[waitingPage], error) {
	var wrong operation.Inputs
	selected := in.parse(&wrong)
	selected.Run = runs.ID(in.Run)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	from, err := operation.ParseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, digest, err := s.do.Waiting(ctx, selected)
	if err != nil {
		return nil, err
	}
	found, listed := waitingPage{Waiting: len(rows), Digest: digest}, make([]waitingRow, len(rows))
	for i, row := range rows {
		listed[i] = waitingRow{row, row.Fact}
	}
	found.Items, found.Next = cursor.Cut(in.Limit, from, listed, func(r waitingRow) string {
		return r.Run.String() + " " + string(r.Code) + " " + r.Field
	})
	return operation.Answer(found, nil)
}

// decision says on what is decided.
type decision struct {
	Selection

	Run    int64  `json:"run,omitempty" minimum:"1" doc:"What this run withheld."`
	All    bool   `json:"all,omitempty" doc:"Everything that waits, of every run. Without it, a run or another selection is needed."`
	Digest string `json:"digest,omitempty" doc:"Only if exactly this waits, as list-waiting said."`
}

type decisionInput struct{ Body decision }

func (in *decisionInput) Subject() string {
	ids := append([]string{in.Body.Report, in.Body.Reason, in.Body.Field, in.Body.Type, in.Body.Region, in.Body.ICB},
		in.Body.Codes[:min(len(in.Body.Codes), 20)]...)
	if in.Body.Run != 0 {
		ids = append([]string{runs.ID(in.Body.Run).String()}, ids...)
	}
	if in.Body.All {
		ids = append(ids, "all")
	}
	return operation.Safe(ids...)
}

func (in *decisionInput) parse() (actions.Decision, error) {
	var wrong operation.Inputs
	selected := in.Body.parse(&wrong)
	selected.Run, selected.Digest = runs.ID(in.Body.Run), in.Body.Digest
	return actions.Decision{Selection: selected, All: in.Body.All}, wrong.Err()
}

func (s *server) approve(ctx context.Context, in *decisionInput) (*operation.Body[summaries], error) {
	wanted, err := in.parse()
	if err != nil {
		return nil, err
	}
	started, err := s.do.Approve(ctx, wanted)
	failed, err := s.partly(ctx, "approve", len(started), err)
	return operation.Answer(summaries{started, failed}, err)
}

// rejections are what was rejected, run by run.
type rejections struct {
	Items  []actions.RejectedRun `json:"items" nullable:"false"`
	Failed *failure              `json:"failed,omitempty" doc:"Why there is nothing after the items, which stand."`
}

func (s *server) reject(ctx context.Context, in *decisionInput) (*operation.Body[rejections], error) {
	wanted, err := in.parse()
	if err != nil {
		return nil, err
	}
	rejected, err := s.do.Reject(ctx, wanted)
	failed, err := s.partly(ctx, "reject", len(rejected), err)
	return operation.Answer(rejections{rejected, failed}, err)
}

type listRehearsedInput struct {
	PlanInput
	Selection
	operation.Paging
}

// rehearsedRow is a change of a rehearsal.
type rehearsedRow struct {
	planstore.Rehearsed

	Fact string `json:"fact" doc:"Changes of one fact go together."`
}

// rehearsedPage is a page of what of a rehearsal can be approved ahead, and was.
type rehearsedPage struct {
	operation.Page[rehearsedRow]

	Left   int    `json:"left" doc:"How many of all that are selected can still be approved ahead."`
	Digest string `json:"digest" doc:"Of exactly these."`
}

func (s *server) listRehearsed(ctx context.Context, in *listRehearsedInput) (*operation.Body[rehearsedPage], error) {
	var wrong operation.Inputs
	plan, selected := parsePlan(&wrong, in.Plan), in.parse(&wrong)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	from, err := operation.ParseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, left, digest, err := s.do.Rehearsed(ctx, plan, selected)
	if err != nil {
		return nil, err
	}
	found, listed := rehearsedPage{Left: left, Digest: digest}, make([]rehearsedRow, len(rows))
	for i, row := range rows {
		listed[i] = rehearsedRow{row, row.Fact}
	}
	found.Items, found.Next = cursor.Cut(in.Limit, from, listed, func(r rehearsedRow) string { return string(r.Code) + " " + r.Field })
	return operation.Answer(found, nil)
}

type approveAheadInput struct {
	PlanInput

	Body struct {
		Selection

		Digest string `json:"digest" minLength:"1" doc:"Of what list-rehearsed said can be approved."`
		First  string `json:"first_day,omitempty" doc:"The first day for which it is approved. Default: the day of the rehearsal."`
		Last   string `json:"last_day" doc:"The last day for which it is approved."`
	}
}

func (s *server) approveAhead(ctx context.Context, in *approveAheadInput) (*operation.Body[actions.Ahead], error) {
	var wrong operation.Inputs
	wanted := actions.AheadRequest{
		Plan: parsePlan(&wrong, in.Plan), Selection: in.Body.parse(&wrong),
		Span: runs.Span{First: wrong.Day("body.first_day", in.Body.First), Last: wrong.Day("body.last_day", in.Body.Last)},
	}
	wanted.Selection.Digest = in.Body.Digest
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	done, err := s.do.ApproveAhead(ctx, wanted)
	return operation.Answer(done, err)
}

type withdrawAheadInput struct {
	PlanInput

	Body Selection
}

func (s *server) withdrawAhead(ctx context.Context, in *withdrawAheadInput) (*operation.Body[actions.Ahead], error) {
	var wrong operation.Inputs
	plan, selected := parsePlan(&wrong, in.Plan), in.Body.parse(&wrong)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	done, err := s.do.WithdrawAhead(ctx, plan, selected)
	return operation.Answer(done, err)
}

// undoPreview is what an undo would take back.
type undoPreview struct {
	runtext.Reversal

	Large bool `json:"large" doc:"It is more than a run may do unasked: undo-run needs confirm."`
}

func (s *server) previewUndo(ctx context.Context, in *RunInput) (*operation.Body[undoPreview], error) {
	found, err := s.do.PreviewUndo(ctx, in.id())
	return operation.Answer(undoPreview{found.Reversal, found.Large()}, err)
}

type undoRunInput struct {
	RunInput

	Body struct {
		Confirm int64  `json:"confirm,omitempty" minimum:"1" doc:"The run's number again: needed for a large undo."`
		Digest  string `json:"digest,omitempty" maxLength:"64" doc:"Of the preview that was looked at: another undo is refused."`
	}
}

func (s *server) undoRun(ctx context.Context, in *undoRunInput) (*operation.Body[runs.Summary], error) {
	found, err := s.do.PreviewUndo(ctx, in.id())
	if err == nil {
		err = found.Matches(in.Body.Digest)
	}
	if err != nil {
		return nil, err
	}
	summary, err := s.do.UndoRun(ctx, found, runs.ID(in.Body.Confirm), false)
	return operation.Answer(summary, err)
}
