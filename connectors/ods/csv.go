package ods

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

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

// csvCode returns the first field of a line, or nothing if it is not a code.
func csvCode(line []byte) profile.ODSCode {
	field, _, _ := bytes.Cut(line[:min(len(line), maxCodeField)], []byte{','})
	code, err := profile.ParseODSCode(string(bytes.Trim(field, `"`)))
	if err != nil {
		return ""
	}
	return code
}

// maxCodeField has room for a code, its quotes and stray spaces, so that a line
// of anything else is not searched to its end.
const maxCodeField = 32
