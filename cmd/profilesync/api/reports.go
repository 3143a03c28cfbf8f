package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// reports are operations on the daily change report.
func (s *server) reports() {
	add(s, route{
		id: "list-reports", method: http.MethodGet, path: "/reports", verb: guard.Read,
		summary: "List reports, the newest first",
	}, s.listReports)
	add(s, route{
		id: "make-reports", method: http.MethodPost, path: "/reports", verb: guard.Administer, keyed: true, within: planWithin,
		summary: "Make the reports that are due, as the daemon does every working morning",
	}, s.makeReports)
	file := map[string]*huma.Response{"200": {Description: "The report.", Content: map[string]*huma.MediaType{}}}
	for _, form := range []string{"html", "csv", "xlsx", "json"} {
		file["200"].Content[wiring.TypeOfReport(form)] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	file["200"].Content["application/json"] = &huma.MediaType{Schema: &huma.Schema{}}
	add(s, route{
		id: "fetch-report", method: http.MethodGet, path: "/reports/{day}/{form}", verb: guard.Read, answers: file, within: planWithin,
		summary: "Fetch a form of the report of a day", about: "A report is frozen: it always has the same bytes.",
	}, s.fetchReport)
	add(s, route{
		id: "verify-report", method: http.MethodGet, path: "/report-checks/{day}", verb: guard.Read, within: planWithin,
		summary: "Check that the report of a day is still as it was frozen",
	}, s.verifyReport)
}

func (s *server) listReports(ctx context.Context, in *Paging) (*pageOf[reportstore.FrozenReport], error) {
	key := func(r reportstore.FrozenReport) string { return r.Day.String() }
	return paged(*in, key, func(most int) ([]reportstore.FrozenReport, error) { return s.do.Reports(ctx, most) })
}

// frozen are reports.
type frozen struct {
	Items []reportstore.FrozenReport `json:"items" nullable:"false"`
}

func (s *server) makeReports(ctx context.Context, _ *struct{}) (*body[frozen], error) {
	newest, err := s.do.MakeReports(ctx)
	return answer(frozen{append([]reportstore.FrozenReport{}, newest...)}, err)
}

// DayInput names a report.
type DayInput struct {
	Day string `path:"day" doc:"The working day it was made for, as 2026-11-23, or newest."`
}

func (s *server) day(ctx context.Context, in DayInput) (profile.Date, error) {
	if in.Day == "newest" {
		return s.do.ReportDay(ctx)
	}
	var wrong inputs
	day := wrong.day("day", in.Day)
	return day, wrong.err()
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
	var wrong inputs
	wanted := wiring.ReportFile{Day: day, Region: wrong.code("region", in.Region), Form: in.Form}
	if in.Form == "csv" {
		wanted.Section = in.Section
	}
	if err := wrong.err(); err != nil {
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

func (s *server) verifyReport(ctx context.Context, in *DayInput) (*body[reportstore.Verified], error) {
	day, err := s.day(ctx, *in)
	if err != nil {
		return nil, err
	}
	found, err := s.do.VerifyReport(ctx, day)
	return answer(found, err)
}
