package ods

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// splitLine splits one line of CSV into its fields, quoted or not, and appends
// them to fields. Fields without escapes share the line's memory.
func splitLine(line string, fields []string) ([]string, error) {
	for {
		field, rest, more, err := cutField(line)
		if err != nil {
			return fields, fmt.Errorf("column %d: %w", len(fields)+1, err)
		}
		fields = append(fields, field)
		if !more {
			return fields, nil
		}
		line = rest
	}
}

func cutField(line string) (field, rest string, more bool, err error) {
	if !strings.HasPrefix(line, `"`) {
		field, rest, more = strings.Cut(line, ",")
		return field, rest, more, nil
	}
	end, escaped := 1, false
	for {
		i := strings.IndexByte(line[end:], '"')
		if i < 0 {
			return "", "", false, errors.New("quotes not closed")
		}
		end += i
		if !strings.HasPrefix(line[end+1:], `"`) {
			break
		}
		end, escaped = end+2, true
	}
	field, rest = line[1:end], line[end+1:]
	if escaped {
		field = strings.ReplaceAll(field, `""`, `"`)
	}
	if rest == "" {
		return field, "", false, nil
	}
	if rest[0] != ',' {
		return "", "", false, errors.New("text after the closing quote")
	}
	return field, rest[1:], true, nil
}

// asValidText returns the bytes as valid UTF-8 without control characters,
// which Postgres and XML reject. Files are ASCII by specification; other bytes
// are read as Windows-1252, which spreadsheets write (CONTRACT.md "Dirty values").
func asValidText(raw []byte) string {
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

// lines joins the address lines that are not empty.
func lines(parts []string) string {
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
