package page

import (
	"strconv"
	"strings"
)

const (
	chartWidth = 320 // units: about a phone's width, so that letters are not shrunk
	laneHeight = 34
	laneBar    = 8
)

// Chart is a chart of horizontal bars, each with its label and number.
type Chart struct {
	ID    string
	Title string
	Bars  []Bar
	Empty string // shown instead of a chart without bars
}

// Bar is one bar.
type Bar struct {
	Label  string
	Number int
	Words  string // what is written instead of the number; empty for the number
}

func (Chart) block() string { return "chart" }

// Lane is a bar as it is drawn.
type Lane struct {
	Y, TextY, Width int
	Label, Number   string
}

// Width of the drawing.
func (Chart) Width() int { return chartWidth }

// Height of the drawing.
func (c Chart) Height() int { return len(c.Bars) * laneHeight }

// Thick is the thickness of a bar.
func (Chart) Thick() int { return laneBar }

// Lanes are the bars as they are drawn.
func (c Chart) Lanes() []Lane {
	highest := 1
	for _, b := range c.Bars {
		highest = max(highest, b.Number)
	}
	lanes := make([]Lane, len(c.Bars))
	for i, b := range c.Bars {
		lane := Lane{
			Y: i*laneHeight + laneHeight - laneBar - 6, TextY: i*laneHeight + laneHeight - laneBar - 11,
			Width: b.Number * chartWidth / highest, Label: b.Label, Number: b.Words,
		}
		if lane.Number == "" {
			lane.Number = Count(b.Number)
		}
		if b.Number > 0 {
			lane.Width = max(lane.Width, 2)
		}
		lanes[i] = lane
	}
	return lanes
}

// Says is what the chart shows, for those who do not see it.
func (c Chart) Says() string {
	var lanes []string
	for _, lane := range c.Lanes() {
		lanes = append(lanes, lane.Label+" "+lane.Number)
	}
	return c.Title + ": " + strings.Join(lanes, "; ") + "."
}

// Count is a number with commas between thousands.
func Count(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Many is a number with the word for what is counted, as 1 run or 2,000 runs.
func Many(n int, one, more string) string { return Count(n) + " " + Word(n, one, more) }

// Word is the word for n of something.
func Word(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
