package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/profilesync/profilesync/reconcile/report"
)

// summary fills the first sheet: what the report is about, the figures with
// links to their sheets, and the numbers of the charts.
func (b *book) summary(r report.Report) error {
	stream, err := b.file.NewStreamWriter(summarySheet)
	if err != nil {
		return err
	}
	out := &summary{book: b, stream: stream}
	out.keep(stream.SetColWidth(1, 1, 48))
	out.keep(stream.SetColWidth(2, 2, 24))
	out.head(r)
	for _, figure := range r.Figures {
		out.figure(figure, r.Sections)
	}
	for _, chart := range withData(r.Charts) {
		out.at++
		out.row(out.styled(b.header, chart.Title), out.styled(b.header, "Count"))
		for _, bar := range chart.Bars {
			out.row(out.styled(0, bar.Label), bar.Count)
		}
	}
	if out.err != nil {
		return out.err
	}
	return stream.Flush()
}

// summary writes the rows of the first sheet. It keeps the first error and
// writes nothing after it.
type summary struct {
	*book

	stream *excelize.StreamWriter
	at     int // the last row written
	err    error
}

func (s *summary) keep(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *summary) head(r report.Report) {
	s.row(s.styled(s.title, title(r.Header)))
	if hasNoChanges(r) {
		s.row(s.styled(s.header, noChanges))
	}
	clock := func(at time.Time) any { return s.value(report.CellTime, at.Format(time.RFC3339)) }
	s.row("Report for", s.value(report.CellDate, r.Day.String()))
	s.row("From (UK time)", clock(r.From))
	s.row("Until (UK time)", clock(r.Until))
	s.row("Region", s.styled(0, scope(r.Header)))
	s.row("Written (UK time)", clock(r.Frozen))
	s.row("Digest of the rows", s.styled(0, r.Digest))
	s.at++
	s.row(s.styled(s.header, "Figure"), s.styled(s.header, "Count"))
}

// figure writes a figure, linked to the sheet of its section if there is one.
func (s *summary) figure(f report.Figure, sections []report.Section) {
	at := slices.IndexFunc(sections, func(of report.Section) bool { return of.Name == f.Section })
	if at < 0 {
		s.row(s.styled(0, f.Label), f.Count)
		return
	}
	s.row(s.styled(s.link, f.Label), f.Count)
	if s.err == nil {
		s.keep(s.file.SetCellHyperLink(summarySheet, fmt.Sprintf("A%d", s.at), "'"+s.names[at]+"'!A1", "Location"))
	}
}

// styled returns a text cell, cleaned and guarded as in the sections.
func (s *summary) styled(style int, text string) any {
	cell, ok := s.value(report.CellText, strings.ReplaceAll(clean(text), "\n", " ")).(string)
	if !ok {
		return nil
	}
	return excelize.Cell{StyleID: style, Value: cell}
}

func (s *summary) row(values ...any) {
	s.at++
	if s.err == nil {
		s.keep(s.stream.SetRow(fmt.Sprintf("A%d", s.at), values))
	}
}
