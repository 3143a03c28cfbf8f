package letters

import (
	"strings"
	"unicode"
)

// The longest values, in characters; longer ones are cut and end in "…".
const (
	maxWord = 100  // a name
	maxLine = 1000 // a line about an organisation
)

// clean makes one line of a value: without control characters, invisible ones and
// those that change the direction of the text, and with single spaces. No value
// can open or close a placeholder of Notify.
func clean(s string, longest int) string {
	return trimTo(visible(s), longest)
}

// cleanTyped also removes what Notify and mail programs turn into links, headings,
// lists and emphasis (connectors/notify/CONTRACT.md "Typed text").
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
	// This comes last, since removing characters may bring two slashes together.
	s = strings.ReplaceAll(s, "//", " ")
	return trimTo(strings.TrimLeft(s, "-+. "), longest)
}

// visible keeps the characters that a reader sees.
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

// trimTo collapses spaces and limits the length.
func trimTo(s string, longest int) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > longest {
		s = strings.TrimSpace(string(runes[:longest-1])) + "…"
	}
	return separateParentheses(s)
}

// separateParentheses puts a space between two equal parentheses: Notify's placeholders have two
// of each.
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
