package render

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/profilesync/profilesync/reconcile/report"
)

type jsonHead struct {
	Day    string    `json:"day"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Region string    `json:"region"`
	Name   string    `json:"name"`
	Frozen time.Time `json:"frozen"`
	Digest string    `json:"digest"`
}

type jsonFigure struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Count   int    `json:"count"`
	Section string `json:"section"`
}

type jsonBar struct {
	Label string `json:"label"`
	Count int    `json:"count"`
}

type jsonChart struct {
	Name  string    `json:"name"`
	Title string    `json:"title"`
	Bars  []jsonBar `json:"bars"`
}

type jsonColumn struct {
	Name  string      `json:"name"`
	Label string      `json:"label"`
	Kind  report.Cell `json:"kind"`
}

// WriteJSON writes the whole report as one object, one row per line:
//
//	{"head": {day, from, until, region, name, frozen, digest},
//	 "figures": [{name, label, count, section}],
//	 "charts": [{name, title, bars: [{label, count}]}],
//	 "sections": [{name, title, note, count, columns: [{name, label, kind}], rows: [[...]]}]}
//
// Every cell is a string as in the report, without the guard of the spreadsheet
// formats; times are RFC 3339 in UTC. Memory does not grow with the rows. It
// fails with the errors of the rows and of w.
func WriteJSON(w io.Writer, r report.Report) error {
	buffered := bufio.NewWriterSize(w, csvBuffer)
	out := &jsonWriter{w: buffered, encoder: json.NewEncoder(buffered)}
	out.encoder.SetEscapeHTML(false)
	out.text(`{"head":`).value(headOf(r.Header))
	out.text(`,"figures":`).value(figuresOf(r.Figures))
	out.text(`,"charts":`).value(chartsOf(r.Charts))
	out.text(`,"sections":[`)
	for i, s := range r.Sections {
		out.comma(i)
		if err := out.section(s); err != nil {
			return err
		}
	}
	out.text("]}\n")
	if out.err == nil {
		out.err = buffered.Flush()
	}
	return out.failure()
}

// jsonWriter keeps the first error and writes nothing after it.
type jsonWriter struct {
	w       *bufio.Writer
	encoder *json.Encoder
	err     error
}

func (j *jsonWriter) text(s string) *jsonWriter {
	if j.err == nil {
		_, j.err = j.w.WriteString(s)
	}
	return j
}

// value writes a value and, as json.Encoder does, a line end.
func (j *jsonWriter) value(v any) *jsonWriter {
	if j.err == nil {
		j.err = j.encoder.Encode(v)
	}
	return j
}

func (j *jsonWriter) comma(i int) {
	if i > 0 {
		j.text(",")
	}
}

func (j *jsonWriter) section(s report.Section) error {
	columns := make([]jsonColumn, len(s.Columns))
	for i, column := range s.Columns {
		columns[i] = jsonColumn(column)
	}
	j.text(`{"name":`).value(s.Name).text(`,"title":`).value(clean(s.Title)).text(`,"note":`).value(clean(s.Note))
	j.text(`,"count":`).value(s.Count).text(`,"columns":`).value(columns).text(`,"rows":[`)
	number, cells := 0, make([]string, len(columns))
	err := eachRow(s, func(row []string) error {
		j.comma(number)
		number++
		for i, cell := range row {
			cells[i] = clean(cell)
		}
		j.value(cells)
		return j.failure()
	})
	j.text("]}\n")
	return err
}

func (j *jsonWriter) failure() error {
	if j.err != nil {
		return fmt.Errorf("writing JSON: %w", j.err)
	}
	return nil
}

func headOf(h report.Header) jsonHead {
	return jsonHead{
		Day: h.Day.String(), From: h.From.UTC(), Until: h.Until.UTC(), Region: string(h.Region),
		Name: clean(h.Name), Frozen: h.Frozen.UTC(), Digest: h.Digest,
	}
}

func figuresOf(figures []report.Figure) []jsonFigure {
	out := make([]jsonFigure, len(figures))
	for i, figure := range figures {
		out[i] = jsonFigure(figure)
	}
	return out
}

func chartsOf(charts []report.Chart) []jsonChart {
	out := make([]jsonChart, len(charts))
	for i, chart := range charts {
		out[i] = jsonChart{Name: chart.Name, Title: chart.Title, Bars: make([]jsonBar, len(chart.Bars))}
		for k, bar := range chart.Bars {
			out[i].Bars[k] = jsonBar{Label: clean(bar.Label), Count: bar.Count}
		}
	}
	return out
}
