package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (s *server) runs() {
	operation.Add(s.set, operation.Route{
		ID: "list-runs", Method: http.MethodGet, Path: "/runs", Verb: guard.Read,
		Summary: "List runs, the newest first",
	}, s.listRuns)
	operation.Add(s.set, operation.Route{
		ID: "start-run", Method: http.MethodPost, Path: "/runs", Verb: guard.Reconcile, Keyed: true, Status: http.StatusAccepted,
		Summary: "Reconcile a register, or apply exactly what a plan shows",
		About:   "Without codes and reports, each report of PROFILESYNC_ODS_REPORTS is one run. Follow each with run-progress.",
	}, s.startRun)
	operation.Add(s.set, operation.Route{
		ID: "start-run-of-file", Method: http.MethodPost, Path: "/runs/file", Verb: guard.Reconcile, Keyed: true,
		Status: http.StatusAccepted, Body: "application/octet-stream", Within: operation.FileWithin,
		Summary: "Reconcile the complete listing in a file",
		About:   "The body is the file, of at most PROFILESYNC_FILE_LIMIT_MIB.",
	}, s.startRunOfFile)
	operation.Add(s.set, operation.Route{
		ID: "show-run", Method: http.MethodGet, Path: "/runs/{run}", Verb: guard.Read,
		Summary: "Show a run and what has become of what it withheld",
	}, s.showRun)
	operation.Add(s.set, operation.Route{
		ID: "list-run-rows", Method: http.MethodGet, Path: "/runs/{run}/rows", Verb: guard.Read,
		Summary: "List every change of a run, before and after, withheld ones first",
	}, s.listRunRows)
	operation.Add(s.set, operation.Route{
		ID: "cancel-run", Method: http.MethodPost, Path: "/runs/{run}/cancel", Verb: guard.Reconcile,
		Summary: "Cancel a run that nobody has begun to work",
		About:   "That of another needs the verb `administer`, too.",
	}, s.cancelRun)
	operation.Add(s.set, operation.Route{
		ID: "preview-undo-run", Method: http.MethodGet, Path: "/runs/{run}/undo", Verb: guard.Approve, Within: operation.PlanWithin,
		Summary: "Show what the undo of a run would take back, and change nothing",
	}, s.previewUndo)
	operation.Add(s.set, operation.Route{
		ID: "undo-run", Method: http.MethodPost, Path: "/runs/{run}/undo", Verb: guard.Approve, Keyed: true,
		Status: http.StatusAccepted, Within: operation.PlanWithin, Summary: "Undo a run",
		About: "An undo that takes back more than a run may do unasked needs confirm.",
	}, s.undoRun)
	s.progress()
}

// plans are operations on plans: what a run would do.
func (s *server) plans() {
	operation.Add(s.set, operation.Route{
		ID: "make-plan", Method: http.MethodPost, Path: "/plans", Verb: guard.Reconcile, Keyed: true, Within: operation.PlanWithin,
		Summary: "Show what a reconciliation would do, and keep it for a week",
	}, s.makePlan)
	operation.Add(s.set, operation.Route{
		ID: "make-plan-of-file", Method: http.MethodPost, Path: "/plans/file", Verb: guard.Reconcile, Keyed: true,
		Body: "application/octet-stream", Within: operation.FileWithin, Summary: "Show what the complete listing in a file would do",
		About: "The body is the file, of at most PROFILESYNC_FILE_LIMIT_MIB. It is kept with the plan.",
	}, s.makePlanOfFile)
	operation.Add(s.set, operation.Route{
		ID: "list-plan-changes", Method: http.MethodGet, Path: "/plans/{plan}/changes", Verb: guard.Read,
		Summary: "List the changes of a plan: what would be withheld first, then kind by kind",
	}, s.listPlanChanges)
}

// RunInput names a run.
type RunInput struct {
	Run int64 `path:"run" minimum:"1" doc:"The run's number."`
}

func (in RunInput) id() runs.ID { return runs.ID(in.Run) }

// PlanInput names a plan.
type PlanInput struct {
	Plan string `path:"plan" doc:"The plan's number, as P12."`
}

func parsePlan(in *operation.Inputs, text string) (id runs.PlanID) {
	return operation.Parsed(in, "plan", text, func(text string) (id runs.PlanID, err error) { return id, id.UnmarshalText([]byte(text)) })
}

// listedRun is a run as the list shows it.
type listedRun struct {
	Run     int64        `json:"run"`
	Kind    string       `json:"kind"`
	Parent  int64        `json:"parent,omitempty" doc:"Of an approval or an undo: the run that it is about."`
	Day     profile.Date `json:"requested,omitzero" doc:"The day on which it was asked for."`
	At      time.Time    `json:"at,omitzero" doc:"When it was asked for; in lists only."`
	Ended   time.Time    `json:"ended_at,omitzero" doc:"In lists only."`
	By      string       `json:"by"`
	Summary runs.Summary `json:"summary"`
	Marks   int          `json:"marks,omitempty" doc:"How many profiles it marked as missing; not in lists."`
}

func toListedRun(r runstore.RunLine) listedRun {
	return listedRun{
		Run: int64(r.ID), Kind: string(r.Kind), Parent: int64(r.Parent), At: r.CreatedAt, Ended: r.EndedAt, By: r.Actor, Summary: r.Summary,
	}
}

type listRunsInput struct {
	operation.Paging

	Source string `query:"source" enum:"ods,ers" doc:"Only runs of this register."`
}

func (s *server) listRuns(ctx context.Context, in *listRunsInput) (*operation.List[listedRun], error) {
	key := func(r listedRun) runs.ID { return runs.ID(r.Run) }
	return operation.PagedFrom(in.Paging, key, func(before runs.ID, most int) (rows []listedRun, err error) {
		lines, err := s.do.Runs(ctx, runstore.RunFilter{Source: profile.Source(in.Source), Before: before, Most: most})
		for _, line := range lines {
			rows = append(rows, toListedRun(line))
		}
		return rows, err
	})
}

// Request is what is planned or reconciled.
type Request struct {
	Source string   `json:"source,omitempty" enum:"ods,ers" default:"ods" doc:"The register."`
	Codes  []string `json:"codes,omitempty" maxItems:"1000" doc:"Only these organisations, by their ODS codes."`
	Report string   `json:"report,omitempty" doc:"Only this report, as etr."`
}

func (r Request) parse() (actions.Request, error) {
	var in operation.Inputs
	wanted := actions.Request{Source: profile.Source(r.Source), Codes: in.Codes("body.codes", r.Codes), Report: r.Report}
	return wanted, in.Err()
}

// Subject is what is asked about, for the audit.
func (r Request) Subject() string {
	return operation.Safe(append([]string{r.Source, r.Report}, r.Codes[:min(len(r.Codes), 20)]...)...)
}

type startRunInput struct {
	Body struct {
		Request

		Plan string `json:"plan,omitempty" doc:"Apply exactly what this plan shows, or refuse; instead of all others."`
	}
}

func (in *startRunInput) Subject() string {
	return operation.Safe(in.Body.Plan) + " " + in.Body.Subject()
}

// summaries are what runs or plans say of themselves.
type summaries struct {
	Items  []runs.Summary `json:"items" nullable:"false"`
	Failed *failure       `json:"failed,omitempty" doc:"Why there is nothing after the items, which stand."`
}

// failure says why the rest of what was asked for was not done.
type failure struct {
	Status int    `json:"status" doc:"What it would have been answered with, had nothing been done before."`
	Detail string `json:"detail"`
}

// partly is the answer where a part may have been done before an error: items are what
// stands, of that many. It is nil if nothing was.
func (s *server) partly(ctx context.Context, id string, done int, err error) (*failure, error) {
	if err == nil || done == 0 {
		return nil, err
	}
	said, ok := errors.AsType[huma.StatusError](problem.Of(ctx, s.Log, id, err))
	if !ok {
		return nil, err
	}
	return &failure{said.GetStatus(), said.Error()}, nil
}

func (s *server) startRun(ctx context.Context, in *startRunInput) (*operation.Body[summaries], error) {
	if in.Body.Plan != "" {
		return s.startPlan(ctx, in)
	}
	wanted, err := in.Body.parse()
	if err != nil {
		return nil, err
	}
	return s.start(ctx, wanted)
}

func (s *server) startPlan(ctx context.Context, in *startRunInput) (*operation.Body[summaries], error) {
	var wrong operation.Inputs
	plan := parsePlan(&wrong, in.Body.Plan)
	if len(in.Body.Codes) > 0 || in.Body.Report != "" {
		wrong.Refuse("body.plan", "not together with codes or report: the plan says what is read", in.Body.Plan)
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	summary, err := s.do.ReconcilePlan(ctx, plan, false)
	return operation.Answer(summaries{Items: []runs.Summary{summary}}, err)
}

func (s *server) start(ctx context.Context, wanted actions.Request) (*operation.Body[summaries], error) {
	scopes, err := s.do.Scopes(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return s.each(ctx, "start-run", scopes, func(scope actions.Scope) (runs.Summary, error) { return s.do.Reconcile(ctx, scope, false) })
}

// each starts, or plans, one after another, and says what stands if one fails.
func (s *server) each(ctx context.Context, id string, scopes []actions.Scope, do func(actions.Scope) (runs.Summary, error)) (
	*operation.Body[summaries], error,
) {
	made := summaries{Items: []runs.Summary{}}
	for _, scope := range scopes {
		summary, err := do(scope)
		if err != nil {
			made.Failed, err = s.partly(ctx, id, len(made.Items), err)
			return operation.Answer(made, err)
		}
		made.Items = append(made.Items, summary)
	}
	return operation.Answer(made, nil)
}

// SentFile is a file that is sent. It is read as it comes, and nothing of it is held in
// memory.
type SentFile struct {
	Name string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"The file's name, as etr_2026-04-09.csv."`

	sent io.Reader
}

// Resolve takes the body before anybody reads it.
func (in *SentFile) Resolve(hc huma.Context) []error {
	in.sent = hc.BodyReader()
	return nil
}

// Subject is the name, as far as it is one of ours.
func (in *SentFile) Subject() string {
	return operation.Safe(strings.ReplaceAll(strings.TrimSuffix(in.Name, ".csv"), ".", "-"))
}

// allowed is what was sent, up to the size that the settings allow.
func (s *server) allowed(ctx context.Context, in *SentFile) (io.Reader, error) {
	most := s.do.App.Settings.FileLimit()
	if err := s.set.AllowBody(ctx, most); err != nil {
		return nil, err
	}
	return http.MaxBytesReader(nil, io.NopCloser(in.sent), most), nil
}

// FileInput is a listing that is sent.
type FileInput struct {
	SentFile

	Report string `query:"report" doc:"The report. Default: the name of the file up to the first _."`
	AsOf   string `query:"as_of" doc:"The day of the listing. Default: the one in the name of the file, or today."`

	Codes []string `query:"codes" maxItems:"1000" nullable:"false" doc:"Only these organisations, by their ODS codes."`
}

// Subject is the report, and the name.
func (in *FileInput) Subject() string {
	return strings.TrimSpace(operation.Safe(in.Report) + " " + in.SentFile.Subject())
}

func (s *server) fileRequest(ctx context.Context, in *FileInput) (actions.Request, error) {
	var wrong operation.Inputs
	day, codes := wrong.Day("as_of", in.AsOf), wrong.Codes("codes", in.Codes)
	if err := wrong.Err(); err != nil {
		return actions.Request{}, err
	}
	sent, err := s.allowed(ctx, &in.SentFile)
	return actions.Request{Files: []actions.File{{Name: in.Name, Sent: sent}}, Codes: codes, Report: in.Report, AsOf: day}, err
}

func (s *server) startRunOfFile(ctx context.Context, in *FileInput) (*operation.Body[summaries], error) {
	wanted, err := s.fileRequest(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, wanted)
}

type planFileInput struct {
	FileInput

	Rehearse bool `query:"rehearse" doc:"The listing is of a day to come. Such a plan is never applied."`
}

func (s *server) makePlanOfFile(ctx context.Context, in *planFileInput) (*operation.Body[summaries], error) {
	wanted, err := s.fileRequest(ctx, &in.FileInput)
	if err != nil {
		return nil, err
	}
	wanted.Rehearse = in.Rehearse
	return s.plan(ctx, wanted)
}

type makePlanInput struct{ Body Request }

func (in *makePlanInput) Subject() string { return in.Body.Subject() }

func (s *server) makePlan(ctx context.Context, in *makePlanInput) (*operation.Body[summaries], error) {
	wanted, err := in.Body.parse()
	if err != nil {
		return nil, err
	}
	return s.plan(ctx, wanted)
}

func (s *server) plan(ctx context.Context, wanted actions.Request) (*operation.Body[summaries], error) {
	scopes, err := s.do.Scopes(ctx, wanted)
	if err != nil {
		return nil, err
	}
	reader, err := s.do.NewReader(ctx)
	if err != nil {
		return nil, err
	}
	return s.each(ctx, "make-plan", scopes, func(scope actions.Scope) (runs.Summary, error) { return s.do.Plan(ctx, reader, scope) })
}

func (s *server) showRun(ctx context.Context, in *RunInput) (*operation.Body[listedRun], error) {
	run, err := s.do.Run(ctx, in.id())
	if err != nil {
		return nil, err
	}
	marks, err := s.do.Marks(ctx, in.id())
	return operation.Answer(listedRun{
		Run: int64(run.ID), Kind: string(run.Kind), Parent: int64(run.Parent), Day: run.Requested, By: run.Actor, Summary: run.Summary,
		Marks: marks,
	}, err)
}

type runRowsInput struct {
	RunInput
	operation.Paging

	Withheld bool `query:"withheld" doc:"Only what was withheld."`
}

// runRow is a change of a run, and what has become of it, in words, too.
type runRow struct {
	runstore.Planned

	Fate string `json:"fate"`
}

// runRowPage is a page of the changes of a run.
type runRowPage struct {
	operation.Page[runRow]

	Rows int `json:"rows" doc:"How many there are on all pages."`
}

func (s *server) listRunRows(ctx context.Context, in *runRowsInput) (*operation.Body[runRowPage], error) {
	var found runRowPage
	key := func(r runRow) string { return string(r.Code) + " " + string(r.Verb) + " " + r.Field }
	page, err := operation.Paged(in.Paging, key, func(most int) (rows []runRow, err error) {
		planned, more, err := s.do.RunRows(ctx, in.id(), in.Withheld, most)
		for _, p := range planned {
			rows = append(rows, runRow{p, p.Fate()})
		}
		found.Rows = len(planned) + more
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	found.Page = page.Body
	return operation.Answer(found, nil)
}

func (s *server) cancelRun(ctx context.Context, in *RunInput) (*operation.Body[runs.Summary], error) {
	run, err := s.do.CancelRun(ctx, in.id())
	return operation.Answer(run.Summary, err)
}
