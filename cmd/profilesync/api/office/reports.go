package office

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// reports are operations on the daily change report.
func (s *server) reports() {
	operation.Add(s.set, operation.Route{
		ID: "list-reports", Method: http.MethodGet, Path: "/reports", Verb: guard.Read,
		Summary: "List reports, the newest first",
	}, s.listReports)
	operation.Add(s.set, operation.Route{
		ID: "make-reports", Method: http.MethodPost, Path: "/reports", Verb: guard.Administer, Keyed: true, Within: operation.PlanWithin,
		Summary: "Make the reports that are due, as the daemon does every working morning",
	}, s.makeReports)
	operation.Add(s.set, operation.Route{
		ID: "deliver-report", Method: http.MethodPost, Path: "/reports/{day}/deliver", Verb: guard.Administer, Keyed: true,
		Within: operation.PlanWithin, Summary: "Deliver the report of a day to every list that does not have it yet",
	}, s.deliverReport)
	operation.Add(s.set, operation.Route{
		ID: "link-report", Method: http.MethodPost, Path: "/reports/{day}/link", Verb: guard.Administer, Secret: true,
		Summary: "Make an address at which anybody may read the report of a day for some days",
		About:   "It is signed with PROFILESYNC_REPORT_KEYS.",
	}, s.linkReport)
	file := map[string]*huma.Response{"200": {Description: "The report.", Content: map[string]*huma.MediaType{}}}
	for _, form := range []string{"html", "csv", "xlsx", "json"} {
		file["200"].Content[wiring.TypeOfReport(form)] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	file["200"].Content["application/json"] = &huma.MediaType{Schema: &huma.Schema{}}
	operation.Add(s.set, operation.Route{
		ID: "fetch-report", Method: http.MethodGet, Path: "/reports/{day}/{form}", Verb: guard.Read, Answers: file,
		Within:  operation.PlanWithin,
		Summary: "Fetch a form of the report of a day", About: "A report is frozen: it always has the same bytes.",
	}, s.fetchReport)
	operation.Add(s.set, operation.Route{
		ID: "verify-report", Method: http.MethodGet, Path: "/report-checks/{day}", Verb: guard.Read, Within: operation.PlanWithin,
		Summary: "Check that the report of a day is still as it was frozen",
	}, s.verifyReport)
}

func (s *server) listReports(ctx context.Context, in *operation.Paging) (*operation.List[reportstore.FrozenReport], error) {
	key := func(r reportstore.FrozenReport) string { return r.Day.String() }
	return operation.Paged(*in, key, func(most int) ([]reportstore.FrozenReport, error) { return s.do.Reports(ctx, most) })
}

// frozen are reports.
type frozen struct {
	Items []reportstore.FrozenReport `json:"items" nullable:"false"`
}

func (s *server) makeReports(ctx context.Context, _ *struct{}) (*operation.Body[frozen], error) {
	newest, err := s.do.MakeReports(ctx)
	return operation.Answer(frozen{append([]reportstore.FrozenReport{}, newest...)}, err)
}

// DayInput names a report.
type DayInput struct {
	Day string `path:"day" doc:"The working day it was made for, as 2026-11-23, or newest."`
}

func (s *server) day(ctx context.Context, in DayInput) (profile.Date, error) {
	if in.Day == "newest" {
		return s.do.ReportDay(ctx)
	}
	var wrong operation.Inputs
	day := wrong.Day("day", in.Day)
	return day, wrong.Err()
}

type fetchReportInput struct {
	DayInput

	Form    string `path:"form" enum:"html,csv,xlsx,json" doc:"Its form."`
	Region  string `query:"region" doc:"Only the rows of this board, by its code."`
	Section string `query:"section" maxLength:"40" doc:"Of csv: this section, as updates or withheld. Default: changes."`
}

// fetchReport serves the report from a file that its readers share, each at its own
// pace.
func (s *server) fetchReport(ctx context.Context, in *fetchReportInput) (*huma.StreamResponse, error) {
	day, err := s.day(ctx, in.DayInput)
	if err != nil {
		return nil, err
	}
	var wrong operation.Inputs
	wanted := wiring.ReportFile{Day: day, Region: wrong.Code("region", in.Region), Form: in.Form}
	if in.Form == "csv" {
		wanted.Section = in.Section
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	file, err := s.do.Report(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { _ = file.Close() }() // only read; closing it twice is harmless
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", wiring.TypeOfReport(in.Form))
		w.Header().Set("Content-Disposition", `attachment; filename="report-`+day.String()+"."+in.Form+`"`)
		w.Header().Set("Cache-Control", "private, no-store")
		s.readers.Serve(w, r, func(context.Context) (*spool.File, error) { return file, nil })
	}}, nil
}

func (s *server) verifyReport(ctx context.Context, in *DayInput) (*operation.Body[reportstore.Verified], error) {
	day, err := s.day(ctx, *in)
	if err != nil {
		return nil, err
	}
	found, err := s.do.VerifyReport(ctx, day)
	return operation.Answer(found, err)
}

func (s *server) deliverReport(ctx context.Context, in *DayInput) (*operation.Body[upkeep.Delivered], error) {
	day, err := s.day(ctx, *in)
	if err != nil {
		return nil, err
	}
	done, err := s.do.DeliverReport(ctx, day)
	return operation.Answer(done, err)
}

type linkReportInput struct {
	DayInput

	Region string `query:"region" doc:"Only the rows of this board, by its code."`
}

func (s *server) linkReport(ctx context.Context, in *linkReportInput) (*operation.Body[upkeep.ReportLink], error) {
	var wrong operation.Inputs
	var day profile.Date // zero for the newest
	if in.Day != "newest" {
		day = wrong.Day("day", in.Day)
	}
	region := wrong.Code("region", in.Region)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	link, err := s.do.LinkReport(ctx, day, region)
	return operation.Answer(link, err)
}
