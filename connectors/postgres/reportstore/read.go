package reportstore

import (
	"context"
	_ "embed"
	"iter"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore/reportsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// reportRowsQuery streams rows, which generated queries do not.
//
//go:embed rows.sql
var reportRowsQuery string

// chartDays is how far back the chart of days reaches.
const chartDays = 30

// Report is the frozen report of a day, national or of one board. Its rows are
// read as they are asked for.
func (s *Store) Report(ctx context.Context, day profile.Date, icb profile.ODSCode) (r report.Report, err error) {
	head, err := s.q.GetReport(ctx, day)
	if err != nil {
		return r, postgres.Wrap(err, "report of "+day.String())
	}
	r.Header = report.Header{
		Day: day, From: head.FromAt, Until: head.UntilAt, Region: icb, Frozen: head.FrozenAt, Digest: head.Digest,
	}
	names, err := s.regionNames(ctx, head.ID)
	if err == nil {
		r.Name = nameOr(names[icb], string(icb))
		err = s.reportSections(ctx, head.ID, &r, names)
	}
	if err != nil {
		return r, postgres.Wrap(err, "report of "+day.String())
	}
	return r, postgres.Wrap(s.reportFigures(ctx, head.ID, &r), "report of "+day.String())
}

// regionNames returns what boards and regions were called when a report was frozen.
func (s *Store) regionNames(ctx context.Context, id int64) (map[profile.ODSCode]string, error) {
	rows, err := s.q.NamesOfRegions(ctx, id)
	names := make(map[profile.ODSCode]string, len(rows))
	for _, row := range rows {
		names[row.Icb] = row.Name
	}
	return names, err
}

func (s *Store) reportSections(ctx context.Context, id int64, r *report.Report, names map[profile.ODSCode]string) error {
	counts, err := s.q.CountReportRows(ctx, id)
	if err != nil {
		return err
	}
	r.Sections = report.Sections()
	for i := range r.Sections {
		section := &r.Sections[i]
		for _, c := range counts {
			if c.Section == section.Name && (r.Region == "" || c.Icb == r.Region) {
				section.Count += c.Rows
			}
		}
		section.Names = names
		section.Rows = s.reportRows(ctx, id, section.Name, r.Region)
		r.Figures = append(r.Figures, report.FigureOf(*section))
	}
	return nil
}

// reportRows streams the rows of a section.
func (s *Store) reportRows(ctx context.Context, id int64, section string, icb profile.ODSCode) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		rows, err := s.db.Query(ctx, reportRowsQuery, id, section, string(icb))
		if err != nil {
			yield(nil, postgres.Wrap(err, "reading rows of the report"))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var cells []string
			if err := rows.Scan(&cells); err != nil {
				yield(nil, postgres.Wrap(err, "reading rows of the report"))
				return
			}
			if !yield(cells, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, postgres.Wrap(err, "reading rows of the report"))
		}
	}
}

// reportFigures loads the charts and the numbers that do not count a section.
func (s *Store) reportFigures(ctx context.Context, id int64, r *report.Report) error {
	rows, err := s.q.GetFigures(ctx, reportsql.GetFiguresParams{ReportID: id, Icb: string(r.Region)})
	if err != nil {
		return err
	}
	sums := map[string]int{}
	for _, row := range rows {
		sums[row.Name] += row.Count
	}
	for _, name := range []string{
		report.FigureOrganisations, report.FigureRepaired, report.FigureLasting, report.FigureNoise, report.FigureChecked,
	} {
		r.Figures = append(r.Figures, report.CountedFigure(name, sums[name]))
	}
	days, err := s.q.DailyFigures(ctx, reportsql.DailyFiguresParams{
		ReportID: id, Since: r.Day.AddDays(-chartDays - 14), Icb: string(r.Region),
	})
	if err != nil {
		return err
	}
	byDay := report.Chart{Name: "by-day", Title: "Changes by day, last 30 days"}
	made := map[string]int{}
	for _, d := range days {
		made[strings.TrimPrefix(d.Name, "day:")] = int(d.Count)
	}
	for n := chartDays; n > 0; n-- {
		day := r.Day.AddDays(-n).String()
		byDay.Bars = append(byDay.Bars, report.Bar{Label: day, Count: made[day]})
	}
	r.Charts = append(r.Charts, byDay, chartOf("by-field", "Changes by field", "field:", sums),
		chartOf("by-region", "Changes by region", "region:", sums), chartOf("by-kind", "Changes by kind", "kind:", sums),
		chartOf("by-reason", "Pushes refused, by reason", "refused:", sums))
	return nil
}

// chartOf returns the figures of a kind, the largest first.
func chartOf(name, title, prefix string, sums map[string]int) report.Chart {
	chart := report.Chart{Name: name, Title: title}
	for figure, count := range sums {
		if label, ok := strings.CutPrefix(figure, prefix); ok {
			chart.Bars = append(chart.Bars, report.Bar{Label: label, Count: count})
		}
	}
	slices.SortFunc(chart.Bars, func(a, b report.Bar) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Label, b.Label)
	})
	return chart
}

// ReportRegions returns the boards that have rows in the report of a day.
func (s *Store) ReportRegions(ctx context.Context, day profile.Date) ([]profile.ODSCode, error) {
	head, err := s.q.GetReport(ctx, day)
	if err != nil {
		return nil, postgres.Wrap(err, "report of "+day.String())
	}
	codes, err := s.q.RegionsOfReport(ctx, head.ID)
	return codes, postgres.Wrap(err, "regions of the report")
}

// Boards returns the boards that the report of a day knows, with rows or without; none
// if it was frozen before boards were kept.
func (s *Store) Boards(ctx context.Context, day profile.Date) ([]profile.ODSCode, error) {
	head, err := s.q.GetReport(ctx, day)
	if err != nil {
		return nil, postgres.Wrap(err, "report of "+day.String())
	}
	codes, err := s.q.BoardsOfReport(ctx, head.ID)
	return codes, postgres.Wrap(err, "boards of the report")
}

// Delivered reports whether a report was delivered to a list by a channel.
func (s *Store) Delivered(ctx context.Context, day profile.Date, list profile.ODSCode, channel string) (bool, error) {
	head, err := s.q.GetReport(ctx, day)
	if err != nil {
		return false, postgres.Wrap(err, "report of "+day.String())
	}
	done, err := s.q.WasDelivered(ctx, reportsql.WasDeliveredParams{ReportID: head.ID, List: list, Channel: channel})
	return done, postgres.Wrap(err, "deliveries of the report")
}

// NoteDelivery records a delivery.
func (s *Store) NoteDelivery(ctx context.Context, day profile.Date, list profile.ODSCode, channel string) error {
	head, err := s.q.GetReport(ctx, day)
	if err != nil {
		return postgres.Wrap(err, "report of "+day.String())
	}
	_, err = s.q.Delivered(ctx, reportsql.DeliveredParams{ReportID: head.ID, List: list, Channel: channel})
	return postgres.Wrap(err, "noting a delivery")
}
