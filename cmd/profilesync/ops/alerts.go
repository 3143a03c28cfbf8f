package ops

import (
	"slices"
	"strings"
	"unicode"
)

// Severity says how soon a person must look.
type Severity string

const (
	// Critical is for at once, at any hour: changes do not reach patients, or soon will not.
	Critical Severity = "critical"
	// Warning is for the same working day, or the next one.
	Warning Severity = "warning"
)

// Alert is one alert of Prometheus.
type Alert struct {
	Name string // in words that begin with capitals; its page of the runbook is named after it
	// Expr is PromQL. What stands in it between angle brackets is a duration in seconds, such
	// as <30m>, or one of the limits <disk>, <database> and <connections>. Durations between
	// angle or square brackets follow Parameters.Scale; plain numbers, which are about the
	// program's own pace, do not.
	Expr     string
	For      string // how long it must hold, such as 5m; empty: not at all
	Severity Severity
	Summary  string // one line, with labels and the value as Prometheus' templates
	Means    string // what it means, for whoever reads it first
}

// Alerts lists every alert, in the order of the rules.
func Alerts() []Alert { return slices.Concat(ofDaemons, ofProgress, ofSinks, ofPeople, ofServer) }

// Page is the name of the alert's page in the runbook, such as runbook/push-old.md for PushOld, without its folder.
func (a Alert) Page() string {
	var page strings.Builder
	for i, letter := range a.Name {
		if i > 0 && unicode.IsUpper(letter) {
			page.WriteByte('-')
		}
		page.WriteRune(unicode.ToLower(letter))
	}
	return page.String() + ".md"
}
