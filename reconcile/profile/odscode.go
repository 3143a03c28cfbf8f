package profile

import (
	"fmt"
	"strings"
)

// ODSCode identifies an organisation or site in the Organisation Data Service:
// 3 to 10 upper-case letters and digits. The zero value is invalid; nothing is
// ever inferred from a code's shape (connectors/ods/CONTRACT.md "Codes").
type ODSCode string

// ParseODSCode accepts a code as people and registers write it: it removes
// surrounding spaces and converts to upper case. Anything else is an error that
// names the text.
func ParseODSCode(s string) (ODSCode, error) {
	code := strings.TrimSpace(s)
	if len(code) < 3 || len(code) > 10 {
		return "", fmt.Errorf("ODS code %q: want 3 to 10 letters and digits", s)
	}
	for _, c := range []byte(code) { // before upper-casing, which turns U+017F into S
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "", fmt.Errorf("ODS code %q: want only letters and digits", s)
		}
	}
	return ODSCode(strings.ToUpper(code)), nil
}

func (c ODSCode) String() string { return string(c) }
