package profile

import "slices"

// HoursNote is something odd in opening times, for people to look at.
type HoursNote struct {
	Line     int    // of the text, from 1
	Text     string // the line
	Overlaps string // the line that it overlaps; empty if it cannot be read, or opens a day that another line closes
}

// HoursNotes lists what is odd in weekly or dated opening times, in the order of
// lines: lines that cannot be read, lines that open a day which another closes,
// and periods that overlap another (sinks refuse those, so they are joined).
// Periods that only touch are ordinary. Other fields have no notes.
func HoursNotes(f Field, text string) (notes []HoursNote) {
	var spans []span
	var leftOut []unread
	switch f {
	case FieldOpeningTimes:
		var lines []weeklyLine
		lines, leftOut = readLines(text, parseWeekly)
		for _, l := range lines {
			spans = append(spans, l.span(0))
		}
		for _, l := range lines {
			if l.Day == Sunday && l.Closes > midnight { // its end is on Monday
				spans = append(spans, l.span(-7))
			}
		}
	case FieldDatedOpeningTimes:
		var lines []datedLine
		lines, leftOut = readLines(text, parseDated)
		for _, l := range lines {
			spans = append(spans, l.spans()...)
		}
		_, contradicted := gathered(lines)
		leftOut = append(leftOut, contradicted...)
	}
	for _, l := range leftOut {
		notes = append(notes, HoursNote{l.number, l.text, ""})
	}
	notes = append(notes, overlaps(spans)...)
	slices.SortStableFunc(notes, func(a, b HoursNote) int { return a.Line - b.Line })
	return notes
}

// span is the period of a line, in minutes from a common beginning.
type span struct {
	line

	opens, closes int
}

// span counts from Monday, some days later. Bank holidays are far from the week.
func (l weeklyLine) span(days int) span {
	days += int(l.Day)
	if l.Day == BankHoliday {
		days += 7
	}
	return span{l.line, days*midnight + l.Opens, days*midnight + l.Closes}
}

// spans are none for a closed day.
func (l datedLine) spans() []span {
	begins := int(l.Date.midnight.Unix() / 60)
	var spans []span
	for _, p := range l.Periods {
		spans = append(spans, span{l.line, begins + p.Opens, begins + p.Closes})
	}
	return spans
}

// overlaps names each line that overlaps another one, once.
func overlaps(spans []span) (notes []HoursNote) {
	slices.SortStableFunc(spans, func(a, b span) int { return a.number - b.number })
	noted := 0
	for i, later := range spans {
		at := slices.IndexFunc(spans[:i], func(s span) bool {
			return s.number != later.number && s.opens < later.closes && later.opens < s.closes
		})
		if at < 0 || later.number == noted {
			continue
		}
		noted = later.number
		notes = append(notes, HoursNote{later.number, later.text, spans[at].text})
	}
	return notes
}
