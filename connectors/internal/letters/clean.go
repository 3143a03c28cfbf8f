package letters

import (
	"strings"
	"unicode"
)

// The longest values, in characters; what is longer ends in "…".
const (
	maxWord = 100  // a name
	maxLine = 1000 // a line about an organisation
)

// clean makes one line of a value: no control characters, none that are
// invisible or turn the direction of the text, single spaces. No value can
// open or close a placeholder of Notify.
func clean(s string, longest int) string {
	return trimTo(visible(s), longest)
}

// cleanTyped also takes away what Notify and mail programs make links,
// headings, lists and emphasis of (connectors/notify/CONTRACT.md "Typed text").
func cleanTyped(s string, longest int) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '[', '{', '<':
			return '('
		case ']', '}', '>':
			return ')'
		case '`':
			return '\''
		case '_', '|':
			return ' '
		case '*', '~', '#', '^', '\\':
			return -1
		}
		return r
	}, visible(s))
	// Last, for what is taken away may bring two strokes together.
	s = strings.ReplaceAll(s, "//", " ")
	return trimTo(strings.TrimLeft(s, "-+. "), longest)
}

// visible keeps what a reader sees.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, s)
}

// trimTo sets the spaces and the length.
func trimTo(s string, longest int) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > longest {
		s = strings.TrimSpace(string(runes[:longest-1])) + "…"
	}
	return separateParentheses(s)
}

// separateParentheses sets a space between two parentheses of a kind: Notify's placeholders
// have two of each.
func separateParentheses(s string) string {
	var b strings.Builder
	var last rune
	for _, r := range s {
		if r == last && (r == '(' || r == ')') {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}
