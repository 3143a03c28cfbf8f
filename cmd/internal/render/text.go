package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/reconcile/report"
)

// Classes of bytes. Most cells have no bytes of these classes and are copied
// unchanged.
const (
	needsCleaning byte = 1 << iota
	needsQuotes
)

var classes = func() (table [256]byte) {
	for b := range table {
		if b < ' ' || b >= 0x7f {
			table[b] = needsCleaning
		}
	}
	table['\t'] = 0
	table['\n'], table['"'], table[','] = needsQuotes, needsQuotes, needsQuotes
	return table
}()

// classify returns the classes of all bytes of the text.
func classify(text string) (class byte) {
	for i := range len(text) {
		class |= classes[text[i]]
	}
	return class
}

// clean returns a text that all forms can hold. Line ends become "\n". Invalid
// UTF-8, and what is not visible.Is but for tab and line end, become U+FFFD.
func clean(text string) string {
	if classify(text)&needsCleaning == 0 {
		return text
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', visible.Is(r):
			return r // invalid bytes arrive as U+FFFD
		}
		return utf8.RuneError
	}, text)
}

// formulaStarts are characters that start a formula: the wide and small forms
// in Japanese or Chinese spreadsheets, U+2212 in LibreOffice.
const formulaStarts = "=+-@＝＋－＠﹦﹢﹣﹫−"

// quoteMarks are skipped when looking for a formula: some importers strip them.
const quoteMarks = "'\"`‘’“”«»＇＂"

// startsFormula reports whether a spreadsheet that opens a CSV file might take
// the clean text for a formula.
func startsFormula(text string) bool {
	if text == "" || plainStart(text[0]) {
		return false
	}
	if text[0] == '\t' || text[0] == '\n' || text[0] == '\r' || text[0] == 0 {
		return true
	}
	for _, r := range text {
		switch {
		case strings.ContainsRune(formulaStarts, r):
			return true
		case r != utf8.RuneError && !strings.ContainsRune(quoteMarks, r) && !isInvisible(r):
			return false
		}
	}
	return false
}

func plainStart(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// isInvisible reports whether the rune is invisible: spaces, zero-width marks,
// the byte order mark.
func isInvisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u115f' || r == '\u3164'
}

// guarded returns the clean text, prefixed with ' if it might be a formula (the
// OWASP rule for CSV injection). A text that starts with ' and might not be a
// formula is unchanged, so that the guard can be removed again.
func guarded(text string) string {
	text = clean(text)
	if startsFormula(text) {
		return "'" + text
	}
	return text
}

// eachRow calls do with the rows of a section in order, and stops at the first
// error. The slice of a row may be reused: do may keep cells, never the slice.
func eachRow(s report.Section, do func(row []string) error) error {
	if s.Rows == nil {
		return nil
	}
	number := 0
	for row, err := range s.Rows {
		number++
		switch {
		case err != nil:
			return fmt.Errorf("reading row %d of section %s: %w", number, s.Name, err)
		case len(row) != len(s.Columns):
			return fmt.Errorf("row %d of section %s has %d cells, want %d", number, s.Name, len(row), len(s.Columns))
		}
		if err := do(row); err != nil {
			return err
		}
	}
	return nil
}
