package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (s *server) runs() {
	add(s, route{
		id: "list-runs", method: http.MethodGet, path: "/runs", verb: guard.Read,
		summary: "List runs, the newest first",
	}, s.listRuns)
	add(s, route{
		id: "start-run", method: http.MethodPost, path: "/runs", verb: guard.Reconcile, keyed: true, status: http.StatusAccepted,
		summary: "Reconcile a register, or apply exactly what a plan shows",
		about:   "Without codes and reports, each report of PROFILESYNC_ODS_REPORTS is one run. Follow each with run-progress.",
	}, s.startRun)
	add(s, route{
		id: "start-run-of-file", method: http.MethodPost, path: "/runs/file", verb: guard.Reconcile, keyed: true,
		status: http.StatusAccepted, body: "application/octet-stream", within: fileWithin, summary: "Reconcile the complete listing in a file",
		about: "The body is the file, of at most PROFILESYNC_FILE_LIMIT_MIB.",
	}, s.startRunOfFile)
	add(s, route{
		id: "show-run", method: http.MethodGet, path: "/runs/{run}", verb: guard.Read,
		summary: "Show a run and what has become of what it withheld",
	}, s.showRun)
	add(s, route{
		id: "list-run-rows", method: http.MethodGet, path: "/runs/{run}/rows", verb: guard.Read,
		summary: "List every change of a run, before and after, withheld ones first",
	}, s.listRunRows)
	add(s, route{
		id: "cancel-run", method: http.MethodPost, path: "/runs/{run}/cancel", verb: guard.Reconcile,
		summary: "Cancel a run that nobody has begun to work",
		about:   "That of another needs the verb `administer`, too.",
	}, s.cancelRun)
	add(s, route{
		id: "preview-undo-run", method: http.MethodGet, path: "/runs/{run}/undo", verb: guard.Approve, within: planWithin,
		summary: "Show what the undo of a run would take back, and change nothing",
	}, s.previewUndo)
	add(s, route{
		id: "undo-run", method: http.MethodPost, path: "/runs/{run}/undo", verb: guard.Approve, keyed: true,
		status: http.StatusAccepted, within: planWithin, summary: "Undo a run",
		about: "An undo that takes back more than a run may do unasked needs confirm.",
	}, s.undoRun)
	s.progress()
}

// plans are operations on plans: what a run would do.
func (s *server) plans() {
	add(s, route{
		id: "make-plan", method: http.MethodPost, path: "/plans", verb: guard.Reconcile, keyed: true, within: planWithin,
		summary: "Show what a reconciliation would do, and keep it for a week",
	}, s.makePlan)
	add(s, route{
		id: "make-plan-of-file", method: http.MethodPost, path: "/plans/file", verb: guard.Reconcile, keyed: true,
		body: "application/octet-stream", within: fileWithin, summary: "Show what the complete listing in a file would do",
		about: "The body is the file, of at most PROFILESYNC_FILE_LIMIT_MIB. It is kept with the plan.",
	}, s.makePlanOfFile)
	add(s, route{
		id: "list-plan-changes", method: http.MethodGet, path: "/plans/{plan}/changes", verb: guard.Read,
		summary: "List the changes of a plan: what would be withheld first, then kind by kind",
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

func (in *inputs) plan(text string) (id runs.PlanID) {
	return parsed(in, "plan", text, func(text string) (id runs.PlanID, err error) { return id, id.UnmarshalText([]byte(text)) })
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
	Paging

	Source string `query:"source" enum:"ods,ers" doc:"Only runs of this register."`
}

func (s *server) listRuns(ctx context.Context, in *listRunsInput) (*pageOf[listedRun], error) {
	key := func(r listedRun) string { return strconv.FormatInt(r.Run, 10) }
	return paged(in.Paging, key, func(most int) (rows []listedRun, err error) {
		lines, err := s.do.Runs(ctx, profile.Source(in.Source), most)
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
	var in inputs
	wanted := actions.Request{Source: profile.Source(r.Source), Codes: in.codes("body.codes", r.Codes), Report: r.Report}
	return wanted, in.err()
}

func (r Request) subject() string {
	return safe(append([]string{r.Source, r.Report}, r.Codes[:min(len(r.Codes), 20)]...)...)
}

// safe is ids for the audit: nothing else of what was given.
func safe(ids ...string) string {
	var kept []string
	for _, id := range ids {
		if plainID.MatchString(id) {
			kept = append(kept, id)
		}
	}
	return strings.Join(kept, " ")
}

type startRunInput struct {
	Body struct {
		Request

		Plan string `json:"plan,omitempty" doc:"Apply exactly what this plan shows, or refuse; instead of all others."`
	}
}

func (in *startRunInput) subject() string {
	return safe(in.Body.Plan) + " " + in.Body.subject()
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

func (s *server) startRun(ctx context.Context, in *startRunInput) (*body[summaries], error) {
	if in.Body.Plan != "" {
		return s.startPlan(ctx, in)
	}
	wanted, err := in.Body.parse()
	if err != nil {
		return nil, err
	}
	return s.start(ctx, wanted)
}

func (s *server) startPlan(ctx context.Context, in *startRunInput) (*body[summaries], error) {
	var wrong inputs
	plan := wrong.plan(in.Body.Plan)
	if len(in.Body.Codes) > 0 || in.Body.Report != "" {
		wrong.wrong = append(wrong.wrong, &huma.ErrorDetail{
			Location: "body.plan", Message: "not together with codes or report: the plan says what is read", Value: in.Body.Plan,
		})
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	summary, err := s.do.ReconcilePlan(ctx, plan, false)
	return answer(summaries{Items: []runs.Summary{summary}}, err)
}

func (s *server) start(ctx context.Context, wanted actions.Request) (*body[summaries], error) {
	scopes, err := s.do.Scopes(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return s.each(ctx, "start-run", scopes, func(scope actions.Scope) (runs.Summary, error) { return s.do.Reconcile(ctx, scope, false) })
}

// each starts, or plans, one after another, and says what stands if one fails.
func (s *server) each(ctx context.Context, id string, scopes []actions.Scope, do func(actions.Scope) (runs.Summary, error)) (
	*body[summaries], error,
) {
	made := summaries{Items: []runs.Summary{}}
	for _, scope := range scopes {
		summary, err := do(scope)
		if err != nil {
			made.Failed, err = s.partly(ctx, id, len(made.Items), err)
			return answer(made, err)
		}
		made.Items = append(made.Items, summary)
	}
	return answer(made, nil)
}

// FileInput is a listing that is sent. It is read as it comes, and nothing of it is held
// in memory.
type FileInput struct {
	Name   string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"The file's name, as etr_2026-04-09.csv."`
	Report string `query:"report" doc:"The report. Default: the name of the file up to the first _."`
	AsOf   string `query:"as_of" doc:"The day of the listing. Default: the one in the name of the file, or today."`

	Codes []string `query:"codes" maxItems:"1000" nullable:"false" doc:"Only these organisations, by their ODS codes."`

	sent io.Reader
}

// Resolve takes the body before anybody reads it.
func (in *FileInput) Resolve(hc huma.Context) []error {
	in.sent = hc.BodyReader()
	return nil
}

func (in *FileInput) subject() string {
	return safe(in.Report, strings.ReplaceAll(strings.TrimSuffix(in.Name, ".csv"), ".", "-"))
}

// fileWithin is how long a file may take to be sent, and to be planned; planWithin is for
// a plan of what is pulled.
const (
	fileWithin = time.Hour
	planWithin = 15 * time.Minute
)

func (s *server) fileRequest(ctx context.Context, in *FileInput) (actions.Request, error) {
	var wrong inputs
	day, codes := wrong.day("as_of", in.AsOf), wrong.codes("codes", in.Codes)
	if err := wrong.err(); err != nil {
		return actions.Request{}, err
	}
	most := s.do.App.Settings.FileLimit()
	if err := s.AllowBody(ctx, most); err != nil {
		return actions.Request{}, err
	}
	limited := http.MaxBytesReader(nil, io.NopCloser(in.sent), most)
	return actions.Request{Files: []actions.File{{Name: in.Name, Sent: limited}}, Codes: codes, Report: in.Report, AsOf: day}, nil
}

func (s *server) startRunOfFile(ctx context.Context, in *FileInput) (*body[summaries], error) {
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

func (s *server) makePlanOfFile(ctx context.Context, in *planFileInput) (*body[summaries], error) {
	wanted, err := s.fileRequest(ctx, &in.FileInput)
	if err != nil {
		return nil, err
	}
	wanted.Rehearse = in.Rehearse
	return s.plan(ctx, wanted)
}

type makePlanInput struct{ Body Request }

func (in *makePlanInput) subject() string { return in.Body.subject() }

func (s *server) makePlan(ctx context.Context, in *makePlanInput) (*body[summaries], error) {
	wanted, err := in.Body.parse()
	if err != nil {
		return nil, err
	}
	return s.plan(ctx, wanted)
}

func (s *server) plan(ctx context.Context, wanted actions.Request) (*body[summaries], error) {
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

func (s *server) showRun(ctx context.Context, in *RunInput) (*body[listedRun], error) {
	run, err := s.do.Run(ctx, in.id())
	if err != nil {
		return nil, err
	}
	marks, err := s.do.Marks(ctx, in.id())
	return answer(listedRun{
		Run: int64(run.ID), Kind: string(run.Kind), Parent: int64(run.Parent), Day: run.Requested, By: run.Actor, Summary: run.Summary,
		Marks: marks,
	}, err)
}

type runRowsInput struct {
	RunInput
	Paging

	Withheld bool `query:"withheld" doc:"Only what was withheld."`
}

// runRow is a change of a run, and what has become of it, in words, too.
type runRow struct {
	runstore.Planned

	Fate string `json:"fate"`
}

// runRowPage is a page of the changes of a run.
type runRowPage struct {
	Page[runRow]

	Rows int `json:"rows" doc:"How many there are on all pages."`
}

func (s *server) listRunRows(ctx context.Context, in *runRowsInput) (*body[runRowPage], error) {
	var found runRowPage
	key := func(r runRow) string { return string(r.Code) + " " + string(r.Verb) + " " + r.Field }
	page, err := paged(in.Paging, key, func(most int) (rows []runRow, err error) {
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
	return answer(found, nil)
}

func (s *server) cancelRun(ctx context.Context, in *RunInput) (*body[runs.Summary], error) {
	run, err := s.do.CancelRun(ctx, in.id())
	return answer(run.Summary, err)
}
