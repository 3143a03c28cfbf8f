package reconcile

import (
	"slices"
	"strings"
)

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

// knownServices are the lines with one of the codes; nil knows all.
func knownServices(services string, codes []string) string {
	if codes == nil {
		return services
	}
	return keepLines(services, func(line string) bool { return slices.Contains(codes, ServiceCode(line)) })
}

// servicesBut are the lines without any of the codes.
func servicesBut(services string, codes []string) string {
	return keepLines(services, func(line string) bool { return !slices.Contains(codes, ServiceCode(line)) })
}

func keepLines(text string, keep func(line string) bool) string {
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return !keep(line) }), "\n")
}
