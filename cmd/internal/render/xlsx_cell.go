package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// value returns what a cell of the kind holds in a workbook; nil if it is
// empty. A text that is not of its kind stays text: a report shows what was
// stored.
func (b *book) value(kind report.Cell, text string) any {
	if text == "" {
		return nil
	}
	switch kind {
	case report.CellNumber:
		if n, ok := number(text); ok {
			return excelize.Cell{StyleID: b.number, Value: n}
		}
	case report.CellDate:
		if day, err := time.Parse(time.DateOnly, text); err == nil && inExcel(day) {
			return excelize.Cell{StyleID: b.date, Value: int(serial(day))}
		}
	case report.CellTime:
		if at, err := time.Parse(time.RFC3339, text); err == nil && inExcel(at.In(profile.London())) {
			return excelize.Cell{StyleID: b.clock, Value: serial(at.In(profile.London()))}
		}
	case report.CellText:
	}
	text = shortened(guarded(text))
	if strings.Contains(text, "\n") {
		return excelize.Cell{StyleID: b.lines, Value: text}
	}
	return text
}

// number parses an integer that Excel stores exactly and shows unchanged: Excel
// keeps 15 digits, and drops leading zeros and signs.
func number(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && len(text) <= 15 && strconv.FormatInt(n, 10) == text
}

// The range of days that Excel counts correctly: it assumes a 29 February 1900.
var (
	excelZero  = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	excelFirst = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)
	excelEnd   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// inExcel reports whether Excel can store the wall-clock time of the instant.
func inExcel(at time.Time) bool {
	shown := onClock(at)
	return !shown.Before(excelFirst) && shown.Before(excelEnd)
}

// serial returns the wall-clock time of the instant, in days since Excel's
// zero.
func serial(at time.Time) float64 {
	shown := onClock(at)
	seconds := float64(shown.Unix()-excelZero.Unix()) + float64(shown.Nanosecond())/1e9
	return seconds / (24 * 60 * 60)
}

// onClock returns the wall-clock time of the instant in its zone, as a time in
// UTC.
func onClock(at time.Time) time.Time {
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	return time.Date(year, month, day, hour, minute, second, at.Nanosecond(), time.UTC)
}

// shortened cuts a text to the size of an Excel cell, which is counted in
// UTF-16 units.
func shortened(text string) string {
	if len(text) <= excelize.TotalCellChars {
		return text
	}
	units := utf16.Encode([]rune(text))
	if len(units) <= excelize.TotalCellChars {
		return text
	}
	end := fmt.Sprintf("… [cut here: %d characters in all, whole in the CSV file]", len(units))
	keep := excelize.TotalCellChars - len(utf16.Encode([]rune(end)))
	if high := units[keep-1]; high >= 0xd800 && high < 0xdc00 {
		keep-- // never half a surrogate pair
	}
	return string(utf16.Decode(units[:keep])) + end
}
