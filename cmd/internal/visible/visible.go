// Package visible keeps what steers a terminal, or turns the direction of a text,
// out of what people read: tables, messages, logs and reports. JSON keeps such
// characters, escaped.
package visible

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Is reports whether a character only shows something. The others are control
// characters (escape sequences begin with one), marks that change the direction of
// a text or end a line or a paragraph, and what is no character at all.
func Is(r rune) bool {
	return !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) && !strings.ContainsRune("\u2028\u2029\ufffe\uffff", r)
}

// Text keeps each character that only shows something, and each line end. A tab
// becomes a space, anything else U+FFFD.
func Text(text string) string {
	if plain(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == '\n' || Is(r):
			return r
		}
		return utf8.RuneError
	}, text)
}

// Line is Text, with a space for each line end.
func Line(text string) string { return strings.ReplaceAll(Text(text), "\n", " ") }

// plain reports whether a text has nothing but visible ASCII and line ends.
func plain(text string) bool {
	for i := range len(text) {
		if b := text[i]; (b < ' ' && b != '\n') || b >= 0x7f {
			return false
		}
	}
	return true
}

// JSON returns a writer of JSON, each Write of which holds whole values. What only
// strings can hold is escaped in them, so that a reader of JSON gets it back.
func JSON(to io.Writer) io.Writer { return jsonWriter{to} }

type jsonWriter struct{ to io.Writer }

func (w jsonWriter) Write(p []byte) (int, error) {
	text := string(p)
	if plain(text) {
		return w.to.Write(p)
	}
	var escaped strings.Builder
	for _, r := range text {
		if Is(r) || r == '\n' || r == '\t' || r == '\r' { // the encoder has escaped those within strings
			escaped.WriteRune(r)
		} else {
			_, _ = fmt.Fprintf(&escaped, `\u%04x`, r)
		}
	}
	if _, err := io.WriteString(w.to, escaped.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
