package profile

import "strings"

// Services are kept as one text: a line each, the NHS service code first
// (SRV0560), or a dash for a service that has none, then its name; sorted.

// noCode stands where a service has no NHS service code.
const noCode = "-"

// ServiceCode is the NHS service code that a line of services begins with; a
// dash for a service without one.
func ServiceCode(line string) string {
	code, _, _ := strings.Cut(line, " ")
	return code
}
