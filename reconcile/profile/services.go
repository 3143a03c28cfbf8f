package profile

import "strings"

// Services are stored as one text, one sorted line per service: the NHS service
// code (SRV0560), or a dash for a service without one, then its name.

// noCode replaces the NHS service code of a service that has none.
const noCode = "-"

// ServiceCode returns the NHS service code at the beginning of a line of
// services; a dash for a service without one.
func ServiceCode(line string) string {
	code, _, _ := strings.Cut(line, " ")
	return code
}

// ServiceLine returns the line of a text of services that has the NHS service code,
// without space around it; empty if there is none.
func ServiceLine(services, code string) string {
	for line := range strings.Lines(services) {
		if line = strings.TrimSpace(line); ServiceCode(line) == code {
			return line
		}
	}
	return ""
}
