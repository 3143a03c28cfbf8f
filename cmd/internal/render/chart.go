package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/profilesync/profilesync/reconcile/report"
)

// Charts are 320 units wide, about the width of a phone, so that their text is
// never shrunk.
const (
	chartWidth = 320
	laneHeight = 30  // a horizontal bar with its label above it
	laneBar    = 8   // its thickness
	plotTop    = 24  // space above vertical bars, for the highest number
	plotHeight = 120 // height of the highest bar
	plotBelow  = 20  // space below, for the first and the last label
	laneLetter = 34  // characters of a label beside its number
)

// chart is a bar chart as drawn.
type chart struct {
	ID, Title   string
	Description string // text alternative for the picture
	Width       int
	Height      int
	Marks       []mark
	Texts       []chartText
	Bars        []bar // the numbers as text
}

// mark is a bar.
type mark struct {
	X, Y, Width, Height string
	Title               string
}

type chartText struct {
	X, Y   string
	Anchor string // start or end
	Text   string
}

type bar struct{ Label, Count string }

// chartOf draws days as vertical bars and everything else as horizontal ones,
// whose labels have room.
func chartOf(i int, c report.Chart) chart {
	out := chart{ID: fmt.Sprintf("chart-%d", i+1), Title: clean(c.Title), Width: chartWidth, Description: describe(c)}
	for _, b := range c.Bars {
		out.Bars = append(out.Bars, bar{Label: clean(b.Label), Count: grouped(b.Count)})
	}
	if c.Name == "by-day" {
		out.drawVertical(c.Bars)
	} else {
		out.drawHorizontal(c.Bars)
	}
	return out
}

// describe returns a sentence that says what the picture shows.
func describe(c report.Chart) string {
	top, total := c.Bars[0], 0
	for _, b := range c.Bars {
		total += b.Count
		if b.Count > top.Count {
			top = b
		}
	}
	return fmt.Sprintf("Bar chart of %s, %s in all. Highest: %s with %s. All numbers are in the table below.",
		counted(len(c.Bars), "bar"), grouped(total), clean(top.Label), grouped(top.Count))
}

func counted(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return grouped(count) + " " + noun + "s"
}

func highest(bars []report.Bar) int {
	top := 0
	for _, b := range bars {
		top = max(top, b.Count)
	}
	return top
}

func (c *chart) drawHorizontal(bars []report.Bar) {
	top := highest(bars)
	c.Height = laneHeight * len(bars)
	for i, b := range bars {
		y := i * laneHeight
		label, count := c.Bars[i].Label, c.Bars[i].Count
		c.Texts = append(c.Texts,
			chartText{X: "0", Y: units(float64(y + 15)), Anchor: "start", Text: ellipsis(label, laneLetter)},
			chartText{X: units(chartWidth), Y: units(float64(y + 15)), Anchor: "end", Text: count})
		c.Marks = append(c.Marks, mark{
			X: "0", Y: units(float64(y + 20)), Width: units(length(b.Count, top, chartWidth)), Height: units(laneBar),
			Title: label + ": " + count,
		})
	}
}

func (c *chart) drawVertical(bars []report.Bar) {
	top := highest(bars)
	c.Height = plotTop + plotHeight + plotBelow
	step := float64(chartWidth) / float64(len(bars))
	for i, b := range bars {
		height := length(b.Count, top, plotHeight)
		c.Marks = append(c.Marks, mark{
			X: units(float64(i)*step + step*0.1), Y: units(plotTop + plotHeight - height),
			Width: units(step * 0.8), Height: units(height), Title: c.Bars[i].Label + ": " + c.Bars[i].Count,
		})
	}
	last := len(bars) - 1
	below := units(plotTop + plotHeight + plotBelow - 4)
	c.Texts = append(c.Texts, chartText{X: "0", Y: "14", Anchor: "start", Text: "Highest: " + grouped(top)},
		chartText{X: "0", Y: below, Anchor: "start", Text: ellipsis(c.Bars[0].Label, laneLetter/2)})
	if last > 0 {
		c.Texts = append(c.Texts,
			chartText{X: units(chartWidth), Y: below, Anchor: "end", Text: ellipsis(c.Bars[last].Label, laneLetter/2)})
	}
}

// length returns the length of a bar; a count above 0 is at least 1 unit, so
// that it is visible.
func length(count, top int, whole float64) float64 {
	if count <= 0 {
		return 0
	}
	return max(1, whole*float64(count)/float64(max(1, top)))
}

func units(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", n), "0"), ".")
}

// ellipsis cuts a text to a number of letters, between two words if there are two.
func ellipsis(text string, letters int) string {
	if short := firstWords(text, letters-1); utf8.RuneCountInString(text) > letters {
		return short + "…"
	}
	return text
}
