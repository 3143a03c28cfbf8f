package canonical

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// ValidText returns the bytes as valid UTF-8 without control characters, which
// Postgres and XML reject. Files are ASCII by specification; other bytes are
// read as Windows-1252, which spreadsheets write (CONTRACT.md "Dirty values").
func ValidText(raw []byte) string {
	if isPlainASCII(raw) {
		return string(raw)
	}
	var b strings.Builder
	if utf8.Valid(raw) {
		for _, r := range string(raw) {
			b.WriteRune(printable(r))
		}
		return b.String()
	}
	for _, c := range raw {
		r := charmap.Windows1252.DecodeByte(c)
		if r == utf8.RuneError {
			r = ' ' // one of the five bytes that stand for nothing
		}
		b.WriteRune(printable(r))
	}
	return b.String()
}

func isPlainASCII(raw []byte) bool {
	for _, c := range raw {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 {
		return ' '
	}
	return r
}

// Lines joins the address lines that are not empty.
func Lines(parts []string) string {
	kept := make([]string, 0, len(parts))
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "\n")
}

// postcode returns the canonical postcode. Any other text is returned with
// single spaces. Registers hold "SA5 9 EA" and "HX7 7BZ "
// (CONTRACT.md "Dirty values").
func postcode(s string) string {
	return profile.NormalisePostcode(strings.Join(strings.Fields(s), " "))
}
